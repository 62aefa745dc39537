"""PNG files: the header, and the chunk structure that must be whole before libpng sees it."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

from .common import BadImage, Header, Incomplete
from .tiff import exif_orientation

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY_TYPES, _ALPHA_TYPES, _PALETTE = (0, 4), (4, 6), 3
_ANCILLARY = 0x20
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
_COMPRESSED = (b"iCCP", b"zTXt", b"iTXt")
_MAX_CHUNKS = 200_000
_MAX_METADATA = 4 * 2**20


def read_header(data: bytes) -> Header:
    """Read IHDR, and EXIF's orientation and the transparent colours where they stand in front of the image data."""
    if len(data) < 41:
        raise Incomplete("truncated PNG")
    length, name, width, height, bits, color = struct.unpack_from(">I4sIIBB", data, 8)
    if name != b"IHDR" or length != 13:
        raise BadImage("PNG that does not begin with its header (IHDR)")
    deep = ("u2", 65_535) if bits == 16 else ("u1", 255)
    header = Header(
        "PNG", height, width, color in _GRAY_TYPES, depth=deep[0], levels_stored=deep[1], alpha=color in _ALPHA_TYPES
    )
    if data[37:41] == b"IDAT":
        return header
    return header._replace(**_before_the_image(data, bits, color))


def check(data: bytes) -> bytes:
    """Check what libpng passes over, and return the file as a still image.

    Every chunk must lie inside the file, image data and IEND must be there, metadata must have the right
    checksum, and all metadata of the file together must not inflate beyond 4 MiB. The checksums of the image
    data are libpng's task. Of an animation the default image is kept, which is the one that the format means
    for programs that show still images.
    """
    drawn = animated = False
    room = _MAX_METADATA
    for start, length, name in _chunks(data):
        if name == b"IDAT":
            drawn = True
        elif not name.isalpha():
            raise BadImage("damaged PNG: a chunk whose name is not made of letters")
        elif name[0] & _ANCILLARY:
            animated |= name in _ANIMATION
            _check_sum(data, start, length, name)
            if name in _COMPRESSED:
                room -= _inflated_size(name, data[start + 8 : start + 8 + length], room)
    if not drawn:
        raise BadImage("PNG without image data")
    return _without_animation(data) if animated else data


def _chunks(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield (start, length, name) of every chunk up to IEND, each one whole."""
    start, size = 8, len(data)
    for _ in range(_MAX_CHUNKS):
        if start + 12 > size:
            raise Incomplete("truncated PNG")
        length, name = struct.unpack_from(">I4s", data, start)
        if start + 12 + length > size:
            raise Incomplete("truncated PNG")
        yield start, length, name
        if name == b"IEND":
            return
        start += 12 + length
    raise BadImage(f"PNG of more than {_MAX_CHUNKS:,} chunks")


def _before_the_image(data: bytes, bits: int, color: int) -> dict[str, Any]:
    """What the chunks between IHDR and the image data say: orientation and transparency."""
    start = 33
    found: dict[str, Any] = {}
    for _ in range(_MAX_CHUNKS):
        if start + 8 > len(data):
            raise Incomplete("truncated PNG")
        length, name = struct.unpack_from(">I4s", data, start)
        if name in (b"IDAT", b"IEND"):
            return found
        start += 12 + length
        if name in (b"eXIf", b"tRNS"):
            if start > len(data):
                raise Incomplete("truncated PNG")
            body = data[start - 4 - length : start - 4]
            found |= {"orientation": exif_orientation(body)} if name == b"eXIf" else _transparency(body, bits, color)
    raise BadImage(f"PNG of more than {_MAX_CHUNKS:,} chunks")


def _transparency(body: bytes, bits: int, color: int) -> dict[str, Any]:
    """What tRNS says: that colours of the palette are transparent, or which colour is, spread as the pixels will be."""
    if color == _PALETTE:
        return {"alpha": body.count(0xFF) < len(body)}
    channels = 1 if color in _GRAY_TYPES else 3
    if color in _ALPHA_TYPES or len(body) != 2 * channels:
        return {}  # libpng passes over it too
    largest = 2**bits - 1
    scale = 1 if bits >= 8 else 255 // largest
    return {"alpha": True, "clear": tuple((v & largest) * scale for v in struct.unpack(f">{channels}H", body))}


def _check_sum(data: bytes, start: int, length: int, name: bytes) -> None:
    end = start + 8 + length
    if zlib.crc32(memoryview(data)[start + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
        raise BadImage(f"damaged PNG: wrong checksum of its {name.decode()} chunk")


def _inflated_size(name: bytes, body: bytes, room: int) -> int:
    """Bytes that compressed metadata inflate to, at most `room`; damaged ones are left to libpng, which skips them."""
    _, _, rest = body.partition(b"\0")
    if name == b"iTXt":
        compressed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    else:
        compressed, rest = True, rest[1:]
    if not compressed:
        return 0
    inflater = zlib.decompressobj()
    try:
        size = len(inflater.decompress(rest, room + 1))
    except zlib.error:
        return 0
    if size > room:
        raise BadImage(f"PNG whose metadata ({name.decode()}) inflate beyond 4 MiB")
    return size


def _without_animation(data: bytes) -> bytes:
    kept = [data[start : start + 12 + length] for start, length, name in _chunks(data) if name not in _ANIMATION]
    return SIGNATURE + b"".join(kept)
