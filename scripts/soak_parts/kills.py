"""Kill trainings at random moments of their whole life, and go on until each is complete."""

from __future__ import annotations

import io
import json
import signal
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from checkout import ROOT

from .life import EPOCH, Life, live
from .part import Part, Setup

#: Small, so that starting, training and saving take about as long as each other.
FLAGS = (
    "--max_images=40",
    "--filters=[4]",
    "--dims=[3]",
    "--batch_size=20",
    "--train_epochs=40",
    "--precision=float32",
)
#: A training is killed so often at most before it may end.
KILLS_A_RUN = 4


def weights(model: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a saved model by name."""
    found: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(model) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
        file.visititems(lambda name, each: found.update({name: each[()]}) if isinstance(each, h5py.Dataset) else None)
    return found


def same(one: Path, other: Path) -> bool:
    """Whether two saved models have the same weights, bit for bit."""
    first, second = weights(one), weights(other)
    return first.keys() == second.keys() and all(first[name].tobytes() == second[name].tobytes() for name in first)


def measure(setup: Setup) -> dict[str, Any]:
    """Return how many were killed when, and what was lost."""
    common = ["run", f"--train_dir={ROOT / 'data' / 'train'}", *FLAGS]
    whole = live([*common, "--save_dir=whole"], setup.place)
    if whole.status != 0:
        raise RuntimeError("\n".join(line for _, line in whole.lines))
    first = next(at for at, line in whole.lines if EPOCH.match(line))
    figures = dict.fromkeys(
        ("kills", "starting", "training", "saving", "runs", "complete", "behind", "other weights"), 0
    )
    figures |= {"temporaries left": 0, "rows of complete runs": 0}
    while figures["kills"] < setup.kills:
        figures["runs"] += 1
        folder, every = f"killed_{figures['runs']:03d}", setup.draw.choice((0.0, 0.2))
        due, most = 0, min(KILLS_A_RUN, setup.kills - figures["kills"])
        for number in range(most + 1):
            begun = _is_begun(setup.place / folder)
            command = [*common, f"--save_dir={folder}"] if not begun else ["run", f"--resume={folder}"]
            moment = _moment(setup, whole.seconds, first) if number < most else (None, "")
            life = live([*command, f"--save_every={every}"], setup.place, *moment)
            if life.epoch_begun_with() < due and any(EPOCH.match(line) for _, line in life.lines):
                figures["behind"] += 1
                print(f"{folder}: went on after {life.epoch_begun_with()}, and {due} was due", flush=True)
            due = max(due, life.epoch_due(every))
            if life.status == -signal.SIGKILL:
                figures["kills"] += 1
                figures[life.phase] += 1
                continue
            if life.status == 0 or _was_complete(life):
                figures["complete"] += 1
            else:
                print(f"{folder}: {life.status}\n" + "\n".join(line for _, line in life.lines[-5:]), flush=True)
            break
        figures["other weights"] += not _ends_alike(setup.place, folder)
        figures["temporaries left"] += len(list((setup.place / folder).glob(".*-*")))
        print(", ".join(f"{name} {value}" for name, value in figures.items()), flush=True)
    figures["not complete"] = figures["runs"] - figures["complete"]
    table = (setup.place / "logs" / "aescore.csv").read_text(encoding="utf-8").splitlines()
    figures["rows of complete runs"] = len(table) - 2
    return figures


def _moment(setup: Setup, seconds: float, first: float) -> tuple[float, str]:
    """Draw when to kill: in half of the cases at any moment of a life, in half of them in training or later."""
    if setup.draw.random() < 0.5:
        return setup.draw.uniform(0, seconds), ""
    return setup.draw.uniform(0, seconds - first), "epoch"


def _is_begun(run: Path) -> bool:
    """Whether there is something to go on from, or nothing left to do."""
    record = run / "provenance.json"
    complete = record.is_file() and json.loads(record.read_text(encoding="utf-8"))["finished"]
    return complete or any(run.glob("state_?.npz"))


def _was_complete(life: Life) -> bool:
    return life.status == 2 and any("its training is complete" in line for _, line in life.lines)


def _ends_alike(place: Path, folder: str) -> bool:
    model = place / folder / "autoencoder.keras"
    return model.is_file() and same(place / "whole" / "autoencoder.keras", model)


PART = Part(
    "A training that is killed at any moment goes on, and ends bit for bit where the uninterrupted one ends",
    measure,
    ("behind", "other weights", "not complete"),
)
