"""Many runs in one picture: their scores against time and size, and their curves."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from .curves import draw_lines
from .palette import NOISE_GRAY, color
from .plot import boxed, key, logarithmic, number_x, quiet, ring
from .style import STYLE, head, save, sheet, write

#: So many runs have a colour, a curve and a name; the others are gray points.
NAMED = 10
_WIDTH = 1200
_LEFT = 105
_MARGIN = STYLE["margin"]
_GAP = 110
_PANEL = 300


class Point(NamedTuple):
    """A run: its score, the seconds and parameters that it took (NaN where not known), and a loss an epoch."""

    name: str
    score: float
    seconds: float
    parameters: float
    curve: Sequence[float] = ()


def runs_picture(points: Sequence[Point], measure: str, remark: str, path: str | os.PathLike[str]) -> None:
    """Draw the score of each run against its time and its size, and below them the losses of the best.

    Parameters
    ----------
    points : sequence of Point
        The best first; that one is marked by a ring.
    measure : str
        What the score is.
    remark : str
        Said in the corner.
    path : path
        A PNG file to write.

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    named = points[:NAMED]
    height = 2 * _PANEL + 305 + 28 * len(named)
    figure, page = sheet(_WIDTH, height)
    head(page, f"{measure} of {len(points)} runs", remark)
    width = (_WIDTH - _LEFT - _GAP - _MARGIN) // 2
    for number, what in enumerate(("seconds", "parameters")):
        left = _LEFT + number * (width + _GAP)
        axes = boxed(figure, (left, 90, width, _PANEL))
        quiet(axes)
        _scatter(page, axes, points, what)
        write(page, left + width, 90 + _PANEL + 44, what, ha="right", color=STYLE["muted"])
    top = _PANEL + 215
    heading = "loss by epoch, of validation images where there are any"
    write(page, _LEFT, top - 22, heading, kind="small", color=STYLE["muted"])
    axes = boxed(figure, (_LEFT, top, _WIDTH - _LEFT - _MARGIN, _PANEL))
    quiet(axes)
    draw_lines(page, axes, {str(at): each.curve for at, each in enumerate(named)}, (), named=False)
    write(page, _WIDTH - _MARGIN, top + _PANEL + 44, "epoch", ha="right", color=STYLE["muted"])
    for number, each in enumerate(named):
        y = top + _PANEL + 76 + 28 * number
        key(page, _LEFT, y, color(number))
        text = f"{each.name}: {each.score:.5g}"
        write(page, _LEFT + 28, y, text, kind="small", limit=_WIDTH - _LEFT - 28 - _MARGIN)
    save(figure, path)


def _scatter(page: Axes, axes: Axes, points: Sequence[Point], what: str) -> None:
    x, y = np.array([getattr(each, what) for each in points]), np.array([each.score for each in points])
    known = np.flatnonzero(np.isfinite(x))
    if not len(known):
        axes.set(xticks=[], yticks=[])
        middle = (axes.bbox.x0 + axes.bbox.x1) / 2, page.get_ylim()[0] - (axes.bbox.y0 + axes.bbox.y1) / 2
        write(page, *middle, f"no {what} were recorded", ha="center", color=STYLE["muted"])
        return
    for at in known[::-1]:  # the best on top
        size, paint = (7, color(int(at))) if at < NAMED else (4, NOISE_GRAY)
        axes.plot(x[at], y[at], "o", markersize=size, color=paint)
    axes.margins(x=0.05)  # room for the ring
    logarithmic(axes, y[known])
    number_x(axes, x[known])
    if known[0] == 0:
        ring(axes, x[0], y[0], 12)
