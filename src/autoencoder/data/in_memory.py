"""Images that a Python program already holds as an array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DataError
from .listing import ARRAY, Listing


def check_array(images: Any) -> np.ndarray:
    """Return images as uint8, of shape (n, h, w) where they are gray and (n, h, w, 3) in colour.

    Parameters
    ----------
    images : array-like of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3)
        uint8, or floats in [0, 1], which are rounded to 256 levels.

    Raises
    ------
    DataError
        If they have another shape, type or range, or there is none. It is also a `ValueError`.
    """
    array = np.asarray(images)
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] not in (1, 3)):
        raise DataError(
            f"images must be of shape (n, height, width) or (n, height, width, 1 or 3), and these are of "
            f"{array.shape}; one image is images[None]"
        )
    if 0 in array.shape:
        raise DataError(f"an array of shape {array.shape} holds no image: give one image at least")
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind != "f":
        raise DataError(f"images must be uint8, or floats in [0, 1], and these are {array.dtype}: convert them")
    if not np.isfinite(array).all():
        raise DataError("the images hold NaN or infinity: replace what is no number")
    low, high = float(array.min()), float(array.max())
    if low < 0 or high > 1:
        raise DataError(f"images of floats must lie in [0, 1], and these go from {low:g} to {high:g}: scale them")
    return (array * 255).round().astype(np.uint8)


def list_array(images: Any, labels: Sequence[Any] | np.ndarray | None = None) -> Listing:
    """List the images of an array as `scan` lists those of a folder; their names are #000000 and so on.

    Parameters
    ----------
    images : array-like
        As for `check_array`.
    labels : sequence of n values, optional
        The class of each; they are kept as text.

    Raises
    ------
    DataError
        If the images cannot be used, or the labels are not as many.
    """
    pixels = check_array(images)
    count, sides = len(pixels), pixels.shape[1:3]
    if labels is not None and len(labels) != count:
        raise DataError(f"there are {count:,} images and {len(labels):,} labels: give a label for each image")
    return Listing(
        root=ARRAY,
        paths=tuple(f"#{row:06d}" for row in range(count)),
        labels=None if labels is None else tuple(map(str, labels)),
        shapes=np.tile(np.array(sides), (count, 1)),
        stamps=np.zeros((count, 2), np.int64),
        bad=(),
        files=count,
        pixels=pixels,
    )
