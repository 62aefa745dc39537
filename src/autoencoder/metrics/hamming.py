"""How many pixels of a binary code are wrong: blocks are read as black or white before they are compared."""

from __future__ import annotations

import numpy as np


def binary_code(image: np.ndarray, size: int, threshold: float = 0.5) -> np.ndarray:
    """Read an image as blocks of `size` pixels: white where a block's mean is above `threshold`, else black.

    Blocks are counted from the upper left corner; those that the lower and the right edge cut are read from the
    pixels that they have. Channels are read one by one.

    Parameters
    ----------
    image : uint8 array of shape (height, width, channels) or (height, width)
    size : int
        Side of a block in pixels; 1 reads every pixel by itself.
    threshold : float in [0, 1]
        Of levels in [0, 1].

    Returns
    -------
    bool array of the image's shape
        The same in all pixels of a block.

    Raises
    ------
    ValueError
        If `size` is below 1 or `threshold` outside [0, 1].
    """
    if size < 1 or not 0 <= threshold <= 1:
        raise ValueError(f"blocks have a side of at least 1 and a threshold in [0, 1]: {size}, {threshold}")
    height, width = image.shape[:2]
    sums = np.add.reduceat(image, np.arange(0, height, size), axis=0, dtype=np.uint64)
    sums = np.add.reduceat(sums, np.arange(0, width, size), axis=1)
    pixels = np.outer(_sides(height, size), _sides(width, size)).reshape(*sums.shape[:2], *[1] * (image.ndim - 2))
    white = sums > threshold * 255 * pixels
    return white.repeat(size, axis=0)[:height].repeat(size, axis=1)[:, :width]


def _sides(side: int, size: int) -> np.ndarray:
    return np.minimum(size, side - np.arange(0, side, size))


def hamming(first: np.ndarray, second: np.ndarray, size: int, threshold: float = 0.5) -> float:
    """Share of the pixels in which two images differ once both are read as binary codes: from 0 to 1.

    Parameters
    ----------
    first, second : uint8 arrays of one shape, (height, width, channels) or (height, width)
    size, threshold
        See `binary_code`.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if first.shape != second.shape:
        raise ValueError(f"two images of one shape can be compared: {first.shape}, {second.shape}")
    return float(np.mean(binary_code(first, size, threshold) != binary_code(second, size, threshold)))
