"""Random changes of training images, each drawn anew for every image and every epoch.

Every augmentation is an affine map, so all that are asked for are multiplied into one matrix an image and the pixels
are interpolated once. To add one: write a function that draws n matrices, give it a line in `AUGMENTATIONS`, and add
its name to `settings.Augmentation`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

#: Largest shift (share of the side) and rotation (radians), those of Guo et al. 2018 (DEC-DA), section 3; largest
#: zoom and shear (shares).
MAX_SHIFT, MAX_ROTATION, MAX_ZOOM, MAX_SHEAR = 0.1, math.radians(10), 0.1, 0.15


def augment(images: Any, names: Sequence[str], seed: Any) -> Any:
    """Change each image at random by all of the named augmentations.

    Parameters
    ----------
    images : float32 tensor of shape (n, height, width, channels)
    names : of `AUGMENTATIONS`
    seed : int32 tensor of shape (2,)
        The same seed gives the same changes.

    Returns
    -------
    float32 tensor of the images' shape
        Pixels that come from beyond the edge repeat the edge.
    """
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    matrices = tf.eye(3, batch_shape=[count])
    for number, name in enumerate(names):
        drawn = AUGMENTATIONS[name](count, (height, width), tf.random.experimental.stateless_fold_in(seed, number))
        matrices = matrices @ drawn
    centred = _shifts(-(width - 1) / 2, -(height - 1) / 2)
    matrices = tf.linalg.inv(centred) @ matrices @ centred
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.reshape(matrices, (-1, 9))[:, :8],
        output_shape=(height, width),
        fill_value=0.0,
        interpolation="NEAREST" if set(names) <= EXACT else "BILINEAR",
        fill_mode="NEAREST",
    )


def hflip(count: Any, size: tuple[int, int], seed: Any) -> Any:
    """Left and right exchanged, in half of the images."""
    return _scales(_signs(count, seed), tf.ones([count]))


def vflip(count: Any, size: tuple[int, int], seed: Any) -> Any:
    """Top and bottom exchanged, in half of the images."""
    return _scales(tf.ones([count]), _signs(count, seed))


def rotate90(count: Any, size: tuple[int, int], seed: Any) -> Any:
    """A turn by 0, 90, 180 or 270 degrees; by 0 or 180 where the image is not square."""
    quarter = 1 if size[0] == size[1] else 2
    turns = tf.random.stateless_uniform([count], seed, 0, 4 // quarter, tf.int32) * quarter
    sine, cosine = tf.constant([0.0, 1.0, 0.0, -1.0]), tf.constant([1.0, 0.0, -1.0, 0.0])
    return _rotations(tf.gather(sine, turns), tf.gather(cosine, turns))


def shift(count: Any, size: tuple[int, int], seed: Any) -> Any:
    """A shift by up to 10% of each side."""
    share = tf.random.stateless_uniform([2, count], seed, -MAX_SHIFT, MAX_SHIFT)
    return _shifts(share[0] * size[1], share[1] * size[0])


def rotate(count: Any, size: tuple[int, int], seed: Any) -> Any:
    """A turn by up to 10 degrees."""
    angle = tf.random.stateless_uniform([count], seed, -MAX_ROTATION, MAX_ROTATION)
    return _rotations(tf.sin(angle), tf.cos(angle))


def zoom(count: Any, size: tuple[int, int], seed: Any) -> Any:
    """Smaller or larger by up to 10%."""
    scale = tf.random.stateless_uniform([count], seed, 1 - MAX_ZOOM, 1 + MAX_ZOOM)
    return _scales(scale, scale)


def shear(count: Any, size: tuple[int, int], seed: Any) -> Any:
    """Leaning to either side by up to 15% of the height."""
    slope = tf.random.stateless_uniform([count], seed, -MAX_SHEAR, MAX_SHEAR)
    return _matrices(1.0, slope, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


AUGMENTATIONS: dict[str, Callable[[Any, tuple[int, int], Any], Any]] = {
    "hflip": hflip,
    "vflip": vflip,
    "rotate90": rotate90,
    "shift": shift,
    "rotate": rotate,
    "zoom": zoom,
    "shear": shear,
}


#: These move pixels to where others are, so that nothing lies in between.
EXACT = frozenset({"hflip", "vflip", "rotate90"})


def _signs(count: Any, seed: Any) -> Any:
    return tf.cast(tf.random.stateless_uniform([count], seed, 0, 2, tf.int32) * 2 - 1, tf.float32)


def _matrices(*entries: Any) -> Any:
    """Stack nine entries, numbers or tensors of shape (n,), into matrices of shape (n, 3, 3)."""
    zeros = 0.0 * sum(entries)
    return tf.reshape(tf.stack([entry + zeros for entry in entries], axis=-1), (-1, 3, 3))


def _scales(x: Any, y: Any) -> Any:
    return _matrices(x, 0.0, 0.0, 0.0, y, 0.0, 0.0, 0.0, 1.0)


def _shifts(x: Any, y: Any) -> Any:
    return _matrices(1.0, 0.0, x, 0.0, 1.0, y, 0.0, 0.0, 1.0)


def _rotations(sine: Any, cosine: Any) -> Any:
    return _matrices(cosine, -sine, 0.0, sine, cosine, 0.0, 0.0, 0.0, 1.0)
