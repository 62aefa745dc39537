import csv
import json
import re
import shlex
import signal
import subprocess
import sys
import time

import cv2
import pytest

from autoencoder import sweep
from autoencoder.cli.command import Job
from autoencoder.cli.main import main, plan
from autoencoder.errors import UsageError
from autoencoder.workflows import sweep_storage

SPACE = "filters=[[2],[3]], learning_rate=1e-3..1e-2 (log)"


@pytest.mark.slow
def test_a_search_leaves_runs_a_table_a_picture_and_the_command_of_the_best_and_goes_on(program, folders, tmp_path):
    flags = (f"--train_dir={folders / 'train'}", "--train_epochs=1", "--max_images=8", f"--space={SPACE}")
    found = program("sweep", *flags, "--trials=2", "--name=tiny", "--dims=[4]")
    assert found.returncode == 0, found.stderr
    inside = tmp_path / "logs" / "tiny"
    assert {"trials.csv", "sweep.png", "journal.log", "sweep.json"} <= {path.name for path in inside.iterdir()}
    assert cv2.imread(str(inside / "sweep.png")) is not None
    with (tmp_path / "logs" / "aescore.csv").open(newline="") as file:
        losses = {row["FolderName"]: float(row["valid_loss"]) for row in csv.DictReader(file)}
    assert losses.keys() == {"tiny_t001", "tiny_t002"}
    best = min(losses, key=losses.__getitem__)
    assert f"the best is trial {int(best[-3:])}, valid_loss {losses[best]:.5g}: logs/{best}" in found.stdout
    again = shlex.split(re.search(r"to train it again: flexae (.*)", found.stdout)[1])
    kept = json.loads((tmp_path / "logs" / best / "provenance.json").read_text())["settings"]
    planned = plan(again)
    assert isinstance(planned, Job) and list(planned.settings[1].filters) == kept["filters"]
    assert planned.settings[1].dims == (4,) and planned.settings[2].learning_rate == kept["learning_rate"]
    assert sorted(each[0] for each in re.findall(r"^    ?([12])  +0", found.stdout, re.MULTILINE)) == ["1", "2"]

    more = program("sweep", "--resume=latest", "--trials=3", "--processes=1")
    assert more.returncode == 0 and "2 trials are there already" in more.stdout
    assert (tmp_path / "logs" / "tiny_t003" / "encoder.keras").is_file()
    other = program("sweep", *flags[:-1], "--space=filters=[[4],[8]]", "--trials=2", "--name=tiny")
    assert other.returncode == 2 and "the sweep tiny was begun with" in other.stderr
    changed = program("sweep", "--resume=tiny", "--train_epochs=2")
    assert changed.returncode == 2 and "a sweep goes on as it began; leave out --train_epochs" in changed.stderr


@pytest.mark.slow
def test_a_search_of_classifiers_in_python_is_a_table_the_best_first(folders, tmp_path, monkeypatch, program):
    monkeypatch.chdir(tmp_path)
    train = folders / "train"
    assert (
        program("run", f"--train_dir={train}", "--train_epochs=1", "--filters=[2]", "--save_dir=base").returncode == 0
    )
    table = sweep(
        {"units": [4, 8]}, "classify", by="valid_accuracy", trials=2, processes=1, run="base", train_dir=train, epochs=1
    )
    assert list(table["state"]) == ["complete"] * 2 and table["valid_accuracy"].is_monotonic_decreasing
    assert set(table["units"]) == {"4", "8"} and all(
        (tmp_path / each / "classifier.keras").is_file() for each in table["folder"]
    )


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--space=filtres=[[4],[8]]"], "filtres: no such knob of the command; did you mean filters?"),
        (["--space=learning_rate=1e-2..1e-4"], "the first number must be smaller than the second"),
        (["--space=loss=[mse,mae]"], "loss changes what the loss measures, so that a lower one is no better"),
        (["--space=batch_size=[8,16]", "--batchsize=8"], "--batchsize: no such flag; did you mean batch_size?"),
        (["--trials=0"], "--trials=0: should be greater than or equal to 1"),
        (["--minutes=0.5"], "--minutes=0.5: should be greater than or equal to 1"),
        (["--processes=0"], "--processes=0: should be greater than or equal to 1"),
        (["--command=rnu"], "--command=rnu: should be 'run', 'sort', 'classify' or 'restore_train'"),
        (["--by=nmii"], "--by=nmii: should be"),
        (["--by=nmi"], "--by=nmi: run is judged by one of valid_loss, valid_mse"),
        (["--save_dir=x"], "--save_dir is for one result, and a sweep makes many"),
        (["--resume=latest"], "there is no sweep in logs/ yet"),
        (["--resume=tiny"], "--resume=tiny: there is no such sweep"),
        (["--name=a/b"], "--name=a/b"),
        (
            ["--space=batch_size=[8,16]", "--storage=postgresql://a:secret@127.0.0.1:9/x"],
            "a:***@127.0.0.1:9/x: cannot be",
        ),
        (["--command=sort", "--by=nmi", "--k=900", "--space=k_max=[30,40]"], "--k=900: there are 60 images"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_any_work(flags, said, folders, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    images = [] if "--resume" in flags[0] else [f"--train_dir={folders / 'train'}"]
    assert main(["sweep", *images, *flags]) == 2
    error = capsys.readouterr().err
    assert said in error and "secret" not in error and not (tmp_path / "logs").exists()


def test_images_that_are_not_there_are_missed_before_any_process_starts(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["sweep", "--train_dir=nowhere", "--space=batch_size=[8,16]"]) == 3
    assert "nowhere: there is no such folder" in capsys.readouterr().err and not (tmp_path / "logs").exists()


def test_a_search_without_optuna_says_how_it_is_installed(monkeypatch):
    monkeypatch.setattr(sweep_storage, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"optuna is not installed; .*'flexible-autoencoder\[sweep\]'"):
        sweep("batch_size=[8,16]")


def finished(journal) -> dict[int, float]:
    lines = journal.read_text().splitlines() if journal.exists() else []
    entries = [json.loads(line) for line in lines if line.endswith("}")]
    return {each["trial_id"]: each["values"][0] for each in entries if each.get("state") == 1 and each.get("values")}


@pytest.mark.slow
def test_killed_processes_lose_no_trial_and_a_signal_ends_all_of_them(program, folders, tmp_path):
    flags = [f"--train_dir={folders / 'train'}", "--train_epochs=60", f"--space={SPACE}", "--trials=4", "--name=killed"]
    words = [sys.executable, "-m", "autoencoder", "sweep"]
    options = {"cwd": tmp_path, "env": program.environment, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    journal = tmp_path / "logs" / "killed" / "journal.log"
    with subprocess.Popen([*words, *flags], **options) as begun:
        while not finished(journal):
            assert begun.poll() is None
            time.sleep(0.2)
        before = finished(journal)
        children = subprocess.run(["pgrep", "-P", str(begun.pid)], capture_output=True, text=True).stdout.split()
        subprocess.run(["kill", "-KILL", children[0]], check=True)
        time.sleep(2)
        begun.send_signal(signal.SIGINT)
        said = begun.communicate(timeout=120)[0].decode()
    assert begun.returncode == 130 and "to go on: flexae sweep --resume=killed" in said
    assert "a process was killed (signal 9); another takes its place" in said
    more = program("sweep", "--resume=killed")
    assert more.returncode == 0 and finished(journal).items() >= before.items()
    rows = list(csv.DictReader((tmp_path / "logs" / "killed" / "trials.csv").read_text().splitlines()))
    assert len(rows) == 4 and all(row["state"] in ("complete", "pruned") for row in rows)
