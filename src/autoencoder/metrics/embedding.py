"""How much of an embedding is used."""

import numpy as np

#: A number counts as used where it varies by at least this share of what the most varying one does.
USED_SHARE = 0.01
EMBEDDED_IMAGES = 2_000


def used_numbers(vectors: np.ndarray) -> int:
    """Count the numbers of an embedding that tell images apart.

    Parameters
    ----------
    vectors : float array of shape (n, d)

    Returns
    -------
    int
        How many of the d columns have a standard deviation of at least a hundredth of the largest; 0 where all
        vectors are the same.
    """
    spread = np.asarray(vectors, np.float64).reshape(len(vectors), -1).std(axis=0)
    largest = float(spread.max(initial=0.0))
    return int((spread >= USED_SHARE * largest).sum()) if largest > 0 else 0
