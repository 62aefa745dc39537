"""One way to keep a part of some images for another purpose: at random, class by class, the same for one seed."""

from collections.abc import Sequence

import numpy as np


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
