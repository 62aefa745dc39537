"""Nearest centres and nearest neighbours, in blocks, so that memory stays flat for millions of rows."""

from collections.abc import Iterator

import numpy as np

from .clustering import NOISE, Assignment

_BLOCK_NUMBERS = 4_000_000


def blocks(rows: int, width: int) -> Iterator[slice]:
    """Cut `rows` rows into slices whose tables of `width` columns hold about four million numbers."""
    step = max(1, _BLOCK_NUMBERS // max(width, 1))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def margins(vectors: np.ndarray, centers: np.ndarray, labels: np.ndarray | None = None) -> Assignment:
    """Measure how clearly each vector belongs where it is, by its distances to the centres.

    Without labels, each vector goes to the nearest centre.

    Confidence is 1 - d_own / d_other, where d_other is the distance to the nearest other centre: 1 at the own
    centre, 0 on the border, and 0 for a vector that is nearer to another centre than to its own. Of noise it is 0.

    Parameters
    ----------
    vectors : float array of shape (n, d)
    centers : float array of shape (k, d)
        Of a single one there is no second: -1, and confidence is 1.
    labels : int array of shape (n,), optional
        Noise is -1.

    Returns
    -------
    Assignment
    """
    assigned = np.empty(len(vectors), np.int32) if labels is None else labels.astype(np.int32)
    own, other = np.empty(len(vectors), np.float32), np.empty(len(vectors), np.float32)
    second = np.empty(len(vectors), np.int32)
    for rows, distances in _squared_distances(vectors, centers):
        every = np.arange(len(distances))
        home = distances.argmin(axis=1)
        if labels is None:
            assigned[rows] = home
        else:
            home = np.where(assigned[rows] == NOISE, home, assigned[rows])
        own[rows] = np.sqrt(distances[every, home])
        distances[every, home] = np.inf
        rival = distances.argmin(axis=1)
        other[rows] = np.sqrt(distances[every, rival])
        second[rows] = np.where(assigned[rows] == NOISE, home, rival if len(centers) > 1 else NOISE)
    share = np.divide(own, other, out=np.ones_like(own), where=other > 0)
    confidence = np.where(assigned == NOISE, 0.0, np.clip(1.0 - share, 0.0, 1.0)).astype(np.float32)
    return Assignment(assigned, own, confidence, second)


def _squared_distances(vectors: np.ndarray, centers: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    # In double precision around the centres' mean: |x|² - 2xc + |c|² cancels badly far from the origin.
    origin = centers.mean(axis=0, dtype=np.float64)
    moved = centers - origin
    for rows in blocks(len(vectors), max(vectors.shape[1], len(centers))):
        block = vectors[rows] - origin
        distances = block @ moved.T
        distances *= -2.0
        distances += np.einsum("kd,kd->k", moved, moved)
        distances += np.einsum("nd,nd->n", block, block)[:, None]
        yield rows, np.maximum(distances, 0.0, out=distances)


def neighbours(known: np.ndarray, vectors: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the `count` known vectors that are nearest to each vector, exactly.

    Memory stays flat: 70,000 among 70,000 take less than 1 GiB beside the vectors themselves.

    Parameters
    ----------
    known : float32 array of shape (m, d)
    vectors : float32 array of shape (n, d)
    count : int
        Cut to m.

    Returns
    -------
    distances : float64 array of shape (n, count)
        Rising; exactly 0 for a vector that is known.
    rows : int64 array of shape (n, count)
        Rows of `known`; of two at one distance the lower row comes first.
    """
    from sklearn.neighbors import NearestNeighbors

    count = min(count, len(known))
    search = NearestNeighbors(n_neighbors=count, n_jobs=-1).fit(known)
    distances, found = np.empty((len(vectors), count)), np.empty((len(vectors), count), np.int64)
    for rows in blocks(len(vectors), count * vectors.shape[1]):
        near = search.kneighbors(vectors[rows], return_distance=False)
        exact = np.linalg.norm(vectors[rows, None].astype(np.float64) - known[near], axis=2)
        order = np.lexsort((near, exact), axis=1)
        distances[rows], found[rows] = np.take_along_axis(exact, order, 1), np.take_along_axis(near, order, 1)
    return distances, found


def other_neighbours(vectors: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the `count` other vectors that are nearest to each of the vectors, exactly.

    Parameters
    ----------
    vectors : float32 array of shape (n, d)
    count : int
        Cut to n - 1.

    Returns
    -------
    distances : float64 array of shape (n, count)
        Rising; 0 for one that is equal.
    rows : int64 array of shape (n, count)
        Rows of `vectors`, never the own one.
    """
    distances, rows = neighbours(vectors, vectors, count + 1)
    others = rows != np.arange(len(rows))[:, None]
    # A vector can miss among its own nearest where others are equal to it: then its farthest neighbour goes.
    others[others.all(axis=1), -1] = False
    return distances[others].reshape(len(rows), -1), rows[others].reshape(len(rows), -1)


def vote_weights(distances: np.ndarray) -> np.ndarray:
    """Weigh neighbours by the inverse of their distance; one at distance 0 has all the weight.

    Parameters
    ----------
    distances : float array of shape (n, count)

    Returns
    -------
    float64 array of shape (n, count)
        Rows sum to 1.

    References
    ----------
    Shepard 1968, A two-dimensional interpolation function for irregularly-spaced data.
    """
    same = distances == 0
    inverse = np.divide(1.0, distances, out=np.zeros(distances.shape), where=~same)
    weights = np.where(same.any(axis=1, keepdims=True), same, inverse)
    return weights / weights.sum(axis=1, keepdims=True)
