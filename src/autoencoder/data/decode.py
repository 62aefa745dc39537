"""From the bytes of one image file to 8-bit pixels: the one rule that training, encoding and serving share.

The rule is written down in docs/images.md.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from .formats import jpeg, png
from .formats.common import BadImage, Header
from .formats.header import read_header
from .rules import AS_STORED, Rules
from .values import pixels_by_rules, wants_values

_QUIET = threading.RLock()
_UPRIGHT = cv2.IMREAD_IGNORE_ORIENTATION
#: What libjpeg can divide an image's sides by while it decodes, and OpenCV's flag for it.
_DIVISORS = {
    1: 0,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}


def read_pixels(data: bytes, image_shape: tuple[int, int], color: str) -> np.ndarray:
    """Decode one image file and give it the shape and colour that a model takes.

    Parameters
    ----------
    data : bytes
        A whole file: PNG, JPEG, BMP, TIFF, WebP, PBM, PGM or PPM.
    image_shape : (int, int)
        Height and width of the result.
    color : {"grayscale", "rgb"}
        Whether the result has one channel or three.

    Returns
    -------
    uint8 array of shape (height, width, channels)

    Raises
    ------
    BadImage
        If the file can't be used; the message is the reason, a fragment of a sentence.
    """
    return fit(decode(data, wanted=image_shape), image_shape, color)


def decode(
    data: bytes, header: Header | None = None, wanted: tuple[int, int] | None = None, rules: Rules = AS_STORED
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
        How values become pixels; its range must not be "auto" any more.

    Returns
    -------
    uint8 array of shape (height, width), or (height, width, 3) in the order red, green, blue

    Raises
    ------
    BadImage
        If the file is damaged, no image, an animation or too large.
    """
    header = header or read_header(data)
    if header.kind == "PNG":
        data = png.check(data)
    elif header.kind == "JPEG":
        jpeg.check(data, header)
    elif header.kind == "PNM" and data[1] in b"123":
        data += b"\n"  # these are text, and OpenCV wants a character after the last number
    by_rules = wants_values(header, rules)
    divisor = 1 if by_rules else _divisor(header, wanted and scaled(header.shape, wanted, rules.fit))
    pixels = pixels_by_rules(data, header, rules) if by_rules else _decode(data, header, divisor)
    if pixels is None:
        raise BadImage(f"damaged {header.kind}: its pixels can't be decoded")
    if header.kind not in ("TIFF", "HEIF"):  # these are turned already
        pixels = _turn(pixels, header.orientation)
    if pixels.shape[:2] != tuple(-(-side // divisor) for side in header.shape):
        raise BadImage(f"damaged {header.kind}: its header gives another size than its pixels have")
    return pixels


def _divisor(header: Header, wanted: tuple[int, int] | None) -> int:
    """By how much the sides are divided while a JPEG is decoded, from the lower frequencies of its blocks alone."""
    if wanted is None or header.kind != "JPEG":
        return 1
    sides = list(zip(header.shape, wanted, strict=True))

    def ample(divisor: int) -> bool:
        # What is added to fill the last block moves the far edge, by an eighth of a wanted pixel at most.
        return all(side >= 2 * divisor * least and -side % divisor * least * 8 <= side for side, least in sides)

    return max(filter(ample, _DIVISORS), default=1)


def _decode(data: bytes, header: Header, divisor: int) -> np.ndarray | None:
    deep = header.levels > 255
    flags = cv2.IMREAD_COLOR_RGB
    if header.gray and header.kind != "TIFF":
        flags = cv2.IMREAD_GRAYSCALE
    elif deep:
        flags = cv2.IMREAD_COLOR  # blue first: in the other order TIFF files of 16 bits come out wrong
    try:
        flags |= _UPRIGHT | _DIVISORS[divisor] | (cv2.IMREAD_ANYDEPTH if deep else 0)
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    except MemoryError:
        raise BadImage(f"{header.width}x{header.height} pixels: more than the free memory holds") from None
    if pixels is None or header.levels == 255:
        return pixels
    pixels = _to_8_bits(pixels, header.levels)
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB) if deep and pixels.ndim == 3 else pixels


def _to_8_bits(pixels: np.ndarray, levels: int) -> np.ndarray:
    """Of 16 bits keep the upper 8; scale a portable map that has its own largest value."""
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


def fit(pixels: np.ndarray, image_shape: tuple[int, int], color: str, rules: Rules = AS_STORED) -> np.ndarray:
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
        Images of other proportions are stretched, padded with the background, or cropped around their middle.

    Returns
    -------
    uint8 array of shape (height, width, channels)
    """
    if pixels.ndim == 3 and color == "grayscale":
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    shown = (pixels.shape[0], pixels.shape[1])
    if shown != image_shape:
        wanted = scaled(shown, image_shape, rules.fit)
        pixels = _resize(pixels, wanted) if wanted != shown else pixels
        pixels = _placed(pixels, image_shape, rules) if wanted != image_shape else pixels
    if pixels.ndim == 3:
        return pixels
    return pixels[..., None] if color == "grayscale" else np.repeat(pixels[..., None], 3, axis=2)


def scaled(shape: tuple[int, int], image_shape: tuple[int, int], how: str) -> tuple[int, int]:
    """Return the size that an image gets before it is padded or cropped to `image_shape`; stretched, that itself."""
    if how == "stretch":
        return image_shape
    ratios = image_shape[0] / shape[0], image_shape[1] / shape[1]
    ratio = min(ratios) if how == "pad" else max(ratios)
    height, width = (max(1, round(side * ratio)) for side in shape)
    return height, width


def _placed(pixels: np.ndarray, image_shape: tuple[int, int], rules: Rules) -> np.ndarray:
    """Put an image into the middle of one of another size: what is missing is background, what is too much is cut."""
    background = rules.background or (0, 0, 0)
    if pixels.ndim == 2:
        red, green, blue = background
        result = np.full(image_shape, round(0.299 * red + 0.587 * green + 0.114 * blue), np.uint8)
    else:
        result = np.full((*image_shape, 3), background, np.uint8)
    here, there = [], []
    for side, wanted in zip(pixels.shape, image_shape, strict=False):
        length = min(side, wanted)
        here.append(slice((side - length) // 2, (side - length) // 2 + length))
        there.append(slice((wanted - length) // 2, (wanted - length) // 2 + length))
    result[tuple(there)] = pixels[tuple(here)]
    return result


def _resize(pixels: np.ndarray, image_shape: tuple[int, int]) -> np.ndarray:
    height, width = image_shape
    smaller = min(height, pixels.shape[0]), min(width, pixels.shape[1])
    if smaller != pixels.shape[:2]:
        pixels = cv2.resize(pixels, smaller[::-1], interpolation=cv2.INTER_AREA)
    if smaller != image_shape:
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)
    return pixels


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
