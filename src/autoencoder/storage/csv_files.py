"""Tables that are written whole as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.cells import guarded
from ..files import write_text

if TYPE_CHECKING:
    from pandas import DataFrame


def write_bad_files(bad: Sequence[tuple[str, str]], table: Path) -> None:
    """Write the table of files that could not be used, where there are any."""
    if bad:
        write_csv(table, [("path", "reason"), *bad])


def write_tiles(
    table: Path, pictures: Iterable[tuple[Path, Sequence[tuple[int, int, int]], Sequence[str] | Mapping[int, str]]]
) -> None:
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
    """Write rows, of which the first is the head; a cell that is a formula is guarded (data/cells.py)."""
    head = [str(name) for name in rows[0]]
    text = CsvText()
    csv.writer(text).writerows([[guarded(name, "") for name in head], *(_guarded_row(row, head) for row in rows[1:])])
    write_text(path, text.getvalue())


def _guarded_row(row: Sequence[Any], head: Sequence[str]) -> list[Any]:
    return [_guarded(cell, name) for cell, name in zip(row, head, strict=True)]


def _guarded(cell: Any, column: str) -> Any:
    return guarded(str(cell), column) if isinstance(cell, str | Path) else cell


def write_frame(path: Path, table: DataFrame) -> None:
    """Write a table of pandas without its index; missing cells are empty, others as by `write_csv`."""
    from pandas import Series

    texts = [str(name) for name in table if table[name].dtype.kind == "O"]
    columns = {each: Series([_guarded(cell, each) for cell in table[each]], table.index, object) for each in texts}
    text = CsvText()
    table.assign(**columns).to_csv(text, index=False, lineterminator="\r\n")
    write_text(path, text.getvalue())


class CsvText(io.StringIO):
    """What Python's writers of CSV write into, a row at a time with its `\\r\\n`; the rows of the text end on `\\n`.

    A writer that is told to end rows on `\\n` puts no quotes around a carriage return, which readers take for an end.
    """

    def write(self, text: str) -> int:
        """Take a row."""
        return super().write(text.removesuffix("\r\n") + "\n")
