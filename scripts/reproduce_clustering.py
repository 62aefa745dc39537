"""Print the README's table of clusterings: `PYTHONPATH=src python scripts/reproduce_clustering.py mnist FOLDER`.

FOLDER holds train and test (or valid) images in class folders, or the four idx files of the MNIST format, gzipped or
not. Both parts are clustered together, the true number of classes is given, and no label is seen by any step. Every
seed trains from nothing by recipes/cluster_<name>.yml; the runs stay in logs/.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from autoencoder.clustering import fit
from autoencoder.data.folder import scan
from autoencoder.data.idx import write_idx
from autoencoder.data.load import load
from autoencoder.embeddings import encode
from autoencoder.model.encoder import open_encoder
from autoencoder.run_folder import Run
from autoencoder.scores.clusters import with_labels
from autoencoder.tensorflow_start import start_tensorflow

SEEDS = (1, 2, 3)


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


def sort(name: str, images: Path, seed: int) -> tuple[Run, dict, float]:
    """Run the recipe; return the autoencoder's run, the scores of its clusters, and the seconds that both took."""
    before = {path.name for path in Path("logs").glob("*")}
    recipe = Path(__file__).parents[1] / "recipes" / f"cluster_{name}.yml"
    start = time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "autoencoder",
        "sort",
        f"--config={recipe}",
        f"--train_dir={images}",
        f"--seed={seed}",
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    new = [path for path in Path("logs").glob("*") if path.is_dir() and path.name not in before]
    (scores,) = (path for folder in new for path in folder.glob("clusters/*/scores.json"))
    (trained,) = (folder for folder in new if (folder / "autoencoder.keras").exists())
    return Run(trained), json.loads(scores.read_text()), seconds


def row(what: str, values: list[list[float]], note: str) -> str:
    """Return a row of the table: mean and deviation over the seeds."""
    mean, deviation = np.mean(values, axis=0), np.std(values, axis=0)
    cells = " | ".join(
        f"{m:.3f} ± {d:.3f}" if len(values) > 1 else f"{m:.3f}" for m, d in zip(mean, deviation, strict=True)
    )
    return f"| {what} | {cells} | {note} |"


def main(name: str, folder: Path) -> None:
    """Print the table."""
    pixels, labels = together(folder)
    classes, k = [str(label) for label in labels], int(labels.max()) + 1
    print(f"| {name}, {len(labels):,} images | accuracy | NMI | ARI | seconds |\n|---|---|---|---|---|", flush=True)
    start = time.perf_counter()
    raw = fit(pixels.reshape(len(pixels), -1).astype(np.float32) / 255, "kmeans", k, SEEDS[0]).labels
    print(row("pixels, k-means", [figures(raw, classes)], f"{time.perf_counter() - start:.0f}"), flush=True)
    start_tensorflow()
    embedded, best, trained_seconds, seconds = [], [], [], []
    with tempfile.TemporaryDirectory() as place:
        images = Path(place) / "all-images-idx3-ubyte"
        write_idx(images, pixels[..., 0])
        write_idx(Path(place) / "all-labels-idx1-ubyte", labels)
        for seed in SEEDS:
            run, scores, took = sort(name, images, seed)
            vectors = encode(open_encoder(run.encoder), pixels)
            embedded.append(figures(fit(vectors, "kmeans", k, seed).labels, classes))
            best.append([scores[score] for score in ("accuracy", "nmi", "ari")])
            trained_seconds.append(run.scores()["seconds"])
            seconds.append(took)
            print(f"<!-- seed {seed}: k-means {embedded[-1]}, recipe {best[-1]}, {took:.0f} s -->", flush=True)
    print(row("embedding, k-means", embedded, f"{np.mean(trained_seconds):.0f} (training)"))
    print(row(f"recipes/cluster_{name}.yml", best, f"{np.mean(seconds):.0f} (all, pictures too)"))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
