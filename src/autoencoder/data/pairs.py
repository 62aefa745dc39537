"""Pairs of images, damaged and clean, that have one name in two folders."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from ..errors import DataError
from .decode import decode, fit, quiet_codecs
from .formats.common import BadImage
from .listing import BadFile, Listing, check_usable, printable
from .load import is_grayscale
from .memory import available_memory
from .quality import shortcomings
from .reading import read
from .scan import scan

_EXAMPLES = 3
#: One pair for training, one for validation, one for the test.
FEWEST = 3


class Pair(NamedTuple):
    """A damaged image and its original, uint8 of one shape (height, width, channels), and the damaged file's name."""

    name: str
    modified: np.ndarray
    original: np.ndarray


class Matched(NamedTuple):
    """Two listings whose images belong together row by row, and the files of both that cannot be used."""

    modified: Listing
    original: Listing
    bad: tuple[BadFile, ...]


def match(modified: Path, original: Path, max_bad: float = 0.5) -> Matched:
    """Find the images of two folders that have one name, whatever their suffix.

    Parameters
    ----------
    modified, original : Path
        Folders, or patterns of files in a folder: scans/*.bmp.
    max_bad : float in [0, 1]
        The highest share of files that may be no images.

    Raises
    ------
    DataError
        If fewer than `FEWEST` pairs remain, names are not clear, or the images of a pair differ in size.
    """
    one, other = _list(modified, max_bad), _list(original, max_bad)
    first, second = _by_stem(one), _by_stem(other)
    shared = {stem: None for stem in first if stem in second}
    alone = [
        BadFile(f"{listing.root.name}/{listing.paths[row]}", f"has no partner in {printable(str(partner.root))}")
        for listing, rows, partner in ((one, first, other), (other, second, one))
        for stem, row in rows.items()
        if stem not in shared
    ]
    lonely = ([stem for stem in rows if stem not in shared] for rows in (first, second))
    _check_count(len(shared), alone, _like(*lonely))
    bad = [BadFile(f"{listing.root.name}/{file.path}", file.reason) for listing in (one, other) for file in listing.bad]
    found = Matched(one.take([first[stem] for stem in shared]), other.take([second[stem] for stem in shared]), ())
    _check_sizes(found)
    return found._replace(bad=tuple(sorted(alone + bad)))


def load_pairs(matched: Matched, color: str, quality: str | None = None) -> tuple[list[Pair], tuple[BadFile, ...]]:
    """Decode all pairs at their own sizes.

    Parameters
    ----------
    matched : Matched
    color : {"grayscale", "rgb"}
    quality : str, optional
        A condition on the measures of `data.quality`; a pair whose original does not fulfil it is left out.

    Returns
    -------
    (list of Pair, tuple of BadFile)
        The pairs, and all files that cannot be used, those that could not be decoded or fall short among them.

    Raises
    ------
    UsageError
        If `quality` is no condition.
    DataError
        If they do not fit into half of the free memory, or fewer than `FEWEST` pairs remain.
    """
    need = 2 * int(matched.modified.shapes.prod(axis=1).sum()) * (1 if color == "grayscale" else 3)
    if need > available_memory() // 2:
        raise DataError(f"the decoded pairs take {need / 1e9:.1f} GB, more than half of the free memory; give fewer")
    pairs: list[Pair] = []
    bad = list(matched.bad)
    with quiet_codecs():
        for row, name in enumerate(matched.modified.paths):
            images = []
            for listing, asked in ((matched.modified, None), (matched.original, quality)):
                try:
                    images.append(_decoded(listing, row, color, asked))
                except BadImage as error:
                    bad.append(BadFile(f"{listing.root.name}/{listing.paths[row]}", str(error)))
            if len(images) == 2:
                pairs.append(Pair(name, *images))
    _check_count(len(pairs), bad)
    return pairs, tuple(sorted(bad))


def split(count: int, test: float, valid: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share rows 0 to count - 1 out at random: those to learn from, to validate and to test, each sorted, none empty.

    Parameters
    ----------
    count : int
        At least `FEWEST`.
    test, valid : float in (0, 1)
        Their shares.
    seed : int
    """
    order = np.random.default_rng(seed).permutation(count)
    tested = min(count - 2, max(1, round(count * test)))
    validated = min(count - tested - 1, max(1, round(count * valid)))
    parts = np.split(order, [tested, tested + validated])
    return np.sort(parts[2]), np.sort(parts[1]), np.sort(parts[0])


def both_grayscale(matched: Matched) -> bool:
    """Whether neither folder's images have colour, as far as a sample tells."""
    with quiet_codecs():
        return is_grayscale(matched.modified) and is_grayscale(matched.original)


def smallest(matched: Matched) -> tuple[str, int, int]:
    """Return the name, height and width of the image whose shorter side is the shortest."""
    row = int(matched.modified.shapes.min(axis=1).argmin())
    height, width = matched.modified.shapes[row].tolist()
    return matched.modified.paths[row], height, width


def _list(source: Path, max_bad: float) -> Listing:
    """Scan a folder, or those files in it whose names fit a pattern."""
    is_pattern = not source.exists() and any(sign in source.name for sign in "*?[")
    listing = scan(source.parent if is_pattern else source)
    if is_pattern:
        listing = listing.take([row for row, path in enumerate(listing.paths) if _fits(path, source.name)])
    if listing.pixels is not None:
        raise DataError(f"{printable(str(source))}: an idx file has no names to pair by; give a folder of images")
    check_usable(listing, max_bad)
    return listing


def _fits(path: str, pattern: str) -> bool:
    return "/" not in path and fnmatchcase(path, pattern)


def _by_stem(listing: Listing) -> dict[str, int]:
    rows: dict[str, int] = {}
    for row, path in enumerate(listing.paths):
        stem = str(PurePosixPath(path).with_suffix(""))
        if stem in rows:
            twins = f"{printable(listing.paths[rows[stem]])} and {printable(path)}"
            raise DataError(f"{printable(str(listing.root))}: {twins} have one name; leave one of them")
        rows[stem] = row
    return rows


def _like(one: Iterable[str], other: Iterable[str]) -> str:
    """Name two files that are alone and look like a pair, such as 00_noisy and 00; nothing where none do."""
    first, second = _cores(one), _cores(other)
    for core, name in first.items():
        if core in second:
            return f"; {printable(name)} and {printable(second[core])} look like a pair: give both one name"
    return ""


def _cores(stems: Iterable[str]) -> dict[str, str]:
    """Return names by what is left without folder, case, first or last word, where it is left of that name alone."""
    found: dict[str, set[str]] = {}
    for stem in stems:
        name = PurePosixPath(stem).name.casefold()
        for core in (name, re.sub(r"[-_. ][^-_. ]*$", "", name), re.sub(r"^[^-_. ]*[-_. ]", "", name)):
            found.setdefault(core, set()).add(stem)
    return {core: names.pop() for core, names in found.items() if core and len(names) == 1}


def _check_count(count: int, bad: list[BadFile], advice: str = "") -> None:
    if count < FEWEST:
        examples = "; ".join(f"{printable(file.path)}: {file.reason}" for file in bad[:_EXAMPLES])
        raise DataError(
            f"{count} pairs of images remain, and training needs {FEWEST} at least: one each to learn from, to "
            f"validate and to test"
            + (f" ({examples}{'; ...' if len(bad) > _EXAMPLES else ''})" if bad else "")
            + advice
        )


def _check_sizes(matched: Matched) -> None:
    one, other = matched.modified, matched.original
    wrong = np.flatnonzero((one.shapes != other.shapes).any(axis=1))
    if len(wrong):
        examples = "; ".join(
            f"{printable(one.paths[row])} is {_size(one, row)} and its original {_size(other, row)}"
            for row in wrong[:_EXAMPLES]
        )
        raise DataError(
            f"the images of {len(wrong):,} pairs differ in size ({examples}); a modified image must lie on its "
            "original pixel by pixel"
        )


def _size(listing: Listing, row: int) -> str:
    height, width = listing.shapes[row].tolist()
    return f"{height} x {width}"


def _decoded(listing: Listing, row: int, color: str, quality: str | None) -> np.ndarray:
    content = listing.contents[row]
    if content is None:
        size, changed = map(int, listing.stamps[row])
        content = read(f"{listing.root}/{listing.paths[row]}", (size, changed))
    header = listing.headers[row]
    image = fit(decode(content, header), header.shape, color)
    if quality is not None and (why := shortcomings(image[None], listing.shapes[[row]], quality)[0]) is not None:
        raise BadImage(why)
    return image
