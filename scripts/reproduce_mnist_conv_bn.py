"""Print the rows of MNIST in two steps in docs/results.md: `python scripts/reproduce_mnist_conv_bn.py FOLDER`.

FOLDER holds the four idx files of the MNIST format, gzipped or not, or train and test images in class folders, of which
such files are made first, in logs/reproduce_mnist_conv_bn: as in the original, both steps are fed with idx files and a
file of hyperparameters, recipes/mnist_conv_bn.yml and recipes/mnist_conv_bn_classifier.yml, or those that
--autoencoder and --classifier name. Below stand the same images by recipes/cluster_mnist.yml's encoder and
recipes/classify_mnist.yml. --epochs cuts every step. What is known is kept in logs/reproduce_mnist_conv_bn.json, and
not done again. Test images are only scored.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kept
import numpy as np
from reproduce_classifier import classifier, encoder, sources

from autoencoder.cli.main import Autoencoder
from autoencoder.data.idx import write_idx
from autoencoder.data.listing import common_shape
from autoencoder.data.load import load
from autoencoder.data.scan import scan
from autoencoder.errors import DataError

NAME = "reproduce_mnist_conv_bn"
HEAD = ["MNIST, two steps", "test accuracy", "seconds of the autoencoder", "of the classifier"]
Figures = dict[str, Any]


def idx_files(folder: Path) -> Path:
    """Return a folder with the four idx files: the one that is given, or one made of its class folders."""
    made = kept.LOGS / NAME
    if list(folder.glob("*images-idx3*")):
        return folder
    for part, source in zip(("train", "t10k"), sources(folder).values(), strict=True):
        write_part(source, made, part)
    return made


def write_part(source: Path, made: Path, part: str) -> None:
    """Write the images of class folders and their labels as two idx files, unless that was done."""
    if (made / f"{part}-labels-idx1-ubyte").exists():
        return
    listing = scan(source)
    shape = common_shape(listing)
    if shape is None or listing.labels is None:
        raise DataError(f"{source}: an idx file holds images of one size with labels; name folders of classes of such")
    images = load(listing, shape, "grayscale")
    _, numbers = np.unique(np.array(images.labels), return_inverse=True)
    made.mkdir(parents=True, exist_ok=True)
    write_idx(made / f"{part}-images-idx3-ubyte", images.pixels[..., 0])
    write_idx(made / f"{part}-labels-idx1-ubyte", numbers.astype(np.uint8))


def timed(work: Callable[[], Figures]) -> Figures:
    """Return figures, and the seconds that they took."""
    start = time.perf_counter()
    return {**work(), "seconds": time.perf_counter() - start}


def train(idx: Path, config: Path, cut: Figures) -> Figures:
    """Train the autoencoder as `flexae run --config=... --train_dir=IDX` does."""
    flags = {"train_epochs": cut["epochs"]} if cut else {}
    return {"run": str(Autoencoder(config=config, train_dir=sources(idx)["train_dir"], **flags).run().path)}


def classify(idx: Path, config: Path, run: str, cut: Figures) -> Figures:
    """Teach the classifier as `flexae classify RUN --config=... --train_images=IDX --test_images=IDX` does."""
    images = {name.replace("dir", "images"): path for name, path in sources(idx).items()}
    return {"test_accuracy": Autoencoder(config=config, **images, **cut).classify(run).scores()["test_accuracy"]}


def rows(figures: kept.Kept, asked: argparse.Namespace) -> list[str]:
    """Do what is not known yet, and return the rows of the table."""
    idx, cut = idx_files(asked.folder), {"epochs": asked.epochs} if asked.epochs else {}
    first = figures.once("original, autoencoder", lambda: timed(lambda: train(idx, asked.autoencoder, cut)))
    then = figures.once(
        "original, classifier", lambda: timed(lambda: classify(idx, asked.classifier, first["run"], cut))
    )
    shorter = {"train_epochs": asked.epochs} if asked.epochs else {}
    ours = figures.once("ours, autoencoder", lambda: timed(lambda: {"run": encoder(idx, **shorter)}))
    best = figures.once("ours, classifier", lambda: classifier(idx, ours["run"], cut, "all", 1))
    return [
        row(f"`{asked.autoencoder.name}`, `{asked.classifier.name}`", first, then),
        row("`cluster_mnist.yml`'s encoder, `classify_mnist.yml`", ours, best),
    ]


def row(what: str, first: Figures, then: Figures) -> str:
    """Return a row of the table."""
    return kept.line([what, f"{then['test_accuracy']:.4f}", f"{first['seconds']:,.0f}", f"{then['seconds']:,.0f}"])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--autoencoder", type=Path, default=kept.RECIPES / "mnist_conv_bn.yml")
    parser.add_argument("--classifier", type=Path, default=kept.RECIPES / "mnist_conv_bn_classifier.yml")
    parser.add_argument("--epochs", type=int, help="of each step; the files of hyperparameters say it otherwise")
    asked = parser.parse_args()
    question = {name: value.absolute() if isinstance(value, Path) else value for name, value in vars(asked).items()}
    print("\n".join([kept.head(HEAD), *rows(kept.Kept(NAME, kept.question(**question)), asked)]))


if __name__ == "__main__":
    kept.told(main)
