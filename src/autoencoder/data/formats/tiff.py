"""TIFF files, and the TIFF structure inside EXIF."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from .common import BadImage, Header, Incomplete, check_size

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BIG = SIGNATURES[2:]
_WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _ORIENTATION = 256, 257, 258, 262, 274
_SAMPLES, _TILE_WIDTH, _TILE_HEIGHT, _SAMPLE_FORMAT, _SUBFILE = 277, 322, 323, 339, 254
_EXTRA_SAMPLES, _FURTHER_DIRECTORIES, _DNG_VERSION = 338, 330, 50706
_COLOR_FILTERS = (32_803, 34_892)
_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I"}  # BYTE, SHORT, LONG, IFD: the types that these tags may have
_SIGNED, _FLOAT, _REDUCED, _MASK = 2, 3, 1, 4
_MULTIPLIED_ALPHA, _ALPHA = 1, 2
#: The bits and the kinds of numbers (1 whole, 2 signed, 3 floating-point) that can be decoded, and what they become.
_DEPTHS = {
    **{(bits, 1): "u1" for bits in (1, 2, 4, 8)},
    **{(bits, 1): "u2" for bits in (10, 12, 14, 16)},
    **{
        (8 * size, kind): f"{letter}{size}"
        for kind, letter, sizes in ((2, "i", (1, 2, 4)), (3, "f", (4, 8)))
        for size in sizes
    },
    (32, 1): "u4",
}
_RAW = "a camera's raw file (NEF, CR2, ARW, DNG or its kin): develop it to JPEG, PNG or TIFF, for example by darktable"
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


def read_header(data: bytes) -> Header:
    """Read the first directory of a TIFF file; refuse several pages, raw files, and numbers that can't be decoded."""
    if data[:4] in _BIG:
        raise BadImage("BigTIFF: only TIFF files below 4 GB are read; save it as an ordinary TIFF (tiffcp FILE OTHER)")
    order = _byte_order(data)
    try:
        (offset,) = struct.unpack_from(order + "I", data, 4)
        tags = {entry.tag: _first_number(data, entry, order) for entry in _entries(data, offset, order)}
        _refuse_raw(data, tags)
        _refuse_pages(data, offset, order)
    except struct.error:
        raise Incomplete("truncated TIFF") from None
    check_size(tags.get(_TILE_HEIGHT, 1), tags.get(_TILE_WIDTH, 1))
    return _header(tags)


def _header(tags: dict[int, int]) -> Header:
    bits, kind = tags.get(_BITS, 1), tags.get(_SAMPLE_FORMAT, 1)
    depth = _DEPTHS.get((bits, kind if kind in (_SIGNED, _FLOAT) else 1))
    if depth is None:
        numbers = {_SIGNED: "signed ", _FLOAT: "floating-point "}.get(kind, "")
        raise BadImage(f"TIFF of {numbers}{bits}-bit numbers: save it with whole numbers of 8 or 16 bits")
    samples, photometric = tags.get(_SAMPLES, 1), tags.get(_PHOTOMETRIC, 1)
    colors = 1 if photometric <= 1 else 3
    alpha = samples == colors + 1 and tags.get(_EXTRA_SAMPLES) in (_MULTIPLIED_ALPHA, _ALPHA)
    return Header(
        "TIFF",
        tags.get(_HEIGHT, 0),
        tags.get(_WIDTH, 0),
        photometric <= 1,
        _upright_unless_known(tags.get(_ORIENTATION, 1)),
        65_535 if depth == "u2" else 255,
        depth=depth,
        levels_stored=_largest(bits, kind),
        alpha=alpha,
        multiplied=tags.get(_EXTRA_SAMPLES) == _MULTIPLIED_ALPHA,
    )


def _largest(bits: int, kind: int) -> int:
    if kind == _FLOAT:
        return 1
    return 2 ** (bits - 1) - 1 if kind == _SIGNED else max(255, 2**bits - 1)


def with_colors_as_stored(data: bytes) -> bytes:
    """Say in a file with alpha that its colours are multiplied by it already, so that libtiff doesn't do it."""
    order = _byte_order(data)
    (offset,) = struct.unpack_from(order + "I", data, 4)
    for entry in _entries(data, offset, order):
        if entry.tag == _EXTRA_SAMPLES and entry.numbers == 1:
            changed = bytearray(data)
            struct.pack_into(order + entry.letter, changed, entry.place, _MULTIPLIED_ALPHA)
            return bytes(changed)
    return data


def _refuse_raw(data: bytes, tags: dict[int, int]) -> None:
    """Refuse what cameras write: what their first directory shows is a thumbnail, or numbers behind colour filters."""
    small_first = tags.get(_SUBFILE, 0) & _REDUCED and _FURTHER_DIRECTORIES in tags
    if data[8:10] == b"CR" or _DNG_VERSION in tags or tags.get(_PHOTOMETRIC) in _COLOR_FILTERS or small_first:
        raise BadImage(_RAW)
    if _WIDTH not in tags or _HEIGHT not in tags:
        raise BadImage(f"TIFF without an image; perhaps {_RAW}")


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
            raise BadImage(
                "multi-page TIFF: only files of one image are read; split it into its pages (tiffsplit FILE)"
            )
    raise BadImage(f"TIFF with more than {_MAX_DIRECTORIES} directories")
