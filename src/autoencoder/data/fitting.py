"""Decoded images to a model's shape and colour: stretched, padded or cropped."""

from typing import NamedTuple

import cv2
import numpy as np

from .rules import AS_STORED, Rules

Shape = tuple[int, int]


class Plan(NamedTuple):
    """The part of an image that is shown, and the size that it is given; both are (height, width) and central."""

    part: Shape
    size: Shape


def plan(shape: Shape, wanted: Shape, rules: Rules) -> Plan:
    """Say what becomes of an image of a shape: which central part of it is shown, and how large.

    Examples
    --------
    >>> plan((30, 60), (20, 20), Rules(fit="pad"))
    Plan(part=(30, 60), size=(10, 20))
    >>> plan((30, 60), (20, 20), Rules(fit="crop"))
    Plan(part=(30, 30), size=(20, 20))
    """
    (height, width), (high, wide) = shape, wanted
    flat = height * wide < width * high  # whether the image is wider than what is wanted
    if rules.fit == "pad":
        size = (_share(height, wide, width), wide) if flat else (high, _share(width, high, height))
        return Plan(shape, (min(size[0], high), min(size[1], wide)))
    if rules.fit == "crop":
        part = (height, _share(wide, height, high)) if flat else (_share(high, width, wide), width)
        return Plan((min(part[0], height), min(part[1], width)), wanted)
    return Plan(shape, wanted)


def _share(number: int, times: int, of: int) -> int:
    """`number` x `times` / `of` to the nearest whole number, halves up, and 1 at least."""
    return max(1, (2 * number * times + of) // (2 * of))


def ample(shape: Shape, wanted: Shape, rules: Rules) -> Shape:
    """Return the size that the whole image would have at the scale at which it is shown."""
    part, size = plan(shape, wanted, rules)
    return -(-shape[0] * size[0] // part[0]), -(-shape[1] * size[1] // part[1])


def fit(
    pixels: np.ndarray, image_shape: Shape, color: str, rules: Rules = AS_STORED, shape: Shape | None = None
) -> np.ndarray:
    """Give decoded pixels a model's colour and then its size.

    Sides that shrink do so first, averaging areas; sides that grow follow, by linear interpolation.

    Parameters
    ----------
    pixels : uint8 array of shape (h, w) or (h, w, 3)
        As `decode` returns them.
    image_shape : (int, int)
        Height and width of the result.
    color : {"grayscale", "rgb"}
        Whether the result has one channel or three.
    rules : Rules
        Whether images of other proportions are stretched, padded with the background (black where there is none),
        or cropped.
    shape : (int, int), optional
        The image's own height and width, where it was decoded at a smaller size.

    Returns
    -------
    uint8 array of shape (height, width, channels)
    """
    if pixels.ndim == 3 and color == "grayscale":
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if pixels.shape[:2] != image_shape:
        pixels = _sized(pixels, image_shape, color, rules, shape or (pixels.shape[0], pixels.shape[1]))
    if pixels.ndim == 3:
        return pixels
    return pixels[..., None] if color == "grayscale" else np.repeat(pixels[..., None], 3, axis=2)


def _sized(pixels: np.ndarray, image_shape: Shape, color: str, rules: Rules, shape: Shape) -> np.ndarray:
    part, size = plan(shape, image_shape, rules)
    if part != shape:
        pixels = _central(
            pixels, (_share(part[0], pixels.shape[0], shape[0]), _share(part[1], pixels.shape[1], shape[1]))
        )
    if pixels.shape[:2] != size:
        pixels = _resize(pixels, size)
    return pixels if size == image_shape else _padded(pixels, image_shape, color, rules)


def _central(pixels: np.ndarray, size: Shape) -> np.ndarray:
    top, left = (pixels.shape[0] - size[0]) // 2, (pixels.shape[1] - size[1]) // 2
    return np.ascontiguousarray(pixels[top : top + size[0], left : left + size[1]])


def _padded(pixels: np.ndarray, image_shape: Shape, color: str, rules: Rules) -> np.ndarray:
    border: np.ndarray = np.array(rules.background or (0, 0, 0), np.uint8).reshape(1, 1, 3)
    if color == "grayscale":
        border = cv2.cvtColor(border, cv2.COLOR_RGB2GRAY)
    elif pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    result = np.empty((*image_shape, *pixels.shape[2:]), np.uint8)
    result[:] = border[0, 0]
    height, width = pixels.shape[:2]
    top, left = (image_shape[0] - height) // 2, (image_shape[1] - width) // 2
    result[top : top + height, left : left + width] = pixels
    return result


def _resize(pixels: np.ndarray, image_shape: Shape) -> np.ndarray:
    height, width = image_shape
    smaller = min(height, pixels.shape[0]), min(width, pixels.shape[1])
    if smaller != pixels.shape[:2]:
        pixels = cv2.resize(pixels, smaller[::-1], interpolation=cv2.INTER_AREA)
    if smaller != image_shape:
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)
    return pixels
