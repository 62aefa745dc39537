"""Images seen at a smaller size, batch by batch."""

from __future__ import annotations

import itertools
from typing import Any

import cv2
import numpy as np

from .pixels import Pixels


def averaged(pixels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Shrink images by averaging areas.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels)
    shape : pair of int
        Height and width, none of them above the images' own.

    Returns
    -------
    uint8 array of shape (n, *shape, channels)
    """
    if shape == pixels.shape[1:3]:
        return pixels
    result = np.empty((len(pixels), *shape, pixels.shape[3]), np.uint8)
    # OpenCV averages four channels at most, and a pair of images in colour has six.
    blocks = [slice(start, start + 3) for start in range(0, pixels.shape[3], 3)]
    for row, block in itertools.product(range(len(pixels)), blocks):
        image = np.ascontiguousarray(pixels[row, ..., block])
        result[row, ..., block] = cv2.resize(image, shape[::-1], interpolation=cv2.INTER_AREA).reshape(*shape, -1)
    return result


class Shrunk:
    """Images as they look at a smaller size; whatever rows are asked for are shrunk then, and not kept."""

    def __init__(self, pixels: Pixels, shape: tuple[int, int]) -> None:
        self._pixels, self._shape = pixels, shape

    @property
    def shape(self) -> tuple[int, ...]:
        """Images, height, width, channels."""
        return len(self._pixels), *self._shape, self._pixels.shape[-1]

    def __len__(self) -> int:
        return len(self._pixels)

    def __getitem__(self, rows: Any, /) -> np.ndarray:
        return averaged(self._pixels[rows], self._shape)
