"""The names and sizes of all files in a folder of millions, in one table that takes about 100 bytes a file.

`scan` also reads headers, and keeps what they say of every image; here no file is opened.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import DataError
from ..progress import Advance, stage
from .listing import BadFile, printable
from .parallel import in_order
from .scan import check_categories, is_sidecar
from .walk import subfolders, walk

if TYPE_CHECKING:
    import pyarrow as pa

#: So many names are handled at once.
_AT_ONCE = 2**16
#: A network drive takes milliseconds to ask for a size; then several threads wait for it at the same time.
_TIMED, _SLOW_SECONDS, _THREADS = 64, 1e-3, 8
#: The size of a file that is not there or cannot be asked for.
GONE = -1


class Names(NamedTuple):
    """The files of a folder.

    Attributes
    ----------
    table : pyarrow.Table
        A row a file, sorted by the bytes of its name: `path`, large_binary, below the folder with "/" between folders;
        `size`, int64, bytes.
    bad : tuple of BadFile
        What could not be followed.
    """

    table: pa.Table
    bad: tuple[BadFile, ...]


def list_names(root: Path, categories: Sequence[str] | None = None, max_images: int | None = None) -> Names:
    """List the files of a folder without opening one.

    Ten million names in class folders took 1.3 GiB at the most, for a moment, and 0.5 GiB when listed.

    Parameters
    ----------
    root : Path
        A folder.
    categories : sequence of str, optional
        Only these class folders.
    max_images : int, optional
        At most so many files from each class, evenly spread over their sorted names; companions of images, which are
        none themselves, are not counted and left out.

    Raises
    ------
    DataError
        If there is no such folder, or it cannot be read.
    UsageError
        If one of `categories` does not exist.
    """
    where = printable(str(root))
    if not root.is_dir():
        raise DataError(f"{where}: there is no such folder; parts are of the files in a folder, not of an idx file")
    try:
        if categories is not None:
            check_categories(categories, subfolders(root), root)
        paths, bad = _sorted_paths(root, categories)
    except OSError as error:
        raise DataError(f"{where}: can't be read: {(error.strerror or str(error)).lower()}") from None
    if max_images is not None:
        paths = paths.take(_at_most(paths, max_images))
    with stage(f"asking for the sizes of {len(paths):,} files in {where}", len(paths)) as advance:
        return Names(_with_sizes(root, paths, advance), bad)


def _sorted_paths(root: Path, categories: Sequence[str] | None) -> tuple[pa.Array, tuple[BadFile, ...]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    chunks: list[pa.Array] = []
    waiting: list[bytes] = []

    def take(name: str) -> None:
        if categories is None or "/" in name:
            waiting.append(os.fsencode(name))
        if len(waiting) == _AT_ONCE:
            chunks.append(pa.array(waiting, pa.large_binary()))
            waiting.clear()

    with stage(f"listing the files in {printable(str(root))}"):
        tree = walk(root, lambda folder: categories is None or folder in categories, take)
    chunked = pa.chunked_array([*chunks, pa.array(waiting, pa.large_binary())])
    chunks.clear()
    unread = [file for file in tree.bad if categories is None or file.path.partition("/")[0] in categories]
    paths = pa.chunked_array(chunked.take(pc.sort_indices(chunked))).combine_chunks()
    del chunked
    pa.default_memory_pool().release_unused()
    return paths, tuple(sorted(unread))


def _with_sizes(root: Path, paths: pa.Array, advance: Advance) -> pa.Table:
    import pyarrow as pa

    sizes = np.empty(len(paths), np.int64)
    done = 0
    for block in _sizes(root, paths):
        sizes[done : done + len(block)] = block
        done += len(block)
        advance(len(block))
    return pa.table({"path": paths, "size": sizes})


def _sizes(root: Path, paths: pa.Array) -> Iterator[np.ndarray]:
    """Ask for sizes: first for a few, to see how long it takes, then by several threads where it takes long."""
    began = time.perf_counter()
    yield file_sizes(root, paths[:_TIMED])
    slow = time.perf_counter() - began > min(_TIMED, max(1, len(paths))) * _SLOW_SECONDS
    blocks = (paths[start : start + _AT_ONCE] for start in range(_TIMED, len(paths), _AT_ONCE))
    yield from in_order(lambda block: file_sizes(root, block), blocks, _THREADS if slow else 1)


def file_sizes(root: Path, paths: pa.Array) -> np.ndarray:
    """Return the sizes in bytes, int64 of shape (n,), of files below a folder; of one that is not there `GONE`."""
    place = os.fsencode(root) + b"/"
    return np.array([_size(place + name) for name in paths.to_pylist()], np.int64)


def _size(path: bytes) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - names are bytes, and millions
    except OSError:
        return GONE


def _at_most(paths: pa.Array, most: int) -> np.ndarray:
    kept: list[np.ndarray] = []
    for rows in _classes(paths):
        names = paths[rows.start : rows.stop].to_pylist()
        images = np.array([row for row, name in enumerate(names) if not is_sidecar(os.fsdecode(name))], np.int64)
        number = min(most, len(images))
        kept.append(rows.start + images[np.arange(number) * len(images) // max(1, number)])
    return np.concatenate([np.empty(0, np.int64), *kept])


def _classes(paths: pa.Array) -> Iterator[range]:
    """Yield the rows of each class, which lie together; all are one where there are no class folders."""
    if not has_classes(paths):
        yield range(len(paths))
        return
    start = 0
    while start < len(paths):
        folder = paths[start].as_py().partition(b"/")[0] + b"/"
        low, high = start, len(paths)  # the first row that does not begin so, by halves
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if paths[middle].as_py().startswith(folder) else (low, middle)
        yield range(start, low)
        start = low


def has_classes(paths: pa.Array) -> bool:
    """Whether all files that may be images lie in folders, which are then their classes."""
    import pyarrow.compute as pc

    at_top = paths.filter(pc.invert(pc.match_substring(paths, "/")))
    names = (os.fsdecode(name.as_py()) for name in at_top)
    return len(at_top) < len(paths) and all(map(is_sidecar, names))


def is_text(paths: pa.Array) -> bool:
    """Whether all names are UTF-8, which text in Parquet must be."""
    import pyarrow as pa

    try:
        for start in range(0, len(paths), _AT_ONCE):
            paths[start : start + _AT_ONCE].cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def digest_names(table: pa.Table) -> str:
    """Return a SHA-256, in hexadecimal, of the names and sizes of files; how the table is cut does not matter."""
    names, lengths, sizes = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
    for start in range(0, len(table), _AT_ONCE):
        rows = table.slice(start, _AT_ONCE)
        block = [os.fsencode(name) if isinstance(name, str) else name for name in rows["path"].to_pylist()]
        names.update(b"".join(block))
        lengths.update(np.array([len(name) for name in block], np.int64).tobytes())
        sizes.update(rows["size"].to_numpy().tobytes())
    return hashlib.sha256(names.digest() + lengths.digest() + sizes.digest()).hexdigest()


def changes(before: pa.Table, now: pa.Table) -> list[str]:
    """Say which files are new, gone, or of another size than before; each with the first of them.

    Both are as in `Names`.
    """
    import pyarrow.compute as pc

    known = pc.is_in(now["path"], value_set=before["path"])
    left = pc.is_in(before["path"], value_set=now["path"])
    both = now.filter(known)  # in one order, for both are sorted
    resized = pc.not_equal(both["size"], before.filter(left)["size"])
    kinds = {
        "new": now.filter(pc.invert(known))["path"],
        "gone": before.filter(pc.invert(left))["path"],
        "of another size": both.filter(resized)["path"],
    }
    return [
        f"{len(names):,} file{'s are' if len(names) > 1 else ' is'} {kind} ({printable(os.fsdecode(names[0].as_py()))})"
        for kind, names in kinds.items()
        if len(names)
    ]
