"""Random changes of training images, each drawn anew for every image and every epoch.

Most are affine maps: all of these that are asked for are multiplied into one matrix an image, and the pixels are
interpolated once. The others change colours afterwards, in the order in which they are asked for. To add one: write a
function that draws n matrices, or one that changes n images, give it a line in `MOVES` or `COLORS`, and add its name to
`settings.Augmentation`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ..sampling import evenly_spread
from ..settings import Augmentation
from .pixels import Pixels

#: Largest shift (share of the side) and rotation (radians), those of Guo et al. 2018 (DEC-DA), section 3; largest
#: zoom and shear (shares).
MAX_SHIFT, MAX_ROTATION, MAX_ZOOM, MAX_SHEAR = 0.1, math.radians(10), 0.1, 0.15
#: Of a crop: its smallest share of the area, and the logarithm of its widest proportions.
MIN_AREA, MAX_PROPORTION = 0.3, 0.25
#: By how much brightness and contrast change (shares), the most saturation, and the share of images made gray.
MAX_LIGHT, MAX_SATURATION, GRAY_SHARE = 0.4, 1.4, 0.2
#: What suits photographs, and what suits drawings and gray images.
PHOTOGRAPHS: tuple[Augmentation, ...] = ("crop", "rotate", "color", "gray")
DRAWINGS: tuple[Augmentation, ...] = ("shift", "rotate", "zoom", "shear")
#: So many images say which they are; in drawings this share of the pixels equals the next one at least.
LOOKED_AT, FLAT = 200, 0.5
#: How bright the eye finds red, green and blue (ITU-R BT.601).
LUMA = (0.299, 0.587, 0.114)


def augment(images: Any, names: Sequence[str], seed: Any) -> Any:
    """Change each image at random by all of the named augmentations.

    Parameters
    ----------
    images : float32 tensor of shape (n, height, width, channels)
    names : of `AUGMENTATIONS`; what needs three channels, or pairs of three, leaves others as they are
    seed : int32 tensor of shape (2,)
        The same seed gives the same changes.

    Returns
    -------
    float32 tensor of the images' shape
        In [0, 1] where the images are. Pixels that come from beyond the edge repeat the edge.
    """
    seeds = [(name, tf.random.experimental.stateless_fold_in(seed, number)) for number, name in enumerate(names)]
    moves = [(name, own) for name, own in seeds if name in MOVES]
    if moves:
        images = _moved(images, moves)
    for name, own in seeds:
        if name in COLORS:
            images = COLORS[name](images, own)
    return images


def suited(pixels: Pixels) -> tuple[Augmentation, ...]:
    """Return the augmentations that suit images: what changes in them without making them another thing to a person.

    Photographs, which are images in colour of which most have fewer than half of their pixels equal to the next one,
    differ by light and by what they are cut from. All others, drawings and what is gray, differ by place and shape.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels)
        A sample of them is looked at.
    """
    seen = pixels[evenly_spread(len(pixels), LOOKED_AT)]
    equal = (seen[:, :, 1:] == seen[:, :, :-1]).all(axis=-1).mean(axis=(1, 2)) if seen.shape[2] > 1 else np.ones(1)
    varied = seen.shape[-1] == 3 and np.median(equal) < FLAT
    return PHOTOGRAPHS if varied else DRAWINGS


def _moved(images: Any, moves: Sequence[tuple[str, Any]]) -> Any:
    """Put each image through the product of the named maps, with one interpolation."""
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    matrices = tf.eye(3, batch_shape=[count])
    for name, seed in moves:
        matrices = matrices @ MOVES[name](count, (height, width), seed)
    centred = _shifts(-(width - 1) / 2, -(height - 1) / 2)
    matrices = tf.linalg.inv(centred) @ matrices @ centred
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.reshape(matrices, (-1, 9))[:, :8],
        output_shape=(height, width),
        fill_value=0.0,
        interpolation="NEAREST" if {name for name, _ in moves} <= EXACT else "BILINEAR",
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


def crop(count: Any, size: tuple[int, int], seed: Any) -> Any:
    """A part of 30 to 100% of the area and of other proportions, anywhere inside, stretched to the full size.

    Szegedy et al. 2014, arXiv:1409.4842, section 6, with a larger least area.
    """
    drawn = tf.random.stateless_uniform([4, count], seed)
    area, proportion = MIN_AREA + (1 - MIN_AREA) * drawn[0], tf.exp(MAX_PROPORTION * (2 * drawn[1] - 1))
    wide, high = tf.minimum(tf.sqrt(area * proportion), 1.0), tf.minimum(tf.sqrt(area / proportion), 1.0)
    # The middle of the part may lie as far from the image's as leaves it inside.
    x, y = ((drawn[2 + axis] - 0.5) * (1 - share) for axis, share in enumerate((wide, high)))
    return _shifts(x * size[1], y * size[0]) @ _scales(wide, high)


def color(images: Any, seed: Any) -> Any:
    """Brightness and contrast by up to 40% either way; saturation from none to 1.4 times."""
    bright, contrast, saturation = _drawn(images, seed, 3)
    bright, contrast = (1 + MAX_LIGHT * (2 * drawn - 1) for drawn in (bright, contrast))
    gray, saturation = _gray(images), MAX_SATURATION * saturation
    mean = tf.reduce_mean(gray, axis=(1, 2, 3), keepdims=True)
    # Each step is linear, so that all are one: saturated, then away from the mean, then brighter.
    saturated = saturation * images + (1 - saturation) * gray
    return tf.clip_by_value(bright * contrast * saturated + bright * (1 - contrast) * mean, 0.0, 1.0)


def gray(images: Any, seed: Any) -> Any:
    """No colour, in a fifth of the images."""
    (drawn,) = _drawn(images, seed, 1)
    return tf.where(drawn < GRAY_SHARE, _gray(images), images)


def blur(images: Any, seed: Any) -> Any:
    """Out of focus, in half of the images: the image mixed with a Gaussian of about one pixel around each."""
    drawn, strength = _drawn(images, seed, 2)
    kernel = tf.constant([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    kernel = tf.tile(tf.reshape(kernel[:, None] * kernel, (5, 5, 1, 1)), (1, 1, images.shape[-1], 1))
    blurred = images
    for _ in range(2):
        blurred = tf.pad(blurred, ((0, 0), (1, 1), (1, 1), (0, 0)), "SYMMETRIC")
    blurred = tf.nn.depthwise_conv2d(blurred, kernel, (1, 1, 1, 1), "VALID")
    return images + tf.where(drawn < 0.5, strength, 0.0) * (blurred - images)


#: What moves pixels.
MOVES: dict[str, Callable[[Any, tuple[int, int], Any], Any]] = {
    "hflip": hflip,
    "vflip": vflip,
    "rotate90": rotate90,
    "shift": shift,
    "rotate": rotate,
    "zoom": zoom,
    "shear": shear,
    "crop": crop,
}

#: What changes them where they are.
COLORS: dict[str, Callable[[Any, Any], Any]] = {"color": color, "gray": gray, "blur": blur}

AUGMENTATIONS = (*MOVES, *COLORS)


#: These move pixels to where others are, so that nothing lies in between.
EXACT = frozenset({"hflip", "vflip", "rotate90"})


def _drawn(images: Any, seed: Any, count: int) -> Any:
    """Draw so many numbers an image from 0 to 1, each of shape (n, 1, 1, 1)."""
    return tf.unstack(tf.random.stateless_uniform([count, tf.shape(images)[0], 1, 1, 1], seed))


def _gray(images: Any) -> Any:
    """Return what images, or pairs of them, are without colour, in their own shape."""
    channels = images.shape[-1]
    if channels % 3:
        return images
    colors = tf.reshape(images, (-1, *images.shape[1:3], channels // 3, 3))
    luma = tf.tensordot(colors, tf.constant(LUMA)[:, None], 1)
    return tf.reshape(tf.broadcast_to(luma, tf.shape(colors)), tf.shape(images))


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
