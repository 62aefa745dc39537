"""Processes that train one network together, on the loopback address."""

import csv
import json
import signal
import threading
import time

import keras
import numpy as np
import pytest

from autoencoder.errors import DataError, Interrupted, LostError
from autoencoder.settings import Settings
from autoencoder.storage.state import has_state
from autoencoder.workflows.spread import _words, together
from autoencoder.workflows.stations import Station

EPOCHS = 5


@pytest.fixture
def place(folders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(place, **more):
    parts = {f"{part}_dir": place / "digits" / part for part in ("train", "valid")}
    knobs = {"filters": [4], "batch_norm": "before", "loss": "mse", "train_epochs": EPOCHS, "batch_size": 10}
    return Settings.from_flags({**parts, **knobs, **more})


def train(settings, resume=None, stations=None):
    stations = stations or [Station() for _ in range(2)]
    return together([(station, 1) for station in stations], _words(settings, resume, 0.0), "the command again")


def losses(path):
    with (path / "history.csv").open() as file:
        return [float(row["val_loss"]) for row in csv.DictReader(file)]


def weights(path):
    return keras.saving.load_model(path / "autoencoder.keras", compile=False).get_weights()


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(place, program):
    run = train(asked(place, save_dir=place / "two"))
    assert run.path == place / "two"
    assert not has_state(run)
    known = {name: value for name, value in asked(place).to_flags().items() if value is not None}
    flags = [f"--{name}={value}".replace(" ", "") for name, value in known.items()]
    assert program("run", *flags, f"--save_dir={place / 'one'}").returncode == 0
    np.testing.assert_allclose(losses(place / "two"), losses(place / "one"), rtol=0.01)
    for one, two in zip(weights(place / "one"), weights(place / "two"), strict=True):
        np.testing.assert_allclose(two, one, atol=2e-3)
    assert [each.name for each in place.glob("logs/*") if each.is_dir() and not each.name.startswith(".")] == []


def when_there_is_a_state(folder, act):
    def wait():
        while not list(folder.glob("state_*.npz")):
            time.sleep(0.05)
        act()

    threading.Thread(target=wait, daemon=True).start()


@pytest.mark.long
def test_a_process_that_is_killed_ends_all_and_the_training_goes_on(place):
    stations = [Station() for _ in range(2)]
    when_there_is_a_state(place / "run", lambda: stations[1].send(signal.SIGKILL))
    settings = asked(place, save_dir=place / "run", train_epochs=6)
    with pytest.raises(LostError, match=r"worker 2 of 2 was killed, .* from the last state: the command again"):
        train(settings, stations=stations)
    assert list((place / "run").glob("state_*.npz"))
    train(asked(place, train_epochs=6), resume=str(place / "run"))
    train(asked(place, train_epochs=6, save_dir=place / "whole"))
    assert losses(place / "run") == losses(place / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("told", [0, 1])
def test_a_signal_to_one_ends_all_at_the_same_batch(place, told):
    stations = [Station() for _ in range(2)]
    when_there_is_a_state(place / "run", lambda: stations[told].send(signal.SIGTERM))
    with pytest.raises(Interrupted, match="to go on: flexae run --resume="):
        train(asked(place, save_dir=place / "run", train_epochs=60), stations=stations)
    assert json.loads((place / "run" / "scores.json").read_text())["status"] == "interrupted"


@pytest.mark.slow
def test_what_one_process_refuses_is_said_once(place):
    settings = asked(place, train_dir=place / "nothing")
    with pytest.raises(DataError, match=r"worker . of 2: .*nothing"):
        train(settings)
