"""Pictures of a classifier: what it takes for what, its worst mistakes, its course, and what labels give."""

import os
from collections.abc import Mapping, Sequence

import numpy as np

from .confusion import confusion
from .curves import draw_lines
from .mosaic import Tile
from .plot import mark, plain_axes
from .style import STYLE, head, save, sheet, write
from .tiles import MOST, tiles

_WIDTH, _LEFT, _RIGHT = 1200, 105, 195
_WORDS = ("Classes, and what they were taken for", "rows: true; columns: predicted; framed: right")


def class_confusion(table: np.ndarray, names: Sequence[str], path: str | os.PathLike[str]) -> None:
    """Draw a table of true classes (rows) and predicted ones (columns), int of shape (k, k)."""
    confusion(table, names, np.arange(len(names)), path, names, _WORDS)


def mistakes(
    pixels: np.ndarray,
    classes: np.ndarray,
    probabilities: np.ndarray,
    names: Sequence[str],
    path: str | os.PathLike[str],
) -> list[Tile]:
    """Draw the images that a classifier was surest and wrong about, the worst first.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels)
        1 or 3 channels (RGB).
    classes : int array of shape (n,)
    probabilities : float array of shape (n, k)
    names : sequence of k names
    path : path
        A PNG file to write.

    Returns
    -------
    list of Tile
        Which image stands where.

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    found, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(found != classes)
    shown = wrong[np.argsort(-sure[wrong], kind="stable")][:MOST]
    captions = [(str(names[classes[row]]), f"{sure[row]:.3f} as {names[found[row]]}") for row in shown]
    remark = f"{len(wrong):,} of {len(classes):,} images are taken for another class"
    return tiles(pixels, shown, captions, ("Worst mistakes", remark), path)


def step_curves(steps: Mapping[str, Mapping[str, Sequence[float]]], path: str | os.PathLike[str]) -> None:
    """Draw the losses and accuracies of trainings that followed each other, in one picture, step after step.

    Parameters
    ----------
    steps : mapping from a step's name to its history
        `loss` and `accuracy`, and where there are any `val_loss` and `val_accuracy`: a value an epoch.
    path : path
        A PNG file to write.

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    figure, page = sheet(_WIDTH, 820)
    lengths = [len(history["loss"]) for history in steps.values()]
    spans = [f"{name}: {count} epochs" for name, count in zip(steps, lengths, strict=True)]
    head(page, "Course of the classifier", ", then ".join(spans))
    for number, (heading, name) in enumerate((("loss", "loss"), ("accuracy, in %", "accuracy"))):
        top = 116 + number * 350
        write(page, _LEFT, top - 20, heading, kind="small", color=STYLE["muted"])
        axes = plain_axes(figure, (_LEFT, top, _WIDTH - _LEFT - _RIGHT, 250))
        scale = 100 if name == "accuracy" else 1
        lines = {
            label: [scale * value for history in steps.values() for value in history.get(key, ())]
            for label, key in (("training", name), ("validation", f"val_{name}"))
        }
        for end in np.cumsum(lengths)[:-1]:
            mark(axes, end + 0.5)
        draw_lines(page, axes, {label: values for label, values in lines.items() if values}, (), from_zero=number == 0)
    write(page, _WIDTH - _RIGHT, 820 - 30, "epoch", ha="right", color=STYLE["muted"])
    save(figure, path)


def label_curve(
    counts: Sequence[str], accuracies: Mapping[str, Sequence[float]], scored_on: str, path: str | os.PathLike[str]
) -> None:
    """Draw the accuracy over the number of labels a class, a line for each way to begin.

    Parameters
    ----------
    counts : sequence of str
        Labels a class, or `all`, at equal distances.
    accuracies : mapping from a line's name to as many accuracies, from 0 to 1
        Values that are not finite leave a gap.
    scored_on : str
        The images that were scored.
    path : path
        A PNG file to write.

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    figure, page = sheet(_WIDTH, 560)
    head(page, "What labels give", f"accuracy on the {scored_on} images, in %")
    axes = plain_axes(figure, (_LEFT, 90, _WIDTH - _LEFT - _RIGHT - 60, 370))
    places = list(range(1, len(counts) + 1))
    lines = {name: [100 * value for value in values] for name, values in accuracies.items()}
    draw_lines(page, axes, lines, places, from_zero=False)
    axes.set_xticks(places, counts)
    write(page, _WIDTH - _RIGHT - 60, 560 - 40, "labels a class", ha="right", color=STYLE["muted"])
    save(figure, path)
