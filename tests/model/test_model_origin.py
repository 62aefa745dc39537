"""Whose a model's file is, and what it takes, told without TensorFlow; networks from elsewhere as encoders."""

from pathlib import Path

import keras
import numpy as np
import pytest

from autoencoder.errors import ModelFileError
from autoencoder.model.backbone import open_embedding
from autoencoder.model.build import build
from autoencoder.model.encoder import open_encoder, open_onnx
from autoencoder.model.export import export
from autoencoder.model.onnx_graph import as_encoder
from autoencoder.model.origin import brings_pixels, made_here, taken_by
from autoencoder.model.saved import load, save
from autoencoder.settings import Architecture
from autoencoder.settings.types import Preprocess

FORMER = Path(__file__).parents[1] / "former/logs"
IMAGES = np.random.default_rng(1).random((3, 6, 8, 3)).astype(np.float32)


def wanted(images, kind):
    """What each kind of preprocessing makes of images in [0, 1], written out."""
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    return {
        "unit": images,
        "symmetric": images * 2 - 1,
        "bytes": images * 255,
        "imagenet": (images - mean) / deviation,
        "caffe": images[..., ::-1] * 255 - [103.939, 116.779, 123.68],
    }[kind]


def embedded(images, kind):
    """The mean over places, its numbers 1 in the root of the mean square."""
    mean = wanted(images, kind).mean((1, 2))
    return mean / np.sqrt((mean**2).mean(1, keepdims=True))


def foreign(path, shape=(6, 8, 3)):
    """A network whose maps are the image itself, two pixels a place."""
    inputs = keras.Input(shape)
    keras.Model(inputs, keras.layers.AveragePooling2D(2)(inputs)).save(path)
    return path


def foreign_onnx(path, shape=("n", 3, 6, 8), first=True):
    """The same in ONNX, by default with the channels first, as PyTorch writes it."""
    onnx = pytest.importorskip("onnx")
    info = onnx.helper.make_tensor_value_info
    node = onnx.helper.make_node("Identity", ["pixels"], ["maps"])
    values = [info(name, onnx.TensorProto.FLOAT, shape) for name in ("pixels", "maps")]
    graph = onnx.helper.make_graph([node], "g", values[:1], values[1:])
    opset = [onnx.helper.make_opsetid("", 17 if first else 18)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def test_what_this_program_saved_is_known_wherever_it_lies(tmp_path):
    models = build(Architecture(filters=(4,), dims=(3,)), (8, 8), 1)
    for name, model in models._asdict().items():
        save(model, tmp_path / f"elsewhere_{name}.keras")
        assert made_here(tmp_path / f"elsewhere_{name}.keras")
    assert taken_by(tmp_path / "elsewhere_encoder.keras") == (8, 8, 1)


@pytest.mark.parametrize("run", ["ae_20260101_120000", "self_label_20261125_191623"])
def test_what_a_former_version_saved_is_known(run):
    assert made_here(FORMER / run / "encoder.keras")


@pytest.mark.filterwarnings("ignore:\\s*Warning. tf.lite.Interpreter is deprecated")
def test_what_export_wrote_is_known(tmp_path):
    pytest.importorskip("tf2onnx")
    export(build(Architecture(filters=(4,), dims=(3,)), (8, 8), 1).encoder, tmp_path / "mine.onnx", "onnx")
    assert made_here(tmp_path / "mine.onnx")
    assert not made_here(foreign_onnx(tmp_path / "other.onnx"))


def test_what_others_saved_is_not(tmp_path):
    assert not made_here(foreign(tmp_path / "encoder.keras"))
    assert not brings_pixels(tmp_path / "encoder.keras")
    assert taken_by(tmp_path / "encoder.keras") == (6, 8, 3)
    assert taken_by(foreign(tmp_path / "open.keras", (None, None, 3))) == (None, None, 3)
    keras.Sequential([keras.Input((6, 8, 1)), keras.layers.Flatten()]).save(tmp_path / "row.keras")
    assert not made_here(tmp_path / "row.keras") and taken_by(tmp_path / "row.keras") == (6, 8, 1)


def test_a_script_of_this_program_says_what_its_network_makes_of_pixels(tmp_path):
    inputs = keras.Input((6, 8, 3), name="image")
    pixels = keras.layers.Rescaling(2, offset=-1, name="preprocessed")(inputs)
    keras.Model(inputs, keras.layers.Flatten()(pixels), name="lite").save(tmp_path / "lite.keras")
    assert brings_pixels(tmp_path / "lite.keras") and not made_here(tmp_path / "lite.keras")


def test_what_is_damaged_is_left_to_whoever_opens_it(tmp_path):
    (tmp_path / "bad.keras").write_bytes(b"no zip")
    assert made_here(tmp_path / "bad.keras")
    with pytest.raises(ModelFileError, match="damaged"):
        taken_by(tmp_path / "bad.keras")
    pytest.importorskip("onnx")
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelFileError, match="damaged or no ONNX model"):
        made_here(tmp_path / "bad.onnx")


@pytest.mark.parametrize("kind", Preprocess.__args__)
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_keras_network_sees_pixels_of_its_own_kind_and_its_places_are_averaged(tmp_path, kind, suffix):
    file = foreign(tmp_path / f"network{suffix}")
    model = open_embedding(Architecture(encoder_from=str(file), preprocess=kind, mlp=False), (6, 8), 3)
    np.testing.assert_allclose(model(IMAGES), embedded(IMAGES, kind), rtol=1e-4, atol=1e-4)
    save(model, tmp_path / "encoder.keras")
    np.testing.assert_allclose(load(tmp_path / "encoder.keras")(IMAGES), model(IMAGES), atol=1e-6)
    assert made_here(tmp_path / "encoder.keras")


def test_a_network_for_any_size_sees_images_at_the_size_that_is_asked_for(tmp_path):
    file = foreign(tmp_path / "open.keras", (None, None, 3))
    model = open_embedding(Architecture(encoder_from=str(file), preprocess="bytes", mlp=False), (6, 8), 3)
    assert model.input.shape == (None, 6, 8, 3) and model.output.shape == (None, 3)
    np.testing.assert_allclose(model(IMAGES), embedded(IMAGES, "bytes"), rtol=1e-4)


def test_a_sequence_is_averaged_over_its_parts(tmp_path):
    inputs = keras.Input((6, 8, 3))
    keras.Model(inputs, keras.layers.Reshape((48, 3))(inputs)).save(tmp_path / "tokens.keras")
    architecture = Architecture(encoder_from=str(tmp_path / "tokens.keras"), preprocess="unit", mlp=False)
    np.testing.assert_allclose(open_embedding(architecture, (6, 8), 3)(IMAGES), embedded(IMAGES, "unit"), rtol=1e-4)


@pytest.mark.parametrize("kind", Preprocess.__args__)
def test_an_onnx_network_of_channels_first_sees_the_same(tmp_path, kind):
    pytest.importorskip("openvino")
    content = as_encoder(foreign_onnx(tmp_path / "o.onnx"), kind, (6, 8)).SerializeToString()
    opened = open_onnx(tmp_path / "o.onnx", content)
    assert (opened.image_shape, opened.channels, opened.width) == ((6, 8), 3, 3)
    np.testing.assert_allclose(opened.apply(IMAGES), embedded(IMAGES, kind), rtol=1e-3, atol=1e-3)
    (tmp_path / "kept.onnx").write_bytes(content)
    assert made_here(tmp_path / "kept.onnx")
    np.testing.assert_array_equal(open_encoder(tmp_path / "kept.onnx").apply(IMAGES), opened.apply(IMAGES))


def test_an_onnx_network_of_channels_last_and_open_sides_and_one_image_at_once(tmp_path):
    pytest.importorskip("openvino")
    file = foreign_onnx(tmp_path / "o.onnx", (1, None, None, 3), first=False)
    assert taken_by(file) == (None, None, 3)
    opened = open_onnx(file, as_encoder(file, "bytes", (6, 8)).SerializeToString())
    assert opened.batch == 1
    np.testing.assert_allclose(opened.apply(IMAGES[:1]), embedded(IMAGES[:1], "bytes"), rtol=1e-3)


def test_what_an_onnx_encoder_must_take_and_give(tmp_path):
    pytest.importorskip("openvino")
    with pytest.raises(ModelFileError, match="takes images of 1 or 3 channels, which come first or last"):
        taken_by(foreign_onnx(tmp_path / "o.onnx", ("n", 5, 6, 8)))
    file = foreign_onnx(tmp_path / "four.onnx", (4, 3, 6, 8))
    with pytest.raises(ModelFileError, match="takes 4 images at once"):
        open_onnx(file, as_encoder(file, "unit", (6, 8)).SerializeToString())


def test_vectors_are_as_the_network_gives_them(tmp_path):
    inputs = keras.Input((6, 8, 3))
    keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs)).save(tmp_path / "vector.keras")
    architecture = Architecture(encoder_from=str(tmp_path / "vector.keras"), preprocess="bytes", mlp=False)
    np.testing.assert_allclose(open_embedding(architecture, (6, 8), 3)(IMAGES), 255 * IMAGES.mean((1, 2)), rtol=1e-4)


def test_kinds_for_colour_are_refused_for_grey(tmp_path):
    file = foreign(tmp_path / "grey.keras", (6, 8, 1))
    with pytest.raises(ModelFileError, match="takes grey images, and --preprocess=caffe is for colour"):
        open_embedding(Architecture(encoder_from=str(file), preprocess="caffe", mlp=False), (6, 8), 1)
