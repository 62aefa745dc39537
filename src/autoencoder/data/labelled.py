"""Labels: read from a CSV, checked, split for validation, and drawn a few from each class."""

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import DataError, UsageError
from .listing import Listing, printable
from .walk import subfolders

_NAMED = 3


def read_labels(path: Path, names: Mapping[int, str] | None = None) -> dict[str, str]:
    """Read which label each image has, from a CSV with the columns path and label.

    A clustering's table will do as well: its column `name`, or, with the `names` that a person gave, its column
    `cluster`. Rows without a label are left out.

    Parameters
    ----------
    path : Path
    names : mapping from a cluster's number to its name, optional

    Returns
    -------
    dict from path to label

    Raises
    ------
    DataError
        If the file cannot be read, has no such columns, or gives one image two labels.
    """
    where = printable(str(path))
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = csv.DictReader(file)
            columns = rows.fieldnames or ()
            column = _label_column(columns, names, where)
            found: dict[str, str] = {}
            for row in rows:
                label = (row[column] or "").strip()
                if names:
                    label = names.get(int(label), "")
                if label and found.setdefault(row["path"], label) != label:
                    raise DataError(f"{where}: {printable(row['path'])} has two labels; an image has one")
    except OSError as error:
        raise DataError(f"{where}: can't be read: {(error.strerror or str(error)).lower()}") from None
    except (csv.Error, ValueError) as error:
        raise DataError(f"{where}: must be a CSV with the columns path and {column}: {error}") from None
    if not found:
        raise DataError(f"{where}: gives no image a label; fill in the column {column}")
    return found


def _label_column(columns: Collection[str], names: Mapping[int, str] | None, where: str) -> str:
    wanted = ("cluster",) if names else ("label", "name")
    column = next((name for name in wanted if name in columns), None)
    if column is None or "path" not in columns:
        more = "" if names or "cluster" not in columns else "; clusters become labels by --names=names.csv"
        found = ", ".join(columns) or "none"
        raise DataError(f"{where}: must be a CSV with the columns path and {wanted[0]}, and has {found}{more}")
    return column


def with_labels(listing: Listing, labels: Mapping[str, str], source: Path) -> Listing:
    """Return those of the images that `labels`, read from file `source`, speaks of.

    Raises
    ------
    DataError
        If it speaks of an image that is not there.
    """
    absent = sorted(set(labels) - set(listing.paths) - {file.path for file in listing.bad})
    if absent:
        shown = ", ".join(map(printable, absent[:_NAMED])) + (", ..." if len(absent) > _NAMED else "")
        raise DataError(
            f"{printable(str(source))}: {len(absent):,} of its {len(labels):,} paths are no images in "
            f"{printable(str(listing.root))} ({shown}); paths are relative to that folder"
        )
    rows = [row for row, path in enumerate(listing.paths) if path in labels]
    chosen = listing.take(rows)
    return replace(chosen, labels=tuple(labels[path] for path in chosen.paths))


def check_classes(listing: Listing, fewest: int) -> None:
    """Refuse images without labels, or of fewer classes than so many.

    Raises
    ------
    DataError
        Says what is there and what is needed.
    """
    where = printable(str(listing.root))
    if listing.labels is None:
        raise DataError(
            f"{where}: its images have no labels; put them into class folders, give idx labels, or a CSV with --labels"
        )
    classes = sorted(set(listing.labels))
    if len(classes) < fewest:
        there = f"is one: {printable(classes[0])}" if classes else "is none"
        raise DataError(f"{where}: a classifier needs {fewest} classes at least, and there {there}")


def check_folders(listing: Listing) -> None:
    """Refuse a class folder that has no image, where classes are folders.

    Raises
    ------
    DataError
        Names it.
    """
    empty = sorted(set(subfolders(listing.root)) - set(listing.labels or ())) if listing.root.is_dir() else []
    if empty and listing.labels is not None:
        shown = ", ".join(map(printable, empty[:_NAMED]))
        raise DataError(
            f"{printable(str(listing.root))}: a class needs an image at least, and these class folders have none: "
            f"{shown}; add images or remove the folder"
        )


def check_known(listing: Listing, known: Collection[str], train: Path) -> None:
    """Refuse classes that the training images do not have.

    Raises
    ------
    DataError
        Names them.
    """
    unknown = sorted(set(listing.labels or ()) - set(known))
    if unknown:
        raise DataError(
            f"{printable(str(listing.root))}: its classes must be among those of {printable(str(train))}, which has "
            f"no {', '.join(map(printable, unknown[:_NAMED]))}"
        )


def split(labels: Sequence[str], share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split rows in two, class by class, so that each class keeps a row at least in the first part.

    Parameters
    ----------
    labels : sequence of str
    share : float
        Of each class, for the second part; a row at least, where a class has two.
    seed : int

    Returns
    -------
    two int arrays
        Rows, rising.

    Raises
    ------
    DataError
        If no class has two images.
    """
    generator = np.random.default_rng(seed)
    first, second = [], []
    for rows in _by_class(labels).values():
        order = generator.permutation(rows)
        count = min(len(rows) - 1, max(1, round(len(rows) * share)))
        second.append(order[:count])
        first.append(order[count:])
    if not sum(map(len, second)):
        raise DataError("no class has two images, so none can be kept for validation; give --valid_dir")
    return np.sort(np.concatenate(first)), np.sort(np.concatenate(second))


def draw(labels: Sequence[str], per_class: int, seed: int) -> np.ndarray:
    """Draw `per_class` rows of each class at random; return them rising.

    Raises
    ------
    UsageError
        If a class has fewer.
    """
    generator = np.random.default_rng(seed)
    classes = _by_class(labels)
    fewest = min(classes, key=lambda label: len(classes[label]))
    if len(classes[fewest]) < per_class:
        raise UsageError(
            f"--labels_per_class={per_class}: class {printable(fewest)} has only {len(classes[fewest])} training "
            "images; name a smaller number, or all"
        )
    drawn = [generator.choice(rows, per_class, replace=False) for rows in classes.values()]
    return np.sort(np.concatenate(drawn))


def _by_class(labels: Sequence[str]) -> dict[str, np.ndarray]:
    values, codes = np.unique(np.array(labels), return_inverse=True)
    return {str(value): np.flatnonzero(codes == number) for number, value in enumerate(values)}
