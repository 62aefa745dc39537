"""Arrays of images and their labels, in the ways that people keep them, as unsigned bytes and words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..errors import DataError

#: Floats are unsigned bytes where they are this near to whole numbers.
_WHOLE = 1e-4
#: Larger whole numbers are not exact as floats.
_EXACT = 2.0**53


class Part(NamedTuple):
    """Images, uint8 of shape (n, height, width) or (n, height, width, 1 or 3), and the class of each; "" for none.

    Images of files are decoded when they are asked for, and `paths` names the files.
    """

    images: Sequence[np.ndarray] | np.ndarray
    labels: tuple[str, ...]
    paths: tuple[str, ...] = ()

    @property
    def labelled(self) -> bool:
        """Whether the images have labels: all of them, or none."""
        return bool(self.labels[0])


def checked(images: np.ndarray, labels: np.ndarray | None, where: str) -> Part:
    """Return arrays as a part, if they can be understood as images, with a label each or none at all.

    Raises
    ------
    DataError
        If they cannot, or not in one way only.
    """
    pixels = _as_bytes(_as_images(images, where), where)
    if labels is None:
        return Part(pixels, ("",) * len(pixels))
    return Part(pixels, _as_names(labels, len(pixels), where))


def check_clear(images: np.ndarray, where: str) -> None:
    """Refuse an array without labels that may be a single image as well as several.

    Raises
    ------
    DataError
        Says how to write it.
    """
    shape = images.shape
    square, colored = images.ndim == 2 and shape[0] == shape[1], images.ndim == 3 and shape[2] in (3, 4)
    if square or (colored and min(shape[:2]) > 4):
        raise DataError(
            f"{where}: an array of {shape} may be one image or {shape[0]:,} images; give it a first axis that counts "
            f"the images: (1, {', '.join(map(str, shape))}) or ({shape[0]}, height, width)"
        )


def _as_images(images: np.ndarray, where: str) -> np.ndarray:
    """Return images as (n, h, w) or (n, h, w, 1 or 3): squares that were flattened, and channels that come first."""
    shape = images.shape
    if images.ndim == 2 and images.size and shape[1] > 1:
        side = round(shape[1] ** 0.5)
        if side * side == shape[1]:
            return images.reshape(-1, side, side)
    if images.ndim == 4 and images.size:
        if shape[1] in (1, 3) and shape[3] in (1, 3) and max(shape[1:]) > 1:
            raise DataError(
                f"{where}: of an array of {shape} either axis may be the channels; write gray images as (n, height, "
                "width), and others as files"
            )
        if shape[3] in (1, 3):
            return images
        if shape[1] in (1, 3):
            return np.moveaxis(images, 1, 3)
    if images.ndim == 3 and images.size:
        return images
    raise DataError(
        f"{where}: images must be an array of shape (n, height, width), (n, height, width, 1 or 3), or of as many "
        f"columns as a square has pixels, and not empty; this one is {images.dtype} of {shape}"
    )


def _as_bytes(images: np.ndarray, where: str) -> np.ndarray:
    """Return images as unsigned bytes: whole numbers from 0 to 255, or numbers from 0 to 1."""
    if images.dtype.kind not in "biuf":
        raise DataError(f"{where}: images must be numbers, not {images.dtype}")
    low, high = float(images.min()), float(images.max())
    if images.dtype == np.uint8 and high > 1:
        return images
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(f"{where}: some of the images' values are no numbers (NaN or infinite)")
    if low < 0 or high > 255:
        raise DataError(
            f"{where}: the images' values go from {low:g} to {high:g}; they must go from 0 to 255, or from 0 to 1"
        )
    if high <= 1:
        return np.rint(images.astype(np.float32) * 255).astype(np.uint8)
    whole = np.rint(images)
    if np.abs(images - whole).max() > _WHOLE:
        raise DataError(
            f"{where}: the images' values go from {low:g} to {high:g} and are no whole numbers; scale them to 0 to 1"
        )
    return whole.astype(np.uint8)


def _as_names(labels: np.ndarray, count: int, where: str) -> tuple[str, ...]:
    """Return labels as words: whole numbers, words, or one column a class of which one is 1."""
    kind = labels.dtype.kind
    if labels.ndim == 2 and labels.shape[1] > 1 and len(labels) == count and kind in "biuf":
        if not (np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all()):
            raise DataError(f"{where}: labels of several columns must have a single 1 in each row, and 0 elsewhere")
        labels = labels.argmax(axis=1)
    labels = labels.reshape(-1) if labels.size == count else labels
    if labels.shape != (count,) or kind not in "biufUS":
        raise DataError(
            f"{where}: labels must be whole numbers or words, one for each of {count:,} images, not {labels.dtype} of "
            f"{labels.shape}"
        )
    if labels.dtype.kind == "f":
        labels = _as_whole(labels, where)
    try:
        names = [each.decode() if isinstance(each, bytes) else str(each) for each in labels.tolist()]
    except UnicodeDecodeError:
        raise DataError(f"{where}: some labels are no text in UTF-8") from None
    names = [name.strip() for name in names]
    if not all(names):
        raise DataError(f"{where}: {names.count(''):,} of {count:,} labels are empty; give every image a label")
    return tuple(names)


def _as_whole(labels: np.ndarray, where: str) -> np.ndarray:
    missing = int(np.isnan(labels).sum())
    if missing:
        raise DataError(
            f"{where}: {missing:,} of {len(labels):,} labels are missing (NaN); give every image one, or leave it out"
        )
    if not ((np.abs(labels) < _EXACT) & (labels == np.rint(labels))).all():
        raise DataError(f"{where}: labels must be whole numbers or words, and some have fractions")
    return labels.astype(np.int64)
