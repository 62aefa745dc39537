"""k-means against scikit-learn's `KMeans(n_init=10)` on 70,000 x 10, and alone on a million x 64.

The vectors are a mixture of Gaussians of unlike size and spread that overlap, so that starts differ and Lloyd's steps
take their time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .measure import Figures, Part, Setup
from .page import shown, table

K = 10


def overlapping(rows: int, width: int, seed: int) -> np.ndarray:
    """Draw from a mixture of ten Gaussians, float32 (rows, width), that no clustering can part cleanly."""
    generator = np.random.default_rng(seed)
    means = generator.normal(size=(K, width))
    spreads = generator.uniform(0.5, 1.5, size=K)
    components = generator.choice(K, rows, p=generator.dirichlet(np.full(K, 3.0)))
    noise = generator.normal(size=(rows, width)) * spreads[components, None]
    return (means[components] + noise).astype(np.float32)


def measure(setup: Setup) -> Figures:
    """Return the median ratios over alternating runs, one seed each, and the seconds of the million."""
    from sklearn.cluster import KMeans

    from autoencoder.clustering import fit

    rows, many = (2000, 5000) if setup.quick else (70_000, 1_000_000)
    vectors = overlapping(rows, 10, 1)
    fit(vectors[:1000], "kmeans", K)
    ratios = []
    for seed in range(setup.rounds + 2):
        own_wall, own_cpu, own = _timed(lambda seed=seed: fit(vectors, "kmeans", K, seed))
        wall, cpu, theirs = _timed(lambda seed=seed: KMeans(K, n_init=10, random_state=seed).fit(vectors))
        share = _inertia(vectors, own.centers, own.labels) / _inertia(vectors, theirs.cluster_centers_, theirs.labels_)
        ratios.append((wall / own_wall, cpu / own_cpu, share))
    million = overlapping(many, 64, 2)
    runs = [_timed(lambda seed=seed: fit(million, "kmeans", K, seed))[:2] for seed in range(setup.rounds)]
    names = ("faster", "less_cpu", "inertia")
    figures = dict(zip(names, map(statistics.median, zip(*ratios, strict=True)), strict=True))
    walls, cpus = map(statistics.median, zip(*runs, strict=True))
    return figures | {"million_seconds": walls, "million_cpu": cpus}


def _timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def _inertia(vectors: np.ndarray, centers: np.ndarray, labels: np.ndarray) -> float:
    return float(np.square(vectors - centers[labels], dtype=np.float64).sum())


def page(figures: Figures) -> list[str]:
    """Return the table."""
    against = f"{shown(figures['faster'])} times as fast, {shown(figures['less_cpu'])} times in CPU seconds; inertia "
    alone = f"{shown(figures['million_seconds'])} s, {shown(figures['million_cpu'])} CPU seconds, confidence included"
    rows = [
        ["70,000 x 10, against scikit-learn's KMeans(n_init=10)", f"{against}{figures['inertia']:.5f} of theirs"],
        ["1,000,000 x 64", alone],
    ]
    return table(["k-means, ten clusters", "median"], rows)


PART = Part("k-means", 2, measure, page)
