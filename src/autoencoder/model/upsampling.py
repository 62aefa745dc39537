"""Ways for the decoder to undo the shrinking of one level.

Each takes a tensor (n, h, w, c) and returns one of at least `level.size_in` (height, width) with `filters` channels,
before its activation; what is too much is cropped by the caller. To add one: write a function with these parameters,
give it a line in `UPSAMPLING`, and add its name to `settings.Upsampling`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from keras import initializers, layers

from .geometry import Level
from .pixel_shuffle import PixelShuffle, Repeated


def transpose(x: Any, level: Level, filters: int, options: dict[str, Any], name: str) -> Any:
    """One transposed convolution whose stride is the level's stride times its pool."""
    return layers.Conv2DTranspose(filters, level.kernel, level.factor, **options, name=name)(x)


def unpool_transpose(x: Any, level: Level, filters: int, options: dict[str, Any], name: str) -> Any:
    """Repeat pixels for the pool, then a transposed convolution for the stride, as the original program did."""
    if level.pool != (1, 1):
        x = layers.UpSampling2D(level.pool, name=f"{name}_unpool")(x)
    return layers.Conv2DTranspose(filters, level.kernel, level.strides, **options, name=name)(x)


def nearest(x: Any, level: Level, filters: int, options: dict[str, Any], name: str) -> Any:
    """Repeat pixels, then convolve."""
    return _resized(x, level, filters, options, name)


def bilinear(x: Any, level: Level, filters: int, options: dict[str, Any], name: str) -> Any:
    """Interpolate between pixels, then convolve."""
    return _resized(x, level, filters, options, name, "bilinear")


def _resized(x: Any, level: Level, filters: int, options: dict[str, Any], name: str, how: str = "nearest") -> Any:
    if level.factor != (1, 1):
        x = layers.UpSampling2D(level.factor, interpolation=how, name=f"{name}_resize")(x)
    return layers.Conv2D(filters, level.kernel, **options, name=name)(x)


def pixel_shuffle(x: Any, level: Level, filters: int, options: dict[str, Any], name: str) -> Any:
    """Convolve to all pixels that each pixel becomes, as channels, then put them in their places.

    It starts as repeated pixels would, without a checkerboard: the kernels of the pixels begin equal (ICNR).

    References
    ----------
    Aitken et al. 2017, arXiv:1707.02937, section 3.2.
    """
    pixels = math.prod(level.factor)
    if pixels > 1:
        drawn = initializers.get(options["kernel_initializer"])
        options = options | {"kernel_initializer": Repeated(drawn, pixels)}
    x = layers.Conv2D(filters * pixels, level.kernel, **options, name=name)(x)
    return PixelShuffle(level.factor, name=f"{name}_shuffle")(x) if pixels > 1 else x


UPSAMPLING: dict[str, Callable[[Any, Level, int, dict[str, Any], str], Any]] = {
    "transpose": transpose,
    "unpool_transpose": unpool_transpose,
    "nearest": nearest,
    "bilinear": bilinear,
    "pixel_shuffle": pixel_shuffle,
}
