"""How alike two images are by their pixels alone: by content, by a perceptual hash, and after one is moved."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

#: Frequencies in each direction that describe what an image shows.
_FREQUENCIES = 8
#: Pixels a side at which two images are compared: noise, and what compression takes away, are averaged out.
_COMPARED = 16
_STEPS, _PRECISION, _BLUR = 30, 1e-3, 3
_GRAY = np.array([0.299, 0.587, 0.114], np.float32)


class Alignment(NamedTuple):
    """How alike two images are once one is moved, from -1 to 1, and how far its corners moved, as a share of a side."""

    correlation: float
    moved: float


def grays(images: np.ndarray) -> np.ndarray:
    """Return images, of shape (n, height, width, 1 or 3), in gray: float32 of shape (n, height, width)."""
    values = np.asarray(images, np.float32)
    return values[..., 0] if values.shape[3] == 1 else values @ _GRAY


def contents(images: np.ndarray) -> np.ndarray:
    """Describe what each image shows by its lowest frequencies, whatever its brightness and contrast.

    Parameters
    ----------
    images : uint8 array of shape (n, height, width, channels), at least 8 x 8

    Returns
    -------
    float32 array of shape (n, 63)
        The discrete cosine transform's 8 x 8 lowest frequencies but the mean, of length 1; 0 for one colour alone.
        Half the squared distance of two is 1 minus their correlation.
    """
    return _scaled(_low(images)[:, 1:])


def perceptual_hashes(images: np.ndarray) -> np.ndarray:
    """Hash images by which of their lowest frequencies are above the median of these.

    Parameters
    ----------
    images : uint8 array of shape (n, height, width, channels), at least 8 x 8

    Returns
    -------
    uint8 array of shape (n, 8)
        64 bits each; images that look alike differ in few.

    References
    ----------
    Zauner 2010, Implementation and benchmarking of perceptual image hash functions, section 3.2.1, as the package
    imagehash takes it (`phash`).
    """
    low = _low(images)
    return np.packbits(low > np.median(low, axis=1, keepdims=True), axis=1)


def hash_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Count the bits, 0 to 64, in which each two hashes differ, uint8 arrays of shape (n, 8); int64 of shape (n,)."""
    return np.bitwise_count(first ^ second).sum(axis=1, dtype=np.int64)


def correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Correlate each two images, averaged to 16 x 16, over all their pixels and channels.

    Parameters
    ----------
    first, second : uint8 arrays of one shape, (n, height, width, channels)

    Returns
    -------
    float32 array of shape (n,)
        From -1 to 1, which is the same but for brightness and contrast; 0 where one of them is of one colour.
    """
    return np.asarray((_unit(first) * _unit(second)).sum(axis=1))


def align(first: np.ndarray, second: np.ndarray) -> Alignment:
    """Move, stretch and turn one image until it lies on the other as well as it can.

    Parameters
    ----------
    first, second : float32 arrays of shape (height, width)
        In gray.

    Returns
    -------
    Alignment
        With a correlation of -1 where there is no such movement.

    References
    ----------
    Evangelidis & Psarakis 2008, Parametric image alignment using enhanced correlation coefficient maximization.
    """
    height, width = first.shape
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _STEPS, _PRECISION)
    start = np.eye(2, 3, dtype=np.float32)
    everywhere = np.full(first.shape, 255, np.uint8)
    try:
        found, warp = cv2.findTransformECC(first, second, start, cv2.MOTION_AFFINE, criteria, everywhere, _BLUR)
    except cv2.error:  # they have nothing in common, or one is of one colour
        return Alignment(-1.0, 0.0)
    corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]], np.float64)
    ways = np.linalg.norm(corners @ warp.T - corners[:, :2], axis=1)
    return Alignment(float(found), float(ways.max() / max(height, width)))


def _low(images: np.ndarray) -> np.ndarray:
    from scipy.fft import dctn

    side = min(_FREQUENCIES, *images.shape[1:3])
    if not len(images):
        return np.empty((0, side * side), np.float32)
    frequencies: np.ndarray = dctn(grays(images), axes=(1, 2))
    return frequencies[:, :side, :side].reshape(len(images), -1)


def _unit(images: np.ndarray) -> np.ndarray:
    side = (_COMPARED, _COMPARED)
    small = [cv2.resize(image, side, interpolation=cv2.INTER_AREA).ravel() for image in images]
    values = np.array(small, np.float32).reshape(len(images), -1)
    return _scaled(values - values.mean(axis=1, keepdims=True))


def _scaled(vectors: np.ndarray) -> np.ndarray:
    """Scale vectors to length 1; those that are hardly there become 0."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1.0)
