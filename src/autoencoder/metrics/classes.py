"""How good a classifier is: over all images, and class by class."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

_LEAST = 1e-7


class ClassScores(NamedTuple):
    """Share of images whose likeliest class is theirs; mean of the classes' F1; mean cross-entropy in nats."""

    accuracy: float
    macro_f1: float
    loss: float


def class_scores(classes: np.ndarray, probabilities: np.ndarray) -> ClassScores:
    """Score probabilities, float (n, k), against the true classes, int (n,), n at least 1."""
    from sklearn.metrics import f1_score

    found = probabilities.argmax(axis=1)
    own = np.maximum(probabilities[np.arange(len(classes)), classes], _LEAST)
    f1 = f1_score(classes, found, labels=np.unique(classes), average="macro", zero_division=0)
    return ClassScores(float((found == classes).mean()), float(f1), float(-np.log(own).mean()))


def class_report(classes: np.ndarray, found: np.ndarray, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the classification report: its head, and a row a class.

    Parameters
    ----------
    classes, found : int arrays of shape (n,)
        True and predicted.
    names : sequence of k names

    Returns
    -------
    list of tuples
        class, precision, recall, f1, images. A class that nothing was taken for has a precision of 0.
    """
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(classes, found, labels=np.arange(len(names)), zero_division=0)
    rows = [
        (name, *(round(float(value), 4) for value in figures))
        for name, *figures in zip(names, *columns[:3], strict=True)
    ]
    counts = [int(count) for count in columns[3]]
    return [("class", "precision", "recall", "f1", "images"), *((*row, n) for row, n in zip(rows, counts, strict=True))]


def class_table(classes: np.ndarray, found: np.ndarray, count: int) -> np.ndarray:
    """Count images by true class (rows) and predicted class (columns): int64 of shape (count, count)."""
    return np.bincount(classes * count + found, minlength=count * count).reshape(count, count).astype(np.int64)
