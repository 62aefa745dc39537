"""Channels that become pixels, and the start of the convolution that makes them."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="autoencoder")
class PixelShuffle(keras.layers.Layer):
    """Depth to space: every pixel becomes `factor` (rows, columns) pixels, made of its channels.

    Takes (n, h, w, rows * columns * c), gives (n, h * rows, w * columns, c).

    References
    ----------
    Shi et al. 2016, arXiv:1609.05158, equation 4.
    """

    def __init__(self, factor: tuple[int, int], **options: Any) -> None:
        super().__init__(**options)
        self.factor = tuple(factor)

    def call(self, x: Any) -> Any:
        """Return the larger maps."""
        height, width, channels = x.shape[1:]
        rows, columns = self.factor
        x = ops.reshape(x, (-1, width, rows, channels // rows))
        x = ops.transpose(x, (0, 2, 1, 3))
        return ops.reshape(x, (-1, height * rows, width * columns, channels // (rows * columns)))

    def get_config(self) -> dict[str, Any]:
        """Return what builds the layer again."""
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable(package="autoencoder")
class Repeated(keras.initializers.Initializer):
    """Draw a convolution's kernels once, and repeat them for each of the pixels that `PixelShuffle` makes (ICNR).

    References
    ----------
    Aitken et al. 2017, arXiv:1707.02937, section 3.2.
    """

    def __init__(self, initializer: Any, pixels: int) -> None:
        self.initializer, self.pixels = keras.initializers.get(initializer), pixels

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Return kernels of `shape` (height, width, channels taken, pixels * channels given)."""
        drawn = self.initializer((*shape[:-1], shape[-1] // self.pixels), dtype=dtype)
        return ops.tile(drawn, (1, 1, 1, self.pixels))

    def get_config(self) -> dict[str, Any]:
        """Return what builds the initializer again."""
        return {"initializer": keras.initializers.serialize(self.initializer), "pixels": self.pixels}
