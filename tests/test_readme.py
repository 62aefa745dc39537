"""Every command of the README and of the page of results can be typed, and does what is meant."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from autoencoder.cli.command import Grid, Job
from autoencoder.cli.main import plan

ROOT = Path(__file__).parents[1]
#: The README, and behind it the page that goes on with its commands.
README = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "docs/results.md"))
BEGINNINGS = (["flexae"], ["python", "-m", "src.autoencoder"])
#: What makes a command short enough for a test.
SHORTER = {
    "run": ["--train_epochs=1"],
    "sort": ["--train_epochs=1"],
    "restore_train": ["--train_epochs=1"],
    "classify": ["--epochs=1"],
    "make_binary_codes.py": ["--count=8"],
}
CLASSES, PER_CLASS = 10, 130  # --labels_per_class names 100, of what is left to learn from


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def shell_lines():
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if shlex.split(line, comments=True)]


def own(words):
    """The words behind the program's name, or None where it is another program."""
    return next((words[len(each) :] for each in BEGINNINGS if words[: len(each)] == each), None)


def inline_commands():
    """Whole commands between backticks; RUN, DIR, `...` and the like stand for what a user puts there."""
    found = [text for text in re.findall(r"`([^`\n]+)`", README) if text.startswith("flexae ") and "--" in text]
    return [text for text in found if "..." not in text and not re.search(r"\b[A-Z]{2,}\b", text)]


def test_the_readme_has_the_blocks_that_are_tested():
    assert len(shell_lines()) >= 15 and blocks("python") and inline_commands()


@pytest.mark.parametrize("line", [*shell_lines(), *inline_commands()])
def test_a_command_is_accepted(monkeypatch, line):
    monkeypatch.chdir(ROOT)
    words = own(shlex.split(line, comments=True))
    if words is not None and "--help" not in words:
        assert isinstance(plan(words), Job | Grid)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"python (scripts/\w+\.py)", README))))
def test_a_script_is_there_and_needs_no_path(name):
    assert (ROOT / name).is_file()
    assert "PYTHONPATH" not in (ROOT / name).read_text(encoding="utf-8").split('"""')[1]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make (\w+)|`make (\w+)", README, re.MULTILINE))))
def test_a_target_of_make_is_there(target):
    assert re.search(rf"^{''.join(target)}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_what_is_installed_is_this_folder_with_extras_that_there_are():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    for extra in re.findall(r"pip install '?([^\s'`]+)", README):
        name, _, extras = extra.partition("[")
        assert name == "."  # it is on no index
        assert set(filter(None, extras.strip("]").split(","))) <= set(setup["options.extras_require"])


def test_the_python_runs(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    stand_ins(tmp_path, per_class=20)
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})
    assert capsys.readouterr().out.split()[:3] == ["path", "cluster", "distance"]
    assert (tmp_path / "runs" / "photos" / "encoder.keras").is_file()


def shortened(words):
    if words[0] == "make":
        return words
    names = [word.rpartition("/")[2] for word in words]
    more = next((SHORTER[name] for name in names if name in SHORTER), [])
    more = more + (["--rounds=1"] if "--method=self_label" in words else [])
    return [*words, *(flag for flag in more if not any(word.startswith(flag.split("=")[0] + "=") for word in words))]


def in_place_of_dots(word, place):
    """Replace `logs/ae_.../clusters/kmeans_k10` by a folder of that kind that is there."""
    if "ae_..." not in word:
        return word
    flag, equals, path = word.rpartition("=")
    (found, *_) = sorted(place.glob(path.replace("ae_...", "*")))
    return f"{flag}{equals}{found.relative_to(place)}"


def stand_ins(place, per_class=PER_CLASS):
    """Make small folders and tables of the names that the README uses for a user's own."""
    import cv2
    from make_binary_codes import make
    from sklearn.datasets import load_digits

    digits = load_digits()
    for label in range(CLASSES):
        rows = np.flatnonzero(digits.target == label)
        for name, chosen in (
            ("photos", rows[:per_class]),
            ("more_photos", rows[per_class:150]),
            ("new_photos", rows[150:152]),
        ):
            inside = place / name / (str(label) if name != "new_photos" else "")
            inside.mkdir(parents=True, exist_ok=True)
            for row in chosen:
                image = cv2.resize((digits.images[row] * 255 / 16).astype(np.uint8), (28, 28))
                (inside / f"{row}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    known = [f"{path.parent.name}/{path.name},{path.parent.name}" for path in sorted(place.glob("photos/*/*0.png"))]
    (place / "labels.csv").write_text("\n".join(["path,label", *known]) + "\n")
    names = [f"{number},number {number}" for number in range(CLASSES)]
    (place / "names.csv").write_text("\n".join(["cluster,name", *names]) + "\n")
    make(place / "made", "default", 8, 3)
    shutil.move(place / "made" / "modified", place / "scans")


def call(words, place, programs):
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"PATH": os.pathsep.join([str(programs), os.environ["PATH"]]), "PYTEST_ADDOPTS": "--collect-only"}
    return subprocess.run(words, cwd=place, env=environment, capture_output=True, text=True, timeout=1200)


@pytest.mark.long
@pytest.mark.parametrize("where", ["in a checkout", "elsewhere"])
def test_every_command_runs_as_it_is_written(clone, installed, tmp_path, where):
    place = tmp_path / "place"
    if where == "in a checkout":
        shutil.copytree(clone, place)
        (place / ".venv").symlink_to(installed.parent)
        (installed.parent / "installed").touch()  # what `make` would install is there
    else:
        place.mkdir()
    stand_ins(place)
    for line in shell_lines():
        words = [in_place_of_dots(word, place) for word in shortened(shlex.split(line, comments=True))]
        if where == "elsewhere" and words[0] != "flexae":
            if "scripts/make_binary_codes.py" in words:  # a script of the checkout; its codes are used below
                shutil.copytree(clone / "scripts", place / "scripts")
                shutil.copytree(clone / "src", place / "src")
                assert call(words, place, installed).returncode == 0
            continue
        result = call(words, place, installed)
        assert (result.returncode, result.stderr) == (0, ""), f"{line}\n{result.stdout}\n{result.stderr}"
    for block in blocks("python"):
        result = call(["python", "-c", block], place, installed)
        assert (result.returncode, result.stderr) == (0, ""), result.stderr
