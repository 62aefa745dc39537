"""Decoded images in a file that is mapped into memory: written once, whole or not at all, and used again."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ..errors import DiskError
from ..files import disk_errors, probe, replacing, write_text
from .listing import Listing
from .rules import AS_STORED

#: Changes whenever the rule in docs/images.md does, so that no old pixels are used again.
_RULE = "images-3"


#: So many bytes of caches are kept at most, and never more than a tenth of the disk.
MOST_BYTES = 10 * 10**9
#: Bytes that are read at once.
_AT_ONCE = 2**22
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
    """Map a cache into memory, read-only; None where there is none, or none that is as it was written."""
    try:
        if not _is_as_written(path):
            return None
        pixels = np.load(path, mmap_mode="r")
        with path.open("rb") as file:
            file.seek(pixels.offset + pixels.nbytes)
            digests = np.frombuffer(file.read(len(pixels) * DIGEST), np.uint8).reshape(len(pixels), DIGEST)
            refused = [Refused(*pair) for pair in json.loads(file.read()[:-DIGEST])]
    except (OSError, ValueError, TypeError, EOFError):
        return None
    return Block(pixels, refused, digests)


def _is_as_written(path: Path) -> bool:
    """Whether a cache holds what was written; all of it is read where its stamp is not the one that was kept.

    The kept stamp is also what tells when a cache was used last.
    """
    kept = stamp_file(path)
    with contextlib.suppress(OSError):
        if kept.read_text(encoding="ascii") == _stamp(path):
            os.utime(kept)
            return True
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        begin, end = file.tell(), file.seek(-DIGEST, os.SEEK_END)
        written = file.read()
        digest = hashlib.sha256()
        file.seek(begin)
        for start in range(begin, end, _AT_ONCE):
            digest.update(file.read(min(_AT_ONCE, end - start)))
        file.seek(0)
        digest.update(file.read(begin))
    if digest.digest() != written:
        return False
    _keep_stamp(path)
    return True


def stamp_file(path: Path) -> Path:
    """Return the file that says when a cache was last found whole: `.1f….stamp` beside `1f….npy`."""
    return path.with_name(f".{path.stem}.stamp")


def _stamp(path: Path) -> str:
    """Return size, times and number of a file: no program writes into it without changing the last time but one."""
    about = path.stat()
    return f"{about.st_size} {about.st_mtime_ns} {about.st_ctime_ns} {about.st_ino}"


def _keep_stamp(path: Path) -> None:
    with contextlib.suppress(DiskError):  # without it, all of the cache is read the next time
        write_text(stamp_file(path), _stamp(path))


def write_cache(path: Path, blocks: Iterator[Block], shape: tuple[int, int, int, int]) -> None:
    """Write images as they are decoded; digests and what was refused follow the array, where NumPy does not look.

    At the end is the SHA-256 of all that comes before it, NumPy's header last.

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
    whole = hashlib.sha256()
    with replacing(path) as temporary, temporary.open("w+b") as file:
        _write_header(file, shape)
        begin = file.tell()
        for block in blocks:
            _write(file, np.ascontiguousarray(block.pixels).data, whole)
            refused += block.refused
            digests.append(block.digests)
            count += len(block.pixels)
        for part in digests:
            _write(file, part.data, whole)
        _write(file, json.dumps(refused).encode(), whole)
        end = file.tell()
        file.seek(0)
        _write_header(file, (count, *shape[1:]))
        assert file.tell() == begin, "NumPy's header changed its length with the number of rows"
        file.seek(0)
        whole.update(file.read(begin))  # last, since it was written last
        file.seek(end)
        file.write(whole.digest())
    _keep_stamp(path)
    keep_to_limit(path.parent, path)


def _write(file: BinaryIO, content: bytes | memoryview, digest: Any) -> None:
    file.write(content)
    digest.update(content)


def keep_to_limit(folder: Path, spared: Path) -> None:
    """Remove what was used longest ago, until what is kept in a folder is not above the limit; `spared` stays.

    On systems that let it, what another process has open stays usable there until it ends.
    """
    with contextlib.suppress(OSError):
        limit = min(MOST_BYTES, shutil.disk_usage(folder).total // 10)
        files = [path for path in folder.iterdir() if path != spared and is_kept(path)]
        files.sort(key=_last_used, reverse=True)
        total = spared.stat().st_size
        for path in files:
            total += path.stat().st_size
            if total > limit:
                path.unlink()
                stamp_file(path).unlink(missing_ok=True)


def is_kept(path: Path) -> bool:
    """Whether something in a folder of caches is one: whole, and no file about another."""
    return path.is_file() and not path.name.startswith(".")


def _last_used(path: Path) -> float:
    stamp = stamp_file(path)
    return max(each.stat().st_mtime for each in (path, stamp) if each.is_file())


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Write NumPy's header, which keeps room for any number of rows and so can be written over."""
    facts = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, facts)
