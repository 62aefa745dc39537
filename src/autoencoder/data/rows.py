"""Some rows of an array of images, without a copy: parts that learn and judge share what was decoded once."""

from __future__ import annotations

from typing import Any

import numpy as np


class Rows:
    """Rows of an array, gathered when they are asked for.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels), in memory or memory-mapped
    rows : int array of shape (m,)
    """

    def __init__(self, pixels: np.ndarray, rows: np.ndarray) -> None:
        self._pixels, self._rows = pixels, rows
        self.shape = (len(rows), *pixels.shape[1:])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, at: Any) -> np.ndarray:
        return self._pixels[self._rows[at]]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self._pixels[self._rows], dtype)
