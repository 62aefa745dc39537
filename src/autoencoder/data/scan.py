"""Find the images of a folder of class folders, of a flat or nested folder, or of an idx file."""

import contextlib
import difflib
import gzip
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from ..errors import DataError, UsageError
from ..progress import Advance, stage
from .formats.common import BadImage
from .idx import is_idx, scan_idx
from .listing import BadFile, Listing, printable
from .parallel import in_order
from .reading import Found, look
from .rules import AS_STORED, Rules
from .walk import subfolders, walk

#: What often lies beside images; where such a file is no image it is passed over without a word.
SIDECAR_SUFFIXES = frozenset({".txt", ".csv", ".tsv", ".json", ".md", ".rst", ".xml", ".yml", ".yaml", ".html"})
SIDECAR_NAMES = frozenset({"thumbs.db", "desktop.ini", "license", "licence", "readme"})
#: Small files are kept as they were read, up to so many bytes in all.
KEPT_BYTES = 64 * 2**20
#: A network drive takes milliseconds to open a file; then several threads wait for it at the same time.
_TIMED, _SLOW_SECONDS, _THREADS = 64, 1e-3, 8


def scan(
    source: Path,
    *,
    categories: Sequence[str] | None = None,
    max_images: int | None = None,
    rules: Rules = AS_STORED,
) -> Listing:
    """List the images of a source and what can't be used, reading no more than headers.

    A folder has classes where images lie in its folders and none in itself: an image's class is then the first
    folder on the way to it. Hidden files, and known companions of images that are none themselves (text, tables,
    Thumbs.db and the like), are passed over; every other file that can't be used is listed with its reason.

    Parameters
    ----------
    source : Path
        A folder, an idx file of images, gzipped or not, or one image.
    categories : sequence of str, optional
        Only these class folders (or idx labels).
    max_images : int, optional
        At most so many images from each class, evenly spread over their sorted names.
    rules : Rules
        How values become pixels; with a range, floats and numbers of more than 16 bits are read too.

    Returns
    -------
    Listing
        May be without a single image; `check_usable` says so to the user.

    Raises
    ------
    DataError
        If there is no such folder or file, or it can't be read.
    UsageError
        If one of `categories` does not exist.
    """
    try:
        if source.is_dir():
            listing = _scan_folder(source, categories, rules)
        elif source.is_file():
            listing = _scan_file(source, categories, rules)
        else:
            raise DataError(
                f"{_name(source)}: there is no such folder or file; give a folder of images, one image or an idx file"
            )
    except OSError as error:
        raise DataError(f"{_name(source)}: can't be read: {(error.strerror or str(error)).lower()}") from None
    listing = replace(listing, rules=rules)
    return listing if max_images is None else _at_most(listing, max_images)


def scan_files(root: Path, names: Sequence[str], rules: Rules = AS_STORED) -> Listing:
    """List some files of a folder by their names, as `scan` lists all of them.

    Parameters
    ----------
    root : Path
    names : sequence of str
        Below `root`, with "/" between folders.
    rules : Rules

    Returns
    -------
    Listing
        Its classes are those of these files alone.
    """
    looked = _look_at_all(root, list(names), rules.range is not None, lambda count: None)
    return replace(_listing(root, *looked, []), rules=rules)


def _name(source: Path) -> str:
    return printable(str(source))


def _scan_file(file: Path, categories: Sequence[str] | None, rules: Rules) -> Listing:
    """List the images of an idx file, or the one that the file is."""
    with file.open("rb") as opened:
        start = opened.read(4)
    if start[:2] == b"\x1f\x8b":
        with contextlib.suppress(OSError, EOFError, zlib.error), gzip.open(file) as packed:
            start = packed.read(4)
    if is_idx(start):
        return _only(scan_idx(file), categories)
    found = _look(str(file), rules.range is not None)
    if isinstance(found, str):
        raise DataError(f"{_name(file)}: {found}; or name a folder of images, one image or an idx file")
    if categories is not None:
        raise UsageError(f"--categories chooses class folders, and {_name(file)} is one image; leave it out")
    return _listing(file.parent, {file.name: found}, [], [])


def _scan_folder(root: Path, categories: Sequence[str] | None, rules: Rules) -> Listing:
    if categories is not None:
        check_categories(categories, subfolders(root), root)
    with stage(f"listing the files in {_name(root)}"):
        tree = walk(root, lambda folder: categories is None or folder in categories)
    files = sorted(file for file in tree.files if categories is None or "/" in file)
    unread = [file for file in tree.bad if categories is None or file.path.partition("/")[0] in categories]
    with stage(f"looking at {len(files):,} files in {_name(root)}", len(files)) as advance:
        looked = _look_at_all(root, files, rules.range is not None, advance)
    return _listing(root, *looked, unread)


def _look_at_all(root: Path, files: list[str], deep: bool, advance: Advance) -> tuple[dict[str, Found], list[BadFile]]:
    """Read the headers of all files; small files are kept while there is room."""
    found: dict[str, Found] = {}
    bad: list[BadFile] = []
    room = KEPT_BYTES
    for name, answer in zip(files, _answers(f"{root}/", files, deep, advance), strict=True):
        if isinstance(answer, Found):
            room -= len(answer.content or b"")
            found[name] = answer if room >= 0 else answer._replace(content=None)
        elif not is_sidecar(name):
            bad.append(BadFile(name, answer))
    return found, bad


def _answers(place: str, files: list[str], deep: bool, advance: Advance) -> Iterator[Found | str]:
    """Look at every file: at the first ones to see how long it takes, then by several threads where it takes long."""
    began = time.perf_counter()
    yield from [_look(place + name, deep) for name in files[:_TIMED]]
    advance(min(len(files), _TIMED))
    slow = time.perf_counter() - began > _TIMED * _SLOW_SECONDS
    parts = [files[start : start + _TIMED] for start in range(_TIMED, len(files), _TIMED)]
    for answers in in_order(
        lambda names: [_look(place + name, deep) for name in names], parts, _THREADS if slow else 1
    ):
        yield from answers
        advance(len(answers))


def _look(path: str, deep: bool) -> Found | str:
    try:
        return look(path, deep)
    except BadImage as error:
        return str(error)


def is_sidecar(name: str) -> bool:
    """Whether a file is of a kind that often lies beside images."""
    path = PurePosixPath(name.lower())
    return path.suffix in SIDECAR_SUFFIXES or path.name in SIDECAR_NAMES


def _listing(root: Path, found: dict[str, Found], bad: list[BadFile], unread: list[BadFile]) -> Listing:
    paths = tuple(found)
    has_classes = bool(paths) and all("/" in path for path in paths)
    bad = sorted(bad + unread)
    return Listing(
        root=root,
        paths=paths,
        labels=tuple(path.partition("/")[0] for path in paths) if has_classes else None,
        shapes=np.array([file.header.shape for file in found.values()], int).reshape(-1, 2),
        stamps=np.array([file.stamp for file in found.values()], np.int64).reshape(-1, 2),
        bad=tuple(bad),
        files=len(paths) + len(bad),
        headers=tuple(file.header for file in found.values()),
        contents=tuple(file.content for file in found.values()),
    )


def check_categories(categories: Sequence[str], present: Sequence[str], source: Path) -> None:
    """Refuse a category that is no class folder of a source; raises UsageError."""
    for name in categories:
        if name not in present:
            near = difflib.get_close_matches(name, present, 1)
            shown = ", ".join(map(printable, present[:10])) + (", ..." if len(present) > 10 else "")
            raise UsageError(
                f"--categories: there is no class folder '{printable(name)}' in {_name(source)}"
                + (f"; did you mean '{printable(near[0])}'?" if near else f"; there are: {shown or 'none'}")
            )


def _only(listing: Listing, categories: Sequence[str] | None) -> Listing:
    if categories is None:
        return listing
    labels = listing.labels or ()
    check_categories(categories, sorted(set(labels)), listing.root)
    return listing.take([row for row, label in enumerate(labels) if label in categories])


def _at_most(listing: Listing, max_images: int) -> Listing:
    classes: dict[str, list[int]] = {}
    for row, label in enumerate(listing.labels or [""] * len(listing.paths)):
        classes.setdefault(label, []).append(row)
    kept: list[int] = []
    for rows in classes.values():
        number = min(max_images, len(rows))
        kept += [rows[i * len(rows) // number] for i in range(number)]
    return listing.take(sorted(kept))
