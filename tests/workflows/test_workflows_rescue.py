"""What was learned is saved elsewhere where its place takes no more."""

import io
import logging
import sys
import tempfile
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from autoencoder.errors import DiskError
from autoencoder.model.saved import load
from autoencoder.workflows import rescue
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


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """Let a run's folder, the one beside it and the temporary one all be missing."""
    # Keras itself goes on having a temporary folder.
    monkeypatch.setattr(rescue, "tempfile", SimpleNamespace(gettempdir=lambda: str(tmp_path / "none")))
    return tmp_path / "gone" / "run" / "encoder.keras"


def test_without_anybody_there_it_ends_at_once(model, nowhere, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(DiskError):
        save_trained(model, nowhere)


@pytest.mark.parametrize("place", ["gone/run/encoder.keras", "gone/run_encoder.keras"])
def test_at_a_terminal_it_stays_in_memory_until_a_place_takes_it(model, nowhere, place, tmp_path, monkeypatch, caplog):
    slept = []

    def make_room_at_last(seconds):
        slept.append(seconds)
        if len(slept) == 2:
            (tmp_path / place).parent.mkdir(parents=True)

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(rescue.time, "sleep", make_room_at_last)
    with caplog.at_level(logging.INFO, "autoencoder"):
        if tmp_path / place == nowhere:
            save_trained(model, nowhere)
        else:
            with pytest.raises(DiskError, match=f"what was learned is in {tmp_path / place}"):
                save_trained(model, nowhere)
    check_same(model, tmp_path / place)
    assert slept == [rescue.PAUSE] * 2
    assert "it is kept in memory until there is room" in caplog.text


def test_ctrl_c_ends_the_waiting(model, nowhere, monkeypatch):
    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(rescue.time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_trained(model, nowhere)
