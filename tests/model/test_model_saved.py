import io
import zipfile

import h5py
import keras
import numpy as np
import pytest

from autoencoder.digests import replacing_bound
from autoencoder.errors import ModelFileError
from autoencoder.model.build import build
from autoencoder.model.encoder import open_encoder
from autoencoder.model.saved import load, save
from autoencoder.model.upsampling import UPSAMPLING
from autoencoder.settings import Architecture


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("upsampling", UPSAMPLING)
def test_a_model_comes_back_with_the_same_answers(tmp_path, suffix, upsampling):
    knobs = Architecture(filters=(4, 6), pooling=("max", "avg3"), upsampling=upsampling, activation="leaky_relu:0.2")
    network = build(knobs, (13, 9), 3).autoencoder
    network.compile(loss="mse")
    save(network, tmp_path / f"a{suffix}")
    images = np.random.default_rng(0).random((2, 13, 9, 3), np.float32)
    np.testing.assert_array_equal(load(tmp_path / f"a{suffix}")(images), network(images))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".a{suffix}.sha256", f"a{suffix}"]


def test_a_missing_or_damaged_file_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match="no such model file"):
        load(tmp_path / "a.keras")
    (tmp_path / "a.keras").write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(ModelFileError, match="damaged or no Keras model"):
        load(tmp_path / "a.keras")
    (tmp_path / "a.h5").write_bytes(b"not hdf5")
    with pytest.raises(ModelFileError, match="the model cannot be read"):
        load(tmp_path / "a.h5")
    (tmp_path / "a.onnx").write_bytes(b"x")
    with pytest.raises(ModelFileError, match=r"must end in \.keras or \.h5"):
        load(tmp_path / "a.onnx")


def test_a_truncated_model_is_refused(tmp_path):
    save(build(Architecture(filters=(4,)), (8, 8), 1).encoder, tmp_path / "a.keras")
    content = (tmp_path / "a.keras").read_bytes()
    (tmp_path / "a.keras").write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelFileError, match="damaged since it was written"):
        load(tmp_path / "a.keras")
    (tmp_path / ".a.keras.sha256").unlink()
    with pytest.raises(ModelFileError, match="damaged or no Keras model"):
        load(tmp_path / "a.keras")


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".onnx"])
def test_a_flipped_bit_is_seen_before_keras_or_openvino_sees_the_file(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"a{suffix}"
    if suffix == ".onnx":
        with replacing_bound(path) as temporary:
            temporary.write_bytes(b"no network at all")
    else:
        save(build(Architecture(filters=(4,)), (8, 8), 1).encoder, path)
        open_encoder(path)
    monkeypatch.setattr(keras.models, "load_model", None)
    for place in np.random.default_rng(0).integers(path.stat().st_size, size=20).tolist():
        whole = path.read_bytes()
        changed = bytearray(whole)
        changed[place] ^= 1 << (place % 8)
        path.write_bytes(changed)
        with pytest.raises(ModelFileError, match="was changed or damaged since it was written"):
            open_encoder(path)
        path.write_bytes(whole)


def test_a_model_that_carries_code_is_refused(tmp_path):
    inputs = keras.Input((4,))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2)(inputs)).save(tmp_path / "a.keras")
    with pytest.raises(ModelFileError, match="carries code of its own"):
        load(tmp_path / "a.keras")


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_sequential_encoder_is_an_encoder_too(tmp_path, suffix):
    layers = [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]
    model = keras.Sequential(layers)
    model.save(tmp_path / f"mine{suffix}")
    images = np.random.default_rng(1).random((3, 4, 4, 1)).astype(np.float32)
    encoder = open_encoder(tmp_path / f"mine{suffix}")
    assert (encoder.image_shape, encoder.width) == ((4, 4), 2)
    np.testing.assert_allclose(encoder.apply(images), model(images), rtol=1e-6)


@pytest.mark.slow
def test_the_optimizer_is_not_kept(tmp_path):
    network = build(Architecture(filters=(4,)), (8, 8), 1).autoencoder
    network.compile("adam", "mse")
    network.fit(np.zeros((2, 8, 8, 1)), np.zeros((2, 8, 8, 1)), verbose=0)
    save(network, tmp_path / "a.keras")
    with zipfile.ZipFile(tmp_path / "a.keras") as kept:
        content = kept.read("model.weights.h5")
    with h5py.File(io.BytesIO(content)) as weights:
        assert "optimizer" not in weights
    np.testing.assert_array_equal(load(tmp_path / "a.keras").get_weights()[0], network.get_weights()[0])
