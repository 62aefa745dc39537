"""HDF5 files that are made in memory."""

import keras
import numpy as np
import pytest

from autoencoder.errors import ModelFileError
from autoencoder.model.build import build
from autoencoder.model.h5 import save_h5
from autoencoder.model.saved import load
from autoencoder.settings import Architecture


def test_it_loads_to_the_same_outputs_unless_a_bit_is_another(tmp_path):
    keras.utils.set_random_seed(0)
    model = build(Architecture(filters=(4,), dims=(3,)), (8, 8), 1).autoencoder
    model.compile("adam", "mse")
    save_h5(model, tmp_path / "model.h5")
    images = np.linspace(0, 1, 2 * 64, dtype=np.float32).reshape(2, 8, 8, 1)
    again = load(tmp_path / "model.h5")
    np.testing.assert_array_equal(again(images), model(images))
    assert not again.compiled
    content = bytearray((tmp_path / "model.h5").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "model.h5").write_bytes(content)
    with pytest.raises(ModelFileError, match=r"was changed or damaged since it was written"):
        load(tmp_path / "model.h5")


def test_weights_of_another_precision_are_written_as_float32(tmp_path):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2, dtype="mixed_bfloat16")(inputs))
    save_h5(model, tmp_path / "model.h5")
    assert load(tmp_path / "model.h5").output.dtype == "float32"
