"""Decoded images in a file that is mapped into memory: written once, whole or not at all, and used again."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from ..files import disk_errors, probe, replacing
from .listing import Listing
from .rules import AS_STORED

#: Changes whenever the rule in docs/images.md does, so that no old pixels are used again.
_RULE = "images-3"


#: Bytes of a SHA-256.
DIGEST = 32


class Refused(NamedTuple):
    """An image that could not be decoded: its row in the listing, and the reason."""

    row: int
    reason: str


class Block(NamedTuple):
    """Decoded images, uint8 of shape (m, h, w, c), in the listing's order; refused ones are missing.

    `digests`, uint8 of shape (m, 32), are the SHA-256 of what each was decoded from.
    """

    pixels: np.ndarray
    refused: list[Refused]
    digests: np.ndarray


def cache_file(folder: Path, listing: Listing, image_shape: tuple[int, int], color: str) -> Path:
    """Return the name of a listing's cache, which changes with any path, size, time of change, shape or colour."""
    digest = hashlib.sha256(f"{_RULE}\0{image_shape[0]}x{image_shape[1]}\0{color}\0".encode())
    if listing.rules != AS_STORED:
        digest.update(f"{listing.rules}\0".encode())
    if listing.quality is not None:
        digest.update(f"quality: {listing.quality}\0".encode())
    digest.update(os.fsencode(listing.root.absolute()) + b"\0")
    digest.update("\0".join(listing.paths).encode("utf-8", "surrogateescape"))
    digest.update(np.ascontiguousarray(listing.stamps).tobytes())
    return folder / f"{digest.hexdigest()[:32]}.npy"


def open_cache(path: Path) -> Block | None:
    """Map a cache into memory, read-only; None where there is none, or none that is whole."""
    try:
        pixels = np.load(path, mmap_mode="r")
        with path.open("rb") as file:
            file.seek(pixels.offset + pixels.nbytes)
            digests = np.frombuffer(file.read(len(pixels) * DIGEST), np.uint8).reshape(len(pixels), DIGEST)
            refused = [Refused(*pair) for pair in json.load(file)]
    except (OSError, ValueError, TypeError, EOFError):
        return None
    return Block(pixels, refused, digests)


def write_cache(path: Path, blocks: Iterator[Block], shape: tuple[int, int, int, int]) -> None:
    """Write images as they are decoded; digests and what was refused follow the array, where NumPy does not look.

    Parameters
    ----------
    path : Path
        As `cache_file` names it; its folder is made.
    blocks : iterator of Block
        Images in order.
    shape : (n, h, w, c)
        What will be written where nothing is refused.

    Raises
    ------
    DiskError
        If the place can't be written to or the disk is full; nothing is left behind.
    """
    with disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    probe(path.parent, int(np.prod(shape, dtype=np.int64)))
    refused: list[Refused] = []
    digests: list[np.ndarray] = []
    count = 0
    with replacing(path) as temporary, temporary.open("wb") as file:
        _write_header(file, shape)
        begin = file.tell()
        for block in blocks:
            file.write(np.ascontiguousarray(block.pixels).data)
            refused += block.refused
            digests.append(block.digests)
            count += len(block.pixels)
        file.writelines(part.data for part in digests)
        file.write(json.dumps(refused).encode())
        file.seek(0)
        _write_header(file, (count, *shape[1:]))
        assert file.tell() == begin, "NumPy's header changed its length with the number of rows"


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Write NumPy's header, which keeps room for any number of rows and so can be written over."""
    facts = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, facts)
