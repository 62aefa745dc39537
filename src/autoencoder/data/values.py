"""The values that a file stores, at their full depth and with their transparency, and what becomes of them."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np

from .formats import heif
from .formats.common import BadImage, Header
from .rules import Rules


def wants_values(header: Header, rules: Rules) -> bool:
    """Whether an image's pixels hang on more than its 8-bit colours."""
    return (
        header.kind == "HEIF"
        or rules.range is not None
        or header.deep
        or (header.alpha and rules.background is not None)
    )


def pixels_by_rules(data: bytes, header: Header, rules: Rules) -> np.ndarray | None:
    """Decode an image by rules for its range and background; None where it is damaged.

    Returns
    -------
    uint8 array of shape (h, w) or (h, w, 3), red first
    """
    values = read_values(data, header)
    if values is None:
        return None
    colors, alpha = (values[..., :3], values[..., 3]) if values.ndim == 3 and values.shape[2] == 4 else (values, None)
    if header.gray and colors.ndim == 3:
        colors = colors[..., 0]
    pixels = to_levels(colors, header, rules)
    if rules.background is None or not header.alpha:
        return pixels
    alpha = _alpha(data, pixels.shape[:2]) if alpha is None else alpha
    # TIFF's colours arrive multiplied by their alpha, unless they are gray.
    return _on(rules.background, pixels, _upper_byte(alpha), header.kind == "TIFF" and pixels.ndim == 3)


def read_values(data: bytes, header: Header) -> np.ndarray | None:
    """Decode what a file stores: (h, w), (h, w, 3) or (h, w, 4), red first, of the file's own type; None if damaged."""
    if header.kind == "HEIF":
        return heif.read_values(data)
    try:
        values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    except MemoryError:
        raise BadImage(f"{header.width}x{header.height} pixels: more than the free memory holds") from None
    if values is None or values.ndim == 2:
        return values
    order = [2, 1, 0, 3][: values.shape[2]] if values.shape[2] in (3, 4) else [0]
    return np.ascontiguousarray(values[..., order]) if len(order) > 1 else values[..., 0]


def to_levels(values: np.ndarray, header: Header, rules: Rules) -> np.ndarray:
    """Map values to 0 to 255: linearly from a range, or else by what the file's type can hold."""
    if rules.range is None:
        if header.levels not in (255, 65_535):
            scaled = (np.arange(header.levels + 1) * 255 // header.levels).astype(np.uint8)
            return scaled[np.minimum(values, header.levels)]
        return _upper_byte(values)
    assert not isinstance(rules.range, str), "a range of auto is found before images are decoded"
    low, high = rules.range
    kind: Any = np.float32 if values.dtype.itemsize <= 2 else np.float64
    numbers = (values.astype(kind) - kind(low)) * kind(255 / (high - low))
    np.nan_to_num(numbers, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
    return np.rint(np.clip(numbers, 0, 255, out=numbers), out=numbers).astype(np.uint8)


def _upper_byte(values: np.ndarray) -> np.ndarray:
    return (values >> 8).astype(np.uint8) if values.dtype == np.uint16 else values.astype(np.uint8)


def _alpha(data: bytes, shape: tuple[int, int]) -> np.ndarray:
    """Return the transparency of the formats whose gray OpenCV hands out without it."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            alpha = np.asarray(image.convert("RGBA"))[..., 3]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadImage(f"its transparency can't be read: {error}") from None
    return alpha if alpha.shape == shape else np.full(shape, 255, np.uint8)


def _on(background: tuple[int, int, int], pixels: np.ndarray, alpha: np.ndarray, multiplied: bool) -> np.ndarray:
    """Draw pixels on a colour: (pixel * alpha + colour * (255 - alpha)) / 255, rounded; in gray where both are."""
    if pixels.ndim == 2 and len(set(background)) > 1:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    color = np.array(background if pixels.ndim == 3 else background[0], np.uint16)
    weight = (alpha[..., None] if pixels.ndim == 3 else alpha).astype(np.uint16)
    shown = pixels.astype(np.uint16) * (np.uint16(255) if multiplied else weight)
    # At most 255 * 255 + 127, which 16 bits hold, unless multiplied colours are brighter than their alpha allows.
    sums = np.minimum(shown.astype(np.uint32) + color * (np.uint16(255) - weight), 255 * 255)
    return ((sums + 127) // 255).astype(np.uint8)
