"""WebP files."""

import struct

from .common import BadImage, Header, Incomplete
from .tiff import exif_orientation

_ANIMATED, _HAS_EXIF, _HAS_ALPHA = 0x02, 0x08, 0x10


def read_header(data: bytes) -> Header:
    """Read the size from the first chunk, and EXIF's orientation from the chunk at the end of the file."""
    if len(data) < 30:
        raise Incomplete("truncated WebP")
    name = data[12:16]
    if name == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
        return _header(height, width)
    if name == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return _header(1 + (bits >> 14 & 0x3FFF), 1 + (bits & 0x3FFF), alpha=bool(bits >> 28 & 1))
    if name != b"VP8X":
        raise BadImage("WebP of an unknown kind")
    if data[20] & _ANIMATED:
        raise BadImage("animated WebP: only still images are read; save its frames as PNG")
    width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
    orientation = _orientation(data) if data[20] & _HAS_EXIF else 1
    return _header(height, width, orientation, bool(data[20] & _HAS_ALPHA))


def _header(height: int, width: int, orientation: int = 1, alpha: bool = False) -> Header:
    return Header("WebP", height, width, False, orientation, alpha=alpha)


def _orientation(data: bytes) -> int:
    start, end = 12, 8 + int.from_bytes(data[4:8], "little")
    while start + 8 <= end:
        if start + 8 > len(data):
            raise Incomplete("truncated WebP")
        name, length = struct.unpack_from("<4sI", data, start)
        body = data[start + 8 : start + 8 + length]
        if len(body) < length:
            raise Incomplete("truncated WebP")
        if name == b"EXIF":
            return exif_orientation(body.removeprefix(b"Exif\0\0"))
        start += 8 + length + length % 2
    return 1
