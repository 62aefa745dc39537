"""BMP files, and the portable maps: PBM, PGM and PPM."""

import re
import struct

from .common import BadImage, Header, Incomplete

PORTABLE = re.compile(rb"P[1-6]\s")
_OLD_HEADER, _NEW_HEADER, _WITH_ALPHA = 12, 40, 56
_BY_MASKS = 3
_SPACE = rb"(?:\s|#[^\n]*\n)+"
_NUMBER = _SPACE + rb"(\d{1,10})"
_PORTABLE_SIZE = re.compile(rb"P([1-6])" + _NUMBER + _NUMBER + rb"(?:" + _NUMBER + rb")?\s")
_BLACK_AND_WHITE, _TEXT, _COLOR = (1, 4), (2, 3), (3, 6)


def read_bmp(data: bytes) -> Header:
    """Read the size and the palette from a BMP's header; rows that are stored from the top have a negative height."""
    if len(data) < 26:
        raise Incomplete("truncated BMP")
    (size,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if size == _OLD_HEADER else "<ii", data, 18)
    gray = _is_gray(data, 14 + size) if size >= _NEW_HEADER else False
    return Header("BMP", abs(height), width, gray, alpha=size >= _WITH_ALPHA and _has_alpha(data))


def _is_gray(data: bytes, palette: int) -> bool:
    """Whether the pixels are numbers of gray colours, which begin at `palette`: blue, green, red, nothing."""
    if len(data) < palette:
        return False
    (bits,) = struct.unpack_from("<H", data, 28)
    if bits > 8:
        return False
    count = struct.unpack_from("<I", data, 46)[0] or 2**bits
    colors = data[palette : palette + 4 * count]
    return len(colors) == 4 * count and colors[::4] == colors[1::4] == colors[2::4]


def _has_alpha(data: bytes) -> bool:
    """Whether the pixels are of 32 bits and a mask says which of them are alpha."""
    if len(data) < 70:
        return False
    (bits, compression), (mask,) = struct.unpack_from("<HI", data, 28), struct.unpack_from("<I", data, 66)
    return bits == 32 and compression == _BY_MASKS and mask != 0


def read_portable(data: bytes) -> Header:
    """Read the size and the largest value from the text in front of the pixels."""
    found = _PORTABLE_SIZE.match(data)
    if not found:
        raise Incomplete("damaged header of a PBM, PGM or PPM file")
    kind, width, height = (int(found[group]) for group in (1, 2, 3))
    levels = 255 if kind in _BLACK_AND_WHITE else int(found[4] or 0)
    if not 1 <= levels <= 65_535:
        raise BadImage(f"PGM or PPM with a largest value of {levels}: it must be from 1 to 65,535")
    decoded = 255 if kind in _TEXT and levels < 256 else levels  # OpenCV scales these itself
    depth = "u2" if levels > 255 else "u1"
    return Header("PNM", height, width, kind not in _COLOR, levels=decoded, depth=depth, levels_stored=levels)
