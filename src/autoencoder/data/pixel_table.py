"""Tables whose rows are images: a column a pixel, or all pixels of an image in one cell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import DataError
from .listing import printable
from .tables import IMAGE_COLUMNS, INDEX_COLUMNS, LABEL_COLUMNS, PART_COLUMNS, Row, Table, label_of, open_table, part_of

#: A table of fewer columns holds no pixels.
_FEWEST_PIXELS = 4
_PIXELS = ("pixels",)


class Pixels(NamedTuple):
    """Images as rows of float32 values, (n, pixels), and their labels, (n,) of words; None where there are none."""

    images: np.ndarray
    labels: np.ndarray | None


class _Layout(NamedTuple):
    """Where a row's label, part and pixels are; `joined` says that one cell holds all of these."""

    label: int | None
    part: int | None
    pixels: list[int]
    joined: bool


def holds_paths(path: Path) -> bool:
    """Whether a table names files: it has a column of images, and what follows it are no pixels.

    Raises
    ------
    DataError
        If it cannot be read, or holds neither files nor pixels.
    """
    with open_table(path) as table:
        image, _ = table.images_and_labels()
        if image is None or table.column(_PIXELS) is not None:
            return False
        pixels = _rest(table, table.column(LABEL_COLUMNS))
        first = next(table.rows, None)
        numbers = first is not None and all(_is_number(first.cells[place]) for place in pixels)
        return not (len(pixels) >= _FEWEST_PIXELS and numbers and _are_numbered(table, pixels))


def read_pixel_table(path: Path) -> dict[str, Pixels]:
    """Read the images of a table by part: train, and valid and test where a column of usage tells them apart.

    Raises
    ------
    DataError
        If it cannot be read, or a row holds no square image, or no label where others have one; says in which line.
    """
    parts: dict[str, _Rows] = {}
    with open_table(path) as table:
        layout, rows = _layout(table)
        for line, cells in rows:
            where = f"{table.where}: line {line}"
            part = "train" if layout.part is None else part_of(cells[layout.part], where)
            parts.setdefault(part, _Rows([], [])).add(cells, layout, where)
        if "train" not in parts:
            raise DataError(f"{table.where}: holds no training images")
    return {
        part: Pixels(np.stack(rows.images), np.array(rows.labels) if rows.labels[0] else None)
        for part, rows in parts.items()
    }


class _Rows(NamedTuple):
    """The images of one part so far, and their labels; "" for none."""

    images: list[np.ndarray]
    labels: list[str]

    def add(self, cells: list[str], layout: _Layout, where: str) -> None:
        label = "" if layout.label is None else label_of(cells[layout.label])
        image = _numbers(cells, layout, where)
        if self.images and len(image) != len(self.images[0]):
            raise DataError(f"{where}: has {len(image):,} pixels, and the image before it {len(self.images[0]):,}")
        if self.images and bool(label) != bool(self.labels[0]):
            which = "no label, and the images before it have one" if not label else "a label, unlike those before it"
            raise DataError(f"{where}: has {which}; give all of them labels, or none")
        self.images.append(image)
        self.labels.append(label)


def _layout(table: Table) -> tuple[_Layout, Iterator[Row]]:
    """Find out what each column is, by the head, or by the number of columns where the first row is no head."""
    label, part = table.column(LABEL_COLUMNS), table.column(PART_COLUMNS)
    joined = table.column(_PIXELS)
    if joined is not None:
        return _Layout(label, part, [joined], True), table.rows
    width = len(table.columns)
    if all(map(_is_number, table.head)):
        label = None if _is_square(width) else 0
        layout = _Layout(label, None, [place for place in range(width) if place != label], False)
        counted = [str(place) for place in range(width)]  # as programs write the head of columns without names
        rows = table.rows if table.head == counted else _with(Row(1, table.head), table.rows)
        return _checked(layout, table), rows
    pixels = _rest(table, label)
    if label is None and not _is_square(len(pixels)):
        words = [place for place in pixels if not _are_numbered(table, [place])]
        label = words[0] if len(words) == 1 else None
        pixels = [place for place in pixels if place != label]
    return _checked(_Layout(label, part, pixels, False), table), table.rows


def _rest(table: Table, label: int | None) -> list[int]:
    """Return the places of all columns but those of labels, of images, of usage and of numbers of rows."""
    known = {label, table.column(IMAGE_COLUMNS), table.column(PART_COLUMNS), table.column(INDEX_COLUMNS)}
    return [place for place in range(len(table.columns)) if place not in known]


def _are_numbered(table: Table, places: list[int]) -> bool:
    """Whether columns have names such as pixels have: pixel0, 1x1, 7."""
    return all(any(sign.isdigit() for sign in table.columns[place]) for place in places)


def _checked(layout: _Layout, table: Table) -> _Layout:
    fits = len(layout.pixels) >= _FEWEST_PIXELS and _is_square(len(layout.pixels))
    if not fits or not _are_numbered(table, layout.pixels):
        raise DataError(
            f"{table.where}: must have a column of images (path, filename, id) and one of labels (label, class), or "
            f"one of labels and a column for each pixel of a square image (pixel0, pixel1, ...); it has "
            f"{len(table.columns):,} columns: {', '.join(map(printable, table.head[:5]))}"
            f"{', ...' if len(table.head) > 5 else ''}"
        )
    return layout


def _with(first: Row, rows: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rows


def _is_square(count: int) -> bool:
    return round(count**0.5) ** 2 == count


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _numbers(cells: list[str], layout: _Layout, where: str) -> np.ndarray:
    texts = cells[layout.pixels[0]].split() if layout.joined else [cells[place] for place in layout.pixels]
    try:
        numbers = np.array(texts, np.float32)
    except ValueError:
        numbers = np.full(1, np.nan, np.float32)
    if not numbers.size or not ((numbers >= 0) & (numbers <= 255)).all():
        raise DataError(f"{where}: pixels must be numbers from 0 to 255, or from 0 to 1")
    if not _is_square(numbers.size):
        raise DataError(f"{where}: {numbers.size:,} pixels are no square image")
    return numbers
