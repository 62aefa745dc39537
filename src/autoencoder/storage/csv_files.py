"""Tables that are written whole as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..files import write_text


def write_bad_files(bad: Sequence[tuple[str, str]], table: Path) -> None:
    """Write the table of files that could not be used, where there are any."""
    if bad:
        write_csv(table, [("path", "reason"), *bad])


def write_tiles(table: Path, pictures: Iterable[tuple[Path, Sequence[tuple[int, int, int]], Sequence[str]]]) -> None:
    """Write which file is where in pictures: picture, line and column from 1, path.

    Parameters
    ----------
    table : Path
    pictures : iterable of (picture, tiles, paths)
        A tile is (line, column, row of `paths`).

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    rows = [
        (picture.name, line, column, paths[row]) for picture, tiles, paths in pictures for line, column, row in tiles
    ]
    write_csv(table, [("picture", "line", "column", "path"), *rows])


def write_csv(path: Path, rows: Sequence[Sequence[Any]]) -> None:
    """Write rows, of which the first is the head."""
    text = CsvText()
    csv.writer(text).writerows(rows)
    write_text(path, text.getvalue())


class CsvText(io.StringIO):
    """What Python's writers of CSV write into, a row at a time with its `\\r\\n`; the rows of the text end on `\\n`.

    A writer that is told to end rows on `\\n` puts no quotes around a carriage return, which readers take for an end.
    """

    def write(self, text: str) -> int:
        """Take a row."""
        return super().write(text.removesuffix("\r\n") + "\n")
