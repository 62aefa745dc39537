"""Small images side by side: their size on the page, the grid they make, and its place in a picture."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from .style import STYLE

#: Pixels between two images of a mosaic.
GAP = 6


class Tile(NamedTuple):
    """Which image stands where in a picture: its line and column, from 1, and its row among the images."""

    line: int
    column: int
    image: int


def grid(images: Sequence[int] | np.ndarray, columns: int, first: int = 1) -> list[Tile]:
    """Return the tiles of images in lines of so many columns, of which the first has the number `first`."""
    return [Tile(first + at // columns, 1 + at % columns, int(image)) for at, image in enumerate(images)]


def cell(shape: Sequence[int], room: int) -> tuple[int, int]:
    """Choose the size at which images are shown: a whole multiple that fits `room`, or else what fits it.

    Parameters
    ----------
    shape : sequence of int
        Height and width of the images; what follows is ignored.
    room : int
        Pixels that the longer side may take.

    Returns
    -------
    tuple of int
        Height and width in pixels, at least 1.
    """
    height, width = shape[:2]
    longer = max(height, width)
    scale: float = room // longer or room / longer
    return max(1, round(height * scale)), max(1, round(width * scale))


def mosaic(images: np.ndarray, size: tuple[int, int], columns: int) -> np.ndarray:
    """Lay images out in rows, each in a frame of one pixel.

    Small images keep sharp pixels; large ones are averaged down.

    Parameters
    ----------
    images : uint8 array of shape (n, height, width, channels), n at least 1
        1 or 3 channels (RGB).
    size : tuple of int
        Height and width of each on the page, as by `cell`.
    columns : int

    Returns
    -------
    uint8 array of shape (rows * (height + GAP), columns * (width + GAP), 3)
        The paper's colour where there is no image; each image stands GAP / 2 inside its part.
    """
    height, width = size
    rows = -(-len(images) // columns)
    sheet = np.tile(_color("paper"), (rows * (height + GAP), columns * (width + GAP), 1))
    for number, image in enumerate(images):
        y = number // columns * (height + GAP) + GAP // 2
        x = number % columns * (width + GAP) + GAP // 2
        sheet[y - 1 : y + height + 1, x - 1 : x + width + 1] = framed(resized(image, size))
    return sheet


def place(figure: Figure, image: np.ndarray, x: int, y: int) -> None:
    """Put the pixels of a uint8 RGB array on pixels of the picture, at `x`, `y` from its upper left corner."""
    figure.figimage(image, x, round(figure.bbox.height) - y - len(image), origin="upper")


def framed(image: np.ndarray) -> np.ndarray:
    """Return a uint8 image, gray or RGB, in RGB and in a frame of one pixel."""
    height, width = image.shape[:2]
    found = np.tile(_color("rule"), (height + 2, width + 2, 1))
    found[1:-1, 1:-1] = image.reshape(height, width, -1)
    return found


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return an image in another height and width: small ones keep sharp pixels, large ones are averaged down."""
    larger = size[0] >= image.shape[0] and size[1] >= image.shape[1]
    method = cv2.INTER_NEAREST if larger else cv2.INTER_AREA
    return cv2.resize(image, size[::-1], interpolation=method).reshape(*size, -1)


def _color(name: str) -> np.ndarray:
    return np.round(255 * np.array(to_rgb(STYLE[name]))).astype(np.uint8)
