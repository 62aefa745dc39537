"""Print the rows of the flexible autoencoder in docs/results.md: `python scripts/reproduce_flexible.py FOLDER`.

FOLDER holds class folders. recipes/flexible.yml learns --images of them, as many of each class, enlarged or shrunk to
256 x 256 in gray, until its validation loss was not better for ten epochs. Beside it, `run` without flags learns the
same images for as many seconds, in whole epochs; --epochs cuts both. k-means is given the number of classes, no label
is seen by any step. What is known is kept in logs/reproduce_flexible.json, and not done again.
"""

import argparse
import math
from pathlib import Path
from typing import Any

import kept
from trainings import embedded, recipe, train, train_for

from autoencoder.clustering import fit
from autoencoder.data.source import ImageSource
from autoencoder.errors import DataError
from autoencoder.metrics.clusters import with_labels
from autoencoder.storage.run import Run

NAME = "reproduce_flexible"
PATIENCE, EPOCHS, SEED = 10, 200, 1
HEAD = [
    "gray, 256 a side",
    "validation MSE",
    "PCA's of that width",
    "width",
    "k-means NMI",
    "parameters",
    "epochs",
    "seconds an epoch",
    "seconds",
]


def images(folder: Path, count: int, side: int) -> dict[str, Any]:
    """Return the flags of the images: as many of each class."""
    labels = ImageSource(folder.absolute()).scan().labels
    if labels is None:
        raise DataError(f"{folder}: clusters are compared with class folders; name a folder that holds such")
    each = math.ceil(count / len(set(labels)))
    return {"train_dir": folder, "max_images": each, "image_shape": (side, side), "color": "grayscale"}


def nmi(run: Run) -> float:
    """Cluster a run's embedding by k-means, and compare the clusters with the class folders."""
    vectors = embedded(run)
    labels = list(vectors.labels or ())
    return with_labels(fit(vectors.vectors, "kmeans", len(set(labels)), SEED).labels, labels)["nmi"]


def row(what: str, run: Run, found: float) -> str:
    """Return a row of the table."""
    scores = run.scores()
    cells = [f"{scores[name]:.5f}" for name in ("valid_mse", "pca_mse")]
    size, parameters, epochs = (f"{scores[name]:,}" for name in ("embedding_size", "parameters", "epochs"))
    seconds = scores["seconds"]
    times = [f"{seconds / scores['epochs']:.1f}", f"{seconds:,.0f}"]
    return kept.line([what, *cells, size, f"{found:.3f}", parameters, epochs, *times])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=2000, help="of all classes together")
    parser.add_argument("--epochs", type=int, help=f"of each training, at most; of the recipe {EPOCHS} otherwise")
    parser.add_argument("--side", type=int, default=256, help="of the images, in pixels")
    asked = parser.parse_args()
    figures = kept.Kept(NAME, kept.question(**{**vars(asked), "folder": asked.folder.absolute()}))
    shared = images(asked.folder, asked.images, asked.side)
    original = {**recipe("flexible"), **shared, "train_epochs": asked.epochs or EPOCHS, "patience": PATIENCE}
    first = Run(Path(figures.once("flexible.yml", lambda: train(original))))
    ours = Run(Path(train_for(first.scores()["seconds"], shared, figures, "run", asked.epochs)))
    print(kept.head(HEAD))
    for what, name, run in (("`recipes/flexible.yml`", "flexible.yml", first), ("`run` without flags", "run", ours)):
        print(row(what, run, figures.once(f"{name}, NMI", lambda run=run: nmi(run))))


if __name__ == "__main__":
    kept.told(main)
