"""The tutorial does what it says, in the shell and in Python, in a fresh folder."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
LEFT_BY_THE_SHELL = [
    "clothes/encoder.keras",
    "clothes/comparison_valid.png",
    "clothes/clusters/gmm_k10/overview.png",
    "clothes/clusters/gmm_k10/cluster_08.png",
    "clothes/clusters/gmm_k10/assigned_valid.csv",
    "sorted/boots",
    "sorted/cluster_08",
    "sorter/confusion.png",
    "sorter/mistakes.png",
    "sorter/predictions_valid.csv",
]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_each_step_is_shown_in_the_shell_and_in_python():
    for step in re.split(r"^## \d", PAGE, flags=re.MULTILINE)[1:]:
        assert re.findall(r"^```(\w+)$", step, re.MULTILINE) == ["sh", "python"]


def test_what_it_imports_is_there():
    import autoencoder

    for node in ast.walk(ast.parse("\n".join(blocks("python")))):
        if isinstance(node, ast.ImportFrom):
            assert {alias.name for alias in node.names} <= set(autoencoder.__all__)


@pytest.mark.long
def test_every_block_runs_in_a_fresh_folder(tmp_path):
    place, programs = tmp_path / "place", tmp_path / "programs"
    programs.mkdir()
    shutil.copytree(ROOT / "data", place / "data")
    flexae = programs / "flexae"
    flexae.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m autoencoder "$@"\n')
    flexae.chmod(0o755)
    environment = os.environ | {
        "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT / "src"),
    }

    def run(*words: str) -> str:
        result = subprocess.run(words, cwd=place, env=environment, capture_output=True, text=True, timeout=900)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    run("bash", "-e", "-c", "\n".join(blocks("sh")))
    for name in LEFT_BY_THE_SHELL:
        assert (place / name).exists(), name
    assert len((place / "sorter" / "predictions_valid.csv").read_text().splitlines()) == 201
    said = run(sys.executable, "-c", "\n".join(blocks("python")))
    assert "confidence" in said
    assert "long sleeves" in said
    for name in ("clothes_by_python/encoder.keras", "sorter_by_python/classifier.keras"):
        assert (place / name).is_file(), name
