"""Ctrl-C and SIGTERM at random moments, of every command that takes time."""

from __future__ import annotations

import json
import re
import shutil
import signal
from pathlib import Path
from typing import Any

from checkout import ROOT

from .life import Life, live, signals
from .part import Part, Setup

MOMENTS = 50
#: Seconds of the processor after which a command must have ended: others may be at work on this machine.
LONGEST = 10.0
IMAGES = f"--train_dir={ROOT / 'data' / 'train'}"
_SMALL = ("--filters=[4]", "--dims=[3]", "--batch_size=20", "--precision=float32")
_TRAINING = (IMAGES, "--max_images=40", *_SMALL)
#: The statuses of a process that a signal ended: by this program, or by Python while it starts or ends.
_ENDED = {signal.SIGINT: (130, -signal.SIGINT), signal.SIGTERM: (143, -signal.SIGTERM)}

_TO_GO_ON = re.compile(r"to go on: flexae \w+ --resume=([^\s;]+)")

#: What is run, by name, and whether `--resume=latest` goes on with it.
COMMANDS: dict[str, tuple[tuple[str, ...], bool]] = {
    "run": (("run", *_TRAINING, "--train_epochs=300"), True),
    "grid": (("run", *_TRAINING, "--train_epochs=60", "--config=grid.yml"), True),
    "sort": (("sort", *_TRAINING, "--train_epochs=60", "--k=3"), False),
    "restore_train": (
        (
            "restore_train",
            "--modified=damaged",
            "--original=clean",
            "--tile_side=8",
            "--step_size=8",
            *_SMALL,
            "--train_epochs=60",
        ),
        True,
    ),
    "classify": (("classify", "begun", IMAGES, "--epochs=30", "--batch_size=20"), True),
    "labels": (("classify", "begun", IMAGES, "--epochs=10", "--labels_per_class=2,4"), False),
    "dec": (("cluster", "begun", "--method=dec", "--k=3", "--rounds=20", "--refine_rate=1e-5"), True),
    "idec": (("cluster", "begun", "--method=idec", "--k=3", "--rounds=20", "--refine_rate=1e-5"), True),
    "self_label": (("cluster", "begun", "--method=self_label", "--k=3", "--rounds=20"), True),
    "kmeans": (("cluster", "begun"), False),
    "umap_gmm": (("cluster", "begun", "--method=umap_gmm", "--k=3"), False),
    "report": (("report", "begun"), False),
    "duplicates": (("duplicates", "begun"), False),
    "suspects": (("suspects", "begun"), False),
    "outliers": (("outliers", "begun"), False),
}


def prepare(place: Path) -> float:
    """Make what the commands need: a trained run, pairs of images, a grid; return the seconds that the run took."""
    begun = live(["run", *_TRAINING, "--train_epochs=2", "--save_dir=begun"], place)
    if begun.status != 0:
        raise RuntimeError("\n".join(line for _, line in begun.lines))
    (place / "grid.yml").write_text("grid: {seed: [1, 2, 3]}\n", encoding="utf-8")
    for folder in ("damaged", "clean"):
        (place / folder).mkdir()
        for number, image in enumerate(sorted((ROOT / "data" / "train").rglob("*.*"))[:8]):
            shutil.copy(image, place / folder / f"{number}{image.suffix}")
    return begun.seconds


def measure(setup: Setup) -> dict[str, Any]:
    """Return how commands ended, and what did not hold."""
    usual = prepare(setup.place)
    names = list(COMMANDS)
    setup.draw.shuffle(names)
    figures: dict[str, Any] = dict.fromkeys(("signals", "complete before", "twice", "gone on with"), 0)
    figures |= dict.fromkeys(("other status", "too late", "no word", "unmarked", "not gone on with", "half written"), 0)
    slowest = [0.0, 0.0]
    for number in range(min(MOMENTS, setup.kills)):
        name = names[number % len(names)]
        arguments, resumed = COMMANDS[name]
        sent = setup.draw.choice((signal.SIGINT, signal.SIGTERM))
        twice = number % 5 == 4
        moment = setup.draw.uniform(0.1, 2.0) * usual
        life = live(list(arguments), setup.place, moment, act=signals(*(sent, sent) if twice else (sent,)))
        print(f"{name}, {sent.name} after {moment:.0f} s: {life.status} after {life.ending:.1f} s", flush=True)
        figures["signals"] += 1
        figures["twice"] += twice
        if life.status == 0:
            figures["complete before"] += 1
            continue
        slowest = [max(pair) for pair in zip(slowest, (life.ending, life.working), strict=True)]
        faults = {
            "other status": life.status not in _ENDED[sent],
            "too late": min(life.ending, life.working) > LONGEST,
            "no word": life.status > 0 and not _is_said(life),
            "unmarked": not _marked(life, setup.place),
            "half written": bool(_half_written(setup.place)),
        }
        if resumed and not twice and _trained(life):
            gone_on = live([*arguments, "--resume=latest"], setup.place)
            faults["not gone on with"] = gone_on.status != 0
            figures["gone on with"] += gone_on.status == 0
            if gone_on.status:
                print("\n".join(line for _, line in gone_on.lines[-5:]), flush=True)
        for fault, is_one in faults.items():
            figures[fault] += is_one
        if any(faults.values()):
            said = "\n".join(line for _, line in life.lines[-8:])
            print(f"{name}, after {moment:.1f} s, {sent}: {life.status}, {faults}\n{said}", flush=True)
        for left in _half_written(setup.place):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    clock, processor = (round(each, 1) for each in slowest)
    return {**figures, "slowest end": f"{clock} s of the clock, {processor} s of the processor"}


def _is_said(life: Life) -> bool:
    return any("interrupted" in line or "when the signal came" in line for _, line in life.lines)


def _trained(life: Life) -> bool:
    """Whether it said how to go on."""
    return any("to go on: " in line for _, line in life.lines)


def _half_written(place: Path) -> list[Path]:
    return [path for path in place.rglob(".*-*") if len(path.name.partition("-")[0]) == 13]


def _marked(life: Life, place: Path) -> bool:
    """Whether the run that it said can be gone on with says of itself that it was interrupted, or is not finished."""
    named = [found[1] for _, line in life.lines if (found := _TO_GO_ON.search(line))]
    for run in (place / name for name in named):
        record, scores = run / "provenance.json", run / "scores.json"
        if not record.is_file():
            continue  # of a grid or a curve
        finished = json.loads(record.read_text(encoding="utf-8"))["finished"]
        if finished and json.loads(scores.read_text(encoding="utf-8"))["status"] != "interrupted":
            return False
    return True


PART = Part(
    "Ctrl-C and SIGTERM at random moments of every command: ended within ten seconds, 130 or 143, nothing half written",
    measure,
    ("other status", "too late", "no word", "unmarked", "not gone on with", "half written"),
)
