"""Labelled arrays of images, from the files that data sets come in: idx, .npz, .npy, or a table."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import DataError
from .folder import scan
from .idx import scan_idx
from .labelled import read_labels, with_labels
from .listing import BadFile, Listing, check_usable, common_shape, printable
from .load import is_grayscale, load
from .memory import available_memory
from .pixel_table import holds_paths, read_pixel_table

#: What the parts of a data set are called in the names of its arrays: x_train, test_images.
_PARTS = {"train": ("train", "training", "tr"), "valid": ("val", "valid", "validation"), "test": ("test", "te")}
_IMAGES, _LABELS = ("images", "x", "data", "image", "imgs", "arr_0"), ("labels", "y", "target", "targets", "label")
#: Floats are unsigned bytes where they are this near to whole numbers.
_WHOLE = 1e-4


class Part(NamedTuple):
    """Images, uint8 of shape (n, height, width) or (n, height, width, 1 or 3), and the class of each; "" for none."""

    images: Sequence[np.ndarray] | np.ndarray
    labels: tuple[str, ...]


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
    try:
        images = np.load(path, allow_pickle=False, mmap_mode="r")
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise DataError(f"{where}: can't be read as an array of numbers: {_one_line(error)}") from None
    if not isinstance(images, np.ndarray):
        raise DataError(f"{where}: is an .npz in truth; give it that suffix")
    return Source(checked(images, None, where))


def _read_npz(path: Path) -> Source:
    where = printable(str(path))
    try:
        with zipfile.ZipFile(path) as packed:
            need = sum(each.file_size for each in packed.infolist())
        if need > available_memory() // 2:
            raise DataError(f"{where}: unpacks to {need / 1e9:,.1f} GB, more than half of the free memory")
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, SyntaxError, KeyError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{where}: can't be read as an .npz of arrays: {_one_line(error)}") from None
    except (zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{where}: is a damaged .npz: {_one_line(error)}") from None
    return _named_arrays(found, where)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _named_arrays(arrays: Mapping[str, np.ndarray], where: str) -> Source:
    """Tell images, labels and parts by the names of arrays: x_train, val_labels, X, target."""
    named: dict[tuple[str, str], str] = {}
    for name in arrays:
        words = [word for word in re.split(r"[_\-. ]+", name.lower()) if word]
        part = next((part for part, names in _PARTS.items() if set(words) & set(names)), "train")
        rest = "_".join(word for word in words if word not in _PARTS[part])
        role = "images" if rest in _IMAGES else "labels" if rest in _LABELS else ""
        if role and named.setdefault((part, role), name) != name:
            raise DataError(f"{where}: {named[part, role]} and {name} may both be the {role}; leave one of them")
    if len(arrays) == 1 and not named:
        named["train", "images"] = next(iter(arrays))
    if ("train", "images") not in named:
        raise DataError(
            f"{where}: must hold x_train and y_train (with x_test and y_test), or images and labels, or X and y; it "
            f"holds {', '.join(map(printable, arrays)) or 'nothing'}"
        )
    parts = {
        part: checked(arrays[named[part, "images"]], arrays.get(named.get((part, "labels"), "")), where)
        for part in _PARTS
        if (part, "images") in named
    }
    if len({bool(part.labels[0]) for part in parts.values()}) > 1:
        raise DataError(f"{where}: some parts have labels and others have none; give all of them labels")
    return Source(parts["train"], parts.get("valid"), parts.get("test"))


def checked(images: np.ndarray, labels: np.ndarray | None, where: str) -> Part:
    """Return arrays as a part, if they can be understood as images, with a label each or none at all.

    Raises
    ------
    DataError
        If they cannot, or not in one way only.
    """
    pixels = _as_bytes(_as_images(images, where), where)
    if labels is None:
        return Part(pixels, ("",) * len(pixels))
    names = _as_names(labels, len(pixels), where)
    return Part(pixels, names)


def _as_images(images: np.ndarray, where: str) -> np.ndarray:
    """Return images as (n, h, w) or (n, h, w, 1 or 3): squares that were flattened, and channels that come first."""
    shape = images.shape
    if images.ndim == 2 and shape[1] > 1:
        side = round(shape[1] ** 0.5)
        if side * side == shape[1]:
            return images.reshape(-1, side, side)
    if images.ndim == 4 and images.size:
        last, first = shape[3] in (1, 3), shape[1] in (1, 3)
        if last and not (first and shape[1] != shape[3] and min(shape[1:]) == 1 and max(shape[2:]) <= 3):
            return images
        if first:
            return np.moveaxis(images, 1, 3)
    if images.ndim == 3 and images.size:
        return images
    raise DataError(
        f"{where}: images must be an array of shape (n, height, width), (n, height, width, 1 or 3), or of as many "
        f"columns as a square has pixels, and not empty; this one is {images.dtype} of {shape}"
    )


def _as_bytes(images: np.ndarray, where: str) -> np.ndarray:
    """Return images as unsigned bytes: whole numbers from 0 to 255, or numbers from 0 to 1."""
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind not in "biuf":
        raise DataError(f"{where}: images must be numbers, not {images.dtype}")
    low, high = float(images.min()), float(images.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(f"{where}: some of the images' values are no numbers (NaN or infinite)")
    if low < 0 or high > 255:
        raise DataError(
            f"{where}: the images' values go from {low:g} to {high:g}; they must go from 0 to 255, or from 0 to 1"
        )
    if high <= 1:
        return np.rint(images.astype(np.float32) * 255).astype(np.uint8)
    whole = np.rint(images)
    if np.abs(images - whole).max() > _WHOLE:
        raise DataError(
            f"{where}: the images' values go from {low:g} to {high:g} and are no whole numbers; scale them to 0 to 1"
        )
    return whole.astype(np.uint8)


def _as_names(labels: np.ndarray, count: int, where: str) -> tuple[str, ...]:
    """Return labels as words: whole numbers, words, or one column a class of which one is 1."""
    if labels.ndim == 2 and labels.shape[1] > 1 and labels.dtype.kind in "biuf":
        if not (np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all()):
            raise DataError(f"{where}: labels of several columns must have a single 1 in each row, and 0 elsewhere")
        labels = labels.argmax(axis=1)
    labels = labels.reshape(-1) if labels.size == len(labels) else labels
    if labels.dtype.kind == "f" and np.isfinite(labels).all() and (labels == np.rint(labels)).all():
        labels = labels.astype(np.int64)
    if labels.shape != (count,) or labels.dtype.kind not in "biuUS":
        raise DataError(
            f"{where}: labels must be whole numbers or words, one for each of {count:,} images, not {labels.dtype} of "
            f"{labels.shape}"
        )
    try:
        return tuple(each.decode() if isinstance(each, bytes) else str(each) for each in labels.tolist())
    except UnicodeDecodeError:
        raise DataError(f"{where}: some labels are no text in UTF-8") from None


def _read_table(path: Path) -> Source:
    """Read a table: images by path and their labels, relative to its own folder; or the pixels of an image a row."""
    if holds_paths(path):
        return _of_paths(path)
    where = printable(str(path))
    tables = read_pixel_table(path)
    parts = {name: checked(table.images, table.labels, where) for name, table in tables.items()}
    return Source(parts["train"], test=parts.get("test"))


def _of_paths(path: Path) -> Source:
    labels = read_labels(path)
    listing = with_labels(scan(path.parent), labels, path)
    check_usable(listing, 1.0)
    assert listing.labels is not None
    images, names, bad = [], [], list(listing.bad)
    for row, label in enumerate(listing.labels):
        one = listing.take([row])
        decoded = load(one, common_shape(one) or (1, 1), "grayscale" if is_grayscale(one) else "rgb", max_bad=1)
        images += list(decoded.pixels)
        names += [label] * len(decoded.pixels)
        bad += set(decoded.bad) - set(listing.bad)
    return Source(Part(images, tuple(names)), bad=tuple(sorted(bad)))
