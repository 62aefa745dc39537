"""Images that were found, in their order, each over its name and what is said of it."""

import os
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from .mosaic import GAP, cell, framed, place, resized
from .names import shortened
from .style import STYLE, head, save, sheet, write

_COLUMNS = 6
_PITCH = 142  # pixels from one image to the next
_ROOM = 128  # pixels for the longer side of an image
_SIGNS = 24  # of a name are never more than fit under one image
_LINE = 19
_TOP = 66
_MARGIN = STYLE["margin"]


def gallery(
    pixels: np.ndarray, captions: Sequence[tuple[str, str]], path: str | os.PathLike[str], title: str, remark: str = ""
) -> None:
    """Draw images in rows of six, each over its name, shortened in the middle, and a remark.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels), n at least 1
        1 or 3 channels (RGB).
    captions : sequence of (str, str), n of them
        Names, and what is said of each.
    path : path
        A PNG file to write.
    title, remark : str

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    height, width = cell(pixels.shape[1:], _ROOM)
    step = height + 2 * _LINE + 3 * GAP
    rows = -(-len(pixels) // _COLUMNS)
    figure, page = sheet(2 * _MARGIN + _COLUMNS * _PITCH, _TOP + rows * step + 18)
    head(page, title, remark)
    for number, (image, (name, said)) in enumerate(zip(pixels, captions, strict=True)):
        x, y = _MARGIN + number % _COLUMNS * _PITCH, _TOP + number // _COLUMNS * step
        place(figure, framed(resized(image, (height, width))), x, y)
        room = {"kind": "tiny", "limit": _PITCH - GAP}
        _write_name(page, x, y + height + GAP + _LINE / 2, name)
        write(page, x, y + height + GAP + 3 * _LINE / 2, said, color=STYLE["muted"], **room)
    save(figure, path)


def _write_name(page: Axes, x: float, y: float, name: str) -> None:
    """Write a name with as many of its signs as fit, out of both its ends."""
    for signs in range(min(len(name), _SIGNS), 3, -1):
        write(page, x, y, shortened(name, signs), kind="tiny")
        if page.texts[-1].get_window_extent().width <= _PITCH - GAP:
            return
        page.texts[-1].remove()
    write(page, x, y, name, kind="tiny", limit=_PITCH - GAP)
