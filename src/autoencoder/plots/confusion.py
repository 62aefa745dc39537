"""The table of clusters and classes, or of true and predicted classes, as a picture."""

import os
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from .mosaic import place
from .names import name_of, shortened
from .style import STYLE, save, sheet, write

#: Rows and columns that are shown; the largest, where there are more.
MOST = 200

_MARGIN = STYLE["margin"]
_NAMES = 170
_TOTALS = 90
_LONGEST = 18
_COUNTED = 40  # with more classes, cells are too small for counts
_WORDS = "Clusters and classes", "framed: a cluster's matched class"
_COLORS = LinearSegmentedColormap.from_list("counts", [STYLE["paper"], STYLE["encoder"], "#1d3a5a"])


def confusion(
    table: np.ndarray,
    class_names: Sequence[str],
    matched: Sequence[int] | np.ndarray,
    path: str | os.PathLike[str],
    cluster_names: Sequence[str] | None = None,
    words: tuple[str, str] = _WORDS,
    real: np.ndarray | None = None,
) -> None:
    """Draw how many images of each class lie in each cluster, with each cluster's matched class on the diagonal.

    A row's colours are shares of its cluster. Clusters without a class follow below, ordered by their most
    frequent class; classes without a cluster follow on the right.

    Parameters
    ----------
    table : int array of shape (n_clusters, n_classes)
    class_names : sequence of n_classes names
    matched : int sequence of shape (n_clusters,)
        Each cluster's class, as by one Hungarian assignment; -1 where it has none.
    path : path
        A PNG file to write.
    cluster_names : sequence of n_clusters names, optional
        ``cluster 0`` and so on otherwise.
    words : tuple of str
        The title, and what a frame means.
    real : bool array of shape (n_clusters,), optional
        Which of the matches are framed; all of them otherwise.

    Raises
    ------
    ValueError
        If the names or `matched` do not fit the table.
    DiskError
        If the file cannot be written.
    """
    table, matched = np.asarray(table), np.asarray(matched)
    rows = [str(name) for name in cluster_names or map(name_of, range(len(table)))]
    if table.shape != (len(rows), len(class_names)) or len(matched) != len(rows) or not table.size:
        raise ValueError(
            f"a table of shape {table.shape} does not fit {len(rows)} clusters, {len(matched)} matches "
            f"and {len(class_names)} classes"
        )
    down, across = _order(table, matched)
    hit = int(table[matched >= 0, matched[matched >= 0]].sum())
    part = f"{hit:,} of {table.sum():,} images" + (f" ({hit / table.sum():.1%})" if table.any() else "")
    remarks = (f"{words[1]}; {part} lie there",) if real is None else (words[1], f"{part} lie in matched cells")
    framed = matched if real is None else np.where(real, matched, -1)
    names = [rows[each] for each in down], [str(class_names[each]) for each in across]
    _draw(table[np.ix_(down, across)], framed[down][:, None] == across, names, (words[0], *remarks), path)


def _order(table: np.ndarray, matched: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns to show, in their order."""
    across = np.sort(np.argsort(-table.sum(axis=0), kind="stable")[:MOST])
    across = across[np.argsort(~np.isin(across, matched), kind="stable")]
    place_of = np.full(table.shape[1] + 1, len(across))
    place_of[across] = np.arange(len(across))
    down = np.sort(np.argsort(-table.sum(axis=1), kind="stable")[:MOST])
    alone = matched < 0
    own = place_of[np.where(alone, table.argmax(axis=1), matched)]
    return down[np.lexsort((-table.sum(axis=1)[down], own[down], alone[down]))], across


def _draw(
    table: np.ndarray,
    framed: np.ndarray,
    names: tuple[list[str], list[str]],
    words: Sequence[str],
    path: str | os.PathLike[str],
) -> None:
    rows, columns = names
    counted = len(columns) <= _COUNTED
    longest = len(f"{table.max():,}")
    width, height = (max(64, 12 * longest + 14), 34) if counted else (22, 22)
    tilted = max(map(len, columns)) * 13 > width
    top = 64 + 24 * len(words) + 13 * (min(_LONGEST, max(map(len, columns))) if tilted else 1)
    across, down = width * len(columns), height * len(rows)
    left = _MARGIN + _NAMES
    figure, page = sheet(max(900, left + across + _TOTALS + _MARGIN), top + down + 44 + _MARGIN)
    page.set_zorder(2)
    write(page, _MARGIN, 36, words[0], kind="title", weight="bold")
    for number, remark in enumerate(words[1:]):
        write(page, _MARGIN, 64 + 24 * number, remark, kind="small", color=STYLE["muted"])
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    cells = (255 * _COLORS(shares)[..., :3]).round().astype(np.uint8)
    place(figure, cells.repeat(height, axis=0).repeat(width, axis=1), left, top)
    for row, column in np.argwhere(framed):
        corner = left + column * width + 1, top + row * height + 1
        page.add_patch(Rectangle(corner, width - 2, height - 2, fill=False, edgecolor=STYLE["ink"], linewidth=0.9))
    if counted:
        _write_counts(page, table, shares, (left, top, width, height))
    _write_names(page, table, names, (left, top, width, height), tilted)
    save(figure, path)


def _write_counts(page: Axes, table: np.ndarray, shares: np.ndarray, grid: tuple[int, int, int, int]) -> None:
    left, top, width, height = grid
    for row, column in np.argwhere(table > 0).tolist():
        ink = STYLE["paper"] if shares[row, column] > 0.35 else STYLE["ink"]
        x, y = left + (column + 0.5) * width, top + (row + 0.5) * height
        write(page, x, y, f"{table[row, column]:,}", ha="center", kind="small", color=ink)


def _write_names(
    page: Axes, table: np.ndarray, names: tuple[list[str], list[str]], grid: tuple[int, int, int, int], tilted: bool
) -> None:
    left, top, width, height = grid
    quiet = {"kind": "small", "color": STYLE["muted"]}
    for row, name in enumerate(names[0]):
        y = top + (row + 0.5) * height
        write(page, left - 12, y, name, ha="right", limit=_NAMES - 16)
        write(page, left + len(names[1]) * width + 12, y, f"{table[row].sum():,}", **quiet)
    for column, name in enumerate(names[1]):
        x = left + (column + 0.5) * width
        write(page, x, top - 10, shortened(name, _LONGEST), rotation=90 * tilted, ha="center", va="bottom")
        if width > 40:
            write(page, x, top + len(names[0]) * height + 20, f"{table[:, column].sum():,}", ha="center", **quiet)
