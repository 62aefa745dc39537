"""A whole training, from the command to the end of the last epoch, against the original's pipeline and PyTorch.

Every program trains the same network on the same files, and judges each epoch by the same 1,000 test images.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from .draw import bars
from .measure import Figures, Part, Ran, Setup, count_files, flexae, in_turns, new_folder, run, sampled
from .page import at_least, table

OWN, ORIGINAL, TORCH = "flexae run", "ImageDataGenerator", "PyTorch"
BATCH = 32
HERE = Path(__file__).parent
#: What each program imports before it does anything.
IMPORTS = {
    OWN: "from autoencoder.tensorflow_start import start_tensorflow as s; s()",
    ORIGINAL: "import keras",
    TORCH: "import cv2, torch",
}


class Task(NamedTuple):
    """Images to train on, in a number of epochs; `flip` mirrors half of them."""

    name: str
    train: Path
    valid: Path
    epochs: int
    color: str
    flip: bool
    bar: float


def measure(setup: Setup) -> Figures:
    """Return a row for each data set, batch size and program."""
    start = _start_seconds(setup)
    rows = []
    for task in _tasks(setup):
        images = count_files(task.train) * task.epochs
        # A third of the rounds that other parts get: this one is long.
        for program, runs in in_turns(_contenders(setup, task), -(-setup.rounds // 3)).items():
            middle = sorted(runs, key=lambda one: one["seconds"])[len(runs) // 2]
            row = {"data": task.name, "bar": task.bar, "epochs": task.epochs, "program": program, **middle}
            row |= {"images_per_second": images / middle["seconds"]}
            row |= {"without_start": images / (middle["seconds"] - start[program])}
            rows.append(row)
            print(row, flush=True)
    return {"start": start, "rows": rows}


def _tasks(setup: Setup) -> list[Task]:
    per_class = 20 if setup.quick else setup.max_images
    epochs = 1 if setup.quick else setup.epochs
    tasks = []
    for name, source, color, bar in (
        ("MNIST", setup.mnist, "grayscale", 2.0),
        ("CIFAR-10, flips", setup.cifar10, "rgb", 2.5),
    ):
        place = new_folder(setup.place)
        train = sampled(source / "train", place / "train", per_class) if per_class else source / "train"
        valid = sampled(source / "test", place / "valid", 5 if setup.quick else 100)
        tasks.append(Task(name, train, valid, epochs, color, color == "rgb", bar))
    return tasks


def _contenders(setup: Setup, task: Task) -> dict[str, Callable[[], dict[str, Any]]]:
    words = [task.train, task.valid, task.epochs, BATCH, task.color, "flip" if task.flip else "plain"]
    flags = [f"--train_dir={task.train}", f"--valid_dir={task.valid}", f"--train_epochs={task.epochs}"]
    flags += [f"--batch_size={BATCH}", *(["--augment=hflip"] if task.flip else [])]

    def own() -> dict[str, Any]:
        last = flexae(setup.place, "run", *flags).epochs()[-1]
        return {"seconds": last.at, "val_loss": last.val_loss}

    def other(interpreter: str, program: str) -> dict[str, Any]:
        ran = run([interpreter, HERE / program, *words], setup.place)
        return {"seconds": ran.when("trained"), "val_loss": float(ran.lines[-1][1].split()[-1])}

    contenders = {OWN: own, ORIGINAL: lambda: other(sys.executable, "original.py")}
    return contenders | ({TORCH: lambda: other(setup.torch, "torch_images.py")} if setup.torch else {})


def _start_seconds(setup: Setup) -> dict[str, float]:
    interpreters = {OWN: sys.executable, ORIGINAL: sys.executable, TORCH: setup.torch}
    starts: dict[str, Callable[[], Ran]] = {
        name: lambda name=name: run([interpreters[name], "-c", IMPORTS[name]], setup.place)
        for name in IMPORTS
        if interpreters[name]
    }
    return {name: statistics.median(one.wall for one in runs) for name, runs in in_turns(starts, setup.rounds).items()}


def page(figures: Figures) -> list[str]:
    """Return the table, and the bars."""
    rows = figures["rows"]
    head = ["images", "epochs", "program", "seconds", "images/s", "without the imports", "validation loss"]
    keys = ("data", "epochs", "program", "seconds", "images_per_second", "without_start")
    lines = table(head, [[*(row[key] for key in keys), f"{row['val_loss']:.4f}"] for row in rows])
    lines.insert(
        0,
        f"All files, batch {BATCH}, from the command to the end of training; each epoch judged by 1,000 test images. "
        "Where a program ran twice, the slower run.\n",
    )
    for row in rows:
        if row["program"].startswith(OWN):
            continue
        own = next(one for one in rows if one["program"].startswith(OWN) and one["data"] == row["data"])
        ratio = own["images_per_second"] / row["images_per_second"]
        bar = row["bar"] if row["program"] == ORIGINAL else 1.4
        lines.append(at_least(f"{row['data']}, against {row['program']}", ratio, bar))
    return [*lines, "", "![images per second of the programs](pictures/performance_end_to_end.png)", ""]


def draw(figures: Figures, folder: Path) -> None:
    """Draw the images per second."""
    groups: dict[str, dict[str, float]] = {}
    for row in figures["rows"]:
        groups.setdefault(row["data"], {})[row["program"]] = row["images_per_second"]
    bars("Images per second, from the command to the end of training", groups, folder / "performance_end_to_end.png")


PART = Part("End to end", 18, measure, page, draw)
