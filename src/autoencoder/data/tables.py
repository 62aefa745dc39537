"""Tables that people write: comma, semicolon or tab between the cells, UTF-8 or UTF-16, in any case, with a head."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

from ..errors import DataError
from ..files import is_plain
from .cells import unguarded
from .listing import printable

#: What the column of images and that of labels are called, the likeliest names first.
IMAGE_COLUMNS = (
    *("path", "filename", "file_name", "file", "filepath", "file_path", "image_path", "img_path", "image", "img"),
    *("image_name", "imagename", "image_file", "image_id", "imageid", "img_id", "images", "filenames", "filepaths"),
    *("photo", "picture", "id", "name"),
)
LABEL_COLUMNS = (
    *("label", "class", "class_name", "classname", "category", "target", "species", "diagnosis", "emotion", "y"),
    *("labels", "class_id", "label_name", "breed", "digit", "name"),
)
#: What says that an image is for training, validation or test; and numbers of rows, which say nothing.
PART_COLUMNS, INDEX_COLUMNS = ("usage", "split", "set", "subset"), ("", "index", "unnamed: 0")
#: A column that no person has named yet, so that it can be no label.
_CLUSTER = "cluster"
#: A whole number, perhaps as programs write it beside missing ones.
_CLUSTER_NUMBER = re.compile(r"-?[0-9]{1,9}(\.0+)?")
_WHOLE_NUMBER = re.compile(r"(-?[0-9]+)\.0+")
#: So much of a cell is shown.
SHOWN = 60
_NO_TEXT = "is no text; save the table as a CSV in UTF-8"
_PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "publictest"), "valid"),
    **dict.fromkeys(("test", "testing", "privatetest"), "test"),
}
_SEPARATORS = ",;\t|"
_MOST_IN_A_CELL, _MOST_IN_A_LINE = 2**24, 2**26
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@contextmanager
def any_names() -> Iterator[None]:
    """Let tables of pandas that are made meanwhile hold names that are no UTF-8, which Arrow's strings cannot."""
    from pandas import option_context

    with option_context("mode.string_storage", "python"):
        yield


class Row(NamedTuple):
    """The cells of a row, without blanks around them, and the line of the file that it ends on."""

    line: int
    cells: list[str]


class Table(NamedTuple):
    """An open table: where it is, its head as it stands there and in small letters, and its rows one by one."""

    where: str
    head: list[str]
    columns: list[str]
    rows: Iterator[Row]

    def column(self, names: Sequence[str]) -> int | None:
        """Return the place of the first of the names that is a column; None where none is."""
        return next((self.columns.index(name) for name in names if name in self.columns), None)

    def images_and_labels(self) -> tuple[int | None, int | None]:
        """Return the places of the column of images and of that of labels; None where there is no such column.

        Of two columns, the one beside a column of either kind is the other, whatever it is called.
        """
        image = self.column(IMAGE_COLUMNS)
        others = [name for name in LABEL_COLUMNS if image is None or name != self.columns[image]]
        label = self.column(others)
        named = [place for place, name in enumerate(self.columns) if name not in INDEX_COLUMNS]
        if len(named) == 2 and (image is None) != (label is None) and self.column((_CLUSTER,)) is None:
            known = label if image is None else image
            (other,) = (place for place in named if place != known)
            return (other, label) if image is None else (image, other)
        return image, label


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """Open a table, whose rows can then be read one by one.

    Raises
    ------
    DataError
        If it cannot be read, is no text, or a row has more or fewer cells than the head: says in which line.
    """
    where = printable(str(path))
    before = csv.field_size_limit(_MOST_IN_A_CELL)  # of the whole process, so it is put back
    try:
        encoding = _encoding(path)
        with path.open(encoding=encoding, errors=_errors(encoding), newline="") as file:
            separator = _separator(file, where)
            reader = csv.reader(_lines(file, where), delimiter=separator, skipinitialspace=True)
            head = [unguarded(cell.strip()) for cell in next(reader, [])]
            if not any(head):
                raise DataError(f"{where}: is empty; a table has a head and a row for each image")
            if not all(map(is_plain, head)):
                raise DataError(f"{where}: {_NO_TEXT}")
            yield Table(where, head, [cell.lower() for cell in head], _rows(reader, len(head), where))
    except OSError as error:
        raise DataError(f"{where}: can't be read: {(error.strerror or str(error)).lower()}") from None
    except UnicodeError:
        raise DataError(f"{where}: {_NO_TEXT}") from None
    except csv.Error as error:
        raise DataError(f"{where}: is no table of cells between commas: {error}") from None
    finally:
        csv.field_size_limit(before)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(64)
    known = next((name for bom, name in _BOMS if start.startswith(bom)), None)
    if known:
        return known
    # Text of UTF-16 without its mark: every second byte of the plain letters in a head is zero.
    halves = start[::2], start[1::2]
    if len(start) >= 4 and any(half.count(0) > len(half) * 0.8 for half in halves):
        return "utf-16-le" if halves[1].count(0) > halves[0].count(0) else "utf-16-be"
    return "utf-8"


def _errors(encoding: str) -> str:
    # Names of files that are no UTF-8 come and go as lone surrogates (PEP 383).
    return "surrogateescape" if encoding.startswith("utf-8") else "strict"


def _separator(file: TextIO, where: str) -> str:
    """Return what parts the cells of the first line, the one that makes the most of them; back to its beginning."""
    first = file.readline(_MOST_IN_A_CELL)
    file.seek(0)
    if "\0" in first:
        raise DataError(f"{where}: is no text: it holds bytes of zero; save the table as a CSV in UTF-8")
    return max(_SEPARATORS, key=lambda sign: len(next(csv.reader([first], delimiter=sign), [])))


def _lines(file: TextIO, where: str) -> Iterator[str]:
    """Yield the lines, none of them longer than a table's can be: a file without line ends would fill the memory."""
    number = 1
    while line := file.readline(_MOST_IN_A_LINE):
        if len(line) == _MOST_IN_A_LINE:
            raise DataError(f"{where}: line {number} is longer than {_MOST_IN_A_LINE:,} characters, so it is no table")
        yield line
        number += 1


def label_of(cell: str) -> str:
    """Return the label that a cell holds; "" for none, which programs write as nan among numbers.

    Beside missing numbers they also write whole ones as 3.0.
    """
    number = _WHOLE_NUMBER.fullmatch(cell)
    if number:
        return number[1]
    return "" if cell.lower() == "nan" else cell


def cluster_number(text: str, where: str) -> int:
    """Return the number of a cluster that a cell holds.

    Raises
    ------
    DataError
        If it holds none.
    """
    if not _CLUSTER_NUMBER.fullmatch(text):
        raise DataError(f"{where}: {printable(text[:SHOWN])!r} is no cluster's number")
    return int(text.partition(".")[0])


def part_of(text: str, where: str) -> str:
    """Return the part of a data set that a cell speaks of: train, valid or test.

    Raises
    ------
    DataError
        If it speaks of none.
    """
    part = _PARTS.get(text.lower())
    if part is None:
        raise DataError(
            f"{where}: {printable(text[:SHOWN])!r} is no part of a data set; write train, valid or test, or rename "
            "the column"
        )
    return part


def _rows(reader: Iterator[list[str]], width: int, where: str) -> Iterator[Row]:
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(f"{where}: line {line + 1} can't be read: {error}") from None
        line = getattr(reader, "line_num", line + 1)
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        extra = cells[width:]
        if len(cells) < width or any(extra):
            raise DataError(f"{where}: line {line} has {len(cells)} cells, and the head has {width}")
        text = "\n".join(cells)  # one search: a row may be an image, with a cell a pixel
        if "\0" in text:
            raise DataError(f"{where}: line {line} holds bytes of zero, so it is no text")
        if "'" in text or "./" in text:
            cells = [unguarded(cell) for cell in cells]
        yield Row(line, cells[:width])
