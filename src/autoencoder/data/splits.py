"""The parts of a data set: to learn from, for validation and for the test, and how a part is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, eq=False)
class Splits(Generic[T]):
    """What a network learns from, what chooses its best epoch, and what only scores the result, where there is such."""

    train: T
    valid: T
    test: T | None = None

    @property
    def parts(self) -> dict[str, T]:
        """Those that there are, by name: train, valid, test."""
        return {"train": self.train, "valid": self.valid} | ({} if self.test is None else {"test": self.test})

    def map(self, function: Callable[[T], U]) -> Splits[U]:
        """Return what a function makes of each part that there is."""
        return Splits(**{name: function(part) for name, part in self.parts.items()})


def split(labels: Sequence[str], share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split rows in two, class by class, so that each class keeps a row at least in the first part.

    Parameters
    ----------
    labels : sequence of str, at least 2 of them
        The class of each row; the same for all where there are no classes.
    share : float in (0, 1)
        Of each class, for the second part: a row at least, where a class has two. Where no class has, the classes do
        not count.
    seed : int

    Returns
    -------
    two int arrays
        Rows, rising; neither is empty.

    Raises
    ------
    ValueError
        If there are fewer than two rows.
    """
    if len(labels) < 2:
        raise ValueError(f"{len(labels)} rows cannot be split in two")
    generator = np.random.default_rng(seed)
    classes = list(rows_by_class(labels).values())
    if max(map(len, classes)) < 2:
        classes = [np.arange(len(labels))]
    first, second = [], []
    for rows in classes:
        order = generator.permutation(rows)
        count = min(len(rows) - 1, max(1, round(len(rows) * share)))
        second.append(order[:count])
        first.append(order[count:])
    return np.sort(np.concatenate(first)), np.sort(np.concatenate(second))


def rows_by_class(labels: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the rows of each class, rising, by the class's name, sorted."""
    values, codes = np.unique(np.array(labels), return_inverse=True)
    order = np.argsort(codes, kind="stable")
    return dict(zip(map(str, values), np.split(order, np.cumsum(np.bincount(codes))[:-1]), strict=True))
