"""k-means: many starts on a sample, the best of them on a larger one, and one run on all rows."""

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from os import cpu_count
from typing import Any, NamedTuple

import numpy as np

from .clustering import Assignment, Clustering, order_by_size, renumber_assignment
from .nearest import margins

STARTS = 10
FINALISTS = 4
SAMPLE = 10_000
FINAL_SAMPLE = 100_000
FAISS_FROM = 1_000_000
_ROWS_PER_CENTER = 100
_MAX_STEPS = 300
_TOLERANCE = 1e-4
# Optima whose inertia differs by less are one optimum, at which Lloyd's steps stopped a little sooner or later.
_SAME = 1e-5
_BLOCK = 4096
_CACHED = 500_000
_THREADED_FROM = 50_000


class _Run(NamedTuple):
    centers: np.ndarray
    sizes: np.ndarray
    inertia: float
    steps: int


def fit(vectors: np.ndarray, k: int, seed: int) -> Clustering:
    """Cluster by k-means.

    Ten runs from greedy k-means++ starts on a sample of 10,000 rows (100 per centre, where that is more) find
    optima; the best four are judged on 100,000 rows, since the sample's best is not always the best of all; and Lloyd's
    steps on all rows finish the best. Past a million rows faiss takes these, where it is installed.

    Parameters
    ----------
    vectors : float32 array of shape (n, d)
    k : int
    seed : int

    Returns
    -------
    Clustering
        Confidence is 1 - d_own / d_other (see `nearest.margins`).

    References
    ----------
    Lloyd 1982, Least squares quantization in PCM; Arthur & Vassilvitskii 2007, k-means++.
    """
    centers, settings = find_centers(vectors, k, seed)
    return from_centers("kmeans", vectors, centers, settings)


def assign(clustering: Clustering, vectors: np.ndarray) -> Assignment:
    """Put each vector to the nearest centre.

    Parameters
    ----------
    clustering : Clustering
    vectors : float32 array of shape (n, d)

    Returns
    -------
    Assignment
    """
    return margins(vectors, clustering.centers)


def from_centers(method: str, vectors: np.ndarray, centers: np.ndarray, settings: dict[str, Any]) -> Clustering:
    """Number the centres by the size of their clusters and assign all vectors to them."""
    placed = margins(vectors, centers)
    order = order_by_size(placed.labels)
    if len(order) < len(centers):  # a centre that another lies on has no members
        centers = centers[np.sort(order)]
        placed = margins(vectors, centers)
        order = order_by_size(placed.labels)
    placed = renumber_assignment(placed, order)
    return Clustering(method, len(order), *placed, centers=centers[order], settings=settings)


def find_centers(vectors: np.ndarray, k: int, seed: int, starts: int = STARTS) -> tuple[np.ndarray, dict[str, Any]]:
    """Find the centres of k-means, those of large clusters first.

    Returns
    -------
    centers : float32 array of shape (k, d)
    settings : dict
        seed, k, starts, sample, steps, inertia and by what the full run was made.
    """
    origin = vectors.mean(axis=0, dtype=np.float64)
    # In units of the data's own spread, with a column of ones: one product then gives sums and counts together.
    spread = float(np.sqrt(np.mean((vectors - origin.astype(np.float32)) ** 2, dtype=np.float64))) or 1.0
    table = np.ones((len(vectors), vectors.shape[1] + 1), np.float32)
    np.divide(vectors - origin.astype(np.float32), np.float32(spread), out=table[:, :-1])
    size = min(len(table), max(SAMPLE, _ROWS_PER_CENTER * k))
    runs = _optima(_sample(table, size, seed), k, seed, starts)
    final = min(len(table), max(size, FINAL_SAMPLE))
    if size < final:
        larger = _sample(table, final, seed)
        best = min(runs, key=lambda each: _lloyd(larger, each.centers, 1).inertia)
        runs = [_lloyd(larger, best.centers)]
    run = runs[0]
    by_faiss = len(table) > FAISS_FROM and importlib.util.find_spec("faiss") is not None
    if final < len(table):
        run = _faiss(table, run, seed) if by_faiss else _lloyd(table, run.centers)
    settings: dict[str, Any] = {"seed": seed, "k": k, "starts": starts, "sample": size, "steps": run.steps}
    settings |= {"inertia": run.inertia * spread**2, "by": "faiss" if by_faiss else "numpy"}
    largest_first = np.argsort(-run.sizes, kind="stable")
    return (run.centers[largest_first] * spread + origin).astype(np.float32), settings


def _sample(table: np.ndarray, size: int, seed: int) -> np.ndarray:
    if size == len(table):
        return table
    return table[np.sort(np.random.default_rng(seed).choice(len(table), size, replace=False))]


def _optima(sample: np.ndarray, k: int, seed: int, starts: int) -> list[_Run]:
    seeds = [int(each) for each in np.random.SeedSequence(seed).generate_state(starts)]
    with ThreadPoolExecutor(cpu_count()) as pool:
        runs = sorted(pool.map(partial(_start, sample, k), seeds), key=lambda run: run.inertia)
    different = runs[:1]
    for run in runs:
        if run.inertia > different[-1].inertia * (1 + _SAME):
            different.append(run)
    return different[:FINALISTS]


def _start(sample: np.ndarray, k: int, seed: int) -> _Run:
    from sklearn.cluster import kmeans_plusplus

    return _lloyd(sample, kmeans_plusplus(sample[:, :-1], k, random_state=seed)[0])


def _lloyd(table: np.ndarray, centers: np.ndarray, most_steps: int = _MAX_STEPS) -> _Run:
    """Repeat Lloyd's step until the centres hardly move.

    Blocks are summed in their own order, whichever thread finishes first: the same on every machine with the same
    BLAS. (Threaded sums in the order of arrival differ in the last digit from run to run.)
    """
    step = max(256, min(_BLOCK, _CACHED // len(centers)))
    blocks = [table[start : start + step] for start in range(0, len(table), step)]
    squares = float(np.einsum("nd,nd->", table, table, dtype=np.float64)) - len(table)
    with ThreadPoolExecutor(cpu_count()) as pool:
        spread_out = pool.map if len(table) >= _THREADED_FROM else map
        steps, shift = 0, np.inf
        while shift > _TOLERANCE and steps < most_steps:
            bent = np.hstack([centers, -0.5 * np.square(centers).sum(axis=1, keepdims=True)]).astype(np.float32)
            parts = list(spread_out(partial(_step, bent), blocks))
            sums = np.zeros(bent.shape)
            for part in parts:
                sums += part[0]
            inertia = squares - 2.0 * sum(part[1] for part in parts)
            moved = _fill_empty(sums[:, :-1], sums[:, -1:], table, centers).astype(np.float32)
            shift, steps = float(np.square(moved - centers).sum()), steps + 1
            centers = moved if shift > _TOLERANCE else centers
    return _Run(centers, sums[:, -1], inertia, steps)


def _step(bent: np.ndarray, block: np.ndarray) -> tuple[np.ndarray, float]:
    # The nearest centre has the largest x·c - |c|²/2. A row on a border counts on both of its sides.
    closeness = bent @ block.T
    best = closeness.max(axis=0)
    return (closeness == best).astype(np.float32) @ block, float(best.sum(dtype=np.float64))


def _fill_empty(sums: np.ndarray, counts: np.ndarray, table: np.ndarray, centers: np.ndarray) -> np.ndarray:
    means = np.divide(sums, counts, out=centers.astype(np.float64), where=counts > 0)
    empty = np.flatnonzero(counts[:, 0] == 0)
    if len(empty):
        alive = centers[counts[:, 0] > 0]
        own = margins(table[:, :-1], np.vstack([alive, alive[:1]])).distances
        means[empty] = table[np.argsort(-own, kind="stable")[: len(empty)], :-1]
    return means


def _faiss(table: np.ndarray, start: _Run, seed: int) -> _Run:
    import faiss

    rows = np.ascontiguousarray(table[:, :-1])
    means: Any = faiss.Kmeans(rows.shape[1], len(start.centers), niter=25, seed=seed % 2**31)
    means.cp.min_points_per_centroid, means.cp.max_points_per_centroid = 1, len(rows)
    means.train(rows, init_centroids=np.ascontiguousarray(start.centers, dtype=np.float32))
    centers = np.asarray(means.centroids)
    sizes = np.bincount(means.assign(rows)[1], minlength=len(centers))
    return _Run(centers, sizes, float(means.obj[-1]), len(means.obj))
