"""Curves: of scores over the number of clusters, and of trainings that have more than one loss."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from .palette import color
from .plot import key, logarithmic, mark, name_lines, plain_axes, ring
from .style import STYLE, head, save, sheet, write

_MARGIN = STYLE["margin"]
_WIDTH = 1200
_LEFT = 105  # pixels for the numbers beside the axes
_RIGHT = 195  # pixels for the names of the lines
_PAUSE = 70


def k_curve(
    ks: Sequence[int],
    curves: Mapping[str, Sequence[float]],
    proposed: tuple[int, int],
    best: int,
    path: str | os.PathLike[str],
    remarks: Sequence[str] = (),
) -> None:
    """Draw scores over the number of clusters, with the proposed range shaded and the best number marked.

    Parameters
    ----------
    ks : sequence of int
        Numbers of clusters, rising.
    curves : mapping from title to as many floats
        A panel each. Values that are not finite leave a gap.
    proposed : tuple of int
        First and last number of the range.
    best : int
    path : path
        A PNG file to write.
    remarks : sequence of str
        Lines below the title: where the scores are measured, and why the best number is that.

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    top = 120 + 28 * len(remarks)
    height = top + 320 * len(curves)
    figure, page = sheet(_WIDTH, height)
    low, high = proposed
    span = f"{low} to {high}" if low < high else f"{low}"
    head(page, "How many clusters", f"shaded: proposed, {span}; marked: best, {best}")
    for number, remark in enumerate(remarks):
        write(page, _MARGIN, 76 + 28 * number, remark, kind="small", color=STYLE["muted"])
    for number, (name, values) in enumerate(curves.items()):
        axes = plain_axes(figure, (_LEFT, top + number * 320, _WIDTH - _MARGIN - _LEFT, 220))
        write(page, _LEFT, top - 24 + number * 320, name, kind="small", color=STYLE["muted"])
        axes.axvspan(low - 0.5, high + 0.5, color=STYLE["encoder"], alpha=0.1, linewidth=0)
        mark(axes, best)
        axes.plot(ks, values, color=STYLE["encoder"], linewidth=1.8, marker="o", markersize=4)
        ring(axes, best, dict(zip(ks, values, strict=True)).get(best, np.nan))
        axes.set_xlim(min(*ks, low) - 0.7, max(*ks, high) + 0.7)
    write(page, _WIDTH - _MARGIN, height - 36, "clusters", ha="right", color=STYLE["muted"])
    save(figure, path)


def rate_curve(
    rates: Sequence[float],
    losses: Sequence[float],
    smoothed: Sequence[float],
    chosen: float | None,
    path: str | os.PathLike[str],
) -> None:
    """Draw the loss over the learning rates of a range test, with the chosen rate marked.

    Parameters
    ----------
    rates, losses, smoothed : sequences of float
        A value a batch; rates rise.
    chosen : float, optional
        None where no rate was good.
    path : path
        A PNG file to write.

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    figure, page = sheet(_WIDTH, 640)
    said = "no rate made it fall" if chosen is None else f"marked: chosen, {chosen:.2g}"
    head(page, "Loss by learning rate", f"a batch at each rate; line: smoothed; {said}")
    axes = plain_axes(figure, (_LEFT, 110, _WIDTH - _MARGIN - _LEFT, 440))
    axes.set_xscale("log")
    axes.plot(rates, losses, color=STYLE["muted"], linewidth=0, marker="o", markersize=3)
    axes.plot(rates, smoothed, color=STYLE["encoder"], linewidth=1.8)
    low, high = min(losses, default=0), max(smoothed, default=0)
    if low < high:
        # The last loss of all may be so large that nothing else would be seen.
        axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    if chosen is not None:
        mark(axes, chosen)
        ring(axes, chosen, float(np.interp(np.log(chosen), np.log(rates), smoothed)))
    write(page, _WIDTH - _MARGIN, 640 - 36, "learning rate", ha="right", color=STYLE["muted"])
    save(figure, path)


def deep_curves(
    history: Mapping[str, Sequence[float]], sizes: Sequence[Sequence[int]] | np.ndarray, path: str | os.PathLike[str]
) -> None:
    """Draw the course of deep clustering: each term of the loss, the share of changed labels, the clusters' sizes.

    Parameters
    ----------
    history : mapping from name to one value an epoch
        ``changed``, from 0 to 1; ``epoch`` (1, 2, ... otherwise); every other is drawn as a term of the loss.
    sizes : int array of shape (n_epochs, n_clusters)
        Images in each cluster.
    path : path
        A PNG file to write.

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    terms = {name.replace("_", " "): values for name, values in history.items() if name not in ("epoch", "changed")}
    counts = np.asarray(sizes, float).reshape(len(sizes), -1 if len(sizes) else 0)
    clusters = {str(number): column for number, column in enumerate(counts.T)}
    changed = {"changed": [100 * each for each in history.get("changed", ())]}
    panels: list[tuple[str, Mapping[str, Sequence[float] | np.ndarray], int]] = [
        ("loss", terms, 250),
        ("images whose cluster changed, in %", changed, 140),
        ("images in each cluster", clusters, 340),
    ]
    total = 120 + sum(height + _PAUSE for _, _, height in panels)
    figure, page = sheet(_WIDTH, total)
    head(page, "Course of the clustering", "")
    top = 110
    for heading, lines, height in panels:
        write(page, _LEFT, top - 20, heading, kind="small", color=STYLE["muted"])
        axes = plain_axes(figure, (_LEFT, top, _WIDTH - _LEFT - _RIGHT, height))
        draw_lines(page, axes, lines, history.get("epoch", ()))
        axes.tick_params(labelbottom=lines is clusters)
        top += height + _PAUSE
    write(page, _WIDTH - _RIGHT, total - 30, "epoch", ha="right", color=STYLE["muted"])
    save(figure, path)


def losses_picture(losses: Mapping[str, Sequence[float]], path: str | os.PathLike[str]) -> None:
    """Draw one loss an epoch of several runs, with their names and lowest losses below.

    Parameters
    ----------
    losses : mapping from a run's name to a value an epoch
    path : path
        A PNG file to write.

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    best = {name: min(values, default=np.nan) for name, values in losses.items()}
    figure, page = sheet(_WIDTH, 560 + 28 * len(losses))
    head(page, "Loss by epoch", f"{len(losses)} runs")
    axes = plain_axes(figure, (_LEFT, 90, _WIDTH - _LEFT - _MARGIN, 370))
    draw_lines(page, axes, losses, (), named=False)
    for number, name in enumerate(losses):
        y = 530 + 28 * number
        key(page, _LEFT, y, color(number))
        write(page, _LEFT + 28, y, f"{name}: {best[name]:.5g}", kind="small", limit=_WIDTH - _LEFT - 28 - _MARGIN)
    write(page, _WIDTH - _MARGIN, 500, "epoch", ha="right", color=STYLE["muted"])
    save(figure, path)


def draw_lines(
    page: Axes,
    axes: Axes,
    lines: Mapping[str, Sequence[float] | np.ndarray],
    epochs: Sequence[float],
    *,
    from_zero: bool = True,
    named: bool = True,
) -> None:
    """Draw lines with their names at their ends; the scale begins at zero, or is logarithmic over a wide range."""
    if not any(map(len, lines.values())):
        axes.set(xticks=[], yticks=[])
        middle = (axes.bbox.x0 + axes.bbox.x1) / 2, page.get_ylim()[0] - (axes.bbox.y0 + axes.bbox.y1) / 2
        write(page, *middle, "nothing was recorded", ha="center", color=STYLE["muted"])
        return
    colors = [color(number) for number in range(len(lines))]
    for values, line_color in zip(lines.values(), colors, strict=True):
        x = epochs if len(epochs) == len(values) else range(1, len(values) + 1)
        axes.plot(x, values, color=line_color, linewidth=1.6, marker="o" if len(values) <= 30 else "", markersize=3)
    if from_zero:
        logarithmic(axes, np.array([value for values in lines.values() for value in values], float))
    if from_zero and axes.get_yscale() == "linear":
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    if named and len(lines) > 1:
        ends = [next((value for value in values[::-1] if np.isfinite(value)), np.nan) for values in lines.values()]
        name_lines(page, axes, list(lines), ends, colors)
