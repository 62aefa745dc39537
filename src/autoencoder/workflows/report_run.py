"""What lies in a run's folder and is shown as it is: scores, settings, the course of the training, pictures."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..errors import ModelFileError
from ..page.summary import Picture
from ..settings import Settings
from ..storage.run import Run

_WIDEST = 1600


def read_scores(run: Run) -> dict[str, Any]:
    """Return the scores of a run; none where there are none that can be read."""
    try:
        return run.scores()
    except (OSError, ModelFileError):
        return {}


def read_settings(run: Run) -> dict[str, dict[str, Any]]:
    """Return the flags of a run by the sections of a training; those of another command together."""
    try:
        flags = run.flags()
    except ModelFileError:
        return {}
    found: dict[str, dict[str, Any]] = {}
    for section in Settings.sections:
        own = {name: flags.pop(name) for name in section.model_fields if name in flags}
        if own:
            found[section.__name__.lower()] = own
    return found | ({"other": flags} if flags else {})


def read_history(file: Path) -> dict[str, list[float]]:
    """Read the columns of numbers of a run's history; none where there is none that is whole."""
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            head, *rows = list(csv.reader(opened))
        return {name: [float(row[place]) for row in rows] for place, name in enumerate(head)} if rows else {}
    except (OSError, ValueError, IndexError):
        return {}


def read_pictures(run: Run, history: Mapping[str, Sequence[float]]) -> list[Picture]:
    """Return the pictures of a training that are there; not the loss by epoch, where the page draws it from `history`.

    That of a deep clustering counts rounds, and shows the clusters' sizes as well.
    """
    drawn = "loss" in history and "changed" not in history
    known = (
        (
            run.comparison("valid"),
            "Validation images and their reconstructions",
            "originals, what the network makes of them, and the difference",
        ),
        (
            run.comparison("train"),
            "Training images and their reconstructions",
            "originals, what the network makes of them, and the difference",
        ),
        *([] if drawn else [(run.loss_picture, "Loss", "curves of the losses")]),
        (run.learning_rate_picture, "Loss by learning rate", "the range test that found the learning rate"),
    )
    pictures = []
    for path, title, alt in known:
        content = np.frombuffer(path.read_bytes(), np.uint8) if path.is_file() else None
        pixels = None if content is None or not len(content) else cv2.imdecode(content, cv2.IMREAD_COLOR_RGB)
        if pixels is not None:
            pictures.append(Picture(title, alt, _narrowed(pixels)))
    return pictures


def _narrowed(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    if width <= _WIDEST:
        return pixels
    return cv2.resize(pixels, (_WIDEST, round(height * _WIDEST / width)), interpolation=cv2.INTER_AREA)
