"""What was learned is saved elsewhere where its place takes no more."""

import tempfile

import keras
import numpy as np
import pytest

from autoencoder.errors import DiskError
from autoencoder.model.saved import load
from autoencoder.workflows.rescue import save_trained


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(2)(inputs))


def check_same(model, path):
    images = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(load(path)(images), model(images))


def test_a_model_is_saved_in_its_place(model, tmp_path):
    save_trained(model, tmp_path / "encoder.keras")
    assert {path.name for path in tmp_path.iterdir()} == {"encoder.keras", ".encoder.keras.sha256"}


def test_a_place_that_takes_nothing_is_replaced_by_the_folder_beside(model, tmp_path):
    with pytest.raises(DiskError) as full:
        save_trained(model, tmp_path / "gone" / "encoder.keras")  # a folder that is not there
    place = tmp_path / "gone_encoder.keras"
    assert f"what was learned is in {place}: copy it to {tmp_path / 'gone' / 'encoder.keras'}" in str(full.value)
    check_same(model, place)


def test_then_by_the_temporary_folder_where_nothing_is_overwritten(model, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    with pytest.raises(DiskError, match="what was learned is in"):
        save_trained(model, tmp_path / "no" / "run" / "encoder.keras")
    check_same(model, tmp_path / "temporary" / "run_encoder.keras")
    with pytest.raises(DiskError) as full:
        save_trained(model, tmp_path / "no" / "run" / "encoder.keras")
    assert "what was learned" not in str(full.value)
