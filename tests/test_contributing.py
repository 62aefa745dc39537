"""Three things are added to a copy of the checkout exactly as CONTRIBUTING.md says, and used there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PATCHES = ROOT / "tests" / "contributing"
#: The heading of each recipe, and the patch that follows it.
RECIPES = {"A loss": "loss", "A clustering method": "method", "A command": "command"}
FORMER = "tests/former/logs/ae_20260101_120000"


def section(heading: str) -> str:
    return re.split(r"^##+ ", PAGE.split(f"### {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def touched(name: str) -> dict[str, int]:
    """The files that a patch changes, and how many lines each gets."""
    text = (PATCHES / f"{name}.patch").read_text(encoding="utf-8")
    parts = re.split(r"^diff --git a/\S+ b/", text, flags=re.MULTILINE)[1:]
    return {part.split(maxsplit=1)[0]: len(re.findall(r"^\+(?!\+\+)", part, re.MULTILINE)) for part in parts}


@pytest.fixture
def patched(clone, tmp_path):
    """Apply a patch to a copy of the checkout; returns the copy, and how to run Python in it."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("git applies the patches")
    place = Path(shutil.copytree(clone, tmp_path / "checkout"))
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTEST_ADDOPTS")}

    def apply(name: str):
        words = [git, "apply", "-C1", str(PATCHES / f"{name}.patch")]
        result = subprocess.run(words, cwd=place, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr

        def python(*arguments: str) -> str:
            words = [sys.executable, *arguments]
            done = subprocess.run(words, cwd=place, env=environment, capture_output=True, text=True, timeout=600)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        return place, python

    return apply


@pytest.mark.parametrize("heading", RECIPES)
def test_the_page_names_every_file_that_is_touched(heading):
    for path in touched(RECIPES[heading]):
        new = not (ROOT / path).exists()
        assert (f"{Path(path).parent}/yours.py" if new else path) in section(heading), path


@pytest.mark.parametrize("name", RECIPES.values())
def test_one_file_is_written_and_lines_are_added_to_others(name):
    assert sum(not (ROOT / path).exists() for path in touched(name)) == 1


def test_every_room_is_on_the_page():
    package = ROOT / "src" / "autoencoder"
    for path in package.iterdir():
        if path.is_dir() and (path / "__init__.py").is_file():
            assert f"| `{path.name}` |" in PAGE, path.name
        elif path.suffix == ".py" and not path.name.startswith("__"):
            assert f"`{path.name}`" in PAGE, path.name


@pytest.mark.slow
def test_a_new_loss(patched):
    _, python = patched("loss")
    flags = ["--max_images=4", "--filters=[4]", "--train_epochs=1", "--save_dir=new", "--train_dir=data/train"]
    assert "validation: loss" in python("-m", "src.autoencoder", "run", "--loss=charbonnier", *flags)
    assert " passed" in python("-m", "pytest", "-n", "0", "tests/losses", "-k", "charbonnier or choice")


@pytest.mark.long  # a minute: UMAP is compiled in a process of its own
def test_a_new_clustering_method(patched):
    place, python = patched("method")
    shutil.copytree(ROOT / FORMER, place / FORMER)  # the copy has no logs
    flags = ["--images=tests/former/digits/train", "--method=bisecting", "--k=3"]
    assert "3 clusters by bisecting" in python("-m", "src.autoencoder", "cluster", FORMER, *flags)
    assert (place / FORMER / "clusters" / "bisecting_k3" / "overview.png").is_file()
    contracts = "tests/contracts/test_contracts_clustering.py"
    assert " passed" in python("-m", "pytest", "-n", "0", contracts, "-k", "bisecting")


@pytest.mark.slow
def test_a_new_command(patched):
    _, python = patched("command")
    assert python("-m", "src.autoencoder", "count", "--images=data/valid").split()[:2] == ["20", "ankle-boot"]
    assert "--images" in python("-m", "src.autoencoder", "count", "--help")
    python("scripts/write_flags.py")  # as `make docs` does
    tests = ["tests/contracts/test_contracts_documented.py", "tests/cli/test_cli_help.py", "tests/test_imports.py"]
    assert " passed" in python("-m", "pytest", "-n", "0", *tests, "-k", "count or flags or imports")
