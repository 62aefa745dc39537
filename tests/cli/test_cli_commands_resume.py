"""A training that was killed goes on: `--resume`."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pandas
import pytest
from filelock import FileLock

from autoencoder.cli.main import Autoencoder, main
from autoencoder.errors import DataError, UsageError
from autoencoder.model.saved import load
from autoencoder.workflows import resume


class Killed(BaseException):
    """Ends everything where it is raised."""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small(folders, place):
    shutil.copytree(folders / "train", place / "photos")
    return {"train_dir": "photos", "train_epochs": 3, "batch_size": 5, "filters": [4], "dims": [3], "verbose": 0}


@pytest.fixture
def killed_at(monkeypatch):
    """Let a training end, without a word, when it has kept so many states."""

    def kill_at(count):
        kept = []

        def write(*state):
            real(*state)
            kept.append(state)
            if len(kept) == count:
                raise Killed

        monkeypatch.setattr(resume, "write_state", write)

    real = resume.write_state
    yield kill_at
    monkeypatch.setattr(resume, "write_state", real)


def weights(folder):
    return load(Path(folder) / "autoencoder.keras").get_weights()


def same(one, other):
    return all(np.array_equal(*pair) for pair in zip(weights(one), weights(other), strict=True))


def test_a_run_that_was_killed_goes_on_and_ends_where_it_would_have(small, killed_at, capsys):
    Autoencoder(**small, save_dir="whole").run()
    killed_at(3)
    with pytest.raises(Killed):
        Autoencoder(**small, save_dir="killed").run(save_every=0)
    assert json.loads(Path("killed/provenance.json").read_text())["finished"] is False
    killed_at(10**6)
    run = Autoencoder().run(resume="killed")
    assert run.path == Path("killed")
    assert same("whole", "killed")
    assert Path("killed/history.csv").read_text() == Path("whole/history.csv").read_text()
    assert {path.name for path in Path("killed").iterdir()} == {path.name for path in Path("whole").iterdir()}
    assert Path("killed/settings.yml").read_text() == Path("whole/settings.yml").read_text()
    assert list(pandas.read_csv("logs/aescore.csv")["FolderName"]) == ["whole", "killed"]


def test_sigkill_leaves_a_run_that_goes_on(small, tmp_path):
    flags = [f"--{name}={value}" for name, value in small.items() if name != "train_epochs"]
    command = [sys.executable, "-m", "autoencoder", "run"]
    source = str(Path(__file__).parents[2] / "src")
    options = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": source}, "stdout": subprocess.DEVNULL}
    begun = subprocess.Popen([*command, *flags, "--train_epochs=200", "--save_dir=killed", "--save_every=0"], **options)
    while not Path("killed/state_b.npz").exists():
        assert begun.poll() is None
        time.sleep(0.05)
    begun.send_signal(signal.SIGKILL)
    begun.wait()
    assert subprocess.run([*command, "--resume=killed", "--train_epochs=210"], **options, check=False).returncode == 0
    assert list(pandas.read_csv("killed/history.csv")["epoch"]) == list(range(1, 211))


def test_more_epochs_may_be_asked_for_and_a_run_without_a_state_starts_again(small, killed_at):
    killed_at(1)
    with pytest.raises(Killed):
        Autoencoder(**small, save_dir="killed").run(save_every=0)
    for state in Path("killed").glob("state_*"):
        state.unlink()
    killed_at(10**6)
    Autoencoder(train_epochs=4).run(resume="killed")
    Autoencoder(**{**small, "train_epochs": 4}, save_dir="whole").run()
    assert same("whole", "killed")


def test_sort_goes_on_and_clusters(small, killed_at):
    killed_at(2)
    with pytest.raises(Killed):
        Autoencoder(**small).sort(k=2, save_every=0)
    killed_at(10**6)
    clusters = Autoencoder(verbose=0).sort(resume="latest", k=2)
    assert (clusters / "clusters.csv").is_file()
    assert len(list(Path("logs").glob("ae_*"))) == 1


def test_restore_train_goes_on(place, killed_at):
    random = np.random.default_rng(0)
    for folder in ("modified", "original"):
        (place / folder).mkdir()
        for number in range(5):
            cv2.imwrite(f"{folder}/{number}.png", random.integers(0, 255, (24, 24), np.uint8))
    flags = {"modified": "modified", "original": "original", "tile_side": 12, "binary_code_size": 6, "verbose": 0}
    flags |= {"filters": [4], "dims": [3], "train_epochs": 2, "batch_size": 5}
    Autoencoder(**flags, save_dir="whole").restore_train()
    killed_at(2)
    with pytest.raises(Killed):
        Autoencoder(**flags, save_dir="killed").restore_train(save_every=0)
    killed_at(10**6)
    with pytest.raises(UsageError, match="holds no run of run"):
        Autoencoder().run(resume="killed")
    Autoencoder(verbose=0).restore_train(resume="killed")
    assert same("whole", "killed")


def test_ctrl_c_says_how_to_go_on(small, monkeypatch, capsys):
    real = resume.write_state

    def write(*state):
        real(*state)
        if not capsys.readouterr().err:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(resume, "write_state", write)
    flags = [f"--{name}={value}" for name, value in small.items() if name != "verbose"]
    assert main(["run", *flags, "--save_dir=mine", "--save_every=0"]) == 130
    monkeypatch.setattr(resume, "write_state", real)
    assert "to go on: flexae run --resume=mine" in capsys.readouterr().err
    assert main(["run", "--resume=mine"]) == 0
    Autoencoder(**small, save_dir="whole").run()
    assert same("whole", "mine")


def test_what_cannot_go_on_says_why(small, killed_at, capsys):
    with pytest.raises(UsageError, match="--resume=nowhere: no such run"):
        Autoencoder().run(resume="nowhere")
    with pytest.raises(UsageError, match="no run of run in logs/ was killed or interrupted"):
        Autoencoder().run(resume="latest")
    killed_at(2)
    with pytest.raises(Killed):
        Autoencoder(**small, save_dir="killed").run(save_every=0)
    with pytest.raises(UsageError) as refused:
        Autoencoder(filters=[8], seed=1, train_epochs=2, save_dir="new").run(resume="killed")
    assert str(refused.value).splitlines() == [
        "--resume=killed: a training goes on with its own settings; leave out:",
        "--filters=[8]: it is [4] there",
        "--train_epochs=2: it is 3 there (it may be raised)",
        "--save_dir names a folder, and the run has one",
    ]
    with FileLock("killed/.training.lock"), pytest.raises(UsageError, match="is being trained by another command"):
        Autoencoder().run(resume="killed")
    taken = next(Path("photos").rglob("*.png"))
    taken.unlink()
    with pytest.raises(DataError, match=r"the images changed since it began \(\d+ then, \d+ now\)"):
        Autoencoder().run(resume="killed")


def test_a_complete_training_is_not_gone_on_with(small):
    Autoencoder(**small, save_dir="mine").run()
    with pytest.raises(
        UsageError, match=r"its training is complete; to train longer, repeat it: flexae run --config=mine"
    ):
        Autoencoder().run(resume="mine")
