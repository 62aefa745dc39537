"""Axes for curves: quiet lines, numbers in gray, names at the ends of the lines."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from ..sampling import evenly_spread
from .style import STYLE, write

#: The pattern of lines that mark a place.
DOTTED = (0, (2, 3))

_TICK = 28  # pixels that a number beside the axes takes
_PITCH = 20  # pixels from one name to the next


def bare(axes: Axes) -> None:
    """Leave of the axes a line below and faint lines across."""
    axes.patch.set_visible(False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set(color=STYLE["rule"], linewidth=1.0)
    axes.grid(axis="y", color=STYLE["rule"], linewidth=0.8)
    axes.set_axisbelow(True)
    text = {"labelcolor": STYLE["muted"], "labelsize": STYLE["text"], "labelfontfamily": STYLE["font"]}
    axes.tick_params(which="both", length=0, pad=6, **text)
    axes.margins(x=0.02, y=0.08)


def quiet(axes: Axes) -> None:
    """Leave of the axes what `bare` leaves, with numbers that do not crowd; whole ones along x."""
    bare(axes)
    axes.yaxis.set_major_locator(MaxNLocator(max(2, int(axes.bbox.height / (1.2 * _TICK))), steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    whole_numbers(axes)


def plain_axes(figure: Figure, box: tuple[int, int, int, int]) -> Axes:
    """Quiet axes in a box of pixels: x, y of its upper left corner, width, height."""
    axes = boxed(figure, box)
    quiet(axes)
    return axes


def boxed(figure: Figure, box: tuple[int, int, int, int]) -> Axes:
    """Axes in a box of pixels, as Matplotlib makes them."""
    x, y, width, height = box
    across, up = figure.bbox.width, figure.bbox.height
    return figure.add_axes((x / across, 1 - (y + height) / up, width / across, height / up))


def whole_numbers(axes: Axes) -> None:
    """Number x by whole numbers, such as epochs."""
    axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True, min_n_ticks=1))


def logarithmic(axes: Axes, values: np.ndarray) -> None:
    """Make the scale of y logarithmic where the finite values are positive and their range is tenfold or more."""
    finite = values[np.isfinite(values)]
    if not len(finite) or finite.min() <= 0 or finite.max() < 10 * finite.min():
        return
    axes.set_yscale("log")
    decade = axes.bbox.height / np.log10(finite.max() / finite.min())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decade > 3.5 * _TICK else (1,)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def number_x(axes: Axes, x: np.ndarray) -> None:
    """Number x by few numbers, on a logarithmic scale over a wide range."""
    if x.min() > 0 and x.max() >= 10 * x.min():
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1,) if math.log10(x.max() / x.min()) > 2 else (1, 3)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def name_lines(page: Axes, axes: Axes, names: Sequence[str], ends: Sequence[float], colors: Sequence[str]) -> None:
    """Write each line's name right of its last value, apart from each other; where there is no room for all, fewer.

    Parameters
    ----------
    page : Axes
        Counts pixels from the upper left corner (see `sheet`).
    axes : Axes
        Where the lines are drawn; its limits must be final.
    names : sequence of str
    ends : sequence of float
        Last value of each line; one that is not finite is not named.
    colors : sequence of str
    """
    height = page.get_ylim()[0]
    right, top, bottom = axes.bbox.x1, height - axes.bbox.y1, height - axes.bbox.y0
    shown = [number for number, end in enumerate(ends) if np.isfinite(end)]
    low = axes.get_ylim()[0]
    wished = np.array([height - axes.transData.transform((0, max(ends[number], low)))[1] for number in shown])
    wished = np.clip(wished, top, bottom)
    for number, y in zip(*_apart(shown, wished, top, bottom), strict=True):
        key(page, right + 8, y, colors[number])
        write(page, right + 32, y, names[number], kind="small", limit=page.get_xlim()[1] - right - 32 - STYLE["margin"])


def _apart(numbers: list[int], wished: np.ndarray, top: float, bottom: float) -> tuple[list[int], list[float]]:
    order = np.argsort(wished, kind="stable")
    if (len(order) - 1) * _PITCH > bottom - top:
        order = order[evenly_spread(len(order), int((bottom - top) // _PITCH) + 1, nearest=True)]
    places = wished[order].astype(float)
    for each in range(1, len(places)):
        places[each] = max(places[each], places[each - 1] + _PITCH)
    if len(places):
        places[-1] = min(places[-1], bottom)
    for each in range(len(places) - 2, -1, -1):
        places[each] = min(places[each], places[each + 1] - _PITCH)
    return [numbers[each] for each in order.tolist()], places.tolist()


def mark(axes: Axes, x: float) -> None:
    """Mark a place along x by a dotted line."""
    axes.axvline(x, color=STYLE["muted"], linewidth=0.9, linestyle=DOTTED, zorder=1)


def ring(axes: Axes, x: float, y: float, size: float = 9) -> None:
    """Mark a point by a ring."""
    axes.plot(x, y, "o", markersize=size, markerfacecolor="none", markeredgecolor=STYLE["ink"], zorder=5)


def key(page: Axes, x: float, y: float, color: str, width: float = 18) -> None:
    """Draw a piece of a line, beside which its name is written."""
    page.plot([x, x + width], [y, y], color=color, linewidth=1.8)
