"""The embedding in two dimensions, coloured by cluster and by class."""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from .names import Box, nearest_spot, shortened
from .palette import NOISE_GRAY, PALETTE
from .plot import boxed
from .style import STYLE, head, save, sheet, write

#: Groups that are named in the picture; the largest, where there are more.
NAMED = 60

_SIDE = 740
_TOP = 116
_PITCH = 76  # pixels from one row of panels to the next
_MARGIN = STYLE["margin"]
_FEW = 20  # groups that have room for larger names
_DOT = 12  # pixels of the dot before a name
_NEAR = 14  # pixels a name may stand from its group without a line
_SEED = 0  # of the order of drawing


class _Groups(NamedTuple):
    names: list[str]
    numbers: np.ndarray  # int, shape (n,): index into names; -1 is noise


def scatter(
    points: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[object] | np.ndarray | None,
    path: str | os.PathLike[str],
    title: str,
    names: Mapping[int, str] | None = None,
) -> None:
    """Draw points coloured by cluster and, where classes are known, the same points coloured by class.

    Each group's name stands at its median. Points are drawn in a random order, the same every time, so that no
    group hides another; noise lies below them, in gray. Points far outside the others are drawn at the frame.

    Parameters
    ----------
    points : float array of shape (n, 2), n at least 1
    labels : int array of shape (n,)
        Clusters; -1 is noise.
    classes : sequence of n names or numbers, optional
    path : path
        A PNG file to write.
    title : str
    names : mapping from cluster to name, optional

    Raises
    ------
    ValueError
        If there are no points, or not as many labels and classes as points.
    DiskError
        If the file cannot be written.
    """
    points = np.asarray(points, np.float64)
    counts = {len(labels), len(points)} | ({len(classes)} if classes is not None else set())
    if len(points) == 0 or len(counts) > 1:
        raise ValueError(f"a scatter needs one label and one class for each of its points, but got {sorted(counts)}")
    panels = {"by cluster": _by_cluster(np.asarray(labels), names or {})}
    if classes is not None:
        panels["by class"] = _by_class(classes)
    limits, outside = _limits(points)
    upward = round(_SIDE * float((limits[1, 1] - limits[0, 1]) / (limits[1, 0] - limits[0, 0])))
    figure, page = sheet(_MARGIN + len(panels) * (_SIDE + _MARGIN), _TOP + upward + _MARGIN)
    page.set_zorder(2)
    write(page, _MARGIN, 36, title, kind="title", weight="bold", limit=figure.bbox.width - 2 * _MARGIN - 420)
    remark = _images(len(points)) + (f", {outside:,} of them outside the frame and drawn at it" if outside else "")
    write(page, figure.bbox.width - _MARGIN, 37, remark, ha="right", kind="small", color=STYLE["muted"])
    shown = np.clip(points, limits[0], limits[1])
    for number, (heading, groups) in enumerate(panels.items()):
        left = _MARGIN + number * (_SIDE + _MARGIN)
        write(page, left, _TOP - 24, f"{heading}{_counted(groups)}", color=STYLE["muted"], limit=_SIDE)
        axes = _panel(figure, (left, _TOP, _SIDE, upward), limits)
        anchors = _anchors(shown, groups)
        colors = _colors(anchors)
        _draw_points(axes, shown, groups, colors)
        _draw_names(page, axes, groups, anchors, colors)
    save(figure, path)


def scatters(
    panels: Mapping[str, np.ndarray],
    classes: Sequence[object] | np.ndarray,
    path: str | os.PathLike[str],
    title: str,
    columns: int = 2,
) -> None:
    """Draw several embeddings of the same images, a square panel each, coloured by class as `scatter` does it.

    Parameters
    ----------
    panels : mapping from heading to float array of shape (n, 2), n at least 1
    classes : sequence of n names or numbers
    path : path
        A PNG file to write.
    title : str
    columns : int
        Panels beside each other.

    Raises
    ------
    ValueError
        If a panel has not as many points as there are classes, or none.
    DiskError
        If the file cannot be written.
    """
    counts = {len(classes), *map(len, panels.values())}
    if len(counts) > 1 or 0 in counts:
        raise ValueError(f"scatters need one class for each point of every panel, but got {sorted(counts)}")
    groups = _by_class(classes)
    columns, rows = min(columns, len(panels)), -(-len(panels) // columns)
    figure, page = sheet(_MARGIN + columns * (_SIDE + _MARGIN), _TOP - _PITCH + _MARGIN + rows * (_SIDE + _PITCH))
    page.set_zorder(2)
    head(page, title, _images(len(classes)))
    for number, (heading, points) in enumerate(panels.items()):
        row, column = divmod(number, columns)
        left, top = _MARGIN + column * (_SIDE + _MARGIN), _TOP + row * (_SIDE + _PITCH)
        write(page, left, top - 24, heading, color=STYLE["muted"], limit=_SIDE)
        _draw_square(figure, page, (left, top), np.asarray(points, np.float64), groups)
    save(figure, path)


def _draw_square(figure: Figure, page: Axes, place: tuple[int, int], points: np.ndarray, groups: _Groups) -> None:
    limits, _ = _limits(points)
    half = (limits[1] - limits[0]).max() / 2
    limits = limits.mean(axis=0) + np.array([[-half], [half]])
    axes = _panel(figure, (*place, _SIDE, _SIDE), limits)
    shown = np.clip(points, *limits)
    anchors = _anchors(shown, groups)
    colors = _colors(np.arange(len(groups.names))[:, None])
    _draw_points(axes, shown, groups, colors)
    _draw_names(page, axes, groups, anchors, colors)


def _by_cluster(labels: np.ndarray, names: Mapping[int, str]) -> _Groups:
    clusters = np.unique(labels[labels >= 0])
    numbers = np.where(labels >= 0, np.searchsorted(clusters, labels), -1)
    return _Groups([names.get(cluster) or str(cluster) for cluster in clusters.tolist()], numbers)


def _by_class(classes: Sequence[object] | np.ndarray) -> _Groups:
    found, numbers = np.unique(np.asarray(classes), return_inverse=True)
    return _Groups([str(name) for name in found.tolist()], numbers.reshape(-1))


def _counted(groups: _Groups) -> str:
    noise = int((groups.numbers < 0).sum())
    parts = [f"the {NAMED} largest of {len(groups.names):,} are named"] if len(groups.names) > NAMED else []
    parts += [f"gray: noise, {_images(noise)}"] if noise else []
    return f" ({'; '.join(parts)})" if parts else ""


def _images(count: int) -> str:
    return f"{count:,} image{'' if count == 1 else 's'}"


def _limits(points: np.ndarray) -> tuple[np.ndarray, int]:
    """Lower and upper corner of a frame around all but stray points, and the number of the stray."""
    low, high = np.quantile(points, (0.002, 0.998), axis=0)
    room = 0.25 * (high - low) + 1e-9
    near = points[((points >= low - room) & (points <= high + room)).all(axis=1)]
    low, high = near.min(axis=0), near.max(axis=0)
    half = (high - low) / 2
    # One unit is as long upward as across; the frame is at most as high as wide, and at least half as high.
    half[0] = max(half[0], half[1], 1e-9)
    half[1] = max(half[1], half[0] / 2)
    frame = np.stack([(low + high) / 2 - half, (low + high) / 2 + half])
    return frame, int(((points < frame[0] - 1e-9 * half) | (points > frame[1] + 1e-9 * half)).any(axis=1).sum())


def _panel(figure: Figure, box: tuple[int, int, int, int], limits: np.ndarray) -> Axes:
    """Make axes without numbers in a box of pixels: x, y of its upper left corner, width, height."""
    axes = boxed(figure, box)
    edge = 0.03 * (limits[1] - limits[0])
    (left, low), (right, high) = limits[0] - edge, limits[1] + edge
    axes.set(xlim=(left, right), ylim=(low, high), xticks=[], yticks=[])
    axes.spines[:].set(color=STYLE["rule"], linewidth=1.0)
    return axes


def _draw_points(axes: Axes, points: np.ndarray, groups: _Groups, colors: list[str]) -> None:
    order = np.random.default_rng(_SEED).permutation(len(points))
    order = order[np.argsort(groups.numbers[order] >= 0, kind="stable")]
    count = len(points)
    size = float(np.clip(120 * count**-0.37, 2, 9)) * 72 / STYLE["dpi"]
    alpha = float(np.clip(8 * count**-0.29, 0.3, 0.85))
    filled = to_rgba_array([*colors, NOISE_GRAY], alpha)[groups.numbers[order]]
    x, y = points[order].T
    axes.scatter(x, y, s=size**2, c=filled, linewidths=0, clip_on=False)


def _anchors(points: np.ndarray, groups: _Groups) -> np.ndarray:
    """For each group, the member that is nearest to its median, so that the name stands on the group."""
    anchors = np.empty((len(groups.names), 2))
    for number in range(len(groups.names)):
        members = points[groups.numbers == number]
        middle = np.median(members, axis=0)
        anchors[number] = members[np.square(members - middle).sum(axis=1).argmin()]
    return anchors


def _colors(anchors: np.ndarray) -> list[str]:
    """A colour for each group; past twenty, the one whose groups so far are farthest away."""
    used = list(range(min(len(anchors), len(PALETTE))))
    for number in range(len(used), len(anchors)):
        away = np.square(anchors[:number] - anchors[number]).sum(axis=1)
        used.append(int(np.argmax([away[np.array(used) == each].min() for each in range(len(PALETTE))])))
    return [PALETTE[each] for each in used]


def _draw_names(page: Axes, axes: Axes, groups: _Groups, anchors: np.ndarray, colors: list[str]) -> None:
    height = page.get_ylim()[0]
    places = axes.transData.transform(anchors) * (1, -1) + (0, height)
    left, bottom, right, top = axes.bbox.extents
    frame = (left + 4, height - top + 4, right - 4, height - bottom - 4)
    taken: list[Box] = []
    counts = np.bincount(groups.numbers[groups.numbers >= 0], minlength=len(groups.names))
    for number in np.argsort(-counts, kind="stable")[:NAMED].tolist():
        artist = _name(page, groups.names[number], crowded=len(groups.names) > _FEW)
        extent = artist.get_window_extent()
        wished = (float(places[number, 0]), float(places[number, 1]))
        box = nearest_spot(wished, (extent.width + _DOT + 8, extent.height + 4), frame, taken)
        if box is None:
            artist.remove()
            continue
        taken.append(box)
        x, y = box[0] + 4 + _DOT / 2, (box[1] + box[3]) / 2
        artist.set_position((x + _DOT / 2 + 3, y))
        dot = {"markersize": 6, "markerfacecolor": colors[number], "markeredgecolor": STYLE["paper"], "zorder": 3}
        page.plot(x, y, "o", markeredgewidth=1.0, **dot)
        if np.hypot((box[0] + box[2]) / 2 - wished[0], y - wished[1]) > _NEAR:
            page.plot([wished[0], x], [wished[1], y], color=STYLE["muted"], linewidth=0.7)


def _name(page: Axes, name: str, crowded: bool) -> Text:
    longest, kind = (12, "tiny") if crowded else (18, "text")
    halo = [withStroke(linewidth=2.5, foreground=STYLE["paper"])]
    write(page, 0, 0, shortened(name, longest), kind=kind, weight="bold", path_effects=halo)
    return page.texts[-1]
