"""A search in one picture: which knobs matter, score against size, and the curves of all trials."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from .palette import NOISE_GRAY
from .plot import bare, boxed, logarithmic, number_x, quiet, ring
from .style import STYLE, head, save, sheet, write

_WIDTH, _LEFT, _MARGIN, _PANEL = 1200, 105, STYLE["margin"], 300
_HEIGHT = 2 * _PANEL + 305
#: So many knobs have a bar.
_BARS = 9


class Dot(NamedTuple):
    """A trial: its score (NaN where it has none: pruned, diverged), its weights, and a loss an epoch."""

    name: str
    score: float
    parameters: float
    curve: Sequence[float] = ()


def front(sizes: np.ndarray, scores: np.ndarray, more_is_better: bool) -> np.ndarray:
    """Return the trials that none of at most their size beats, as row numbers, the smallest first.

    Parameters
    ----------
    sizes, scores : float arrays of shape (n,)
    more_is_better : bool

    Examples
    --------
    >>> front(np.array([30, 10, 20, 40]), np.array([0.2, 0.5, 0.6, 0.1]), False).tolist()
    [1, 0, 3]
    """
    losses = -scores if more_is_better else scores
    order = np.lexsort((losses, sizes))
    best = np.minimum.accumulate(losses[order])
    before = np.concatenate([[np.inf], best[:-1]])
    return order[losses[order] < before]


def sweep_picture(
    trials: Sequence[Dot],
    importance: Mapping[str, float],
    measure: str,
    more_is_better: bool,
    path: str | os.PathLike[str],
) -> None:
    """Draw the importance of each knob, the scores against the sizes with their front, and all curves.

    Parameters
    ----------
    trials : sequence of Dot
        The best first; that one has the accent's colour.
    importance : mapping from knob to share
        The most important first; may be empty.
    measure : str
        What the score is.
    more_is_better : bool
    path : path
        A PNG file to write.

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    figure, page = sheet(_WIDTH, _HEIGHT)
    ended = sum(math.isfinite(each.score) for each in trials)
    remark = f"{ended} of {len(trials)} trials came to their end; orange: the best"
    head(page, f"Search for the best {measure.replace('_', ' ')}", remark)
    half = (_WIDTH - 2 * _LEFT - _MARGIN) // 2
    axes = boxed(figure, (_LEFT + 60, 100, half - 90, _PANEL))
    write(page, _LEFT - 75, 78, "how much each knob matters", kind="small", color=STYLE["muted"])
    _bars(page, axes, importance)
    axes = boxed(figure, (_LEFT + half + _LEFT, 100, half, _PANEL))
    quiet(axes)
    heading = f"{measure.replace('_', ' ')} against weights; line: nothing smaller beats it"
    write(page, _LEFT + half + 40, 78, heading, kind="small", color=STYLE["muted"])
    _scores(page, axes, trials, more_is_better)
    write(page, _WIDTH - _MARGIN, 100 + _PANEL + 44, "weights", ha="right", color=STYLE["muted"])
    axes = boxed(figure, (_LEFT, _PANEL + 215, _WIDTH - _LEFT - _MARGIN, _PANEL))
    quiet(axes)
    heading = "loss of the validation images by epoch; gray: pruned or diverged"
    write(page, _LEFT - 75, _PANEL + 193, heading, kind="small", color=STYLE["muted"])
    _curves(axes, trials)
    write(page, _WIDTH - _MARGIN, 2 * _PANEL + 259, "epoch", ha="right", color=STYLE["muted"])
    save(figure, path)


def _nothing(page: Axes, axes: Axes, said: str) -> None:
    axes.set(xticks=[], yticks=[])
    middle = (axes.bbox.x0 + axes.bbox.x1) / 2, page.get_ylim()[0] - (axes.bbox.y0 + axes.bbox.y1) / 2
    write(page, *middle, said, ha="center", color=STYLE["muted"])


def _bars(page: Axes, axes: Axes, importance: Mapping[str, float]) -> None:
    bare(axes)
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    shown = dict(list(importance.items())[:_BARS])
    if not shown:
        _nothing(page, axes, "too few trials to tell")
        return
    places = range(len(shown))
    axes.barh(places, list(shown.values()), height=0.62, color=STYLE["encoder"])
    axes.set(yticks=places, yticklabels=list(shown), xticks=[], xlim=(0, 1.18 * max(shown.values())))
    axes.set_ylim(max(len(shown), 4) - 0.5, -0.5)
    for place, share in zip(places, shown.values(), strict=True):
        axes.annotate(
            f"{share:.0%}",
            (share, place),
            (5, 0),
            textcoords="offset points",
            va="center",
            color=STYLE["muted"],
            fontsize=STYLE["small"],
            family=STYLE["font"],
        )


def _scores(page: Axes, axes: Axes, trials: Sequence[Dot], more_is_better: bool) -> None:
    known = [each for each in trials if math.isfinite(each.score) and math.isfinite(each.parameters)]
    if not known:
        _nothing(page, axes, "nothing was recorded")
        return
    sizes, scores = np.array([each.parameters for each in known]), np.array([each.score for each in known])
    best = front(sizes, scores, more_is_better)
    axes.plot(sizes[best], scores[best], color=STYLE["decoder"], linewidth=1.2, zorder=1)
    axes.plot(sizes, scores, "o", markersize=5, color=STYLE["encoder"], linewidth=0)
    axes.plot(sizes[0], scores[0], "o", markersize=7, color=STYLE["accent"])
    ring(axes, sizes[0], scores[0], 12)
    axes.margins(x=0.06)
    logarithmic(axes, scores)
    number_x(axes, sizes)


def _curves(axes: Axes, trials: Sequence[Dot]) -> None:
    for at in range(len(trials) - 1, -1, -1):  # the best on top
        values = np.array(trials[at].curve, float)
        ended = math.isfinite(trials[at].score)
        paint = STYLE["accent"] if at == 0 and ended else STYLE["encoder"] if ended else NOISE_GRAY
        axes.plot(
            range(1, len(values) + 1),
            values,
            color=paint,
            linewidth=2.2 if at == 0 else 1.1,
            alpha=1.0 if at == 0 else 0.55,
            marker="" if len(values) > 1 else "o",
            markersize=3,
        )
    ends = np.array([loss for each in trials if math.isfinite(each.score) for loss in each.curve], float)
    if len(ends):
        # What began far up would leave no room for how they differ in the end.
        low, high = ends.min(), max(np.quantile(ends, 0.95), ends.min() * 1.0001)
        axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
