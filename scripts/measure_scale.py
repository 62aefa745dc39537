"""Print how time and memory of k-means grow with the rows: `python scripts/measure_scale.py [--most=10000000]`.

Made-up vectors of 64 numbers, a mixture of 100 Gaussians that overlap, lie in .npy files and are mapped. k-means with
k = 100 runs on 10,000 to ten million of them; on a million also scikit-learn's KMeans (one start) and MiniBatchKMeans.
Each measurement is a process of its own. Seconds are of the wall and of the processor; memory is the most anonymous
memory (RssAnon) that the process held, mapped pages apart; inertia is measured alike for all, in double precision.

Each figure is kept in logs/measure_scale.json as soon as it is known. `--picture=FILE` also draws seconds and memory.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kept
import numpy as np
from checkout import ENVIRONMENT

from autoencoder.clustering.large import fit_large
from autoencoder.clustering.nearest import margins
from autoencoder.files import replacing

WIDTH, CLUSTERS, SPREAD = 64, 100, 2.0
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
#: scikit-learn's own beside ours on so many rows.
COMPARED = 1_000_000
_BLOCK = 100_000


def main() -> None:
    """Measure what is not known yet, and print the table."""
    asked = arguments()
    if asked.measure:
        print(json.dumps(measure(*asked.measure.split(":"))))
        return
    figures = kept.Kept("measure_scale", kept.question(width=WIDTH, clusters=CLUSTERS, spread=SPREAD))
    for count in [count for count in SIZES if count <= asked.most]:
        methods = ["ours", "KMeans", "MiniBatchKMeans"] if count == COMPARED else ["ours"]
        for method in methods:
            figures.once(f"{method} {count}", lambda method=method, count=count: apart(method, count, asked.place))
        if count > COMPARED:
            vectors_file(asked.place, count).unlink(missing_ok=True)
    show(figures.found)
    if asked.picture:
        picture(figures.found, asked.picture)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="no more rows than these")
    parser.add_argument("--place", type=Path, default=kept.LOGS / "scale", help="where the vectors lie")
    parser.add_argument("--picture", type=Path, help="a PNG file to draw")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    return parser.parse_args()


def vectors_file(place: Path, count: int) -> Path:
    """Return where so many vectors lie."""
    return place / f"{count}.npy"


def make_vectors(file: Path, count: int) -> None:
    """Write vectors of a mixture of Gaussians, a block at a time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    centers = SPREAD * np.random.default_rng(0).normal(size=(CLUSTERS, WIDTH))
    random = np.random.default_rng(1)
    with replacing(file, ".npy") as temporary:
        mapped = np.lib.format.open_memmap(temporary, "w+", np.float32, (count, WIDTH))
        for start in range(0, count, _BLOCK):
            rows = min(_BLOCK, count - start)
            noise = SPREAD * random.standard_normal((rows, WIDTH), np.float32)
            mapped[start : start + rows] = centers[random.integers(0, CLUSTERS, rows)] + noise
        mapped.flush()


def apart(method: str, count: int, place: Path) -> dict[str, float]:
    """Measure in a process of its own."""
    file = vectors_file(place, count)
    if not file.exists():
        make_vectors(file, count)
    command = [sys.executable, __file__, f"--measure={method}:{file}"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{method} of {count:,} rows ended with {done.returncode}: {done.stderr[-500:]}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(method: str, file: str) -> dict[str, float]:
    """Cluster the vectors in a file, and return seconds, bytes and inertia."""
    vectors = np.load(file, mmap_mode="r")
    fit = METHODS[method]
    fit(np.array(vectors[:2000]))  # imports what it needs
    highest, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            highest[0] = max(highest[0], anonymous())

    watching = threading.Thread(target=watch)
    watching.start()
    began, busy = time.perf_counter(), time.process_time()
    centers = fit(vectors)
    seconds, processor = time.perf_counter() - began, time.process_time() - busy
    done.set()
    watching.join()
    distances = margins(vectors, centers).distances
    inertia = float(np.square(distances, dtype=np.float64).sum())
    return {"seconds": seconds, "processor": processor, "bytes": highest[0], "inertia": inertia}


def anonymous() -> int:
    """Return the bytes of anonymous memory that this process holds."""
    with Path("/proc/self/status").open() as file:
        facts = dict(line.split(":", 1) for line in file)
    return int(facts["RssAnon"].split()[0]) * 1024


def _kmeans(vectors: np.ndarray) -> np.ndarray:
    from sklearn.cluster import KMeans

    return KMeans(CLUSTERS, n_init=1, random_state=1).fit(vectors).cluster_centers_


def _minibatch(vectors: np.ndarray) -> np.ndarray:
    from sklearn.cluster import MiniBatchKMeans

    return MiniBatchKMeans(CLUSTERS, batch_size=4096, n_init=3, random_state=1).fit(vectors).cluster_centers_


METHODS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "ours": lambda vectors: fit_large(vectors, "kmeans", CLUSTERS, 1).centers,
    "KMeans": _kmeans,
    "MiniBatchKMeans": _minibatch,
}


def show(found: dict[str, Any]) -> None:
    """Print the table."""
    print(kept.head(("rows", "by", "seconds", "processor's seconds", "anonymous memory, GiB", "inertia a row")))
    for key, figures in found.items():
        method, count = key.split()
        cells = (f"{figures['seconds']:.1f}", f"{figures['processor']:.1f}", f"{figures['bytes'] / 2**30:.2f}")
        named = "cluster --embeddings" if method == "ours" else f"scikit-learn's {method}"
        print(kept.line((f"{int(count):,}", named, *cells, f"{figures['inertia'] / int(count):.3f}")))


def picture(found: dict[str, Any], path: Path) -> None:
    """Draw seconds and memory against rows, both logarithmic."""
    from autoencoder.plots.plot import boxed, quiet
    from autoencoder.plots.style import STYLE, head, save, sheet, write

    rows = [int(key.split()[1]) for key in found if key.startswith("ours")]
    figure, page = sheet(1200, 560)
    head(page, "k-means of 64 numbers a row, k = 100", "both axes logarithmic; faint: a line of slope 1")
    sides = (("processor", 1.0, "seconds of the processor"), ("bytes", 2.0**30, "GiB of anonymous memory"))
    for number, (name, unit, title) in enumerate(sides):
        left = 90 + 580 * number
        axes = boxed(figure, (left, 120, 490, 370))
        quiet(axes)
        axes.set(xscale="log", yscale="log")
        values = [found[f"ours {count}"][name] / unit for count in rows]
        slope = [values[-1] * count / rows[-1] for count in rows]
        axes.plot(rows, slope, color=STYLE["rule"], linewidth=4)
        axes.plot(rows, values, color=STYLE["encoder"], linewidth=1.6, marker="o")
        for method, sign in (("KMeans", "s"), ("MiniBatchKMeans", "^")):
            if f"{method} {COMPARED}" in found:
                axes.plot(COMPARED, found[f"{method} {COMPARED}"][name] / unit, sign, color=STYLE["accent"])
        write(page, left - 50, 90, title)
        write(page, left + 245, 530, "rows", color=STYLE["muted"], ha="center")
    write(page, 700 + 445, 65, "squares: scikit-learn's KMeans, triangles: MiniBatchKMeans", kind="small", ha="right")
    save(figure, path)


if __name__ == "__main__":
    kept.told(main)
