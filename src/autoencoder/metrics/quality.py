"""Plain measures of an image that find the blurred, the dark and the empty ones."""

from __future__ import annotations

from typing import Any

import numpy as np

#: What is measured, in the order of the columns.
MEASURES = ("sharpness", "brightness", "contrast", "entropy", "one_color")
#: So many pixels are measured at once; more no longer stay in the processor's cache.
_BLOCK_PIXELS = 2**16
#: A channel is cut into so many levels before colours are counted.
_LEVELS = 8
_LUMA = (299, 587, 114)


def measures(pixels: Any) -> dict[str, np.ndarray]:
    """Measure images.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels)
        1 or 3 channels (RGB); or what is cut like one.

    Returns
    -------
    dict of float32 arrays of shape (n,)
        `sharpness`: the variance of the Laplacian (4 neighbours) of the gray image, away from its border; 0 where an
        image has no pixel inside. `brightness` and `contrast`: the mean and the standard deviation of gray, 0 to 255.
        `entropy`: of the histogram of gray, 0 to 8 bits. `one_color`: the share of pixels, 0 to 1, that have the most
        common colour, where each channel is cut into 8 equal levels. Gray is (299 R + 587 G + 114 B) / 1000, rounded.

    References
    ----------
    Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy: a comparative study" (variance of the
    Laplacian). ITU-R BT.601 (gray).

    Examples
    --------
    >>> half = np.zeros((1, 4, 4, 1), np.uint8)
    >>> half[:, :, 2:] = 200
    >>> {name: float(values[0]) for name, values in measures(half).items()}
    {'sharpness': 40000.0, 'brightness': 100.0, 'contrast': 100.0, 'entropy': 1.0, 'one_color': 0.5}
    """
    found = {name: np.empty(len(pixels), np.float32) for name in MEASURES}
    step = max(1, _BLOCK_PIXELS // int(np.prod(pixels.shape[1:3])))
    for start in range(0, len(pixels), step):
        rows = slice(start, start + step)
        block = np.asarray(pixels[rows])
        gray = _gray(block)
        counts = _counts(gray.reshape(len(gray), -1), 256)
        brightness, contrast = _moments(counts)
        found["sharpness"][rows] = _sharpness(gray)
        found["brightness"][rows], found["contrast"][rows] = brightness, contrast
        found["entropy"][rows] = _entropy(counts)
        found["one_color"][rows] = _one_color(block, counts)
    return found


def _gray(block: np.ndarray) -> np.ndarray:
    if block.shape[3] == 1:
        return block[..., 0]
    weighted = sum(weight * block[..., channel].astype(np.int32) for channel, weight in enumerate(_LUMA))
    return np.asarray((weighted + 500) // 1000).astype(np.uint8)


def _counts(values: np.ndarray, levels: int) -> np.ndarray:
    """Count each of the values 0 to levels - 1 in each row; int of shape (n, levels)."""
    count = len(values)
    places = values.astype(np.int64) + levels * np.arange(count)[:, None]
    return np.bincount(places.ravel(), minlength=count * levels).reshape(count, levels)


def _moments(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of gray, from how often each value occurs."""
    shares, levels = counts / counts.sum(axis=1, keepdims=True), np.arange(256.0)
    mean = shares @ levels
    return mean, np.sqrt(np.maximum(shares @ levels**2 - mean**2, 0))


def _sharpness(gray: np.ndarray) -> np.ndarray:
    if min(gray.shape[1:]) < 3:
        return np.zeros(len(gray))
    wide = gray.astype(np.int16)
    inner = wide[:, :-2, 1:-1] + wide[:, 2:, 1:-1] + wide[:, 1:-1, :-2] + wide[:, 1:-1, 2:] - 4 * wide[:, 1:-1, 1:-1]
    return np.asarray(inner.reshape(len(gray), -1).var(axis=1, dtype=np.float32))


def _entropy(counts: np.ndarray) -> np.ndarray:
    shares = counts / counts.sum(axis=1, keepdims=True)
    return np.asarray(-(shares * np.log2(np.where(shares > 0, shares, 1))).sum(axis=1) + 0.0)


def _one_color(block: np.ndarray, counts: np.ndarray) -> np.ndarray:
    if block.shape[3] == 1:
        coarse = counts.reshape(len(counts), _LEVELS, -1).sum(axis=2)
    else:
        levels = block // (256 // _LEVELS)
        colors = (levels[..., 0].astype(np.int16) * _LEVELS + levels[..., 1]) * _LEVELS + levels[..., 2]
        coarse = _counts(colors.reshape(len(block), -1), _LEVELS**3)
    return np.asarray(coarse.max(axis=1) / coarse.sum(axis=1))
