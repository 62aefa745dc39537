"""The picture of a restoring run: modified, restored and original images under one another."""

import os
from collections.abc import Sequence

import numpy as np

from .mosaic import GAP, cell, mosaic, place, resized
from .style import STYLE, save, sheet, write

ROWS = ("modified", "restored", "original")

_ROOM = 192  # pixels for the longer side of an image
_NAMES = 120
_LINE = 30


def restored_picture(
    images: Sequence[Sequence[np.ndarray]], distances: Sequence[tuple[float, float]], path: str | os.PathLike[str]
) -> None:
    """Draw a column an image: modified, restored, original, and its Hamming distances before and after.

    Small images keep sharp pixels; large ones are averaged down.

    Parameters
    ----------
    images : sequence of triples of uint8 arrays of shape (height, width, 1 or 3)
        Modified, restored and original; sizes may differ from column to column.
    distances : sequence of pairs of float
        Of the modified and of the restored image from the original.
    path : path
        A PNG file to write.

    Raises
    ------
    ValueError
        If there are no images, or not a pair of distances for each.
    DiskError
        If the file cannot be written.
    """
    if not images or len(images) != len(distances):
        raise ValueError(f"at least one image is needed, and distances of each: {len(images)}, {len(distances)}")
    squares = np.stack([_square(column[row]) for row in range(len(ROWS)) for column in images])
    pitch, left, top = _ROOM + GAP, STYLE["margin"] + _NAMES, STYLE["margin"]
    width = left + len(images) * pitch + STYLE["margin"]
    figure, page = sheet(max(640, width), top + len(ROWS) * pitch + _LINE + STYLE["margin"])
    place(figure, mosaic(squares, (_ROOM, _ROOM), len(images)), left, top)
    for number, name in enumerate(ROWS):
        write(page, left - 16, top + (number + 0.5) * pitch, name, ha="right")
    y = top + len(ROWS) * pitch + 16
    write(page, left - 16, y, "Hamming", ha="right", color=STYLE["muted"])
    for column, (before, after) in enumerate(distances):
        text = f"{before:.4f} → {after:.4f}"
        write(page, left + (column + 0.5) * pitch, y, text, ha="center", kind="small", color=STYLE["muted"])
    save(figure, path)


def _square(image: np.ndarray) -> np.ndarray:
    """Return an image in the middle of a white square, uint8 RGB."""
    height, width = cell(image.shape, _ROOM)
    top, left = (_ROOM - height) // 2, (_ROOM - width) // 2
    square = np.full((_ROOM, _ROOM, 3), 255, np.uint8)
    square[top : top + height, left : left + width] = resized(image, (height, width))
    return square
