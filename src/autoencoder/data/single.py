"""Single images, read and written at their own size, for commands that give back a file for a file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ..files import write_bytes
from .decode import decode, fit
from .formats.common import MAX_PIXELS_ALONE, BadImage
from .formats.header import read_header


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
    return fit(decode(data, header), header.shape, color)


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
    if suffix == ".ppm" and pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)  # the format knows colour only
    try:
        done, content = cv2.imencode(suffix, pixels if pixels.shape[2] == 1 else pixels[..., ::-1])
    except cv2.error:
        done = False
    if not done:
        raise BadImage(f"can't be written as {suffix or 'a file without a suffix'}; save it as PNG")
    write_bytes(path, content.data)
