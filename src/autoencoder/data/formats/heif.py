"""HEIC and AVIF files, as telephones save them: the boxes that say how large the primary image is, and its decoders.

HEIC is decoded with the help of pillow-heif, the extra `heif`, and AVIF by Pillow.

References
----------
ISO/IEC 23008-12, Image File Format; ISO/IEC 14496-12, ISO base media file format.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .common import BadImage, Header, Incomplete

#: What is read here.
KINDS = ("HEIC", "AVIF")
_STILL = {b"avif": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"heim": "HEIC", b"heis": "HEIC", b"mif1": "HEIC"}
_ANIMATED = {b"avis": "AVIF", b"hevc": "HEIC", b"hevx": "HEIC", b"hevm": "HEIC", b"hevs": "HEIC", b"msf1": "HEIC"}
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
#: EXIF's orientation of what an image of that orientation becomes by a quarter to the left, or by a mirror.
_TURNED = {1: 8, 8: 3, 3: 6, 6: 1, 2: 5, 5: 4, 4: 7, 7: 2}
_UPSIDE_DOWN = {1: 4, 4: 1, 2: 3, 3: 2, 5: 8, 8: 5, 6: 7, 7: 6}
_LEFT_TO_RIGHT = {1: 2, 2: 1, 3: 4, 4: 3, 5: 6, 6: 5, 7: 8, 8: 7}
_MAX_BOXES, _MAX_META = 10_000, 16 * 2**20


class _Box(NamedTuple):
    """A box: its type, where its content begins, and where it ends."""

    name: bytes
    start: int
    end: int


def kind_of(data: bytes) -> str | None:
    """HEIC, AVIF or None, by the brands in the file's first box."""
    if data[4:8] != b"ftyp":
        return None
    (size,) = struct.unpack_from(">I", data, 0)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(size, len(data), 256), 4))]
    known = _STILL | _ANIMATED
    if brands[0] not in known:
        return None
    if brands[0] in (b"mif1", b"msf1"):  # says no more than that it is an image or several: look at the others
        return next((known[brand] for brand in brands if brand in known and known[brand] == "AVIF"), "HEIC")
    return known[brands[0]]


def _check_readable(kind: str) -> None:
    """Refuse a file that nothing decodes here, and say what to install."""
    if kind == "HEIC":
        try:
            import pillow_heif  # noqa: F401
        except ImportError:
            raise BadImage(
                "HEIC: reading it needs the extra heif (pip install pillow-heif), or save it as JPEG or PNG"
            ) from None
        return
    from PIL import features

    if "avif" not in features.modules or not features.check_module("avif"):
        raise BadImage("AVIF: this Pillow cannot read it; pip install -U pillow, or save it as JPEG or PNG")


def read_header(data: bytes, kind: str) -> Header:
    """Read size, turns and transparency of the primary image from the boxes in `meta`."""
    if data[8:12] in _ANIMATED:
        raise BadImage(f"animated {kind}: only still images are read; save its frames as PNG")
    _check_readable(kind)
    try:
        return _header(data, kind)
    except (struct.error, IndexError):
        raise BadImage(f"damaged {kind}: its boxes do not fit into each other") from None


def check(data: bytes, header: Header) -> None:
    """Refuse a file whose boxes are not all there."""
    end = 0
    try:
        for box in _boxes(data, 0, len(data)):
            end = box.end
    except struct.error:
        end = len(data) + 1
    if end > len(data):
        raise BadImage(f"truncated {header.kind}")


def decode(data: bytes, header: Header) -> np.ndarray | None:
    """Decode the primary image to 8 bits, red first, with alpha where there is one; None where it is damaged.

    HEIC comes upright, AVIF as it is stored.
    """
    try:
        if header.kind == "HEIC":
            import pillow_heif

            return np.asarray(pillow_heif.open_heif(data, convert_hdr_to_8bit=True))
        from PIL import Image

        with Image.open(io.BytesIO(data), formats=("AVIF",)) as image:
            return np.asarray(image)
    except MemoryError:
        raise
    except Exception:  # OSError, ValueError, RuntimeError, SyntaxError, IndexError: damaged files raise all of them
        return None


def _header(data: bytes, kind: str) -> Header:
    meta = _meta(data, kind)
    if meta is None:
        raise Incomplete(f"{kind} without an image")
    if meta.end > len(data):
        if meta.end - meta.start > _MAX_META:
            raise BadImage(f"damaged {kind}: its boxes do not fit into each other")
        raise Incomplete(f"truncated {kind}")
    inside = {box.name: box for box in _boxes(data, meta.start + 4, meta.end)}
    if b"pitm" not in inside or b"iprp" not in inside:
        raise BadImage(f"{kind} without an image")
    primary = _item(data, inside[b"pitm"].start)
    parts = {box.name: box for box in _boxes(data, inside[b"iprp"].start, inside[b"iprp"].end)}
    if b"ipco" not in parts or b"ipma" not in parts:
        raise BadImage(f"{kind} without an image")
    properties = list(_boxes(data, parts[b"ipco"].start, parts[b"ipco"].end))
    own = [properties[number - 1] for number in _numbers(data, parts[b"ipma"], primary) if number <= len(properties)]
    height, width = _size(data, own, kind)
    orientation = 1
    for box in own:
        orientation = _after(data, box, orientation)
    return Header(kind, height, width, False, orientation, alpha=any(_is_alpha(data, box) for box in properties))


def _boxes(data: bytes, place: int, end: int) -> Iterator[_Box]:
    """Yield the boxes that begin between two places; the last one may end behind `data`."""
    for _ in range(_MAX_BOXES):
        if place + 8 > end:
            return
        size, name = struct.unpack_from(">I4s", data, place)
        start = place + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        following = place + size if size else end
        if following < start:
            raise struct.error("a box smaller than its head")
        yield _Box(name, start, following)
        place = following


def _meta(data: bytes, kind: str) -> _Box | None:
    for box in _boxes(data, 0, len(data)):
        if box.name == b"meta":
            return box
        if box.end > len(data):
            raise Incomplete(f"truncated {kind}")
    return None


def _item(data: bytes, start: int) -> int:
    """The number of the primary image."""
    version = data[start]
    return int(struct.unpack_from(">H" if version == 0 else ">I", data, start + 4)[0])


def _numbers(data: bytes, box: _Box, item: int) -> list[int]:
    """The numbers, counted from 1, of the properties that belong to an item, in the order in which they apply."""
    version, wide = data[box.start], data[box.start + 3] & 1
    (count,) = struct.unpack_from(">I", data, box.start + 4)
    place = box.start + 8
    for _ in range(min(count, _MAX_BOXES)):
        (number,) = struct.unpack_from(">H" if version == 0 else ">I", data, place)
        place += 2 if version == 0 else 4
        many = data[place] if place < len(data) else 0
        found = struct.unpack_from(f">{many}{'H' if wide else 'B'}", data, place + 1)
        place += 1 + many * (2 if wide else 1)
        if number == item:
            return [n for one in found if (n := one & (0x7FFF if wide else 0x7F))]
    return []


def _size(data: bytes, own: list[_Box], kind: str) -> tuple[int, int]:
    """Height and width, as they are before turns: those that are cropped to, where a crop is announced."""
    size = None
    for box in own:
        if box.name == b"ispe":
            width, height = struct.unpack_from(">II", data, box.start + 4)
            size = height, width
    if size is None:
        raise BadImage(f"{kind} without a size")
    for box in own:
        if box.name == b"clap" and kind == "HEIC":  # libavif leaves crops to the program
            width, per_width, height, per_height = struct.unpack_from(">4I", data, box.start)
            if per_width and per_height:
                size = min(size[0], round(height / per_height)), min(size[1], round(width / per_width))
    return size


def _after(data: bytes, box: _Box, orientation: int) -> int:
    """EXIF's name for what an orientation becomes by a turn or a mirror; others change nothing."""
    if box.name == b"irot":
        for _ in range(data[box.start] & 3):
            orientation = _TURNED[orientation]
    elif box.name == b"imir":
        orientation = (_LEFT_TO_RIGHT if data[box.start] & 1 else _UPSIDE_DOWN)[orientation]
    return orientation


def _is_alpha(data: bytes, box: _Box) -> bool:
    return box.name == b"auxC" and data[box.start + 4 : box.end].startswith(_ALPHA)
