"""Print the table of clusterings in docs/results.md: `python scripts/reproduce_clustering.py mnist FOLDER`.

`--rival=PYTHON` adds ClustPy's DEC, IDEC and N2D by an interpreter that has it, each for the CPU seconds of the recipe.

FOLDER holds train and test (or valid) images in class folders, or the four idx files of the MNIST format, gzipped or
not. Both parts are clustered together, the true number of classes is given, and no label is seen by any step. Every
seed trains from nothing by recipes/cluster_<name>.yml; the runs stay in logs/.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import fire
import kept
import numpy as np
from checkout import ENVIRONMENT

from autoencoder.clustering import fit
from autoencoder.data.idx import write_idx
from autoencoder.data.load import load
from autoencoder.data.scan import scan
from autoencoder.metrics.clusters import with_labels
from autoencoder.model.encoder import open_encoder
from autoencoder.storage.run import Run
from autoencoder.tensorflow_start import start_tensorflow
from autoencoder.workflows.embeddings import encode

SEEDS = (1, 2, 3)
RIVALS = ("DEC", "IDEC", "N2D")


def together(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return all images, uint8 (n, height, width, 1), and their classes as numbers, uint8 (n,)."""
    sources = sorted(folder.glob("*images-idx3*")) or sorted(path for path in folder.iterdir() if path.is_dir())
    parts = [load(listing, tuple(listing.shapes[0].tolist()), "grayscale") for listing in map(scan, sources)]
    classes = sorted({label for part in parts for label in part.labels})
    labels = [classes.index(label) for part in parts for label in part.labels]
    return np.concatenate([part.pixels for part in parts]), np.array(labels, np.uint8)


def figures(labels: np.ndarray, classes: list[str]) -> list[float]:
    """Return accuracy, NMI and ARI."""
    found = with_labels(labels, classes)
    return [found[name] for name in ("accuracy", "nmi", "ari")]


def measured(command: list[str]) -> tuple[float, float]:
    """Run a command; return its wall and CPU seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def sort(name: str, images: Path, seed: int) -> tuple[Run, dict, tuple[float, float]]:
    """Run the recipe; return the autoencoder's run, the scores of its clusters, and the seconds, wall and CPU."""
    before = {path.name for path in Path("logs").glob("*")}
    recipe = kept.RECIPES / f"cluster_{name}.yml"
    command = [
        sys.executable,
        "-m",
        "autoencoder",
        "sort",
        f"--config={recipe}",
        f"--train_dir={images}",
        f"--seed={seed}",
    ]
    seconds = measured(command)
    new = [path for path in Path("logs").glob("*") if path.is_dir() and path.name not in before]
    (scores,) = (path for folder in new for path in folder.glob("clusters/*/scores.json"))
    (trained,) = (folder for folder in new if (folder / "autoencoder.keras").exists())
    return Run(trained), json.loads(scores.read_text()), seconds


def row(what: str, values: list[list[float]], note: str) -> str:
    """Return a row of the table: mean and deviation over the seeds."""
    return kept.line([what, *map(kept.spread, zip(*values, strict=True)), note])


class Table(NamedTuple):
    """What the rows are made of: the images, their classes and a folder that holds both as idx files."""

    name: str
    pixels: np.ndarray
    classes: list[str]
    k: int
    idx: Path


def ours(table: Table, seeds: tuple[int, ...]) -> float:
    """Print the rows of this project, and return the mean CPU seconds of the recipe."""
    start = time.perf_counter()
    flat = table.pixels.reshape(len(table.pixels), -1).astype(np.float32) / 255
    raw = fit(flat, "kmeans", table.k, seeds[0]).labels
    print(row("pixels, k-means", [figures(raw, table.classes)], f"{time.perf_counter() - start:.0f}"), flush=True)
    embedded, best, trained, taken = [], [], [], []
    for seed in seeds:
        run, scores, seconds = sort(table.name, table.idx, seed)
        vectors = encode(open_encoder(run.encoder), table.pixels)
        embedded.append(figures(fit(vectors, "kmeans", table.k, seed).labels, table.classes))
        best.append([scores[score] for score in ("accuracy", "nmi", "ari")])
        trained.append(run.scores()["seconds"])
        taken.append(seconds)
        print(f"<!-- seed {seed}: k-means {embedded[-1]}, recipe {best[-1]}, {seconds} s -->", flush=True)
    wall, cpu = np.mean(taken, axis=0)
    print(row("embedding, k-means", embedded, f"{np.mean(trained):.0f} (training)"))
    print(
        row(f"recipes/cluster_{table.name}.yml", best, f"{wall:.0f}, {cpu:.0f} of CPU (all, pictures too)"), flush=True
    )
    return float(cpu)


def rivals(table: Table, seeds: tuple[int, ...], interpreter: str, cpu: float) -> None:
    """Print the rows of ClustPy's methods, each given `cpu` seconds of the processors."""
    program = Path(__file__).parent / "clustpy_rival.py"
    pixels, labels = table.idx.with_name("pixels.npy"), table.idx.with_name("labels.npy")
    np.save(pixels, table.pixels)
    for method in RIVALS:
        found, taken = [], []
        for seed in seeds:
            command = [interpreter, program, pixels, method, round(cpu), seed, labels]
            taken.append(measured([str(word) for word in command]))
            found.append(figures(np.load(labels), table.classes))
            print(f"<!-- {method}, seed {seed}: {found[-1]}, {taken[-1]} s -->", flush=True)
        wall, used = np.mean(taken, axis=0)
        print(row(f"ClustPy's {method}", found, f"{wall:.0f}, {used:.0f} of CPU"), flush=True)


def main(
    name: str, folder: str, rival: str | None = None, seeds: tuple[int, ...] = SEEDS, cpu: float | None = None
) -> None:
    """Print the table of `name` (mnist or fashion); `cpu` leaves out this project's rows and takes that time."""
    start_tensorflow()
    pixels, labels = together(Path(folder))
    print(kept.head([f"{name}, {len(labels):,} images", "accuracy", "NMI", "ARI", "seconds"]), flush=True)
    with tempfile.TemporaryDirectory() as place:
        images = Path(place) / "all-images-idx3-ubyte"
        write_idx(images, pixels[..., 0])
        write_idx(Path(place) / "all-labels-idx1-ubyte", labels)
        table = Table(name, pixels, [str(label) for label in labels], int(labels.max()) + 1, images)
        budget = cpu or ours(table, seeds)
        if rival:
            rivals(table, seeds, rival, budget)


if __name__ == "__main__":
    fire.Fire(main)
