"""A training that was killed goes on: `--resume`."""

import importlib
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pandas
import pytest
from filelock import FileLock

import autoencoder
from autoencoder.cli.main import Autoencoder, main
from autoencoder.errors import DataError, DiskError, DivergedError, ModelFileError, UsageError
from autoencoder.model.saved import load, save
from autoencoder.storage.lock import training_lock
from autoencoder.storage.run import Run
from autoencoder.training import guard
from autoencoder.workflows import images, resume, train


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_sort_goes_on_and_clusters(small, killed_at):
    killed_at(2)
    with pytest.raises(Killed):
        Autoencoder(**small).sort(k=2, save_every=0)
    killed_at(10**6)
    clusters = Autoencoder(verbose=0).sort(resume="latest", k=2)
    assert (clusters / "clusters.csv").is_file()
    assert len(list(Path("logs").glob("ae_*"))) == 1


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_complete_training_is_not_gone_on_with(small):
    Autoencoder(**small, save_dir="mine").run()
    with pytest.raises(
        UsageError, match=r"its training is complete; to train longer, repeat it: flexae run --config=mine"
    ):
        Autoencoder().run(resume="mine")


@pytest.fixture
def killed(small, killed_at):
    """A run, in the folder killed, that was killed when it had kept two states."""
    killed_at(2)
    with pytest.raises(Killed):
        Autoencoder(**small, save_dir="killed").run(save_every=0)
    killed_at(10**6)
    return Path("killed")


def left(folder):
    """What is in a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.slow
def test_the_same_flags_may_be_given_again(small, killed):
    chosen = {"image_shape": "auto", "color": "auto", "precision": "auto", "range": "auto"}
    with pytest.raises(UsageError, match=r"--filters=None: it is \[4\] there"):
        Autoencoder(**{**small, "filters": "auto"}).run(resume="killed")
    assert Autoencoder(**small, **chosen).run(resume="killed").path == killed
    assert json.loads(Path("killed/provenance.json").read_text())["finished"] is True


@pytest.mark.slow
def test_the_images_may_lie_elsewhere(killed, small):
    shutil.move("photos", "moved")
    with pytest.raises(DataError, match="photos"):
        Autoencoder().run(resume="killed")
    Autoencoder(train_dir="moved").run(resume="killed")
    assert f"train_dir: {Path('moved').absolute()}" in (killed / "settings.yml").read_text()
    Autoencoder(**{**small, "train_dir": "moved"}, save_dir="whole").run()
    assert same("whole", "killed")


@pytest.mark.slow
def test_images_of_other_contents_are_refused(killed):
    first, second = sorted(Path("photos").rglob("*.png"))[:2]
    shutil.copy(first, second)
    before = left(killed)
    with pytest.raises(DataError, match=r"--resume=killed: the images changed .* \(60, of other names or contents\)"):
        Autoencoder().run(resume="killed")
    with pytest.raises(UsageError, match=r"--valid_dir=.*: it is None there"):
        Autoencoder(train_dir="photos", valid_dir="photos").run(resume="killed")
    assert left(killed) == before


@pytest.mark.slow
def test_settings_that_were_changed_or_lost_are_those_that_it_began_with(killed, small):
    written = (killed / "settings.yml").read_text()
    (killed / "settings.yml").write_text(written.replace("batch_size: 5", "batch_size: 6"))
    with pytest.raises(UsageError, match=r"settings.yml: was changed since the training began") as refused:
        Autoencoder().run(resume="killed")
    assert str(refused.value).splitlines()[1:] == ["--batch_size=6: it is 5 there"]
    (killed / "settings.yml").unlink()
    Autoencoder().run(resume="killed")
    Autoencoder(**small, save_dir="whole").run()
    assert same("whole", "killed")
    assert (killed / "settings.yml").read_text() == Path("whole/settings.yml").read_text()


def test_a_record_that_is_lost_says_so(killed):
    (killed / "provenance.json").write_text("{")
    with pytest.raises(UsageError, match=r"provenance.json is missing or damaged.*--config=killed.settings.yml"):
        Autoencoder().run(resume="killed")


def test_a_run_that_is_being_trained_is_left_alone(killed):
    before = left(killed)
    with training_lock(Run(killed)), pytest.raises(UsageError, match="is being trained by another command"):
        Autoencoder(train_epochs=7, h5=True).run(resume="killed")
    assert {**left(killed), ".training.lock": b""} == {**before, ".training.lock": b""}


@pytest.mark.slow
def test_a_run_that_was_completed_meanwhile_is_left_alone(killed, monkeypatch):
    real = images.load_images

    def complete(*given):
        monkeypatch.setattr(train, "load_images", real)
        Autoencoder().run(resume="killed")
        return real(*given)

    monkeypatch.setattr(train, "load_images", complete)
    with pytest.raises(UsageError, match=r"its training is complete.*to cluster it: flexae cluster killed"):
        Autoencoder().run(resume="killed")
    assert json.loads((killed / "provenance.json").read_text())["finished"] is True
    assert list(pandas.read_csv("logs/aescore.csv")["FolderName"]) == ["killed"]


@pytest.mark.slow
def test_latest_is_none_that_is_being_trained(small, killed_at):
    for prefix in ("first", "second"):
        killed_at(1)
        with pytest.raises(Killed):
            Autoencoder(**small, save_prefix=prefix).run(save_every=0)
    killed_at(10**6)
    (newer,) = Path("logs").glob("second_*")
    with training_lock(Run(newer)):
        assert Autoencoder().run(resume="latest").path.name.startswith("first_")


@pytest.mark.slow
def test_a_run_that_diverged_is_not_gone_on_with(small, monkeypatch):
    real, kept = resume.write_state, []

    def write(*state):
        real(*state)
        kept.append(state)

    monkeypatch.setattr(resume, "write_state", write)
    sums = SimpleNamespace(isfinite=lambda value: len(kept) < 2, inf=math.inf, nan=math.nan)
    monkeypatch.setattr(guard, "math", sums)
    with pytest.raises(DivergedError):
        Autoencoder(**small, save_dir="mine").run(save_every=0)
    assert len(kept) == 2 and not list(Path("mine").glob("state_*"))
    with pytest.raises(UsageError, match="its training is complete"):
        Autoencoder().run(resume="mine")


def test_several_runs_are_not_gone_on_with_at_once(killed, capsys):
    Path("grid.yml").write_text("grid: {filters: [[4], [8]]}\n")
    assert main(["run", "--resume=killed", "--config=grid.yml"]) == 2
    assert "--resume=killed: holds no grid of run" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_without_a_state_begins_again_by_the_same_command(small, killed_at, monkeypatch):
    flags = {**small, "save_dir": "mine"}
    killed_at(1)
    with pytest.raises(Killed):
        Autoencoder(**flags).run(save_every=0)
    with pytest.raises(UsageError, match="or go on with it: --resume=mine"):
        Autoencoder(**flags).run()
    for state in Path("mine").glob("state_*"):
        state.unlink()
    killed_at(10**6)
    Autoencoder(**flags).run()
    Autoencoder(**{**small, "save_dir": "whole"}).run()
    assert same("whole", "mine")


@pytest.mark.slow
def test_checkpoints_are_there_before_the_state_behind_them(small, killed_at):
    killed_at(2)
    with pytest.raises(Killed):
        Autoencoder(**small, period=1, save_dir="killed").run(save_every=0)
    killed_at(10**6)
    Autoencoder().run(resume="killed")
    names = sorted(path.name for path in Path("killed").glob("autoencoder_epoch*"))
    assert names == [f"autoencoder_epoch{epoch:04d}.keras" for epoch in (1, 2, 3)]


@pytest.mark.slow
def test_a_disk_that_fills_says_how_to_go_on(small, monkeypatch, capsys):
    real, calls = resume.write_state, []

    def write(*state):
        calls.append(state)
        if len(calls) == 2:
            raise DiskError("cannot write mine: the disk is full; free some space or choose another place")
        real(*state)

    monkeypatch.setattr(resume, "write_state", write)
    flags = [f"--{name}={value}" for name, value in small.items()]
    assert main(["run", *flags, "--save_dir=mine", "--save_every=0"]) == 5
    assert "the state before it is kept; to go on: flexae run --resume=mine" in capsys.readouterr().err
    assert main(["run", "--resume=mine"]) == 0
    Autoencoder(**small, save_dir="whole").run()
    assert same("whole", "mine")


@pytest.mark.slow
def test_the_library_goes_on_too(killed, small):
    assert autoencoder.resume("killed", train_epochs=4) == Run(killed)
    Autoencoder(**{**small, "train_epochs": 4}, save_dir="whole").run()
    assert same("whole", "killed")
    with pytest.raises(UsageError, match="its training is complete"):
        autoencoder.resume("killed")


@pytest.fixture
def encoder(small):
    """The folder of a run whose encoder a classifier begins with, and what is taught to it."""
    Autoencoder(**{**small, "train_epochs": 1}, save_dir="encoder").run()
    return {"train_dir": "photos", "epochs": 2, "batch_size": 8, "drop_rate": 0.2, "verbose": 0}


def classifier_weights(folder):
    return load(Path(folder) / "classifier.keras").get_weights()


@pytest.mark.parametrize("states", [1, 3])
def test_a_classifier_goes_on_in_either_step(encoder, killed_at, states):
    Autoencoder(**encoder, save_dir="whole").classify("encoder")
    killed_at(states)
    with pytest.raises(Killed):
        Autoencoder(**encoder, save_dir="killed").classify("encoder", save_every=0)
    assert json.loads(Path("killed/provenance.json").read_text())["finished"] is False
    killed_at(10**6)
    assert Autoencoder(verbose=0).classify(resume="killed").path == Path("killed")
    pairs = zip(classifier_weights("whole"), classifier_weights("killed"), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)
    assert Path("killed/history.csv").read_text() == Path("whole/history.csv").read_text()
    assert {path.name for path in Path("killed").iterdir()} == {path.name for path in Path("whole").iterdir()}
    with pytest.raises(UsageError, match=r"to train longer, repeat it: .*--epochs=\.\.\."):
        Autoencoder().classify(resume="killed")


def test_a_classifier_of_other_settings_labels_or_encoder_is_refused(encoder, killed_at):
    killed_at(1)
    with pytest.raises(Killed):
        Autoencoder(**encoder).classify("encoder", save_every=0)
    killed_at(10**6)
    with pytest.raises(UsageError) as refused:
        Autoencoder(**{**encoder, "epochs": 3}, units=8).classify("encoder", resume="latest")
    assert str(refused.value).splitlines()[1:] == ["--epochs=3: it is 2 there", "--units=8: it is 128 there"]
    with pytest.raises(UsageError, match="leave it out"):
        Autoencoder(save_dir="new").classify(resume="latest")
    shutil.copytree("encoder", "copied")
    changed = load(Path("encoder/encoder.keras"))
    changed.set_weights([each + 1 for each in changed.get_weights()])
    save(changed, Path("encoder/encoder.keras"))
    with pytest.raises(ModelFileError, match=r"the encoder that it began with, .*encoder.keras, changed"):
        Autoencoder().classify(resume="latest")
    taken = next(Path("photos/0").iterdir())
    taken.rename(Path("photos/1", taken.name))
    with pytest.raises(DataError, match="the images changed since it began"):
        Autoencoder().classify("copied", resume="latest")
    Path("photos/1", taken.name).rename(taken)
    assert Autoencoder(verbose=0).classify("copied", resume="latest").scores()["status"] == "done"


@pytest.fixture
def few_steps(monkeypatch):
    """Make the rounds of deep methods short, and let them never settle."""
    monkeypatch.setattr(importlib.import_module("autoencoder.deep.refine"), "STEPS_AT_LEAST", 5)
    module = importlib.import_module("autoencoder.workflows.refine")
    monkeypatch.setattr(module, "refine", partial(module.refine, tolerance=-1))


def deep_run(method):
    (found,) = Path("logs").glob(f"{method}_*")
    return found


def test_a_deep_method_goes_on_with_its_next_round(small, killed_at, few_steps):
    method = "self_label"
    Autoencoder(**small, save_dir="encoder").run()
    flags = {"k": 2, "method": method, "rounds": 3, "refine_rate": 1e-4}
    whole = Autoencoder().cluster("encoder", **flags)
    killed_at(2)
    whole.parents[1].rename("whole")
    with pytest.raises(Killed):
        Autoencoder().cluster("encoder", **flags, save_every=0)
    killed = deep_run(method)
    assert json.loads((killed / "provenance.json").read_text())["finished"] is False
    killed_at(10**6)
    with pytest.raises(UsageError, match="--rounds=2: it is 3 there"):
        Autoencoder().cluster(resume=killed, rounds=2)
    clusters = Autoencoder().cluster("encoder", resume="latest", **flags)
    assert clusters.parents[1] == killed
    pairs = zip(*(load(run / "encoder.keras").get_weights() for run in (Path("whole"), killed)), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)
    for name in ("history.csv", f"clusters/{clusters.name}/clusters.csv"):
        assert (killed / name).read_text() == Path("whole", name).read_text()
    assert {path.name for path in killed.iterdir()} == {path.name for path in Path("whole").iterdir()}
    assert json.loads((killed / "provenance.json").read_text())["finished"] is True


def test_ctrl_c_ends_a_round_of_a_deep_method_after_the_batch(small, monkeypatch, few_steps, capsys):
    Autoencoder(**small, save_dir="encoder").run()
    module = importlib.import_module("autoencoder.deep.refine")
    monkeypatch.setattr(module, "STEPS_AT_LEAST", 10**6)  # a round would take hours
    real = module.target_batches

    def batches(*arguments):
        signal.raise_signal(signal.SIGINT)
        return real(*arguments)

    monkeypatch.setattr(module, "target_batches", batches)
    flags = ["--k=2", "--method=dec", "--rounds=2", "--start=kmeans"]
    assert main(["cluster", "encoder", *flags]) == 130
    assert "interrupted in the first round; to go on: flexae cluster --resume=" in capsys.readouterr().err
    monkeypatch.setattr(module, "target_batches", real)
    monkeypatch.setattr(module, "STEPS_AT_LEAST", 5)
    assert main(["cluster", "--resume=latest"]) == 0
    assert list(pandas.read_csv(deep_run("dec") / "history.csv")["epoch"]) == [1, 2]


@pytest.fixture
def grid(small):
    """The flags of a grid of two runs."""
    Path("grid.yml").write_text("grid: {filters: [[4], [8]]}\n")
    return {"config": "grid.yml", **{name: value for name, value in small.items() if name != "filters"}}


@pytest.fixture
def in_second_run(monkeypatch):
    """Do something once, when the second run of several has kept its second state."""

    def then(act):
        runs = []

        def write(run, *state):
            real(run, *state)
            runs.append(run.path)
            if len(set(runs)) == 2 and runs.count(run.path) == 2:
                act()

        monkeypatch.setattr(resume, "write_state", write)

    real = resume.write_state
    return then


def kill():
    raise Killed


def test_a_grid_goes_on_with_its_first_unfinished_run(grid, small, in_second_run):
    in_second_run(kill)
    with pytest.raises(Killed):
        Autoencoder(**grid).run(save_every=0)
    in_second_run(int)
    (folder,) = Path("logs").glob("grid_*")
    first, second = (Path(each["run"]) for each in json.loads((folder / "runs.json").read_text())["runs"].values())
    before = (first / "autoencoder.keras").stat().st_mtime_ns
    with pytest.raises(UsageError, match=r"filters=\[4\] was begun with other settings:\n--batch_size=6: it is 5"):
        Autoencoder(**{**grid, "batch_size": 6}).run(resume="latest")
    assert Autoencoder(**grid).run(resume="latest") == folder
    assert (first / "autoencoder.keras").stat().st_mtime_ns == before
    Autoencoder(**{**small, "filters": [8]}, save_dir="whole").run()
    assert same("whole", second)
    table = pandas.read_csv(folder / "grid.csv")
    assert sorted(table["run"]) == sorted(map(str, (first, second))) and set(table["status"]) == {"done"}
    assert (folder / "loss.png").is_file()
    with pytest.raises(UsageError, match="all of its runs are there"):
        Autoencoder(**grid).run(resume=folder)
    with pytest.raises(UsageError, match="no grid of run in logs/ was killed or interrupted"):
        Autoencoder(**grid).run(resume="latest")


def test_ctrl_c_in_a_grid_keeps_its_table(grid, in_second_run, capsys):
    in_second_run(lambda: signal.raise_signal(signal.SIGINT))
    flags = [f"--{name}={value}" for name, value in grid.items()]
    assert main(["run", *flags, "--save_every=0"]) == 130
    said = capsys.readouterr()
    assert "0 of the grid are left; to go on: the same command with --resume=logs/grid_" in said.err
    (folder,) = Path("logs").glob("grid_*")
    table = pandas.read_csv(folder / "grid.csv")
    assert list(table["status"]) == ["done", "interrupted"] and list(table["lowest_loss"].isna()) == [False, True]
    assert "filters=[4]" in said.out.split("the best first")[1]
    assert main(["run", *flags, f"--resume={folder}"]) == 0
    assert list(pandas.read_csv(folder / "grid.csv")["status"]) == ["done", "done"]


def test_a_second_ctrl_c_in_a_grid_keeps_its_table_too(grid, in_second_run):
    in_second_run(lambda: signal.default_int_handler(signal.SIGINT, None))
    flags = [f"--{name}={value}" for name, value in grid.items()]
    assert main(["run", *flags, "--save_every=0"]) == 130
    (table,) = Path("logs").glob("grid_*/grid.csv")
    assert list(pandas.read_csv(table)["status"]) == ["done", "killed"]


def test_ctrl_c_in_a_curve_of_labels_keeps_its_table_and_it_goes_on(encoder, in_second_run, capsys):
    in_second_run(lambda: signal.raise_signal(signal.SIGTERM))
    flags = [f"--{name}={value}" for name, value in encoder.items() if name != "verbose"]
    assert main(["classify", "encoder", *flags, "--labels_per_class=2,3", "--save_every=0", "--save_dir=curve"]) == 143
    said = capsys.readouterr()
    assert "to go on with all of it: flexae classify --resume=curve" in said.err
    table = pandas.read_csv("curve/labels.csv")
    assert list(table["scratch"].isna()) == [False, True] and table["pretrained"].isna().all()
    assert "scratch" in said.out.split("accuracy on the validation images")[1]
    in_second_run(int)
    with pytest.raises(UsageError, match="--units=7: it is 128 there"):
        Autoencoder(units=7).classify(resume="curve")
    assert Autoencoder().classify(resume="curve") == Path("curve")
    again = pandas.read_csv("curve/labels.csv")
    assert not again.isna().to_numpy().any() and again["scratch"][0] == table["scratch"][0]
    assert len(list(Path("logs").glob("classifier_*"))) == 4
