"""The values of a file as they are stored, and how a background and a range make pixels of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np

from .formats import heif
from .formats.common import BadImage, Header
from .formats.tiff import with_colors_as_stored
from .rules import Rules

#: From a file's own numbers to 8 bits.
Reduction = Callable[[np.ndarray], np.ndarray]

_ROWS_AT_ONCE = 64


class Stored(NamedTuple):
    """An image as its file has it.

    `values` has the shape (h, w) or (h, w, 3), red first, in the file's own numbers; `alpha` has the shape (h, w), from
    0 to the header's `largest`, or is None where everything is opaque.
    """

    values: np.ndarray
    alpha: np.ndarray | None = None


def read_stored(data: bytes, header: Header, straight: bool = False) -> Stored:
    """Decode a whole file, not yet turned (but for TIFF and HEIC, whose decoders turn them).

    Parameters
    ----------
    data : bytes
    header : Header
    straight : bool
        Whether colours are wanted without the alpha that libtiff multiplies those of 8-bit TIFF files by.

    Raises
    ------
    BadImage
        If it can't be decoded.
    """
    try:
        decoded = _decoded(data, header, straight)
    except cv2.error:
        decoded = None
    except MemoryError:
        raise BadImage(f"{header.width}x{header.height} pixels: more than the free memory holds") from None
    if decoded is None:
        raise BadImage(f"damaged {header.kind}: its pixels can't be decoded")
    pixels = _own_numbers(decoded, header)
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if channels <= 2 or header.gray:
        values = pixels if pixels.ndim == 2 else pixels[..., 0]
    else:
        values = pixels[..., :3] if header.kind in heif.KINDS else pixels[..., 2::-1]
    if channels in (2, 4) and header.alpha:
        return Stored(values, pixels[..., -1])
    return Stored(values, _beside_one_color(values, header) if header.clear else None)


def _decoded(data: bytes, header: Header, straight: bool) -> np.ndarray | None:
    """Decode all that there is: every bit and every channel, in OpenCV's order (or Pillow's, of HEIC and AVIF)."""
    if header.kind in heif.KINDS:
        return heif.decode(data, header)
    if header.kind == "TIFF" and header.alpha:
        if header.gray:
            return _decode_gray_and_alpha(data, header)
        data = with_colors_as_stored(data) if straight else data
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def _decode_gray_and_alpha(data: bytes, header: Header) -> np.ndarray | None:
    """Decode a TIFF file of gray and alpha, of which OpenCV shows the gray alone."""
    if header.depth != "u1":
        raise BadImage("TIFF of gray and transparency in more than 8 bits: save it as PNG")
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("TIFF",)) as image:
            return np.asarray(image.convert("LA"))
    except MemoryError:
        raise
    except Exception:  # of whatever kind damaged files make Pillow raise
        return None


def _own_numbers(pixels: np.ndarray, header: Header) -> np.ndarray:
    """Undo what decoders do to numbers of few bits, and refuse what they could not give whole."""
    if header.depth == "u4" and pixels.dtype == np.int32:  # OpenCV 4 knows no unsigned numbers of 32 bits
        pixels = pixels.view(np.uint32)
    if pixels.dtype != np.dtype(header.depth):
        raise BadImage(f"{header.kind} whose numbers can't be read as they are stored: save it as PNG")
    if header.kind == "PNM" and header.levels > header.levels_stored:  # text, which OpenCV spreads over 0 to 255
        return (-(-np.arange(256) * header.levels_stored // 255)).astype(np.uint8)[pixels]
    if header.depth == "u2" and header.kind == "TIFF":
        return np.right_shift(pixels, 16 - header.levels_stored.bit_length(), out=pixels)
    return pixels


def _beside_one_color(values: np.ndarray, header: Header) -> np.ndarray:
    """Alpha where a single colour is transparent, which libpng tells of some kinds only."""
    same = values == np.array(header.clear, values.dtype)
    return np.where(same if values.ndim == 2 else same.all(axis=2), 0, header.levels_stored).astype(values.dtype)


def draw(stored: Stored, header: Header, rules: Rules) -> np.ndarray:
    """Make pixels of values by the range, and draw them on the background where they are transparent.

    Returns
    -------
    uint8 array of shape (h, w) or (h, w, 3)
        Without colour where neither image nor background has any.
    """
    assert rules.range != "auto", "find_range says what auto is before images are decoded"
    values, alpha = stored.values, stored.alpha if rules.background else None
    on_color = alpha is not None and len(set(rules.background or ())) > 1
    pixels = np.empty((*values.shape[:2], 3) if on_color else values.shape, np.uint8)
    to_8_bits = _reduction(header, rules.range)
    for top in range(0, len(values), _ROWS_AT_ONCE):  # some rows at a time, lest floats of a whole image are held
        rows = slice(top, top + _ROWS_AT_ONCE)
        if alpha is None:
            pixels[rows] = to_8_bits(values[rows])
        else:
            pixels[rows] = _on_background(values[rows], alpha[rows], header, to_8_bits, rules.background or ())
    return pixels


def _on_background(
    values: np.ndarray, alpha: np.ndarray, header: Header, to_8_bits: Reduction, background: tuple[int, ...]
) -> np.ndarray:
    opaque = header.levels_stored
    if alpha.dtype.kind == "f":
        alpha = np.clip(np.nan_to_num(alpha.astype(float), nan=0), 0, 1)
    else:
        alpha = np.maximum(alpha.astype(np.int64), 0)
    if values.ndim == 3:
        alpha = alpha[..., None]
    colors = to_8_bits(_divided(values, alpha, header) if header.multiplied else values).astype(alpha.dtype)
    ground: Any = background[0]
    if len(set(background)) > 1:
        ground = np.array(background, alpha.dtype)
        colors, alpha = (colors, alpha) if values.ndim == 3 else (colors[..., None], alpha[..., None])
    mixed = colors * alpha + ground * (opaque - alpha)
    return np.floor(mixed + 0.5) if alpha.dtype.kind == "f" else (mixed + opaque // 2) // opaque


def _divided(values: np.ndarray, alpha: np.ndarray, header: Header) -> np.ndarray:
    """Undo that colours were multiplied by alpha."""
    if values.dtype.kind == "f":
        return np.divide(values, alpha, out=np.zeros(values.shape), where=alpha > 0)
    some = np.maximum(alpha, 1)
    colors = np.minimum((values.astype(np.int64) * header.levels_stored + some // 2) // some, header.levels_stored)
    return np.where(alpha > 0, colors, 0).astype(values.dtype)


def _reduction(header: Header, limits: tuple[float, float] | None) -> Reduction:
    """Return what makes 8-bit numbers of a file's own: by the range, or by what the file's type can hold."""
    if header.depth in ("u1", "u2"):
        numbers = np.arange(header.levels_stored + 1)
        if limits is not None:
            table = _scaled(numbers, limits)
        elif header.kind == "PNM" and header.levels_stored != 65_535:
            table = (numbers * 255 // header.levels_stored).astype(np.uint8)
        else:
            table = (numbers * 256 // (header.levels_stored + 1)).astype(np.uint8)  # the upper 8 bits
        return lambda values: table[np.minimum(values, header.levels_stored)]
    assert limits is not None, "the scan refuses such files without a range"
    return lambda values: _scaled(values, limits)


def _scaled(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    low, high = limits
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint((values.astype(float) - low) * 255 / (high - low))
    return np.nan_to_num(np.clip(scaled, 0, 255), nan=0).astype(np.uint8)
