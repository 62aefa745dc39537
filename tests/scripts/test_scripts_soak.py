"""The short form of `make soak`."""

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "scripts" / "soak.py"


def soak(place, part, kills):
    """Return the figures of a part, by name."""
    command = [sys.executable, SOAK, part, f"--kills={kills}"]
    result = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=900)
    assert result.returncode == 0, result.stdout + result.stderr
    return dict(line.strip("| ").split(" | ") for line in result.stdout.splitlines() if line.startswith("| "))


@pytest.mark.slow
def test_trainings_that_are_killed_go_on(tmp_path):
    rows = soak(tmp_path, "kills", 2)
    assert rows["kills"] == "2" and rows["runs"] == rows["complete"]
    assert rows["behind"] == rows["other weights"] == rows["not complete"] == "0"


def test_no_row_is_lost_by_processes_at_once_or_by_kills(tmp_path):
    rows = soak(tmp_path, "appends", 2)
    assert (rows["rows appended"], rows["rows found"], rows["headers"]) == ("40", "40", "1")
    assert rows["kills while appending"] == "6" and int(rows["rows acknowledged"]) >= 6
    assert rows["lost"] == rows["torn"] == rows["twice"] == "0"


@pytest.mark.long
def test_a_disk_that_fills_loses_nothing(tmp_path):
    rows = soak(tmp_path, "disk", 1)
    assert rows["points"] == "1"
    assert rows["other status"] == rows["state lost"] == rows["not gone on with"] == rows["other weights"] == "0"


@pytest.mark.long
def test_signals_end_commands(tmp_path):
    rows = soak(tmp_path, "signals", 1)
    assert rows["signals"] == "1" and rows["other status"] == rows["half written"] == "0"


@pytest.mark.long
def test_losses_that_are_no_numbers_are_marked(tmp_path):
    rows = soak(tmp_path, "diverged", 2)
    assert rows["cases"] == "2" and rows["other status"] == rows["rows without a mark"] == "0"


@pytest.mark.long
def test_runs_in_one_process_hold_no_more_and_more(tmp_path):
    rows = soak(tmp_path, "long", 10)
    assert rows["more open files"] == rows["more threads"] == rows["not whole"] == "0"
