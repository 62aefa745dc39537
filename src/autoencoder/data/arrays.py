"""Labelled arrays of images, from the files that data sets come in: idx, .npz or CSV."""

import csv
import itertools
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import DataError
from .folder import scan
from .idx import scan_idx
from .labelled import read_labels, with_labels
from .listing import Listing, check_usable, printable
from .load import is_grayscale, load

_NPZ_KEYS = (("x_train", "y_train"), ("x_test", "y_test"))


class Part(NamedTuple):
    """Images, uint8 of shape (n, height, width) or (n, height, width, 1 or 3), and the class of each."""

    images: Sequence[np.ndarray] | np.ndarray
    labels: tuple[str, ...]


class Source(NamedTuple):
    """What a data set holds: training images, and test images where it has its own."""

    train: Part
    test: Part | None


def read_source(path: Path) -> Source:
    """Read a data set: an idx file of images, an .npz or a CSV.

    Raises
    ------
    DataError
        Says what the file must be, and what was found.
    """
    readers: dict[str, Callable[[Path], Source]] = {".npz": _read_npz, ".csv": _read_csv}
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
    return Source(_listed(scan_idx(path)), test)


def _listed(listing: Listing) -> Part:
    if listing.labels is None or listing.pixels is None:
        raise DataError(
            f"{printable(str(listing.root))}: has no labels beside it; the labels of train-images-idx3-ubyte are in "
            "train-labels-idx1-ubyte"
        )
    return Part(listing.pixels, listing.labels)


def _read_npz(path: Path) -> Source:
    where = printable(str(path))
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{where}: can't be read as an .npz of arrays: {error}") from None
    if "images" in found and "labels" in found:
        return Source(checked(found["images"], found["labels"], where), None)
    missing = [name for name in _NPZ_KEYS[0] if name not in found]
    if missing:
        raise DataError(
            f"{where}: must hold x_train and y_train (with x_test and y_test), or images and labels; it holds "
            f"{', '.join(found) or 'nothing'}"
        )
    train, test = (checked(found[x], found[y], where) if x in found and y in found else None for x, y in _NPZ_KEYS)
    assert train is not None
    return Source(train, test)


def checked(images: np.ndarray, labels: np.ndarray, where: str) -> Part:
    """Return arrays as a part, if they are images of unsigned bytes with a label each.

    Raises
    ------
    DataError
        If they are not.
    """
    labels = labels.reshape(-1) if labels.size == len(labels) else labels
    gray = images.ndim == 3
    if images.dtype != np.uint8 or not (gray or (images.ndim == 4 and images.shape[3] in (1, 3))) or not images.size:
        raise DataError(
            f"{where}: images must be unsigned bytes of shape (n, height, width) or (n, height, width, 1 or 3), not "
            f"{images.dtype} of {images.shape}"
        )
    if labels.shape != (len(images),) or labels.dtype.kind not in "iuUS":
        raise DataError(
            f"{where}: labels must be whole numbers or words, one for each of {len(images):,} images, not "
            f"{labels.dtype} of {labels.shape}"
        )
    return Part(images, tuple(each.decode() if isinstance(each, bytes) else str(each) for each in labels.tolist()))


def _read_csv(path: Path) -> Source:
    """Read a CSV: path and label, relative to its own folder; or a label and the pixels of a square image a row."""
    where = printable(str(path))
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = csv.reader(file)
            head = next(rows, [])
            return _of_paths(path) if "path" in head else Source(_of_pixels(head, rows, where), None)
    except OSError as error:
        raise DataError(f"{where}: can't be read: {(error.strerror or str(error)).lower()}") from None
    except csv.Error as error:
        raise DataError(f"{where}: is no CSV: {error}") from None


def _pixels(cells: list[str], where: str, count: int) -> np.ndarray:
    try:
        numbers = np.array(cells, float)
        fits = len(numbers) == count and bool(
            ((numbers >= 0) & (numbers <= 255) & (numbers == np.floor(numbers))).all()
        )
    except ValueError:
        fits = False
    if not fits:
        raise DataError(f"{where}: must have {count:,} pixels, whole numbers from 0 to 255")
    return numbers.astype(np.uint8)


def _of_pixels(head: list[str], rows: Iterable[list[str]], where: str) -> Part:
    column = head.index("label") if "label" in head else 0
    side = round((len(head) - 1) ** 0.5)
    if side < 1 or side * side != len(head) - 1:
        raise DataError(
            f"{where}: must have the columns path and label, or a label and the pixels of a square image; it has "
            f"{len(head)} columns"
        )
    images, labels = [], []
    for number, row in enumerate(rows if "label" in head else itertools.chain([head], rows), start=1):
        cells = row[:column] + row[column + 1 :]
        images.append(_pixels(cells, f"{where}: image {number}", side * side).reshape(side, side))
        labels.append(row[column])
    return checked(np.array(images, np.uint8), np.array(labels), where)


def _of_paths(path: Path) -> Source:
    labels = read_labels(path)
    listing = with_labels(scan(path.parent), labels, path)
    check_usable(listing, 1.0)
    assert listing.labels is not None
    return Source(Part([_image(listing.take([row])) for row in range(len(listing.paths))], listing.labels), None)


def _image(one: Listing) -> np.ndarray:
    """Decode the single image of a listing in its own size and colour."""
    height, width = one.shapes[0].tolist()
    return load(one, (height, width), "grayscale" if is_grayscale(one) else "rgb").pixels[0]
