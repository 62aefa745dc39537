"""Images for a page: one as a data URI, and many as sheets of thumbnails whose size is chosen by their number."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np

from ..plots.mosaic import resized
from ..sampling import evenly_spread

#: Sides of a thumbnail in pixels, the largest first; the first one whose sheets fit is taken.
TILES = (128, 96, 80, 64, 56, 48, 40, 32, 28, 24, 20, 16, 12, 8)
#: No side of a sheet is longer: what every graphics card takes.
SHEET_SIDE = 4_096
#: Of 0 to 100: what a person sees no loss at, at the size of a thumbnail.
QUALITY, SINGLE_QUALITY = 75, 90
#: So many images are encoded to learn how many bytes one takes.
_MEASURED = 256
_MOST_LARGER = 4
_SMALL = 64


def data_uri(image: np.ndarray, quality: int = SINGLE_QUALITY) -> str:
    """Return an image as a WebP file inside a URI.

    Parameters
    ----------
    image : uint8 array of shape (height, width, 1, 3 or 4)
        Gray, RGB or RGB with opacity.
    quality : int
        1 to 100.
    """
    return "data:image/webp;base64," + base64.b64encode(_webp(image, quality)).decode("ascii")


def shown(image: np.ndarray) -> np.ndarray:
    """Return an image at a size that a person can look at: small ones have each pixel repeated."""
    scale = min(_MOST_LARGER, _SMALL // max(image.shape[:2]))
    return image if scale < 2 else image.repeat(scale, axis=0).repeat(scale, axis=1)


def atlas(pixels: Any, room: int) -> dict[str, Any]:
    """Lay thumbnails of images out on sheets.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, 1 or 3), or what is cut like one
        n at least 1.
    room : int
        Bytes that all sheets may take as base64. The largest of `TILES` that keeps to it is taken, as a sample of the
        images says; where none does, the smallest.

    Returns
    -------
    dict
        tile, columns, rows and sheets: image i is on sheet i // (columns * rows), then row by row. Tiles are square;
        images of other proportions stand in the middle of a transparent one. None is enlarged.
    """
    tile = _fitting_tile(pixels, room)
    most = SHEET_SIDE // tile
    columns = min(most, int(np.ceil(np.sqrt(len(pixels)))))
    rows = min(most, -(-len(pixels) // columns))
    starts = range(0, len(pixels), columns * rows)
    sheets = [_sheet(pixels[start : start + columns * rows], tile, columns) for start in starts]
    return {"tile": tile, "columns": columns, "rows": rows, "sheets": [data_uri(each, QUALITY) for each in sheets]}


def _fitting_tile(pixels: Any, room: int) -> int:
    largest = min(TILES[0], max(pixels.shape[1:3]))
    sample = pixels[evenly_spread(len(pixels), _MEASURED)]
    for tile in (largest, *(each for each in TILES if each < largest)):
        measured = len(_webp(_sheet(sample, tile, 16), QUALITY)) * 4 / 3
        if measured / len(sample) * len(pixels) <= room:
            break
    return tile


def _sheet(images: np.ndarray, tile: int, columns: int) -> np.ndarray:
    size = _inside(images.shape[1:3], tile)
    clear = size != (tile, tile)
    channels = 4 if clear else images.shape[3]
    sheet = np.zeros((-(-len(images) // columns) * tile, columns * tile, channels), np.uint8)
    down, across = (tile - size[0]) // 2, (tile - size[1]) // 2
    for number, image in enumerate(images):
        y, x = number // columns * tile + down, number % columns * tile + across
        place = sheet[y : y + size[0], x : x + size[1]]
        place[..., : channels - clear] = image if image.shape[:2] == size else resized(image, size)
        if clear:
            place[..., 3] = 255
    return sheet


def _inside(shape: tuple[int, int], tile: int) -> tuple[int, int]:
    """Return the height and width of an image whose longer side is a tile's."""
    height, width = (max(1, round(side * tile / max(shape))) for side in shape)
    return height, width


def _webp(image: np.ndarray, quality: int) -> bytes:
    order = {1: None, 3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[image.shape[2]]
    stored = image if order is None else cv2.cvtColor(image, order)
    done, content = cv2.imencode(".webp", stored, [cv2.IMWRITE_WEBP_QUALITY, quality])
    assert done, "OpenCV is built with WebP"
    return content.tobytes()
