"""Removing caches and what killed processes left, and nothing else."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autoencoder.cli.commands import clean as command
from autoencoder.files import replacing
from autoencoder.workflows.clean import clean

HOURS = 3600


@pytest.fixture
def ended():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def place(tmp_path, monkeypatch, ended):
    """A folder with logs, two caches, a run, and temporary files, each of which says in its name whether it stays."""
    monkeypatch.chdir(tmp_path)
    run = Path("logs/run")
    run.mkdir(parents=True)
    Path("logs/.cache").mkdir()
    dead, alive = f"{ended & 0xFFFFFF:06x}000000", f"{os.getpid() & 0xFFFFFF:06x}000000"
    sizes = {
        "logs/.cache/a.npy": (1000, 0),
        "logs/.cache/.a.stamp": (10, 0),
        f"logs/.cache/.{dead}-gone.npy": (500, 2),
        f"logs/.cache/.{alive}-kept.npy": (500, 2),
        f"logs/run/.{dead}-gone.keras": (300, 2),
        f"logs/run/.{dead}-kept.keras": (300, 0),
        f"logs/run/.{alive}-gone.keras": (200, 30),
        "logs/run/encoder.keras": (100, 90),
        "logs/aescore.csv": (100, 90),
    }
    for name, (size, hours) in sizes.items():
        Path(name).write_bytes(bytes(size))
        os.utime(name, (time.time() - hours * HOURS,) * 2)
    folder = Path(f"logs/run/clusters/.{dead}-gone")
    folder.mkdir(parents=True)
    (folder / "clusters.csv").write_bytes(bytes(40))
    os.utime(folder, (time.time() - 2 * HOURS,) * 2)
    return tmp_path


def everything():
    return {str(path) for path in Path("logs").rglob("*") if path.is_file()}


def test_caches_and_what_ended_processes_left_go_and_nothing_else(place):
    before = everything()
    caches, left = clean()
    gone = {name for name in before if "gone" in name or name.startswith(("logs/.cache/a.", "logs/.cache/.a."))}
    assert everything() == before - gone and len(gone) == 6
    assert sum(each.size for each in caches) == 1010
    assert sum(each.size for each in left) == 500 + 300 + 200 + 40
    assert clean() == ([], [])


def test_a_dry_run_says_the_same_and_removes_nothing(place, capsys):
    before = everything()
    assert command.execute(command.Options(dry_run=True)) == 2050 and everything() == before
    assert "logs/.cache: 2 files of 0.0 MB" in (told := capsys.readouterr().out)
    assert "would free 0.0 MB" in told
    assert command.execute(command.Options()) == 2050
    assert "freed 0.0 MB; runs are never touched" in capsys.readouterr().out


def test_where_there_is_nothing_nothing_is_freed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert clean() == ([], []) and not Path("logs").exists()


def test_links_are_removed_and_not_followed(place, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a").write_bytes(bytes(9))
    Path("logs/.cache/link").symlink_to(outside)
    Path("logs/linked").symlink_to(outside)
    clean()
    assert (outside / "a").is_file() and not Path("logs/.cache/link").is_symlink() and Path("logs/linked").is_symlink()


def test_what_is_being_written_has_the_number_of_its_process(place):
    with replacing("logs/a") as temporary:
        temporary.write_bytes(b"a")
        os.utime(temporary, (time.time() - 2 * HOURS,) * 2)
        clean()
        assert temporary.is_file()
    assert Path("logs/a").read_bytes() == b"a"
