"""Single images, read and written at their own size, for commands that give back a file for a file."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from ..errors import DataError
from ..files import replacing, write_bytes
from .decode import decode, fit
from .formats import png
from .formats.common import MAX_PIXELS, MAX_PIXELS_ALONE, BadImage, Header
from .formats.header import read_header
from .listing import BadFile
from .reading import look
from .walk import walk

_BMP_HEADER = 14 + 40 + 4 * 256
_ROWS_AT_ONCE = 256


class Files(NamedTuple):
    """Names of files below a folder, sorted, and what in it cannot be followed."""

    root: Path
    names: list[str]
    bad: list[BadFile]


def files_of(source: Path) -> Files:
    """List every file below a folder, or the one that `source` is; hidden ones are left out.

    Raises
    ------
    DataError
        If it can't be read.
    """
    if source.is_file():
        return Files(source.parent, [source.name], [])
    try:
        tree = walk(source, lambda folder: True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"{source}: can't be read ({reason}); give a folder of images or one image") from None
    return Files(source, sorted(tree.files), tree.bad)


def read_image(path: Path, color: str) -> np.ndarray:
    """Decode an image of up to 512 Mi pixels at its own size.

    Parameters
    ----------
    path : Path
    color : {"grayscale", "rgb"}

    Returns
    -------
    uint8 array of shape (height, width, channels)
        Writable.

    Raises
    ------
    BadImage
        If the file can't be used; the message is the reason, a fragment of a sentence.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadImage(f"can't be read: {(error.strerror or str(error)).lower()}") from None
    header = read_header(data, MAX_PIXELS_ALONE)
    if not _is_better_left_on_disk(path, header):
        return fit(decode(data, header), header.shape, color)
    if header.kind == "PNG":
        png.check(data)
    del data  # OpenCV takes twice the image's memory while it decodes, so the file's own bytes are not kept too
    pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None or pixels.shape != header.shape:
        raise BadImage(f"damaged {header.kind}: its pixels can't be decoded")
    return fit(pixels, header.shape, color)


def _is_better_left_on_disk(path: Path, header: Header) -> bool:
    """Whether it is a large gray image that OpenCV reads from the disk as it would from memory."""
    plain = header.gray and header.kind in ("PNG", "BMP") and header.orientation == 1 and header.levels == 255
    readable = str(path).isprintable()  # OpenCV opens no file whose name is not UTF-8
    return plain and readable and header.height * header.width > MAX_PIXELS


def losses(path: Path) -> list[str]:
    """Say what of an image is lost where it is decoded to 8 bits without transparency: nothing, mostly."""
    try:
        header = look(str(path), deep=True).header
    except BadImage:
        return []
    deep = ["16 bits become 8"] if header.levels_stored > 255 else []
    return [*deep, *(["its transparency (alpha) is dropped"] if header.alpha else [])]


def write_image(path: Path, pixels: np.ndarray) -> None:
    """Write an image, uint8 of shape (height, width, 1 or 3), in the format of the name's suffix; whole or not at all.

    Raises
    ------
    BadImage
        If the suffix names no format that can be written.
    DiskError
        If it cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix == ".bmp" and pixels.shape[2] == 1:
        with replacing(path) as temporary, temporary.open("wb") as file:
            file.writelines(_bmp(pixels[..., 0]))
        return
    if suffix == ".ppm" and pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)  # the format knows colour only
    try:
        done, content = cv2.imencode(suffix, pixels if pixels.shape[2] == 1 else pixels[..., ::-1])
    except cv2.error:
        done = False
    if not done:
        raise BadImage(f"can't be written as {suffix or 'a file without a suffix'}; save it as PNG")
    write_bytes(path, content.data)


def _bmp(pixels: np.ndarray) -> Iterator[bytes]:
    """Yield a BMP file of 256 grays, some rows at a time from the last one on: OpenCV would hold it three times."""
    height, width = pixels.shape
    stride = -(-width // 4) * 4
    size = height * stride
    yield struct.pack(
        "<2sIIIIiiHHIIiiII", b"BM", _BMP_HEADER + size, 0, _BMP_HEADER, 40, width, height, 1, 8, 0, size, *[0] * 4
    )
    yield np.repeat(np.arange(256, dtype=np.uint8)[:, None], 4, axis=1).tobytes()
    for bottom in range(height, 0, -_ROWS_AT_ONCE):
        rows = pixels[max(0, bottom - _ROWS_AT_ONCE) : bottom][::-1]
        yield np.pad(rows, ((0, 0), (0, stride - width))).tobytes()
