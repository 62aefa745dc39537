"""Images side by side with two lines below each: the name of its file, and a figure."""

import os
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from .mosaic import GAP, Tile, cell, grid, mosaic, place
from .names import shortened
from .style import STYLE, head, save, sheet, write

#: A picture shows so many.
MOST = 32

_COLUMNS = 8
_ROOM = 128
_PITCH = 158
_MARGIN = STYLE["margin"]
_LONGEST = 24


def tiles(
    pixels: np.ndarray,
    shown: Sequence[int] | np.ndarray,
    captions: Sequence[tuple[str, str]],
    words: tuple[str, str],
    path: str | os.PathLike[str],
    most: int = MOST,
) -> list[Tile]:
    """Draw some images with two captions each, of which the first is shortened in its middle.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels)
        1 or 3 channels (RGB); may be a memory map, of which only the rows shown are read.
    shown : int sequence of shape (m,)
        Rows, the first `most` of which are drawn.
    captions : sequence of m pairs
    words : tuple of str
        Title and remark.
    path : path
        A PNG file to write.
    most : int

    Returns
    -------
    list of Tile

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    found = grid(list(shown)[:most], _COLUMNS)
    height, width = cell(pixels.shape[1:], _ROOM)
    pitch = height + GAP + 58
    lines = max(1, -(-len(found) // _COLUMNS))
    figure, page = sheet(2 * _MARGIN + _COLUMNS * _PITCH, 90 + pitch * lines + _MARGIN)
    head(page, *words)
    if not found:
        write(page, _MARGIN, 100, "there are none", color=STYLE["muted"])
    for tile, (name, figure_of) in zip(found, captions, strict=False):
        x, y = _MARGIN + (tile.column - 1) * _PITCH, 80 + (tile.line - 1) * pitch
        place(figure, mosaic(pixels[[tile.image]], (height, width), 1), x, y)
        _write_name(page, x + 2, y + height + 20, name)
        write(page, x + 2, y + height + 42, figure_of, kind="small", color=STYLE["accent"], limit=_PITCH - 8)
    save(figure, path)
    return found


def _write_name(page: Axes, x: float, y: float, name: str) -> None:
    """Write a name with as many of its signs as fit, out of both its ends."""
    for signs in range(min(len(name), _LONGEST), 3, -1):
        write(page, x, y, shortened(name, signs), kind="tiny")
        if page.texts[-1].get_window_extent().width <= _PITCH - 8:
            return
        page.texts[-1].remove()
    write(page, x, y, name, kind="tiny", limit=_PITCH - 8)
