"""Labels: read from a CSV, checked, split for validation, and drawn a few from each class."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import DataError, UsageError
from ..files import is_plain
from .listing import Images, Listing, printable
from .matching import Names
from .splits import rows_by_class
from .tables import PART_COLUMNS, SHOWN, Table, cluster_number, label_of, open_table, part_of
from .walk import subfolders

_NAMED, _COLUMNS, _LONGEST = 3, 8, 200
_ODD = "no plain text; save the table as a CSV in UTF-8, without line ends in its cells"


def read_labels(path: Path, names: Mapping[int, str] | None = None) -> dict[str, str]:
    """Read which label each image has, from a table with a column of images and one of labels.

    What these may be called is in data/tables.py: path and label, filename and class, id and target, in any case. A
    clustering's table will do as well: its column `name`, or, with the `names` that a person gave, its column
    `cluster`. Rows without a label are left out.

    Parameters
    ----------
    path : Path
    names : mapping from a cluster's number to its name, optional

    Returns
    -------
    dict from an image, as the table names it, to its label

    Raises
    ------
    DataError
        If the file cannot be read, has no such columns, or gives one image two labels.
    """
    found: dict[str, str] = {}
    with open_table(path) as table:
        image, column = table.images_and_labels()
        column = table.column(("cluster",)) if names else column
        if image is None or column is None:
            raise DataError(_no_columns(table, names))
        for line, cells in table.rows:
            name, cell = cells[image], cells[column]
            label = label_of(cell)
            if names:
                label = names.get(cluster_number(cell, f"{table.where}: line {line}"), "")
            if not label:
                continue
            shown = printable(label[:SHOWN])
            if not is_plain(label):
                raise DataError(f"{table.where}: line {line}: the label {shown} is {_ODD}")
            if not name:
                raise DataError(f"{table.where}: line {line} has a label, {shown}, and no image")
            if found.setdefault(name, label) != label:
                raise DataError(f"{table.where}: line {line}: {printable(name)} has two labels; an image has one")
        if not found:
            raise DataError(f"{table.where}: gives no image a label; fill in the column {table.head[column]}")
    return found


def read_parts(path: Path) -> dict[str, str]:
    """Read which part of a data set each image of a table is for: train, valid or test; nothing where no column says.

    Raises
    ------
    DataError
        If the column says something else, or two things of one image.
    """
    found: dict[str, str] = {}
    with open_table(path) as table:
        (image, label), column = table.images_and_labels(), table.column(PART_COLUMNS)
        if image is None or column in (None, label):
            return found
        for line, cells in table.rows:
            where, name = f"{table.where}: line {line}", cells[image]
            part = part_of(cells[column], where)
            if found.setdefault(name, part) != part:
                raise DataError(f"{where}: {printable(name[:SHOWN])} is for {found[name]} already; write one part")
    return found


def _no_columns(table: Table, names: Mapping[int, str] | None) -> str:
    more = "" if names or "cluster" not in table.columns else "; clusters become labels by --names=names.csv"
    shown = ", ".join(map(printable, table.head[:_COLUMNS])) + (", ..." if len(table.head) > _COLUMNS else "")
    wanted = "path and cluster" if names else "path and label, or others of such names"
    return f"{table.where}: must be a table with the columns {wanted}, and has {shown or 'none'}{more}"


def with_labels(listing: Listing, labels: Mapping[str, str], source: Path) -> Listing:
    """Return those of the images that `labels`, read from file `source`, speaks of.

    How an image may be named is in data/matching.py.

    Raises
    ------
    DataError
        If it speaks of an image that is not there, of several at once, or gives one image two labels.
    """
    known = Names(listing)
    chosen: dict[int, str] = {}
    absent = []
    for name, label in labels.items():
        row = known.find(name)
        if row is None:
            absent.append(name)
        elif row >= 0 and chosen.setdefault(row, label) != label:
            where, path = printable(str(source)), printable(listing.paths[row])
            raise DataError(f"{where}: {path} has two labels, {printable(chosen[row])} and {printable(label)}")
    if absent:
        shown = ", ".join(printable(name[:_LONGEST]) for name in sorted(absent)[:_NAMED]) + (
            ", ..." if len(absent) > _NAMED else ""
        )
        raise DataError(
            f"{printable(str(source))}: {len(absent):,} of its {len(labels):,} paths are no images in "
            f"{printable(str(listing.root))} ({shown}), or the names of several; paths are relative to that folder"
        )
    rows = sorted(chosen)
    return replace(listing.take(rows), labels=tuple(chosen[row] for row in rows))


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


def check_divisible(labels: Sequence[str]) -> None:
    """Refuse classes of which none can be split into training and validation images.

    Raises
    ------
    DataError
        If no class has two images.
    """
    if max(map(len, rows_by_class(labels).values())) < 2:
        raise DataError("no class has two images, so none can be kept for validation; add images, or give others")


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


def check_left(images: Images, classes: Sequence[str]) -> None:
    """Refuse decoded training images among which a class has none left.

    Raises
    ------
    DataError
        Names the classes, and why an image of the first was not used.
    """
    gone = sorted(set(classes) - set(images.labels or ()))
    if gone:
        why = next(
            (f" ({printable(path)}: {reason})" for path, reason in images.bad if path.startswith(f"{gone[0]}/")), ""
        )
        raise DataError(
            f"no training image of {', '.join(map(printable, gone[:_NAMED]))} can be used{why}; a class needs one at "
            "least: repair or add images, or ask for less --quality"
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


def draw(labels: Sequence[str], per_class: int, seed: int) -> np.ndarray:
    """Draw `per_class` rows of each class at random; return them rising.

    Raises
    ------
    UsageError
        If a class has fewer.
    """
    generator = np.random.default_rng(seed)
    classes = rows_by_class(labels)
    fewest = min(classes, key=lambda label: len(classes[label]))
    if len(classes[fewest]) < per_class:
        raise UsageError(
            f"--labels_per_class={per_class}: class {printable(fewest)} has only {len(classes[fewest])} training "
            "images; name a smaller number, or all"
        )
    drawn = [generator.choice(rows, per_class, replace=False) for rows in classes.values()]
    return np.sort(np.concatenate(drawn))
