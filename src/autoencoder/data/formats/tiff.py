"""TIFF files, and the TIFF structure inside EXIF."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from .common import BadImage, Header, Incomplete, check_size

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BIG = SIGNATURES[2:]
_WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _ORIENTATION = 256, 257, 258, 262, 274
_SAMPLES, _TILE_WIDTH, _TILE_HEIGHT, _SAMPLE_FORMAT, _SUBFILE = 277, 322, 323, 339, 254
_EXTRA_SAMPLES, _DNG_VERSION = 338, 50_706
_NUMBERS = {1: "B", 3: "H", 4: "I"}  # BYTE, SHORT, LONG: the types that these tags may have
_SIGNED, _FLOAT, _REDUCED, _MASK = 2, 3, 1, 4
_RAW = "a camera's raw file: develop it, and save it as PNG or JPEG"
_MAX_DIRECTORIES = 16


class _Entry(NamedTuple):
    """One entry of a directory: what it describes, struct's letter of its numbers, how many, and where."""

    tag: int
    letter: str
    numbers: int
    place: int


def exif_orientation(exif: bytes) -> int:
    """EXIF's orientation, 1 to 8; 1 where the EXIF block says nothing or is damaged."""
    order = _byte_order(exif)
    try:
        (offset,) = struct.unpack_from(order + "I", exif, 4)
        for entry in _entries(exif, offset, order):
            if entry.tag == _ORIENTATION:
                return _upright_unless_known(_first_number(exif, entry, order))
    except struct.error:
        return 1
    return 1


def read_header(data: bytes, deep: bool = False) -> Header:
    """Read the first directory of a TIFF file; refuse several pages, and unless `deep` floats and more than 16 bits."""
    if data[8:10] == b"CR":
        raise BadImage(_RAW)
    if data[:4] in _BIG:
        raise BadImage("BigTIFF: only TIFF files below 4 GB are read")
    order = _byte_order(data)
    try:
        (offset,) = struct.unpack_from(order + "I", data, 4)
        tags = {entry.tag: _first_number(data, entry, order) for entry in _entries(data, offset, order)}
        _refuse_pages(data, offset, order)
    except struct.error:
        raise Incomplete("truncated TIFF") from None
    check_size(tags.get(_TILE_HEIGHT, 1), tags.get(_TILE_WIDTH, 1))
    if _DNG_VERSION in tags or tags.get(_SUBFILE, 0) & _REDUCED:  # its first picture is a small preview
        raise BadImage(_RAW)
    if _WIDTH not in tags or _HEIGHT not in tags:
        raise BadImage("TIFF without an image, perhaps a camera's raw file: save it as PNG or JPEG")
    bits, kind = tags.get(_BITS, 1), tags.get(_SAMPLE_FORMAT)
    unbounded = bits > 16 or kind in (_SIGNED, _FLOAT)
    if not 1 <= bits <= 64 or (unbounded and not deep):
        what = "floats" if kind == _FLOAT else "signed numbers" if kind == _SIGNED else "numbers"
        raise BadImage(
            f"TIFF of {bits}-bit {what}, which do not say what is black and white; commands with a --range read it by "
            "--range=auto or --range=LOW,HIGH"
        )
    gray = tags.get(_SAMPLES, 1) == 1 and tags.get(_PHOTOMETRIC, 1) <= 1
    orientation = _upright_unless_known(tags.get(_ORIENTATION, 1))
    levels = 65_535 if bits == 16 else 255
    return Header(
        *("TIFF", tags[_HEIGHT], tags[_WIDTH], gray, orientation, levels),
        alpha=tags.get(_EXTRA_SAMPLES, 0) in (1, 2),
        levels_stored=levels,
        deep=unbounded,
    )


def _byte_order(data: bytes) -> str:
    return ">" if data[:2] == b"MM" else "<"


def _upright_unless_known(orientation: int) -> int:
    return orientation if 1 <= orientation <= 8 else 1


def _entries(data: bytes, offset: int, order: str) -> Iterator[_Entry]:
    """Yield the entries that hold whole numbers. Raises struct.error past the end of `data`."""
    (count,) = struct.unpack_from(order + "H", data, offset)
    for place in range(offset + 2, offset + 2 + 12 * count, 12):
        tag, kind, numbers = struct.unpack_from(order + "HHI", data, place)
        if letter := _NUMBERS.get(kind):
            yield _Entry(tag, letter, numbers, place + 8)


def _first_number(data: bytes, entry: _Entry, order: str) -> int:
    inline = entry.numbers * struct.calcsize(entry.letter) <= 4
    place = entry.place if inline else struct.unpack_from(order + "I", data, entry.place)[0]
    return int(struct.unpack_from(order + entry.letter, data, place)[0])


def _refuse_pages(data: bytes, offset: int, order: str) -> None:
    """Refuse a second full page; thumbnails and masks that follow the picture do no harm."""
    for _ in range(_MAX_DIRECTORIES):
        (count,) = struct.unpack_from(order + "H", data, offset)
        (offset,) = struct.unpack_from(order + "I", data, offset + 2 + 12 * count)
        if not offset:
            return
        kinds = [_first_number(data, e, order) for e in _entries(data, offset, order) if e.tag == _SUBFILE]
        if not kinds or not kinds[0] & (_REDUCED | _MASK):
            raise BadImage("multi-page TIFF: only files of one image are read")
    raise BadImage(f"TIFF with more than {_MAX_DIRECTORIES} directories")
