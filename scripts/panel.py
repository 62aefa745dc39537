"""Print how well folders are sorted that nothing was tuned for: `python scripts/panel.py FOLDER --sets=digits,letters`.

FOLDER holds a folder of class folders for each set (scripts/make_panel.py, make_letters.py, make_photographs.py and
make_textures.py make them). Classes only judge. For each set the baselines, each with the true number of clusters:
k-means on the pixels; PCA-50 of the pixels, UMAP-10 and a Gaussian mixture; gradient histograms, UMAP-10 and a
mixture; with --pretrained=FILE (scripts/convert_lite0.py) that network, UMAP-10 and a mixture. Then `sort`: with the
true number (ours), and without any flag (ours, k auto); and with --pretrained as the network that teaches the own one.
A row is kept in logs/panel.json as soon as it is known, and not measured again; --methods makes some of them.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import kept
import numpy as np

from autoencoder.clustering import fit
from autoencoder.data.listing import Images
from autoencoder.data.load import is_grayscale, load
from autoencoder.data.scan import scan
from autoencoder.metrics.clusters import with_labels
from autoencoder.metrics.pca import fit_pca_of_images
from autoencoder.storage.run import CACHE

SETS = ("digits", "mnist", "fashion", "letters", "cifar10", "photographs", "textures")
#: The baselines see images at this size, as `sort` sees most.
SIDE = 32
Figures = dict[str, Any]


def main() -> None:
    """Measure the rows that are not known, and print the table."""
    asked = arguments()
    measured = {}
    for name in asked.sets:
        folder = asked.folder / name
        figures = kept.Kept("panel", kept.question(set=name, budget=asked.budget))
        for method in asked.methods:
            for seed in range(1, (asked.seeds if method.startswith("ours") else 1) + 1):
                figures.once(f"{method}, seed {seed}", partial(METHODS[method], folder, seed, asked))
        measured[name] = figures.found
    print(table(measured))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--methods", default="pixels,pca,histograms,ours")
    parser.add_argument("--budget", default="medium")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--pretrained", type=Path)
    asked = parser.parse_args()
    asked.sets, asked.methods = asked.sets.split(","), asked.methods.split(",")
    if unknown := set(asked.methods) - set(METHODS):
        parser.error(f"no such method: {', '.join(sorted(unknown))}; choose from {', '.join(METHODS)}")
    return asked


def images_of(folder: Path) -> Images:
    """Decode the images of a folder for a baseline."""
    listing = scan(folder)
    return load(listing, (SIDE, SIDE), "grayscale" if is_grayscale(listing) else "rgb", cache_dir=CACHE)


def judged(make: Callable[[np.ndarray], np.ndarray], method: str, folder: Path, seed: int, _: Any) -> Figures:
    """Cluster what `make` gives of the images into as many clusters as there are classes, and score it."""
    start = time.perf_counter()
    images = images_of(folder)
    assert images.labels is not None
    found = fit(make(images.pixels), method, len(set(images.labels)), seed)
    scores = with_labels(found.labels, images.labels)
    return rounded({**scores, "seconds": time.perf_counter() - start})


def components(pixels: np.ndarray) -> np.ndarray:
    """Return the first 50 principal components of the pixels."""
    mean, axes = fit_pca_of_images(pixels, 50)
    return np.asarray((pixels.reshape(len(pixels), -1) / np.float32(255) - mean) @ axes.T, np.float32)


def histograms(pixels: np.ndarray) -> np.ndarray:
    """Return the first 50 principal components of the gradient histograms."""
    from autoencoder.training.local_features import COMPONENTS, local_features

    return local_features(pixels)[:, :COMPONENTS]


def flat(pixels: np.ndarray) -> np.ndarray:
    """Return the pixels as vectors."""
    return pixels.reshape(len(pixels), -1).astype(np.float32) / 255


def sorted_by(flags: list[str], folder: Path, seed: int, asked: argparse.Namespace, *, k: bool = True) -> Figures:
    """Sort a folder by the command line, and read its scores."""
    classes = sum(each.is_dir() for each in folder.iterdir())
    place = kept.LOGS / "panel" / f"{folder.name}_{time.time_ns()}"
    command = [sys.executable, "-m", "autoencoder", "sort", f"--train_dir={folder}", f"--seed={seed}"]
    command += [f"--save_dir={place}", f"--budget={asked.budget}", "--verbose=False", *flags]
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, *([f"--k={classes}"] if k else [])], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    (file,) = place.glob("clusters/*/scores.json")
    scores = json.loads(file.read_text())
    names = ("accuracy", "nmi", "ari", "k", "trust", "stability", "method_agreement", "structure")
    return rounded({**{name: scores.get(name) for name in names}, "seconds": time.perf_counter() - start, "cpu": used})


def rounded(figures: Figures) -> Figures:
    """Return figures with three decimals."""
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}


METHODS: dict[str, Callable[..., Figures]] = {
    "pixels": partial(judged, flat, "kmeans"),
    "pca": partial(judged, components, "umap_gmm"),
    "histograms": partial(judged, histograms, "umap_gmm"),
    "ours": partial(sorted_by, []),
    "ours_auto_k": partial(sorted_by, [], k=False),
}


def table(measured: dict[str, dict[str, Figures]]) -> str:
    """Return the rows in Markdown: accuracy and NMI, and of `sort` what it said of trust, and its seconds."""
    lines = [kept.head(["set", "method", "accuracy", "NMI", "k", "trust", "seconds"])]
    for name, rows in measured.items():
        for method in dict.fromkeys(key.partition(",")[0] for key in rows):
            own = [row for key, row in rows.items() if key.partition(",")[0] == method]
            said = " ".join(dict.fromkeys(str(row.get("trust") or "") for row in own))
            numbers = " ".join(dict.fromkeys(str(row.get("k") or "") for row in own))
            values = [kept.spread([row[each] for row in own]) for each in ("accuracy", "nmi")]
            seconds = f"{np.mean([row['seconds'] for row in own]):.0f}"
            lines.append(kept.line([name, method, *values, numbers, said, seconds]))
    return "\n".join(lines)


if __name__ == "__main__":
    kept.told(main)
