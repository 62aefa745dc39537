"""What a person corrected in a clustering, as the report saves it: `clustering,path,cluster`, a row an image."""

from __future__ import annotations

import csv
import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..data.cells import unguarded
from ..data.listing import Listing, printable
from ..data.source import ImageSource
from ..data.tables import SHOWN, Table, cluster_number, open_table
from ..errors import DataError, ModelFileError, UsageError
from ..settings import Reading
from .clustering import ClusterFolder, fingerprint
from .lookup import choose_images

COLUMNS = ("clustering", "path", "cluster")
#: A new cluster's number is below the number of clusters and so many more; what lies beyond was mistyped.
MOST_NEW = 1000
_NAMED = 3


class Corrections(NamedTuple):
    """Which clustering is corrected, by its fingerprint, and which cluster each of some images shall have."""

    file: Path
    clustering: str
    wanted: dict[str, int]

    @property
    def digest(self) -> str:
        """Sixteen digits that differ where the wishes do."""
        return fingerprint(list(self.wanted), self.wanted.values())

    @property
    def said(self) -> str:
        """How messages name the file."""
        return f"--corrections={printable(str(self.file))}"


class Members(NamedTuple):
    """The images of a clustering and the cluster of each, int32 of shape (n,)."""

    paths: tuple[str, ...]
    labels: np.ndarray

    @property
    def fingerprint(self) -> str:
        """What tells the clustering from others."""
        return fingerprint(self.paths, self.labels)

    def rows(self, paths: Sequence[str]) -> np.ndarray:
        """Return the places of some of the images among these."""
        places = {path: row for row, path in enumerate(self.paths)}
        return np.array([places[path] for path in paths], int)


class Corrected(NamedTuple):
    """The clustering that corrections are of, and its images with the clusters that a person wants."""

    folder: ClusterFolder
    members: Members
    after: np.ndarray


def is_corrections(path: Path) -> bool:
    """Whether a table has the columns of corrections.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    with open_table(path) as table:
        return set(COLUMNS) <= set(table.columns)


def read_corrections(path: Path) -> Corrections:
    """Read what a person corrected.

    Raises
    ------
    UsageError
        If the file cannot be read, is torn, lacks a column, holds no correction or those of several clusterings, or
        wishes two clusters for one image.
    """
    try:
        with open_table(path) as table:
            return _read(table, path)
    except DataError as error:
        raise UsageError(f"--corrections={error}") from error


def _read(table: Table, path: Path) -> Corrections:
    places = [table.column((name,)) for name in COLUMNS]
    _check_columns(table)
    wanted: dict[str, int] = {}
    clusterings: set[str] = set()
    for line, cells in table.rows:
        clustering, name, cell = (cells[place] for place in places if place is not None)
        where = f"{table.where}: line {line}"
        number = cluster_number(cell, where)
        if number < -1:
            raise DataError(f"{where}: {number} is no cluster; -1 says that an image belongs to none")
        if not clustering or not name:
            raise DataError(f"{where}: has no {'path' if clustering else 'clustering'}; save the corrections again")
        name = name.removeprefix("./")  # people write so too
        clusterings.add(clustering.lower())
        if wanted.setdefault(name, number) != number:
            raise DataError(f"{where}: {printable(name)} shall be in cluster {wanted[name]} and in {number}; keep one")
    if not wanted:
        raise DataError(f"{table.where}: holds no correction; make some in report.html and save them")
    if len(clusterings) > 1:
        raise DataError(
            f"{table.where}: holds corrections of several clusterings ({_some(sorted(clusterings))}); keep the rows of "
            "one"
        )
    return Corrections(path, clusterings.pop(), wanted)


def _check_columns(table: Table) -> None:
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        near = [(name, match) for name in missing for match in difflib.get_close_matches(name, table.columns, 1)]
        hint = "".join(f"; did you mean {name} by {printable(match)}?" for name, match in near[:1])
        raise DataError(
            f"{table.where}: has no column {', '.join(missing)}; corrections have the columns {','.join(COLUMNS)}{hint}"
        )


def read_members(folder: ClusterFolder) -> Members:
    """Read which image is in which cluster from a clustering's table.

    Raises
    ------
    ModelFileError
        If there is no such table, or it is damaged.
    """
    try:
        # As it was written: paths may begin or end with blanks.
        with folder.table.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            rows = [(unguarded(row["path"]), int(row["cluster"])) for row in csv.DictReader(file, strict=True)]
        paths, labels = zip(*rows, strict=True)
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise ModelFileError(f"{folder.table}: is missing or damaged; cluster again") from error
    return Members(paths, np.array(labels, np.int32))


def look_at_members(
    folder: ClusterFolder, members: Members, images: Path | None, reading: Reading
) -> tuple[ImageSource, Listing]:
    """Look for the images of a clustering where they were, or in `images`; list those that are still there.

    Raises
    ------
    UsageError, DataError
        As `choose_images` and `ImageSource.look`, and if none of them is there.
    """
    source, listing = choose_images(folder.source(), str(folder.path), images, reading).look()
    there = set(members.paths)
    rows = [row for row, path in enumerate(listing.paths) if path in there]
    if not rows:
        raise DataError(
            f"{source.root}: holds none of the {len(there):,} images of {folder.path}; name the folder that they are "
            "in by --images=FOLDER"
        )
    return source, listing.take(rows)


def find_corrected(corrections: Corrections, where: Path) -> Corrected:
    """Find the clustering that corrections are of, in a run's folder or as that folder itself, and apply them.

    Raises
    ------
    UsageError
        If it is not there, or a correction does not fit it.
    """
    known: dict[str, str] = {}
    for folder in clusterings_of(where):
        members = read_members(folder)
        if members.fingerprint == corrections.clustering:
            return Corrected(folder, members, apply(corrections, members))
        known[folder.path.name] = members.fingerprint
    there = _some([f"{name} ({digits})" for name, digits in known.items()]) if known else "none"
    raise UsageError(
        f"{corrections.said}: corrects the clustering {printable(corrections.clustering[:SHOWN])}, and {where} holds "
        f"{there}; name the run whose report saved the file"
    )


def clusterings_of(where: Path) -> list[ClusterFolder]:
    """Return the clusterings in a run's folder, the newest first; or the folder itself where it is one."""
    if (where / "clustering.json").is_file():
        return [ClusterFolder(where)]
    found = sorted(where.glob("clusters/[!.]*/clustering.json"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    return [ClusterFolder(file.parent) for file in found]


def apply(corrections: Corrections, members: Members) -> np.ndarray:
    """Return the cluster that each image shall have, int32 of shape (n,); as before where nobody said otherwise.

    Raises
    ------
    UsageError
        If an image is not in the clustering, or a number is far above those that there are.
    """
    rows = _rows_of(members.paths)
    absent = [name for name in corrections.wanted if name not in rows]
    if absent:
        raise UsageError(
            f"{corrections.said}: {len(absent):,} of its {len(corrections.wanted):,} paths are not in the clustering "
            f"({_some(absent)}); keep the paths as the report saved them"
        )
    k = int(members.labels.max()) + 1
    for name, number in corrections.wanted.items():
        if number >= k + MOST_NEW:
            raise UsageError(
                f"{corrections.said}: {printable(name)} shall be in cluster {number}, far above the {k} that there "
                f"are; number new clusters from {k} on"
            )
    after = members.labels.copy()
    after[[rows[name] for name in corrections.wanted]] = list(corrections.wanted.values())
    return after


def _rows_of(paths: Sequence[str]) -> Mapping[str, int]:
    """Return the rows of paths by their names; also without the blanks around them, which tables lose."""
    stripped = {path.strip(): row for row, path in enumerate(paths)}
    return stripped | {path: row for row, path in enumerate(paths)}


def _some(names: Sequence[str]) -> str:
    return ", ".join(printable(name[:SHOWN]) for name in names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")


def labels_from_corrections(path: Path, names: Mapping[int, str], where: Path | None) -> dict[str, str]:
    """Return the label of each image of a corrected clustering: the name of the cluster that a person wants for it.

    Images that were not corrected have the clusters of the clustering that the fingerprint names, found as by
    `find_corrected` in `where`. Images of clusters without a name, and those that belong to none, have no label.

    Raises
    ------
    UsageError
        As `find_corrected`; or if there are no names or no run.
    """
    if where is None or not names:
        missing = "the run whose clustering is corrected" if names else "the clusters' names, by --names=names.csv"
        raise UsageError(f"--labels={printable(os.fspath(path))}: is a file of corrections, which needs {missing}")
    found = find_corrected(read_corrections(path), where)
    numbers = found.after.tolist()
    return {name: names[n] for name, n in zip(found.members.paths, numbers, strict=True) if n >= 0 and names.get(n)}
