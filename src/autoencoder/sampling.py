"""Some of many rows, the same ones every time."""

import numpy as np


def evenly_spread(count: int, most: int, *, nearest: bool = False) -> np.ndarray:
    """Return at most `most` of `count` rows, evenly spread, the first and the last among them.

    Parameters
    ----------
    count, most : int
    nearest : bool
        Take the row that lies nearest to each place, not the one before it.

    Returns
    -------
    int array of shape (min(count, most),)
        Rows, rising, each once.

    Examples
    --------
    >>> evenly_spread(10, 4)
    array([0, 3, 6, 9])
    """
    places = np.linspace(0, count - 1, min(most, count))
    return (places.round() if nearest else places).astype(int)


def drawn(count: int, most: int, seed: int) -> np.ndarray:
    """Return at most `most` of `count` rows, drawn at random, the same ones for one seed.

    Returns
    -------
    int array of shape (min(count, most),)
        Rows, rising, each once.
    """
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
