"""Gradient histograms: what an image looks like from place to place, without any training."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

#: Images are seen at so many pixels a side; a cell is so many pixels of these wide and high.
SIDE, CELL = 32, 4
#: A histogram has so many directions; gradients that differ by half a turn are of one.
DIRECTIONS = 9
#: Below this length a block of histograms is nearly flat, and not made longer.
_FLAT = 0.1


@keras.saving.register_keras_serializable(package="autoencoder")
class GradientHistograms(layers.Layer):
    """Histograms of gradients: how much of an image's edges runs in which direction, in each of 8 x 8 cells.

    The image is brought to 32 x 32 pixels. Of each pixel the channel with the steepest gradient counts. Its length
    goes to the two nearest of nine directions; cells are sums of 4 x 4 pixels, and each block of 2 x 2 cells has a
    length of about 1, so that light and contrast matter little.

    Takes float32 images of shape (n, height, width, channels) in [0, 1]; gives float32 of shape (n, 1764). It has no
    weights and always computes in float32.

    References
    ----------
    Dalal & Triggs 2005, Histograms of oriented gradients for human detection, CVPR.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trainable": False, **options, "dtype": "float32"})

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Work out how rows and columns of images of this size are averaged."""
        self._rows, self._columns = (averaging(int(side or SIDE), SIDE) for side in shape[1:3])

    def call(self, images: Any) -> Any:
        """Return the histograms of a batch."""
        seen = ops.einsum("rh,nhwc,sw->nrsc", self._rows, images, self._columns)
        # Differences over two pixels; at the edge none.
        down = ops.pad(seen[:, 2:] - seen[:, :-2], ((0, 0), (1, 1), (0, 0), (0, 0)))
        right = ops.pad(seen[:, :, 2:] - seen[:, :, :-2], ((0, 0), (0, 0), (1, 1), (0, 0)))
        squares = ops.square(down) + ops.square(right)
        steepest = ops.cast(squares >= ops.max(squares, axis=-1, keepdims=True), "float32")
        steepest = steepest / ops.sum(steepest, axis=-1, keepdims=True)
        down, right = ops.sum(down * steepest, axis=-1), ops.sum(right * steepest, axis=-1)
        return _blocks(_cells(down, right))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, int]:
        """Return (n, 1764)."""
        blocks = SIDE // CELL - 1
        return shape[0], 4 * DIRECTIONS * blocks * blocks


def _cells(down: Any, right: Any) -> Any:
    """Return a histogram for each cell, of shape (n, 8, 8, 9), of gradients of shape (n, 32, 32)."""
    length = ops.sqrt(ops.square(down) + ops.square(right))
    # In units of the width of a direction, from 0 to 9; the arc tangent of -0 is a whole turn, and as good as 0.
    angle = ops.arctan2(down, right) * (DIRECTIONS / np.pi)
    places = ops.reshape(ops.arange(DIRECTIONS, dtype="float32"), (1, 1, 1, DIRECTIONS))
    apart = ops.abs(ops.mod(ops.expand_dims(angle, -1) - places + DIRECTIONS / 2, DIRECTIONS) - DIRECTIONS / 2)
    shares = ops.relu(1.0 - apart) * ops.expand_dims(length, -1)
    return ops.average_pool(shares, CELL, CELL, "valid") * CELL**2


def _blocks(cells: Any) -> Any:
    """Return each 2 x 2 cells side by side, made about 1 long, in one row of numbers."""
    blocks = ops.concatenate([cells[:, :-1, :-1], cells[:, :-1, 1:], cells[:, 1:, :-1], cells[:, 1:, 1:]], axis=-1)
    blocks = blocks / ops.sqrt(ops.sum(ops.square(blocks), axis=-1, keepdims=True) + _FLAT**2)
    count = SIDE // CELL - 1
    return ops.reshape(blocks, (-1, count * count * 4 * DIRECTIONS))


def averaging(size: int, wanted: int) -> np.ndarray:
    """Return the matrix that brings `size` pixels in a row to `wanted`: means of areas, or points between where larger.

    Returns
    -------
    float32 array of shape (wanted, size)
        Rows sum to 1.
    """
    if size >= wanted:
        edges = np.linspace(0, size, wanted + 1)
        first, last = np.maximum(edges[:-1, None], np.arange(size)), np.minimum(edges[1:, None], np.arange(size) + 1)
        overlaps = np.maximum(last - first, 0.0)
    else:
        centers = np.clip((np.arange(wanted) + 0.5) * size / wanted - 0.5, 0, size - 1)
        overlaps = np.maximum(1 - np.abs(centers[:, None] - np.arange(size)), 0.0)
    return (overlaps / overlaps.sum(axis=1, keepdims=True)).astype(np.float32)
