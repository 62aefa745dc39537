"""Groups of what was found alike in pairs."""

import numpy as np


def groups(pairs: np.ndarray, count: int) -> np.ndarray:
    """Put together what pairs join, directly or over others.

    Parameters
    ----------
    pairs : int array of shape (m, 2)
        Rows, from 0 to count - 1.
    count : int
        Of rows in all.

    Returns
    -------
    int32 array of shape (count,)
        The number of each row's group, from 0 on in the order of their first rows; -1 for a row that is in no pair.

    Examples
    --------
    >>> groups(np.array([[1, 4], [3, 2], [4, 5]]), 7)
    array([-1,  0,  1,  1,  0,  0, -1], dtype=int32)
    """
    import scipy.sparse
    from scipy.sparse.csgraph import connected_components

    first, second = np.asarray(pairs, np.int64).reshape(-1, 2).T
    links = scipy.sparse.coo_array((np.ones(len(first), np.int8), (first, second)), shape=(count, count))
    joined = connected_components(links, directed=False)[1]
    paired = np.zeros(count, bool)
    paired[first] = paired[second] = True
    found = np.full(count, -1, np.int32)
    _, starts, inverse = np.unique(joined[paired], return_index=True, return_inverse=True)
    found[paired] = np.argsort(np.argsort(starts))[inverse]
    return found
