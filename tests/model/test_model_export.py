import keras
import numpy as np
import pytest
import tensorflow as tf

from autoencoder.errors import DiskError, ModelFileError
from autoencoder.model.build import build
from autoencoder.model.encoder import open_encoder
from autoencoder.model.export import FORMATS, export
from autoencoder.settings import Architecture


@pytest.fixture(scope="module")
def encoder():
    keras.utils.set_random_seed(1)
    return build(Architecture(filters=(8, 16), batch_norm="after", activation="leaky_relu:0.2"), (9, 8), 1).encoder


@pytest.fixture
def images():
    return np.random.default_rng(1).random((5, 9, 8, 1), np.float32)


def onnx(path, images):
    return open_encoder(path).apply(images)


def saved_model(path, images):
    opened = tf.saved_model.load(path)  # the function alone would not keep its variables
    return opened.serve(images).numpy()


def tflite(path, images):
    interpreter = tf.lite.Interpreter(str(path))
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(taken["index"], images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(taken["index"], images)
    interpreter.invoke()
    return interpreter.get_tensor(given["index"])


READERS = {"onnx": onnx, "saved_model": saved_model, "tflite": tflite}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:\\s*Warning. tf.lite.Interpreter is deprecated")
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_embeddings(encoder, images, tmp_path, form):
    path = tmp_path / ("encoder." + form)
    for _ in range(2):  # the second one takes the place of the first
        export(encoder, path, form)
    given, expected = READERS[form](path, images), encoder.predict(images, verbose=0)
    assert np.abs(given - expected).max() <= 1e-5 * np.abs(expected).max()
    assert {found.name for found in tmp_path.iterdir()} - {f".{path.name}.sha256"} == {path.name}


def test_an_exported_encoder_says_what_it_takes(encoder, tmp_path):
    export(encoder, tmp_path / "encoder.onnx", "onnx")
    opened = open_encoder(tmp_path / "encoder.onnx")
    assert (opened.image_shape, opened.channels, opened.width) == ((9, 8), 1, 10)


def test_a_place_that_is_not_there_is_refused(encoder, tmp_path):
    with pytest.raises(DiskError, match="nowhere"):
        export(encoder, tmp_path / "nowhere" / "encoder.tflite", "tflite")


def test_a_damaged_onnx_file_is_refused(tmp_path):
    (tmp_path / "encoder.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(ModelFileError, match=r"damaged or no ONNX model"):
        open_encoder(tmp_path / "encoder.onnx")
    with pytest.raises(ModelFileError, match="no such model file"):
        open_encoder(tmp_path / "other.onnx")
