"""Pictures of clusters: their images, and how many there are."""

import os
from collections.abc import Mapping
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes

from ..sampling import evenly_spread
from .mosaic import GAP, Tile, cell, grid, mosaic, place
from .names import name_of
from .palette import NOISE_GRAY
from .plot import DOTTED
from .style import STYLE, head, save, sheet, write

__all__ = ["ROWS", "Assigned", "cluster_picture", "name_of", "overview", "sizes"]

#: Pictures with a row for each cluster show so many, and noise; the largest, where there are more.
ROWS = 60

_COLUMNS = 12
_ROOM = 96  # pixels for the longer side of an image
_TIGHT_ROOM = 64  # the same where there are many rows
_NAMES = 190
_MARGIN = STYLE["margin"]


class Assigned(Protocol):
    """The clusters of images: a `Clustering`, an `Assignment`, or anything else with these arrays of shape (n,)."""

    @property
    def labels(self) -> np.ndarray:
        """Cluster of each image; -1 is noise."""
        ...

    @property
    def distances(self) -> np.ndarray:
        """Distance to the centre of the own cluster; of noise, to the nearest centre."""
        ...

    @property
    def confidence(self) -> np.ndarray:
        """0 (could as well be elsewhere) to 1 (certain)."""
        ...


def cluster_picture(
    pixels: np.ndarray, assigned: Assigned, cluster: int, path: str | os.PathLike[str], title: str | None = None
) -> list[Tile]:
    """Draw the most central images of one cluster, and below them its most doubtful ones.

    A cluster of few images is shown whole, from its centre outward. Of noise (-1), the images nearest to a cluster
    and those farthest from every cluster are shown.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels)
        1 or 3 channels (RGB); may be a memory map, of which only the rows shown are read.
    assigned : Assigned
        Labels, distances and confidence of the n images.
    cluster : int
    path : path
        A PNG file to write.
    title : str, optional
        ``cluster 3`` or ``noise`` otherwise.

    Returns
    -------
    list of Tile
        Which image stands where.

    Raises
    ------
    ValueError
        If the cluster has no images.
    DiskError
        If the file cannot be written.
    """
    members = np.flatnonzero(np.asarray(assigned.labels) == cluster)
    if not len(members):
        raise ValueError(f"cluster {cluster} has no images to draw")
    parts = _parts(members, assigned, noise=cluster < 0)
    height, width = cell(pixels.shape[1:], _ROOM)
    lines = [-(-len(rows) // _COLUMNS) for _, _, rows in parts]
    total = 62 + sum(44 + count * (height + GAP) for count in lines) + 24
    figure, page = sheet(_sheet_width(width, 0), total)
    head(page, title or name_of(cluster), f"{_share(len(members), len(assigned.labels))} of the images")
    y = 62
    shown: list[Tile] = []
    for (heading, remark, rows), count in zip(parts, lines, strict=True):
        write(page, _MARGIN, y + 24, heading)
        x = page.texts[-1].get_window_extent().x1 + 14
        write(page, x, y + 24, remark, kind="small", color=STYLE["muted"])
        place(figure, mosaic(pixels[rows], (height, width), _COLUMNS), _MARGIN - GAP // 2, y + 44)
        shown += grid(rows, _COLUMNS, first=shown[-1].line + 1 if shown else 1)
        y += 44 + count * (height + GAP)
    save(figure, path)
    return shown


def _parts(members: np.ndarray, assigned: Assigned, noise: bool) -> list[tuple[str, str, np.ndarray]]:
    """Headings, remarks and rows of the groups of images to show."""
    distances, confidence = (np.asarray(values)[members] for values in (assigned.distances, assigned.confidence))
    outward = np.argsort(distances, kind="stable")
    unsure = outward[::-1] if noise else np.argsort(confidence, kind="stable")
    first, last = 4 * _COLUMNS, 2 * _COLUMNS
    near, far = ("Nearest to a cluster", "Farthest") if noise else ("Most central", "Most doubtful")
    if len(members) <= first + last:
        count = "The only image" if len(members) == 1 else f"All {len(members)} images"
        return [(count, _span("distance", distances[outward]), members[outward])]
    inner, outer = outward[:first], unsure[:last]
    remark = _span("distance", distances[outer]) if noise else _span("confidence", confidence[outer], ".2f")
    return [(near, _span("distance", distances[inner]), members[inner]), (far, remark, members[outer])]


def _span(name: str, values: np.ndarray, form: str = ".3g") -> str:
    first, last = (format(float(value), form) for value in values[[0, -1]])
    return f"{name} {first}" if first == last else f"{name} {first} to {last}"


def overview(
    pixels: np.ndarray,
    labels: np.ndarray,
    distances: np.ndarray,
    path: str | os.PathLike[str],
    names: Mapping[int, str] | None = None,
) -> list[Tile]:
    """Draw a row of twelve images for each cluster, from its centre to its edge.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels)
        1 or 3 channels (RGB); may be a memory map, of which only the rows shown are read.
    labels : int array of shape (n,)
        -1 is noise, and comes last.
    distances : float array of shape (n,)
        To the centre of the own cluster.
    path : path
        A PNG file to write.
    names : mapping from cluster to name, optional

    Returns
    -------
    list of Tile
        Which image stands where.

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    clusters, counts, found = _largest(labels)
    height, width = cell(pixels.shape[1:], _ROOM if len(clusters) <= 20 else _TIGHT_ROOM)
    pitch = max(height + GAP, 58)
    figure, page = sheet(_sheet_width(width, _NAMES), 84 + len(clusters) * pitch + 24)
    tiles: list[Tile] = []
    head(page, _title(found, clusters), "each row from the centre of its cluster to the edge")
    for row, (cluster, count) in enumerate(zip(clusters.tolist(), counts.tolist(), strict=True)):
        members = np.flatnonzero(labels == cluster)
        outward = members[np.argsort(distances[members], kind="stable")]
        shown = outward[evenly_spread(count, _COLUMNS, nearest=True)]
        top = 84 + row * pitch
        _row_name(page, top + pitch / 2, name_of(cluster, names), _share(count, len(labels)))
        drawn = mosaic(pixels[shown], (height, width), _COLUMNS)
        place(figure, drawn, _MARGIN + _NAMES - GAP // 2, top + (pitch - len(drawn)) // 2)
        tiles += grid(shown, _COLUMNS, first=row + 1)
    save(figure, path)
    return tiles


def sizes(labels: np.ndarray, path: str | os.PathLike[str], names: Mapping[int, str] | None = None) -> None:
    """Draw a bar for each cluster's number of images, beside a line where all would be of one size.

    Parameters
    ----------
    labels : int array of shape (n,)
        -1 is noise, and comes last.
    path : path
        A PNG file to write.
    names : mapping from cluster to name, optional

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    clusters, counts, found = _largest(labels)
    pitch = 34 if len(clusters) <= 20 else 26
    figure, page = sheet(1000, 84 + len(clusters) * pitch + 30)
    real = clusters >= 0
    equal = (np.asarray(labels) >= 0).sum() / max(found, 1)
    head(page, _title(found, clusters), "dotted: where all would be of one size" if found > 1 else "")
    left, length = _MARGIN + _NAMES, 1000 - 2 * _MARGIN - _NAMES - 12 * len(_share(counts.max(), len(labels)))
    scale = length / counts.max()
    y = 84 + pitch * (np.arange(len(clusters)) + 0.5)
    colors = np.where(real, STYLE["encoder"], NOISE_GRAY).tolist()
    page.barh(y, counts * scale, height=0.62 * pitch, left=left, color=colors, linewidth=0)
    if found > 1:
        dotted = {"color": STYLE["ink"], "linewidth": 0.9, "linestyle": DOTTED}
        page.plot([left + equal * scale] * 2, [84, y[real][-1] + pitch / 2], **dotted)
    for at, cluster, count in zip(y.tolist(), clusters.tolist(), counts.tolist(), strict=True):
        write(page, left - 14, at, name_of(cluster, names), ha="right", limit=_NAMES - 14)
        x = left + count * scale + 10
        ground = {"facecolor": STYLE["paper"], "edgecolor": "none", "pad": 1.5}
        write(page, x, at, _share(count, len(labels)), kind="small", color=STYLE["muted"], bbox=ground)
    save(figure, path)


def _largest(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """The clusters to show in their order, noise last; their sizes; and the number of all clusters."""
    clusters, counts = np.unique(labels, return_counts=True)
    found = int((clusters >= 0).sum())
    noise = np.flatnonzero(clusters < 0)
    kept = np.append(np.sort(len(noise) + np.argsort(-counts[len(noise) :], kind="stable")[:ROWS]), noise)
    return clusters[kept], counts[kept], found


def _title(found: int, clusters: np.ndarray) -> str:
    shown = int((clusters >= 0).sum())
    if found > shown:
        return f"The {shown} largest of {found:,} clusters"
    return f"{found} cluster{'' if found == 1 else 's'}"


def _share(count: int, total: int) -> str:
    return f"{count:,} ({'<0.1%' if count < 0.0005 * total else f'{count / total:.1%}'})"


def _sheet_width(width: int, names: int) -> int:
    return max(800, 2 * _MARGIN + names + _COLUMNS * (width + GAP) - GAP)


def _row_name(page: Axes, y: float, name: str, share: str) -> None:
    write(page, _MARGIN, y - 11, name, limit=_NAMES - 14)
    write(page, _MARGIN, y + 13, share, kind="small", color=STYLE["muted"])
