"""HDF5 files that are made in memory."""

import keras
import numpy as np

from autoencoder.model.build import build
from autoencoder.model.h5 import h5_bytes
from autoencoder.model.saved import load
from autoencoder.settings import Architecture


def test_the_bytes_are_a_file_that_loads_to_the_same_outputs(tmp_path):
    keras.utils.set_random_seed(0)
    model = build(Architecture(filters=(4,), dims=(3,)), (8, 8), 1).autoencoder
    model.compile("adam", "mse")
    (tmp_path / "model.h5").write_bytes(h5_bytes(model))
    images = np.linspace(0, 1, 2 * 64, dtype=np.float32).reshape(2, 8, 8, 1)
    again = load(tmp_path / "model.h5")
    np.testing.assert_array_equal(again(images), model(images))
    assert not again.compiled


def test_weights_of_another_precision_are_written_as_float32(tmp_path):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2, dtype="mixed_bfloat16")(inputs))
    (tmp_path / "model.h5").write_bytes(h5_bytes(model))
    assert load(tmp_path / "model.h5").output.dtype == "float32"
