"""What a scan finds and what loading makes of it: the values that pass from one to the other."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..errors import DataError
from .formats.common import Header
from .rows import Rows
from .rules import AS_STORED, Rules

Value = TypeVar("Value")

_EXAMPLES = 3
#: Stands where the folder of images would be, for images that came as an array.
ARRAY = Path("<array>")
#: An image in an idx file: no file of a folder that is read has such a name, for its ending is no number.
_IN_IDX = re.compile(r"^[^/]*(#[0-9]{6,})$")


class BadFile(NamedTuple):
    """A file or folder that could not be used; the reason is a fragment of a sentence."""

    path: str
    reason: str


@dataclass(frozen=True, eq=False)
class Listing:
    """The usable images of a source, before any pixel is kept.

    Attributes
    ----------
    root : Path
        The folder or idx file.
    paths : tuple of str, n of them
        Names below `root` with "/" between folders, sorted; bytes that are no UTF-8 are lone surrogates
        (PEP 383). Images of an idx file are "<file name>#<six digits>".
    labels : tuple of str, n of them, or None
        The first folder below `root`, or the digit of the idx labels; None where there are no classes.
    shapes : int array of shape (n, 2)
        Heights and widths in pixels, as shown (after EXIF orientation).
    stamps : int64 array of shape (n, 2)
        Sizes in bytes and times of the last change in nanoseconds.
    bad : tuple of BadFile
        What could not be used, sorted.
    files : int
        How many files the whole scan looked at, usable or not.
    headers : tuple of Header, n of them
        What the files' headers say; empty for an idx file.
    contents : tuple of (bytes or None), n of them
        Small files that were read whole, so that they need not be opened twice; empty for an idx file.
    pixels : uint8 array of shape (n, h, w), or None
        Images of an idx file, which are stored decoded; of an array, also of shape (n, h, w, 3).
    rules : Rules
        How values become pixels.
    quality : str or None
        What is asked of decoded images, as `data.quality` reads it: those that fall short are left out.
    """

    root: Path
    paths: tuple[str, ...]
    labels: tuple[str, ...] | None
    shapes: np.ndarray
    stamps: np.ndarray
    bad: tuple[BadFile, ...]
    files: int
    headers: tuple[Header, ...] = field(default=(), repr=False)
    contents: tuple[bytes | None, ...] = field(default=(), repr=False)
    pixels: np.ndarray | None = field(default=None, repr=False)
    rules: Rules = AS_STORED
    quality: str | None = None

    @property
    def in_memory(self) -> bool:
        """Whether the images came as an array, and from no file."""
        return self.root == ARRAY

    def take(self, rows: Sequence[int] | np.ndarray) -> "Listing":
        """Return the listing of some of the images; `bad` and `files` still speak of the whole scan."""
        chosen = [int(row) for row in rows]
        return replace(
            self,
            paths=_of(self.paths, chosen),
            labels=None if self.labels is None else _of(self.labels, chosen),
            shapes=self.shapes[chosen],
            stamps=self.stamps[chosen],
            headers=_of(self.headers, chosen) if self.headers else (),
            contents=_of(self.contents, chosen) if self.contents else (),
            pixels=None if self.pixels is None else self.pixels[chosen],
        )


def _of(values: tuple[Value, ...], rows: list[int]) -> tuple[Value, ...]:
    return tuple(values[row] for row in rows)


@dataclass(frozen=True, eq=False)
class Images:
    """Decoded images.

    Attributes
    ----------
    pixels : uint8 array of shape (n, height, width, channels)
        In memory, or memory-mapped and read-only; of a part of the images, `Rows` of such an array.
    paths, labels
        As in `Listing`.
    bad : tuple of BadFile
        What could not be used, found by the scan or by decoding; sorted.
    sizes : int array of shape (n,)
        Bytes of each file; of each image's pixels, where they come from an idx file.
    digests : uint8 array of shape (n, 32)
        SHA-256 of each file's bytes; of an image's height, width and pixels, where they come from an idx file.
    shapes : int array of shape (n, 2)
        Heights and widths of the files' own images, as in `Listing`.
    """

    pixels: Any = field(repr=False)
    paths: tuple[str, ...]
    labels: tuple[str, ...] | None
    bad: tuple[BadFile, ...]
    sizes: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64), repr=False)
    digests: np.ndarray = field(default_factory=lambda: np.empty((0, 32), np.uint8), repr=False)
    shapes: np.ndarray = field(default_factory=lambda: np.empty((0, 2), int), repr=False)

    def take(self, rows: np.ndarray) -> "Images":
        """Return some of the images, whose pixels are gathered when they are asked for."""
        chosen = rows.tolist()
        return replace(
            self,
            pixels=Rows(self.pixels, rows),
            paths=_of(self.paths, chosen),
            labels=None if self.labels is None else _of(self.labels, chosen),
            sizes=self.sizes[rows],
            digests=self.digests[rows],
            shapes=self.shapes[rows],
        )


def fingerprint(*parts: Images) -> str:
    """Return a SHA-256, in hexadecimal, of which images these are: of their sorted names, sizes and contents.

    Another name, one image more or less, or another byte of a file that is used changes it; where the folder lies,
    when files were changed, and how images are read do not. Of an idx file the images' numbers are their names, so
    that neither the file's own name nor whether it is gzipped matters.
    """
    names = [_without_idx(path) for part in parts for path in part.paths]
    sizes = np.concatenate([part.sizes for part in parts])
    contents = np.concatenate([part.digests for part in parts])
    digest = hashlib.sha256()
    for row in sorted(range(len(names)), key=names.__getitem__):
        digest.update(names[row].encode("utf-8", "surrogateescape") + b"\0%d\0" % sizes[row] + contents[row].tobytes())
    return digest.hexdigest()


def _without_idx(path: str) -> str:
    """Return the name of an image without that of the idx file that it is in: train-images#000012 as #000012."""
    return _IN_IDX.sub(r"\1", path)


def common_shape(listing: Listing) -> tuple[int, int] | None:
    """Height and width of the images where they all agree, else None."""
    shapes = listing.shapes
    if len(shapes) == 0 or (shapes != shapes[0]).any():
        return None
    return int(shapes[0, 0]), int(shapes[0, 1])


def check_usable(listing: Listing, max_bad: float) -> None:
    """Refuse a listing of no image, or one of which too many files could not be used.

    Raises
    ------
    DataError
        If there is no image, or if the share of bad files is above `max_bad`.
    """
    bad, source = listing.bad, printable(str(listing.root))
    if not listing.paths and not bad:
        raise DataError(
            f"{source}: holds no images; PNG, JPEG, BMP, TIFF, WebP, PGM, PPM, HEIC and AVIF files are read"
        )
    examples = "; ".join(f"{printable(file.path)}: {file.reason}" for file in bad[:_EXAMPLES])
    if not listing.paths:
        raise DataError(f"{source}: none of its {listing.files:,} files can be used as an image ({examples})")
    share = len(bad) / max(listing.files, len(bad))
    if share > max_bad:
        raise DataError(
            f"{source}: {len(bad):,} of {listing.files:,} files can't be used, a share of {share:.2f} where "
            f"--max_bad={max_bad:g} is the most that is accepted ({examples}); remove or repair them or raise --max_bad"
        )


def printable(path: str) -> str:
    """Return a name that any terminal can show: undecodable bytes and control characters are escaped."""
    text = path.encode("utf-8", "backslashreplace").decode()
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
