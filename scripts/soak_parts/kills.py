"""Kill trainings at random moments of their whole life, and go on until each is complete."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from checkout import ENVIRONMENT, ROOT

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
#: Seconds that a line may take from the training to this program.
JITTER = 0.1
_EPOCH = re.compile(r"^epoch +(\d+)/")
_BEGIN = re.compile(r"^going on after epoch (\d+)")


class Life(NamedTuple):
    """How a process lived: its exit status (negative: killed), what it said, and when, in seconds from its start."""

    status: int
    lines: list[tuple[float, str]]
    seconds: float

    @property
    def phase(self) -> str:
        """What was under way at the end."""
        said = [line for _, line in self.lines]
        if self.status == 0:
            return "complete"
        if not any(_EPOCH.match(line) for line in said):
            return "starting"
        return "saving" if any(line.startswith("epoch 40/40") for line in said) else "training"

    def epoch_begun_with(self) -> int:
        """Return after which epoch it went on."""
        return max((int(found[1]) for _, line in self.lines if (found := _BEGIN.match(line))), default=0)

    def epoch_due(self, every: float) -> int:
        """Return the last epoch whose state must be there: one was due between its end and the last line."""
        ends = [(at, int(found[1])) for at, line in self.lines if (found := _EPOCH.match(line))]
        late = every + JITTER if every else 0.0
        return max((epoch for at, epoch in ends if ends[-1][0] - at >= late), default=self.epoch_begun_with())


def live(arguments: list[str], place: Path, kill_at: float | None = None, after: str = "") -> Life:
    """Run the program, and kill it so many seconds after its start, or after its first line that begins so."""
    command = [sys.executable, "-m", "autoencoder", *arguments]
    environment = {**ENVIRONMENT, "PYTHONUNBUFFERED": "1"}
    start, lines, seen = time.perf_counter(), [], threading.Event()
    process = subprocess.Popen(
        command, cwd=place, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append((time.perf_counter() - start, line.rstrip()))
            if line.startswith(after):
                seen.set()
        seen.set()

    listener = threading.Thread(target=listen)
    listener.start()
    if kill_at is not None:
        if after:
            seen.wait()
        try:
            process.wait(kill_at)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
    process.wait()
    listener.join()
    return Life(process.returncode, lines, time.perf_counter() - start)


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
    first = next(at for at, line in whole.lines if _EPOCH.match(line))
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
            if life.epoch_begun_with() < due and any(_EPOCH.match(line) for _, line in life.lines):
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
