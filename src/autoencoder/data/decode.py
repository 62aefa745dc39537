"""From the bytes of one image file to 8-bit pixels: the one rule that training, encoding and serving share.

The rule is written down in docs/images.md.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from .fitting import ample, fit
from .formats import heif, jpeg, png
from .formats.common import BadImage, Header
from .formats.header import read_header
from .rules import AS_STORED, Rules
from .values import Stored, draw, read_stored

__all__ = ["checked", "decode", "fit", "quiet_codecs"]

_QUIET = threading.RLock()
_UPRIGHT = cv2.IMREAD_IGNORE_ORIENTATION
#: What libjpeg can divide an image's sides by while it decodes, and OpenCV's flag for it.
_DIVISORS = {
    1: 0,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}


def decode(
    data: bytes,
    header: Header | None = None,
    wanted: tuple[int, int] | None = None,
    rules: Rules = AS_STORED,
) -> np.ndarray:
    """Decode one image file at its own size, or a large JPEG at a size that is still ample for what is wanted.

    Parameters
    ----------
    data : bytes
        A whole file.
    header : Header, optional
        What `read_header` says of it, where that is known already.
    wanted : (int, int), optional
        The height and width that the image will be shrunk to: a JPEG of four times that or more, on both sides, is
        decoded at 1/2, 1/4 or 1/8 of its size, which is twice the wanted one or more.
    rules : Rules
        How the file's values become pixels.

    Returns
    -------
    uint8 array of shape (height, width), or (height, width, 3) in the order red, green, blue

    Raises
    ------
    BadImage
        If the file is damaged, no image, an animation or too large.
    """
    header = header or read_header(data, deep=rules.range is not None)
    data = checked(data, header)
    divisor = _divisor(header, wanted, rules)
    if _needs_stored(header, rules):
        pixels = draw(read_stored(data, header, rules.background is not None), header, rules)
    else:
        pixels = _decode(data, header, divisor)
        if rules.range is not None:
            pixels = draw(Stored(pixels), header, rules)
    if header.kind not in ("TIFF", "HEIC"):  # these are turned already
        pixels = _turn(pixels, header.orientation)
    if pixels.shape[:2] != tuple(-(-side // divisor) for side in header.shape):
        raise BadImage(f"damaged {header.kind}: its header gives another size than its pixels have")
    return pixels


def checked(data: bytes, header: Header) -> bytes:
    """Refuse a damaged file that its decoder would not refuse, or would die of; return what the decoder gets."""
    if header.kind == "PNG":
        return png.check(data)
    if header.kind == "JPEG":
        jpeg.check(data, header)
    elif header.kind in heif.KINDS:
        heif.check(data, header)
    elif header.kind == "PNM" and data[1] in b"123":
        return data + b"\n"  # these are text, and OpenCV wants a character after the last number
    return data


def _needs_stored(header: Header, rules: Rules) -> bool:
    """Whether the rules ask for what decoders leave out: alpha, and numbers of more than 8 bits."""
    return (rules.range is not None and header.kind != "JPEG") or (rules.background is not None and header.alpha)


def _divisor(header: Header, wanted: tuple[int, int] | None, rules: Rules) -> int:
    """By how much the sides are divided while a JPEG is decoded, from the lower frequencies of its blocks alone."""
    if wanted is None or header.kind != "JPEG":
        return 1
    sides = list(zip(header.shape, ample(header.shape, wanted, rules), strict=True))

    def is_ample(divisor: int) -> bool:
        # What is added to fill the last block moves the far edge, by an eighth of a wanted pixel at most.
        return all(side >= 2 * divisor * least and -side % divisor * least * 8 <= side for side, least in sides)

    return max(filter(is_ample, _DIVISORS), default=1)


def _decode(data: bytes, header: Header, divisor: int) -> np.ndarray:
    """Decode to 8 bits without alpha, in red, green, blue where there is colour."""
    try:
        pixels = _decoded(data, header, divisor)
    except cv2.error:
        pixels = None
    except MemoryError:
        raise BadImage(f"{header.width}x{header.height} pixels: more than the free memory holds") from None
    if pixels is None:
        raise BadImage(f"damaged {header.kind}: its pixels can't be decoded")
    if header.levels == 255:
        return pixels
    pixels = _to_8_bits(pixels, header.levels)
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB) if header.levels > 255 and pixels.ndim == 3 else pixels


def _decoded(data: bytes, header: Header, divisor: int) -> np.ndarray | None:
    if header.kind in heif.KINDS:
        pixels = heif.decode(data, header)
        if pixels is None or pixels.ndim == 2:
            return pixels
        return np.ascontiguousarray(pixels[..., :3] if pixels.shape[2] > 2 else pixels[..., 0])
    deep = header.levels > 255
    flags = cv2.IMREAD_COLOR_RGB
    if header.gray and header.kind != "TIFF":
        flags = cv2.IMREAD_GRAYSCALE
    elif deep:
        flags = cv2.IMREAD_COLOR  # blue first: in the other order TIFF files of 16 bits come out wrong
    flags |= _UPRIGHT | _DIVISORS[divisor] | (cv2.IMREAD_ANYDEPTH if deep else 0)
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags)


def _to_8_bits(pixels: np.ndarray, levels: int) -> np.ndarray:
    """Of 16 bits keep the upper 8; scale a portable map that has its own largest value."""
    if pixels.dtype == np.uint8 and levels == 65_535:
        return pixels  # of some kinds, as TIFF of gray and alpha, OpenCV gives the upper 8 itself
    if levels == 65_535:
        np.right_shift(pixels, 8, out=pixels)
        return pixels.astype(np.uint8)
    scaled = (np.arange(levels + 1) * 255 // levels).astype(np.uint8)  # rounded down, as OpenCV does in text files
    result = np.empty(pixels.shape, np.uint8)
    for row, values in enumerate(pixels):  # row by row: an index of the whole image would take eight times its memory
        result[row] = scaled[np.minimum(values, levels)]
    return result


def _turn(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undo EXIF's orientation: 2 to 4 are mirrored or upside down, 5 to 8 are those transposed."""
    if orientation == 1:
        return pixels
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


@contextmanager
def quiet_codecs() -> Iterator[None]:
    """Keep what libpng, libjpeg and OpenCV write to the standard error stream from the user's screen.

    They print it from C, so the process's file descriptor 2 is turned away: whatever else is written there
    meanwhile is lost too. One thread at a time gets in; threads that it started decode for it.
    """
    with _QUIET:
        try:
            screen = os.dup(2)
        except OSError:  # a process without a standard error stream
            yield
            return
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            yield
        finally:
            os.dup2(screen, 2)
            os.close(screen)
