"""JPEG files: the header, and the end of the image data that libjpeg does not insist on."""

import re
import struct
from collections.abc import Iterator

from .common import BadImage, Header, Incomplete
from .tiff import exif_orientation

SIGNATURE = b"\xff\xd8\xff"
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")  # neither a stuffed zero nor a restart
_MARKER_AND_LENGTH = struct.Struct(">BBH")
_WITH_LENGTH = frozenset(range(0xC0, 0xFF)) - frozenset(range(0xD0, 0xDA))
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_END, _SCAN, _APP1 = 0xD9, 0xDA, 0xE1
_END_MARKER, _SCAN_MARKER = bytes((0xFF, _END)), bytes((0xFF, _SCAN))
_MAX_SCANNED_PIXELS = 2**30
_MAX_SEGMENTS = 100_000


def read_header(data: bytes) -> Header:
    """Walk the segments to the frame header (SOF), noting EXIF's orientation on the way."""
    orientation = 1
    for marker, place, length in _segments(data, 2):
        if marker in _FRAMES:
            return _frame(data, place, orientation)
        if marker == _SCAN:
            break
        if marker == _APP1 and data[place + 4 : place + 10] == b"Exif\0\0":
            orientation = exif_orientation(data[place + 10 : place + 2 + length])
    raise BadImage("JPEG without a frame header")


def check(data: bytes, header: Header) -> None:
    """Refuse a JPEG whose end marker is missing, or whose scans would keep a decoder busy for minutes.

    Decoders fill what is missing from a truncated JPEG with gray and call it a success.
    """
    if data.endswith(_END_MARKER) and data.count(_SCAN_MARKER, header.body) == 1:
        return  # nearly every file; coded pixels hold no such bytes, so that this is the one scan, and whole
    scans = 0
    for marker, _, _ in _segments(data, header.body):
        scans += marker == _SCAN
        if scans > 1 and scans * header.height * header.width > _MAX_SCANNED_PIXELS:
            raise BadImage(f"JPEG of {scans} or more scans over {header.width}x{header.height} pixels")


def _segments(data: bytes, place: int) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, place of the marker, length) of every segment up to the end marker, each one whole."""
    size, unpack = len(data), _MARKER_AND_LENGTH.unpack_from
    for _ in range(_MAX_SEGMENTS):
        if place + 4 > size or data[place] != 0xFF or data[place + 1] not in _WITH_LENGTH:
            place = _find_marker(data, place)
            if data[place + 1] == _END:
                return
        if place + 4 > size:
            raise Incomplete("truncated JPEG")
        _, marker, length = unpack(data, place)
        following = place + 2 + max(length, 2)
        if following > size:
            raise Incomplete("truncated JPEG")
        yield marker, place, length
        place = following
    raise BadImage(f"JPEG of more than {_MAX_SEGMENTS:,} segments")


def _find_marker(data: bytes, place: int) -> int:
    """Where the next marker is: after the coded pixels of a scan, or after stray bytes, which libjpeg skips."""
    found = _MARKER.search(data, place)
    if not found:
        raise Incomplete("truncated JPEG")
    return found.start()


def _frame(data: bytes, place: int, orientation: int) -> Header:
    if place + 10 > len(data):
        raise Incomplete("truncated JPEG")
    length, depth, height, width, channels = struct.unpack_from(">HBHHB", data, place + 2)
    if depth != 8:
        raise BadImage(f"JPEG of {depth} bits: only 8 bits are read")
    return Header("JPEG", height, width, channels == 1, orientation, body=place + 2 + length)
