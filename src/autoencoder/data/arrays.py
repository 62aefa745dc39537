"""Labelled arrays of images, from the files that data sets come in: idx, .npz, .npy, or a table."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError
from .decode import decode, fit, quiet_codecs
from .idx import scan_idx
from .labels import read_labels, read_parts, with_labels
from .listing import BadFile, Listing, check_usable, printable
from .load import content_of, is_grayscale
from .memory import check_unpacked
from .parts import Part, check_clear, checked
from .pixel_table import holds_paths, read_pixel_table
from .scan import scan
from .splits import rows_by_class

#: What the parts of a data set, its images and its labels are called in the names of arrays: x_train, test_images.
_PARTS = {
    "train": ("", "train", "training", "tr"),
    "valid": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "te"),
}
_ROLES = {
    "images": ("images", "x", "data", "image", "imgs", "img", "inputs", "pixels", "arr0"),
    "labels": ("labels", "y", "target", "targets", "label", "arr1"),
}
_SPELLINGS = {
    name: (part, role)
    for part, parts in _PARTS.items()
    for role, roles in _ROLES.items()
    for one in parts
    for other in roles
    for name in (one + other, other + one)
}
#: Files that are often given, and are none of these; images in archives and folders need no import.
_OTHERS = (
    *(".zip", ".tar", ".tar.gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".mat", ".pkl", ".pickle", ".pt", ".pth"),
    *(".parquet", ".h5", ".hdf5", ".xls", ".xlsx", ".json"),
)


class Source(NamedTuple):
    """What a data set holds: training images, validation and test images where it has its own, and unusable files."""

    train: Part
    valid: Part | None = None
    test: Part | None = None
    bad: tuple[BadFile, ...] = ()


def read_source(path: Path) -> Source:
    """Read a data set: an idx file of images, an .npz, an .npy, or a table.

    Raises
    ------
    DataError
        Says what the file must be, and what was found.
    """
    if path.name.lower().endswith(_OTHERS):
        raise DataError(
            f"{printable(str(path))}: can't be read; unpack or convert it, and name an idx file, an .npz, an .npy, a "
            "table (.csv, .tsv), or a folder of images to the other commands"
        )
    readers: dict[str, Callable[[Path], Source]] = {".npz": _read_npz, ".npy": _read_npy}
    readers |= dict.fromkeys((".csv", ".tsv", ".txt"), _read_table)
    return readers.get(path.suffix.lower(), _read_idx)(path)


def _read_idx(path: Path) -> Source:
    """Read an idx file and the labels beside it; of `train-...` also the test images, `t10k-...` or `test-...`."""
    others = [path.with_name(path.name.replace("train", name, 1)) for name in ("t10k", "test") if "train" in path.name]
    beside = [
        each.with_name(name)
        for each in others
        for name in (each.name, f"{each.name}.gz", each.name.removesuffix(".gz"))
    ]
    test = next((_listed(scan_idx(other)) for other in beside if other.is_file()), None)
    return Source(_listed(scan_idx(path)), test=test)


def _listed(listing: Listing) -> Part:
    if listing.labels is None or listing.pixels is None:
        raise DataError(
            f"{printable(str(listing.root))}: has no labels beside it; the labels of train-images-idx3-ubyte are in "
            "train-labels-idx1-ubyte"
        )
    return Part(listing.pixels, listing.labels)


def _read_npy(path: Path) -> Source:
    where = printable(str(path))
    images = _loaded(path, where, mmap_mode="r")
    if not isinstance(images, np.ndarray):
        raise DataError(f"{where}: is an .npz in truth; give it that suffix")
    check_clear(images, where)
    return Source(checked(images, None, where))


def _read_npz(path: Path) -> Source:
    where = printable(str(path))
    try:
        with zipfile.ZipFile(path) as packed:
            need = sum(each.file_size for each in packed.infolist())
    except Exception as error:
        raise _unreadable(where, error) from None
    check_unpacked(where, need, path.stat().st_size)
    return _named_arrays(_loaded(path, where), where)


def _loaded(path: Path, where: str, **options: Any) -> Any:
    """Return the array of an .npy, or a mapping of the arrays of an .npz; never a pickle."""
    try:
        found = np.load(path, allow_pickle=False, **options)
        if isinstance(found, np.ndarray):
            return found
        with found:
            arrays = {name: found[name] for name in found.files}
            return {name: array for name, array in arrays.items() if isinstance(array, np.ndarray)}
    except Exception as error:  # NumPy and zipfile raise whatever damage leads them to
        raise _unreadable(where, error) from None


def _unreadable(where: str, error: Exception) -> DataError:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    if "pickle" in said:  # NumPy would advise to load them, which runs what they say
        said = "Python objects, which are never loaded"
    return DataError(f"{where}: can't be read as arrays of numbers; it is damaged or holds something else: {said}")


def _named_arrays(arrays: Mapping[str, np.ndarray], where: str) -> Source:
    """Tell images, labels and parts by the names of arrays: x_train, val_labels, X, target."""
    named: dict[tuple[str, str], str] = {}
    for name in arrays:
        key = _SPELLINGS.get(re.sub("[^a-z0-9]", "", name.lower()))
        if key and named.setdefault(key, name) != name:
            raise DataError(f"{where}: {named[key]} and {name} may both be the {key[1]}; leave one of them")
    if len(arrays) == 1 and not named:
        named["train", "images"] = next(iter(arrays))
    if ("train", "images") not in named or "arr_2" in arrays:
        raise DataError(
            f"{where}: must hold x_train and y_train (with x_test and y_test), or images and labels, or X and y; it "
            f"holds {', '.join(map(printable, arrays)) or 'nothing'}"
        )
    if len(named) == 1:
        check_clear(arrays[named["train", "images"]], where)
    labels = {part: arrays[name] for (part, role), name in named.items() if role == "labels"}
    parts = {
        part: checked(arrays[named[part, "images"]], labels.get(part), where)
        for part in _PARTS
        if (part, "images") in named
    }
    return _source(parts, where)


def _source(parts: Mapping[str, Part], where: str) -> Source:
    """Refuse parts of which some have labels and others none; test images may have none."""
    for part, found in parts.items():
        if found.labelled != parts["train"].labelled and (part != "test" or found.labelled):
            raise DataError(
                f"{where}: the {part} images {_has(found)} labels and the train images {_has(parts['train'])}"
            )
    return Source(parts["train"], parts.get("valid"), parts.get("test"))


def _has(part: Part) -> str:
    return "have" if part.labelled else "have no"


def _read_table(path: Path) -> Source:
    """Read a table: images by path and their labels, relative to its own folder; or the pixels of an image a row."""
    if holds_paths(path):
        return _of_paths(path)
    where = printable(str(path))
    return _source({part: checked(*found, where) for part, found in read_pixel_table(path).items()}, where)


def _of_paths(path: Path) -> Source:
    images, labels, parts = scan(path.parent), read_labels(path), read_parts(path)
    listing = with_labels(images, labels, path)
    check_usable(listing, 1.0)
    part_of_each = with_labels(images, {name: parts.get(name, "train") for name in labels}, path).labels or ()
    found = {part: _decoded(listing.take(rows)) for part, rows in rows_by_class(part_of_each).items()}
    if "train" not in found:
        raise DataError(f"{printable(str(path))}: holds no training images")
    return Source(found["train"], found.get("valid"), found.get("test"), listing.bad)


def _decoded(listing: Listing) -> Part:
    assert listing.labels is not None
    return Part(_Decoded(listing), listing.labels, listing.paths)


class _Decoded(Sequence[np.ndarray]):
    """The images of files, each decoded in its own size and colour when it is asked for."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing

    def __len__(self) -> int:
        return len(self._listing.paths)

    def __getitem__(self, row: Any) -> Any:
        """Return the image of a row.

        Raises
        ------
        BadImage
            If it cannot be decoded.
        """
        one = self._listing.take([row])
        with quiet_codecs():
            pixels = decode(content_of(one, 0), one.headers[0])
        return fit(pixels, one.headers[0].shape, "grayscale" if is_grayscale(one) else "rgb")
