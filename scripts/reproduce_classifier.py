"""Print the table of classifiers in docs/results.md: `python scripts/reproduce_classifier.py FOLDER`.

FOLDER holds train and test images in class folders, or the four idx files of the MNIST format, gzipped or not. The
encoder is trained once, on the training images without their labels, by the training part of
recipes/cluster_mnist.yml (or --run names one that was); every seed draws other labels. Test images are only scored.
Each figure is kept in logs/reproduce_classifier.json as soon as it is known, and not measured again, so that the table
can be made in parts: --labels=10 --seeds=1.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import kept
import numpy as np
import yaml
from trainings import recipe, train

from autoencoder.cli.main import Autoencoder
from autoencoder.data.labels import draw
from autoencoder.data.load import load
from autoencoder.data.scan import scan
from autoencoder.data.splits import split
from autoencoder.plots.classes import label_curve

COUNTS = ["1", "10", "100", "all"]
RECIPE = yaml.safe_load((kept.RECIPES / "classify_mnist.yml").read_text())
#: Few labels are learned soon; spread to all images, they make epochs of hundreds of batches.
FEW_EPOCHS, SPREAD_EPOCHS = 12, 3

Figures = dict[str, Any]


def sources(folder: Path) -> dict[str, Path]:
    """Return where the training and the test images are."""
    found = sorted(folder.glob("*images-idx3*"), key=lambda path: not path.name.startswith("train"))
    train, test = found or (folder / "train", folder / "test")
    return {"train_dir": train, "test_dir": test}


def classifier(folder: Path, run: str, flags: Figures, count: str, seed: int) -> Figures:
    """Teach one classifier, and return its test accuracy and the seconds that it took."""
    start = time.perf_counter()
    knobs = {**RECIPE, **({} if count == "all" else {"epochs": FEW_EPOCHS}), **flags, **sources(folder)}
    made = Autoencoder(**knobs, labels_per_class=count, seed=seed, verbose=0).classify(run)
    scores = made.scores()
    names = ("test_accuracy", "valid_accuracy", "spread", "spread_confidence", "spread_accuracy")
    return {name: scores[name] for name in names if name in scores} | {"seconds": time.perf_counter() - start}


def baseline(folder: Path, fit: Callable[[str], Any], count: str, seed: int) -> Figures:
    """Fit a method of scikit-learn to the pixels of the same images with labels, and score it alike."""
    start = time.perf_counter()
    train, test = sources(folder).values()
    parts = {name: load(scan(each), (28, 28), "grayscale") for name, each in (("train", train), ("test", test))}
    pixels = {name: part.pixels.reshape(len(part.pixels), -1) / np.float32(255) for name, part in parts.items()}
    labels = {name: np.array(part.labels) for name, part in parts.items()}
    rows, _ = split(parts["train"].labels, RECIPE["valid_split"], seed)
    if count != "all":
        rows = rows[draw(labels["train"][rows], int(count), seed)]
    fitted = fit(count).fit(pixels["train"][rows], labels["train"][rows])
    accuracy = float((fitted.predict(pixels["test"]) == labels["test"]).mean())
    return {"test_accuracy": accuracy, "seconds": time.perf_counter() - start}


def logistic_regression(count: str) -> Any:
    """Return scikit-learn's classifier, with steps enough to settle on few images."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=100 if count == "all" else 1000)


def nearest_neighbours(count: str) -> Any:
    """Return scikit-learn's classifier: three neighbours, or one where there is one label a class."""
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(1 if count == "1" else 3)


def ways(folder: Path, run: str) -> dict[str, Callable[[str, int], Figures]]:
    """Return what is compared, by its name in the table."""
    plain = {"scratch": True, "augment": []}
    spread = {"unlabelled": sources(folder)["train_dir"], "epochs": SPREAD_EPOCHS}
    return {
        "logistic regression": lambda count, seed: baseline(folder, logistic_regression, count, seed),
        "nearest neighbours": lambda count, seed: baseline(folder, nearest_neighbours, count, seed),
        "`classify --scratch --augment=[]`": lambda count, seed: classifier(folder, run, plain, count, seed),
        "`classify --scratch`": lambda count, seed: classifier(folder, run, {"scratch": True}, count, seed),
        "`classify`": lambda count, seed: classifier(folder, run, {}, count, seed),
        "`classify --unlabelled`": lambda count, seed: classifier(folder, run, spread, count, seed),
    }


def encoder(folder: Path, **flags: Any) -> str:
    """Train the encoder, and return its run."""
    return train({**recipe("cluster_mnist"), **flags, "train_dir": sources(folder)["train_dir"]})


def accuracies(found: Figures, name: str, count: str) -> list[float]:
    """Return the test accuracies that were measured, one a seed."""
    return [each["test_accuracy"] for key, each in found.items() if key.startswith(f"{name}, {count}, ")]


def draw_curve(found: Figures, names: list[str], counts: list[str], picture: Path) -> None:
    """Draw the means of the table."""
    means = {
        name.strip("`").removeprefix("classify "): [
            float(np.mean(accuracies(found, name, count) or [np.nan])) for count in counts
        ]
        for name in names
    }
    label_curve(counts, means, "test", picture)


def table(found: Figures, names: list[str], counts: list[str]) -> str:
    """Return the table: mean and deviation over as many seeds as were measured, and how many where not three."""
    lines = [kept.head(["labels a class", *counts])]
    for name in names:
        cells = []
        for count in counts:
            values = accuracies(found, name, count)
            few = "" if len(values) == 3 else f" ({len(values)} seed{'s' * (len(values) > 1)})"
            cells.append(f"{kept.spread(values)}{few}" if values else "")
        lines.append(kept.line([name, *cells]))
    return "\n".join(lines)


def main() -> None:
    """Measure what is asked for, and print the table of all that is known."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--run", help="an encoder's run; trained anew otherwise")
    parser.add_argument("--labels", default=",".join(COUNTS))
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--ways", default="", help="only the rows of the table whose name holds this")
    asked = parser.parse_args()
    figures = kept.Kept("reproduce_classifier", kept.question(folder=asked.folder.absolute(), run=asked.run))
    todo = ways(asked.folder, figures.once("run", lambda: asked.run or encoder(asked.folder)))
    for seed in asked.seeds.split(","):
        for count in asked.labels.split(","):
            for name, measure in todo.items():
                if asked.ways in name and not (count == "all" and "unlabelled" in name):
                    figures.once(f"{name}, {count}, {seed}", partial(measure, count, int(seed)))
    draw_curve(figures.found, list(todo), COUNTS, figures.file.with_suffix(".png"))
    print(table(figures.found, list(todo), COUNTS))


if __name__ == "__main__":
    main()
