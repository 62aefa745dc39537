"""Print the tables of categories in docs/results.md: `python scripts/reproduce_categories.py FOLDER --categories=a,b`.

FOLDER holds class folders; --images of each category are taken, evenly spread. The original's four variants, large and
small (recipes/coco_vanilla.yml, recipes/coco_small.yml), each with spatial dropout 0 and 0.5, learn three quarters of
them; the other quarter chooses the best epoch by its loss. Beside them stands the embedding of OURS, in as many
seconds as the large variant took, in whole epochs. No label is seen by any training, and OURS was not chosen by these.

Neighbours and silhouettes are of that quarter, which no network learned from: a category is right where it is that of
most of the 15 nearest of the learned images. Seconds an epoch by batch size are of --timed images of each category,
the second epoch of two, times the share of the images that they are. In logs/ are left: the figures
(reproduce_categories.json: what is known is not measured again), the losses and embeddings of the four variants, and
OURS beside the large one (reproduce_categories_*.png).
"""

import argparse
import csv
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import kept
import numpy as np
from trainings import embedded, epoch_seconds, recipe, train, train_for

from autoencoder.data.source import ImageSource
from autoencoder.data.splits import split
from autoencoder.metrics.pca import fit_pca
from autoencoder.plots.curves import draw_lines
from autoencoder.plots.plot import plain_axes
from autoencoder.plots.scatter import scatters
from autoencoder.plots.style import STYLE, head, save, sheet, write
from autoencoder.storage.run import Run

NAME = "reproduce_categories"
VARIANTS = {
    "large": recipe("coco_vanilla"),
    "large, dropout 0.5": {**recipe("coco_vanilla"), "spatial_drop_rate": 0.5},
    "small": recipe("coco_small"),
    "small, dropout 0.5": {**recipe("coco_small"), "spatial_drop_rate": 0.5},
}
#: What is recommended for photographs of any kind; it was not made by these.
OURS = recipe("photographs")
BATCH_SIZES = ("8", "16", "32", "64", "128")
NEIGHBOURS, JUDGED, SEED = 15, 0.25, 1
#: Of a panel of losses, in pixels.
_WIDTH, _HEIGHT, _LEFT, _NAMES, _TOP, _PITCH = 780, 300, 100, 150, 120, 400

Figures = dict[str, Any]


def history(run: Run) -> dict[str, list[float]]:
    """Return the losses of a run, a value an epoch."""
    with run.history_file.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        said: [float(row[name]) for row in rows] for said, name in (("training", "loss"), ("validation", "val_loss"))
    }


def draw_losses(runs: Mapping[str, Run], path: Path) -> None:
    """Draw the losses of each run in a panel of its own, on one scale."""
    figure, page = sheet(2 * _WIDTH, _TOP + 2 * _PITCH)
    head(page, "Mean absolute error by epoch", "training and validation images")
    losses = {name: history(run) for name, run in runs.items()}
    highest = max(value for lines in losses.values() for values in lines.values() for value in values)
    for number, (name, lines) in enumerate(losses.items()):
        left, top = _LEFT + number % 2 * _WIDTH, _TOP + number // 2 * _PITCH
        write(page, left, top - 22, name, color=STYLE["muted"])
        axes = plain_axes(figure, (left, top, _WIDTH - _LEFT - _NAMES, _HEIGHT))
        axes.set_ylim(0, 1.05 * highest)
        draw_lines(page, axes, lines, (), from_zero=False)
    save(figure, path)


class Judged(NamedTuple):
    """The embedding of all images of a run, float32 (n, d), their categories, and which the network did not learn."""

    vectors: np.ndarray
    labels: np.ndarray
    judged: np.ndarray


def judged_images(run: Run) -> Judged:
    """Embed the images of a run, and say which it did not learn from."""
    found, source = embedded(run), run.source()
    assert source is not None
    listing = source.scan()
    _, rows = split(listing.labels or (), JUDGED, SEED)
    return Judged(found.vectors, np.array(found.labels), np.isin(found.paths, listing.take(rows).paths))


def plane(vectors: np.ndarray, labels: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """Return the judged images in two dimensions, by one projection that is fitted on all images together."""
    return fit_pca(vectors, 2, SEED).transform(vectors[judged])


def scores(vectors: np.ndarray, labels: np.ndarray, judged: np.ndarray) -> Figures:
    """Return the accuracy of the nearest neighbours, and the silhouette, of all and of each category."""
    from sklearn.metrics import silhouette_samples
    from sklearn.neighbors import KNeighborsClassifier

    count = min(NEIGHBOURS, int((~judged).sum()))
    nearest = KNeighborsClassifier(count).fit(vectors[~judged], labels[~judged])
    silhouettes = silhouette_samples(vectors[judged], labels[judged])
    return {
        "neighbours": float((nearest.predict(vectors[judged]) == labels[judged]).mean()),
        "silhouette": float(silhouettes.mean()),
        "by category": {
            name: float(silhouettes[labels[judged] == name].mean()) for name in np.unique(labels[judged]).tolist()
        },
    }


def scores_table(figures: kept.Kept, runs: Mapping[str, Run], categories: Sequence[str]) -> str:
    """Return the table of the embeddings."""
    titles = ["", "15 neighbours", "silhouette", *sorted(categories)]
    lines = [kept.head([*titles, "validation MAE", "parameters", "numbers", "epochs", "seconds"])]
    for name, run in runs.items():
        found = figures.once(f"scores of {run.path}", lambda run=run: scores(*judged_images(run)))
        of_run = run.scores()
        silhouettes = [found["silhouette"], *found["by category"].values()]
        sizes = [f"{of_run[each]:,}" for each in ("parameters", "embedding_size", "epochs")]
        cells = [f"{found['neighbours']:.3f}", *(f"{each:.3f}" for each in silhouettes), f"{of_run['valid_mae']:.4f}"]
        lines.append(kept.line([name, *cells, *sizes, f"{of_run['seconds']:,.0f}"]))
    return "\n".join(lines)


def times_table(figures: kept.Kept, images: Figures, count: int, sizes: Sequence[str]) -> str:
    """Return the table of seconds an epoch by batch size, for `count` images of each category."""
    timed = images["max_images"]
    lines = [kept.head(["seconds an epoch, batches of", *sizes])]
    for name, flags in VARIANTS.items():
        cells = []
        for size in sizes:
            one = partial(epoch_seconds, {**flags, **images, "batch_size": int(size)})
            seconds = figures.once(f"{name}, batches of {size}, {timed} images of each category", one)
            cells.append(f"{seconds * count / timed:.1f}")
        lines.append(kept.line([name, *cells]))
    return "\n".join(lines)


def draw(runs: Mapping[str, Run], place: Path) -> None:
    """Draw the losses and the embeddings."""
    original = {name: runs[name] for name in VARIANTS}
    draw_losses(original, place.with_name(f"{NAME}_losses.png"))
    planes = {name: plane(*judged_images(run)) for name, run in runs.items()}
    _, labels, judged = judged_images(runs["large"])
    four = {name: planes[name] for name in VARIANTS}
    scatters(
        four, labels[judged], place.with_name(f"{NAME}_embeddings.png"), "Embeddings of the original's networks, PCA"
    )
    two = {"the original's large network": planes["large"], "ours, in as many seconds": planes["ours"]}
    scatters(
        two, labels[judged], place.with_name(f"{NAME}_ours.png"), "Embeddings of images that were not learned, PCA"
    )


def read_arguments() -> argparse.Namespace:
    """Return what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=lambda name: Path(name).absolute())
    parser.add_argument("--categories", type=names, required=True, help="class folders, with commas")
    parser.add_argument("--images", type=int, default=1500, help="of each category")
    parser.add_argument("--epochs", type=int, help="of each training, at most; as the recipes and the seconds say")
    parser.add_argument("--side", type=int, default=200, help="of the original's images, in pixels")
    parser.add_argument("--timed", type=int, default=300, help="images of each category that epochs are timed on")
    parser.add_argument("--batch_sizes", type=names, default=BATCH_SIZES, help="of the timed epochs, with commas")
    return parser.parse_args()


def names(text: str) -> tuple[str, ...]:
    """Read `[a,b]` or `a,b`."""
    return tuple(name.strip() for name in text.strip("[]").split(","))


def trained(figures: kept.Kept, images: Figures, side: int, epochs: int | None) -> dict[str, Run]:
    """Train the four variants and ours, unless that was done."""
    cut = {"train_epochs": epochs} if epochs else {}
    original = {**images, **cut, "image_shape": (side, side)}
    runs = {name: figures.once(name, partial(train, {**flags, **original})) for name, flags in VARIANTS.items()}
    seconds = Run(Path(runs["large"])).scores()["seconds"]
    # Its flags are in its key: with others it is trained again.
    runs["ours"] = train_for(seconds, {**OURS, **images}, figures, f"ours ({kept.question(**OURS)})", epochs)
    return {name: Run(Path(path)) for name, path in runs.items()}


def main() -> None:
    """Train what is not trained yet, draw, and print the tables."""
    asked = read_arguments()
    ImageSource(asked.folder, asked.categories).scan()  # refuses folders that are not there
    images = {"train_dir": asked.folder, "categories": asked.categories, "max_images": asked.images}
    figures = kept.Kept(NAME, kept.question(**images, epochs=asked.epochs, side=asked.side))
    images |= {"valid_split": JUDGED, "seed": SEED}
    runs = trained(figures, images, asked.side, asked.epochs)
    print(scores_table(figures, runs, asked.categories), end="\n\n", flush=True)
    draw(runs, figures.file)
    timed = {**images, "image_shape": (asked.side, asked.side), "max_images": min(asked.timed, asked.images)}
    print(times_table(figures, timed, asked.images, asked.batch_sizes))


if __name__ == "__main__":
    kept.told(main)
