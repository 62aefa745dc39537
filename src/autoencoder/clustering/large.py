"""Clustering of vectors that are mapped from a file: k-means in passes over blocks, other methods on a sample.

Nothing as long as the vectors themselves is kept in memory but what a clustering has of each: 16 bytes a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from os import cpu_count
from typing import Any, NamedTuple

import numpy as np

from ..progress import stage
from ..sampling import drawn
from . import fit as fit_in_memory
from .clustering import Assignment, Clustering, order_by_size, renumber, renumber_assignment
from .kmeans import STARTS, find_centers, from_centers
from .method import Method
from .methods import METHODS
from .nearest import margins
from .threads import one_blas_thread
from .vectors import check_different, check_k

#: Up to so many vectors are clustered as those of a run are. More are a sample, for methods that need all of theirs.
SMALL = 100_000
#: k-means begins with the centres of a sample of so many rows a cluster, within these limits.
_ROWS_PER_CENTER, _LEAST, _MOST = 500, 20_000, 200_000
#: Passes end when one lowers the inertia by less than this share of it, or after so many.
_TOLERANCE, _PASSES = 1e-6, 100
#: Rows in a block: its distances to 100 centres then stay in the processor's cache.
_BLOCK_NUMBERS = 2**19
#: So many rows are placed at once by a method that asks for the neighbours of each.
_PLACED = 50_000


class Pass(NamedTuple):
    """What one pass over rows sums up; those of several sets of rows can be added, number by number.

    Attributes
    ----------
    sums : float64 array of shape (k, d)
        Of the rows of each centre.
    counts : int64 array of shape (k,)
    inertia : float
        The sum of all squared distances.
    """

    sums: np.ndarray
    counts: np.ndarray
    inertia: float


def fit_large(vectors: np.ndarray, method: str, k: int | None, seed: int) -> Clustering:
    """Cluster vectors of which there may be ten million, mapped from a file.

    Up to 100,000 are clustered by `clustering.fit`. Of more, k-means begins on a sample and goes on in passes over all
    (`find_centers_in_passes`); mini-batch k-means sees all; every other method clusters a sample of 100,000, or a
    smaller one of its own, and the other rows are assigned to it like new ones.

    Parameters
    ----------
    vectors : float32 array of shape (n, d)
        Finite, which is not checked again.
    method : str
        Of those that need no network.
    k : int or None
    seed : int

    Returns
    -------
    Clustering

    Raises
    ------
    UsageError, DataError
        As `clustering.fit`.
    """
    chosen = METHODS[method]
    if len(vectors) <= SMALL:
        return fit_in_memory(vectors, method, k, seed)
    if chosen.takes_k:
        k = check_k(k, len(vectors))
        check_different(vectors[drawn(len(vectors), SMALL, seed)], k)
    with one_blas_thread():
        if method == "kmeans":
            assert k is not None
            centers, settings = find_centers_in_passes(vectors, k, seed)
            with stage("assigning all rows"):
                found = from_centers("kmeans", vectors, centers, settings)
            inertia = float(np.square(found.distances, dtype=np.float64).sum())
            return replace(found, settings=settings | {"inertia": inertia})
        assert chosen.fit is not None
        if method == "minibatch":
            with stage("clustering by minibatch"):
                return chosen.fit(vectors, k, seed)
    sample = vectors[drawn(len(vectors), SMALL, seed)]
    found = fit_in_memory(sample, method, k, seed)
    with one_blas_thread():
        return _of_all(found, chosen, vectors, len(sample))


def _of_all(found: Clustering, method: Method, vectors: np.ndarray, sample: int) -> Clustering:
    """Assign all rows to the clusters of a sample, and number these by their sizes in all."""
    parts = []
    with stage(f"assigning {len(vectors):,} rows", len(vectors)) as advance:
        for start in range(0, len(vectors), _PLACED):
            block = np.ascontiguousarray(vectors[start : start + _PLACED])
            parts.append(method.assign(found, block))
            advance(len(block))
    assigned = Assignment(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    order = order_by_size(assigned.labels)
    arrays = {name: _reordered(each, method, name, order) for name, each in found.arrays.items()}
    labels, distances, confidence, second = renumber_assignment(assigned, order)
    settings = {**found.settings, "clustered": sample, "assigned": len(vectors)}
    return replace(
        found,
        k=len(order),
        labels=labels,
        distances=distances,
        confidence=confidence,
        second=second,
        centers=found.centers[order],
        arrays=arrays,
        settings=settings,
    )


def _reordered(array: np.ndarray, method: Method, name: str, order: np.ndarray) -> np.ndarray:
    rule = method.arrays.get(name)
    if rule is not None and rule.below == "k":
        return renumber(array, order).astype(array.dtype)
    return array[order] if rule is not None and rule.sizes[0] == "k" else array


def find_centers_in_passes(vectors: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, dict[str, Any]]:
    """Find the centres of k-means in passes over all rows, from the best of ten starts on a sample.

    A pass assigns every row, in blocks, in float32 around the mean, and sums in float64; blocks are added in order, so
    that the number of threads changes nothing. A centre without rows takes the row that lies farthest from its own.

    Parameters
    ----------
    vectors : float32 array of shape (n, d)
    k : int
    seed : int

    Returns
    -------
    centers : float32 array of shape (k, d)
    settings : dict
        seed, k, starts, sample, steps (passes over all rows) and converged.

    References
    ----------
    Lloyd 1982, Least squares quantization in PCM.
    """
    rows = drawn(len(vectors), min(_MOST, max(_LEAST, _ROWS_PER_CENTER * k)), seed)
    with stage("clustering a sample"):
        sample = vectors[rows]
        centers, settings = find_centers(sample, k, seed)
    origin = sample.mean(axis=0, dtype=np.float64)
    summed = one_pass(vectors, centers.astype(np.float64), origin)
    steps, fallen = 1, np.inf
    with stage("k-means in passes over all rows") as advance:
        while fallen > _TOLERANCE and steps < _PASSES:
            before = summed.inertia
            summed = one_pass(vectors, _means(summed, vectors, seed + steps), origin)
            fallen, steps = (before - summed.inertia) / max(before, np.finfo(float).tiny), steps + 1
            advance(1)
    settings |= {"sample": len(rows), "starts": STARTS, "steps": steps, "converged": fallen <= _TOLERANCE}
    return _means(summed, vectors, seed).astype(np.float32), settings


def one_pass(vectors: np.ndarray, centers: np.ndarray, origin: np.ndarray) -> Pass:
    """Assign every row to its nearest centre, and sum the rows of each; see `find_centers_in_passes`.

    Parameters
    ----------
    vectors : float32 array of shape (n, d)
    centers : float64 array of shape (k, d)
    origin : float64 array of shape (d,)
        A point amid the vectors, about which distances are measured.

    Returns
    -------
    Pass
    """
    k, width = centers.shape
    moved, start = (centers - origin).astype(np.float32), origin.astype(np.float32)
    squares = np.square(moved).sum(axis=1)
    step = max(1, _BLOCK_NUMBERS // max(k, width))
    places = (slice(at, at + step) for at in range(0, len(vectors), step))

    def summed(place: slice) -> Pass:
        return _block(vectors[place] - start, moved, squares)

    total = Pass(np.zeros((k, width)), np.zeros(k, np.int64), 0.0)
    for each in _in_order(summed, places):
        total = Pass(total.sums + each.sums, total.counts + each.counts, total.inertia + each.inertia)
    return total._replace(sums=total.sums + total.counts[:, None] * start.astype(np.float64))


def _block(rows: np.ndarray, centers: np.ndarray, squares: np.ndarray) -> Pass:
    from scipy.sparse import csr_matrix

    distances = rows @ centers.T
    distances *= -2.0
    distances += squares
    labels = distances.argmin(axis=1)
    own = distances[np.arange(len(rows)), labels].astype(np.float64)
    members = csr_matrix((np.ones(len(rows)), labels, np.arange(len(rows) + 1)), (len(rows), len(centers)))
    sums = np.asarray(members.T @ rows.astype(np.float64))
    inertia = float(np.maximum(own + np.einsum("nd,nd->n", rows, rows, dtype=np.float64), 0.0).sum())
    return Pass(sums, np.bincount(labels, minlength=len(centers)), inertia)


def _means(summed: Pass, vectors: np.ndarray, seed: int) -> np.ndarray:
    """Return the mean of each centre's rows; one without rows goes to a row that lies far from its own centre."""
    means = summed.sums / np.maximum(summed.counts, 1)[:, None]
    empty = np.flatnonzero(summed.counts == 0)
    if len(empty):
        some = vectors[drawn(len(vectors), _LEAST, seed)]
        far = np.argsort(-margins(some, np.delete(means, empty, axis=0)).distances, kind="stable")
        means[empty] = some[far[: len(empty)]]
    return np.asarray(means)


def _in_order(function: Callable[[slice], Pass], places: Iterator[slice]) -> Iterator[Pass]:
    """Yield what a function makes of each place, in order, by as many threads as there are processors."""
    threads = cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        waiting = []
        for place in places:
            waiting.append(pool.submit(function, place))
            if len(waiting) > 4 * threads:
                yield waiting.pop(0).result()
        for each in waiting:
            yield each.result()
