"""The short form of `make soak`."""

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "scripts" / "soak.py"


@pytest.mark.slow
def test_trainings_that_are_killed_go_on(tmp_path):
    command = [sys.executable, SOAK, "kills", "--kills=2"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr
    rows = dict(line.strip("| ").split(" | ") for line in result.stdout.splitlines() if line.startswith("| "))
    assert rows["kills"] == "2" and rows["runs"] == rows["complete"]
    assert rows["behind"] == rows["other weights"] == rows["not complete"] == "0"
