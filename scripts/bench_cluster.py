"""Speed of clustering, as ratios on this machine: run it as `python scripts/bench_cluster.py`.

k-means against scikit-learn's `KMeans(n_init=10)` on 70,000 x 10, and alone on a million x 64. The vectors are a
mixture of Gaussians of unlike size and spread that overlap, so that starts differ and Lloyd's steps take their time.
"""

import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.cluster import KMeans

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from autoencoder.clustering import fit

K = 10
ROUNDS = 5


def overlapping(rows: int, width: int, seed: int) -> np.ndarray:
    """Draw from a mixture of ten Gaussians, float32 (rows, width), that no clustering can part cleanly."""
    generator = np.random.default_rng(seed)
    means = generator.normal(size=(K, width))
    spreads = generator.uniform(0.5, 1.5, size=K)
    components = generator.choice(K, rows, p=generator.dirichlet(np.full(K, 3.0)))
    noise = generator.normal(size=(rows, width)) * spreads[components, None]
    return (means[components] + noise).astype(np.float32)


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return the wall and CPU seconds of one call, and what it returned."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def inertia(vectors: np.ndarray, centers: np.ndarray, labels: np.ndarray) -> float:
    """Sum the squared distances to the own centre."""
    return float(np.square(vectors - centers[labels], dtype=np.float64).sum())


def against_scikit_learn(vectors: np.ndarray) -> tuple[float, float, float]:
    """Return the median ratios of wall time, CPU time and inertia over alternating runs, one seed each."""
    ratios = []
    for seed in range(ROUNDS):
        own_wall, own_cpu, own = timed(lambda seed=seed: fit(vectors, "kmeans", K, seed))
        wall, cpu, theirs = timed(lambda seed=seed: KMeans(K, n_init=10, random_state=seed).fit(vectors))
        share = inertia(vectors, own.centers, own.labels) / inertia(vectors, theirs.cluster_centers_, theirs.labels_)
        ratios.append((wall / own_wall, cpu / own_cpu, share))
    walls, cpus, shares = zip(*ratios, strict=True)
    return statistics.median(walls), statistics.median(cpus), statistics.median(shares)


def encoding(rounds: int = 3) -> tuple[float, float]:
    """Return the rate of `encode` as a share of `predict` on an array in memory, and the memory it adds in bytes.

    70,000 images of 28 x 28, the default encoder; `encode` scales uint8 batch by batch, `predict` is given float32.
    """
    from autoencoder.tensorflow_start import start_tensorflow

    start_tensorflow()
    from autoencoder.embeddings import BATCH, encode
    from autoencoder.model.apply import applied
    from autoencoder.model.build import build
    from autoencoder.model.encoder import Encoder
    from autoencoder.settings import Architecture

    model = build(Architecture(), (28, 28), 1).encoder
    encoder = Encoder(Path(), (28, 28), 1, 10, applied(model))
    pixels = np.random.default_rng(0).integers(0, 256, (70_000, 28, 28, 1), np.uint8)
    encode(encoder, pixels[:BATCH])
    before = peak_memory()
    own = [timed(lambda: encode(encoder, pixels))[0]]
    added = peak_memory() - before
    array = pixels.astype(np.float32) / 255
    model.predict(array[:BATCH], batch_size=BATCH, verbose=0)
    theirs = [timed(lambda: model.predict(array, batch_size=BATCH, verbose=0))[0]]
    for _ in range(rounds - 1):
        own.append(timed(lambda: encode(encoder, pixels))[0])
        theirs.append(timed(lambda: model.predict(array, batch_size=BATCH, verbose=0))[0])
    return statistics.median(other / mine for mine, other in zip(own, theirs, strict=True)), added


def peak_memory() -> int:
    """Return the most memory in bytes that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Print the ratios."""
    share, added = encoding()
    print("encode, 70,000 images of 28 x 28, against predict on an array in memory, median of 3 alternating runs:")
    print(f"  {share:.2f} of its images per second; {added / 1e6:.0f} MB above TensorFlow and the images")
    fit(overlapping(1000, 10, 0), "kmeans", K)
    wall, cpu, share = against_scikit_learn(overlapping(70_000, 10, 1))
    print(f"k-means, 70,000 x 10, against KMeans(n_init=10), median of {ROUNDS} alternating runs:")
    print(f"  {wall:.1f} times as fast by the clock, {cpu:.1f} times in CPU seconds; inertia {share:.5f} of theirs")
    million = overlapping(1_000_000, 64, 2)
    runs = [timed(lambda seed=seed: fit(million, "kmeans", K, seed))[:2] for seed in range(3)]
    walls, cpus = zip(*runs, strict=True)
    print("k-means, 1,000,000 x 64, labels and confidence included, median of 3:")
    print(f"  {statistics.median(walls):.1f} s by the clock, {statistics.median(cpus):.1f} CPU seconds")


if __name__ == "__main__":
    main()
