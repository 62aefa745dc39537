"""The disk fills while a run saves: by a limit on the size of files, and on a small file system in memory."""

from __future__ import annotations

import contextlib
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from checkout import ROOT

from autoencoder.storage.run import Run
from autoencoder.storage.state import read_state

from .kills import FLAGS, same
from .life import live
from .part import Part, Setup

POINTS = 20
#: Bytes that files may still take, at most: about as many as the largest file of these runs.
MOST = 60_000
DISK = 16_000_000


def measure(setup: Setup) -> dict[str, Any]:
    """Return how runs ended, and what was lost."""
    common = ["run", f"--train_dir={ROOT / 'data' / 'train'}", *FLAGS, "--h5"]
    whole = live([*common, "--save_dir=whole"], setup.place)
    if whole.status != 0:
        raise RuntimeError("\n".join(line for _, line in whole.lines))
    figures: dict[str, Any] = dict.fromkeys(
        ("points", "of a state", "of another file", "in a file system of its own"), 0
    )
    figures |= dict.fromkeys(("other status", "state lost", "not gone on with", "other weights"), 0)
    with _mounted(setup.place / "disk") as disk:
        for number in range(4 * POINTS):
            if figures["points"] == min(POINTS, setup.kills):
                break
            place = setup.place if disk is None or number % 2 else disk
            folder = place / f"full_{number:02d}"
            left = int(setup.draw.uniform(0, 1) ** 2 * MOST)
            act, empty = _limited(left) if place == setup.place else _filled(place, left)
            moment = setup.draw.uniform(0, 0.5) * whole.seconds
            life = live([*common, f"--save_dir={folder.name}", "--save_every=0"], place, moment, "epoch", act)
            empty()
            if life.status == 0:
                continue  # there was room enough
            said = "\n".join(line for _, line in life.lines[-3:])
            print(f"{folder.name}, {left} bytes: {life.status}", flush=True)
            figures["points"] += 1
            figures["of a state" if "the state before it is kept" in said else "of another file"] += 1
            figures["in a file system of its own"] += place == disk
            faults = {"other status": life.status != 5, "state lost": read_state(Run(folder)) is None}
            gone_on = live(["run", f"--resume={folder.name}"], place)
            faults["not gone on with"] = gone_on.status != 0
            faults["other weights"] = not _alike(setup.place / "whole", folder)
            for fault, is_one in faults.items():
                figures[fault] += is_one
            if any(faults.values()):
                more = "\n".join(line for _, line in gone_on.lines[-3:])
                print(f"{folder.name}, {left} bytes: {life.status}, {faults}\n{said}\n{more}", flush=True)
    return figures


def _alike(whole: Path, folder: Path) -> bool:
    model = folder / "autoencoder.keras"
    return model.is_file() and same(whole / "autoencoder.keras", model)


def _limited(left: int) -> tuple[Callable[[subprocess.Popen], None], Callable[[], None]]:
    """Return what lets no file of a process grow beyond so many bytes, and what undoes it."""

    def act(process: subprocess.Popen) -> None:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (left, left))

    return act, lambda: None


def _filled(disk: Path, left: int) -> tuple[Callable[[subprocess.Popen], None], Callable[[], None]]:
    """Return what leaves so many bytes free on a file system, and what undoes it."""
    filler = disk / "filler"

    def act(process: subprocess.Popen) -> None:
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        with contextlib.suppress(OSError):
            size = filler.stat().st_size
            filler.open("r+b").truncate(max(0, size - left))

    return act, lambda: filler.unlink(missing_ok=True)


@contextlib.contextmanager
def _mounted(place: Path) -> Iterator[Path | None]:
    """Give a small file system in memory; None where none may be mounted."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(place)]
    try:
        made = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        made = False
    try:
        yield place if made else None
    finally:
        if made:
            subprocess.run(["umount", str(place)], check=True)


PART = Part(
    "The disk fills while a run saves: exit status 5, and the run goes on from the state before, bit for bit",
    measure,
    ("other status", "state lost", "not gone on with", "other weights"),
)
