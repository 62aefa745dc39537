"""Curves of a clustering: scores over the number of clusters, and the course of deep clustering."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .palette import color
from .plot import logarithmic, name_lines, quiet
from .style import STYLE, save, sheet, write

_MARGIN = STYLE["margin"]
_LEFT = 105


def k_curve(
    ks: Sequence[int],
    silhouette: Sequence[float],
    davies_bouldin: Sequence[float],
    proposed: tuple[int, int],
    best: int,
    path: str | os.PathLike[str],
) -> None:
    """Draw both scores over the number of clusters, with the proposed range shaded and the best number marked.

    Parameters
    ----------
    ks : sequence of int
        Numbers of clusters, rising.
    silhouette, davies_bouldin : sequences of as many floats
        Values that are not finite leave a gap.
    proposed : tuple of int
        First and last number of the range.
    best : int
    path : path
        A PNG file to write.

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    figure, page = sheet(1100, 760)
    write(page, _MARGIN, 36, "How many clusters", kind="title", weight="bold")
    low, high = proposed
    span = f"{low} to {high}" if low < high else f"{low}"
    write(page, 1100 - _MARGIN, 37, f"shaded: proposed, {span}; marked: best, {best}", ha="right", kind="small", color=STYLE["muted"])
    curves = {"silhouette (higher is better)": silhouette, "Davies–Bouldin (lower is better)": davies_bouldin}
    for number, (name, values) in enumerate(curves.items()):
        top = 120 + number * 320
        axes = _axes(figure, (_LEFT, top, 1100 - _MARGIN - _LEFT, 220 ))
        write(page, _LEFT, top - 24, name, kind="small", color=STYLE["muted"])
        axes.axvspan(low - 0.5, high + 0.5, color=STYLE["encoder"], alpha=0.1, linewidth=0)
        axes.axvline(best, color=STYLE["muted"], linewidth=0.9, linestyle=(0, (2, 3)), zorder=1)
        axes.plot(ks, values, color=STYLE["encoder"], linewidth=1.8, marker="o", markersize=4)
        at = {k: value for k, value in zip(ks, values, strict=True)}.get(best, np.nan)
        axes.plot(best, at, "o", markersize=9, markerfacecolor="none", markeredgecolor=STYLE["ink"], zorder=5)
        axes.set_xlim(min(*ks, low) - 0.7, max(*ks, high) + 0.7)
    write(page, 1100 - _MARGIN, 760 - 36, "clusters", ha="right", color=STYLE["muted"])
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
    counts = np.asarray(sizes, float).reshape(len(sizes), -1)
    clusters = {str(number): counts[:, number] for number in range(counts.shape[1])}
    changed = {"changed": [100 * each for each in history.get("changed", ())]}
    panels = [("loss", terms, 250), ("images whose cluster changed, in %", changed, 140), ("images in each cluster", clusters, 340)]
    total = 90 + sum(height + 70 for _, _, height in panels) + 30
    figure, page = sheet(1200, total)
    write(page, _MARGIN, 36, "Course of the clustering", kind="title", weight="bold")
    top = 110
    for heading, lines, height in panels:
        write(page, _LEFT, top - 20, heading, kind="small", color=STYLE["muted"])
        axes = _axes(figure, (_LEFT, top, 1200 - _LEFT - 170, height))
        _draw_lines(page, axes, lines, history.get("epoch", ()))
        axes.tick_params(labelbottom=lines is clusters)
        top += height + 70
    write(page, 1200 - 170, total - 30, "epoch", ha="right", color=STYLE["muted"])
    save(figure, path)


def _draw_lines(page: Axes, axes: Axes, lines: Mapping[str, Sequence[float]], epochs: Sequence[float]) -> None:
    colors = [color(number) for number in range(len(lines))]
    for values, line_color in zip(lines.values(), colors, strict=True):
        x = epochs if len(epochs) == len(values) else range(1, len(values) + 1)
        axes.plot(x, values, color=line_color, linewidth=1.6, marker="o" if len(values) <= 30 else "", markersize=3)
    logarithmic(axes, np.array([value for values in lines.values() for value in values], float))
    if axes.get_yscale() == "linear":
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    if len(lines) > 1:
        ends = [values[-1] if len(values) else np.nan for values in lines.values()]
        name_lines(page, axes, list(lines), ends, colors)


def _axes(figure: Figure, box: tuple[int, int, int, int]) -> Axes:
    """Quiet axes in a box of pixels: x, y of its upper left corner, width, height."""
    x, y, width, height = box
    across, up = figure.bbox.width, figure.bbox.height
    axes = figure.add_axes((x / across, 1 - (y + height) / up, width / across, height / up))
    quiet(axes)
    return axes
