"""Images that a person is asked to label, cluster by cluster, each with the number of its row in the table."""

import os
from collections.abc import Sequence

import numpy as np

from .mosaic import GAP, cell, framed, place, resized
from .style import STYLE, head, save, sheet, write

_COLUMNS = 12
_ROOM = 72  # pixels for the longer side of an image
_CAPTION, _HEADING, _TOP = 20, 40, 62
_MARGIN = STYLE["margin"]


def proposals(
    pixels: np.ndarray, groups: Sequence[tuple[str, str, np.ndarray]], title: str, path: str | os.PathLike[str]
) -> None:
    """Draw groups of images, each image over its number, which counts on from group to group.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels)
        1 or 3 channels (RGB); may be a memory map, of which only the rows shown are read.
    groups : sequence of (heading, remark, rows)
        Rows of `pixels`, at least one in each.
    title : str
    path : path
        A PNG file to write.

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    height, width = cell(pixels.shape[1:], _ROOM)
    pitch = height + GAP + _CAPTION
    lines = [-(-len(rows) // _COLUMNS) for _, _, rows in groups]
    across = max(800, 2 * _MARGIN + _COLUMNS * (width + GAP) - GAP)
    figure, page = sheet(across, _TOP + sum(_HEADING + count * pitch for count in lines) + 24)
    head(page, title, "the number of an image is that of its row")
    number, y = 0, _TOP
    for (heading, remark, rows), count in zip(groups, lines, strict=True):
        write(page, _MARGIN, y + 20, heading, limit=across // 2)
        x = page.texts[-1].get_window_extent().x1 + 14
        write(page, x, y + 20, remark, kind="small", color=STYLE["muted"])
        for at, row in enumerate(rows.tolist()):
            left = _MARGIN + at % _COLUMNS * (width + GAP)
            top = y + _HEADING + at // _COLUMNS * pitch
            place(figure, framed(resized(pixels[row], (height, width))), left - 1, top - 1)
            number += 1
            write(
                page, left + width / 2, top + height + 11, f"{number}", kind="tiny", ha="center", color=STYLE["muted"]
            )
        y += _HEADING + count * pitch
    save(figure, path)
