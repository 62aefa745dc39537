"""Tables whose rows are images: a column a pixel, or all pixels of an image in one cell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import DataError
from .listing import printable
from .tables import IMAGE_COLUMNS, LABEL_COLUMNS, Row, Table, open_table

#: A table of fewer columns holds no pixels.
_FEWEST_PIXELS = 4
_USAGE, _PIXELS = ("usage", "split", "set"), ("pixels",)
_TRAINING = ("training", "train")


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
        image, label = table.column(IMAGE_COLUMNS), table.column(LABEL_COLUMNS)
        if image is None or table.column(_PIXELS) is not None:
            return False
        first = next(table.rows, None)
        others = [place for place in range(len(table.columns)) if place not in (image, label)]
        numbers = first is not None and all(_is_number(first.cells[place]) for place in others)
        return not (len(others) >= _FEWEST_PIXELS and numbers)


def read_pixel_table(path: Path) -> dict[str, Pixels]:
    """Read the images of a table by part: train, and test where a column of usage tells them apart.

    Raises
    ------
    DataError
        If it cannot be read, or a row holds no square image; says in which line.
    """
    images: dict[str, list[np.ndarray]] = {}
    labels: dict[str, list[str]] = {}
    with open_table(path) as table:
        layout, rows = _layout(table)
        for line, cells in rows:
            usage = "training" if layout.part is None else cells[layout.part].lower()
            part = "train" if usage in _TRAINING else "test"
            images.setdefault(part, []).append(_numbers(cells, layout, f"{table.where}: line {line}"))
            if layout.label is not None:
                labels.setdefault(part, []).append(cells[layout.label])
        if "train" not in images:
            raise DataError(f"{table.where}: holds no training images")
        for each in images.values():
            odd = next((row for row in each if len(row) != len(each[0])), None)
            if odd is not None:
                raise DataError(f"{table.where}: its images have {len(each[0]):,} pixels, and one has {len(odd):,}")
    return {
        part: Pixels(np.stack(each), np.array(labels[part]) if part in labels else None)
        for part, each in images.items()
    }


def _layout(table: Table) -> tuple[_Layout, Iterator[Row]]:
    """Find out what each column is, by the head, or by the number of columns where the first row is no head."""
    joined = table.column(_PIXELS)
    if joined is not None:
        return _Layout(table.column(LABEL_COLUMNS), table.column(_USAGE), [joined], True), table.rows
    width = len(table.columns)
    if all(_is_number(cell) for cell in table.head):
        label = None if _is_square(width) else 0
        rows = _with(Row(1, table.head), table.rows)
        return _checked(_Layout(label, None, [place for place in range(width) if place != label], False), table), rows
    label = table.column(LABEL_COLUMNS)
    others = {label, table.column(IMAGE_COLUMNS), table.column(("",))}
    pixels = [place for place in range(width) if place not in others]
    return _checked(_Layout(label, None, pixels, False), table), table.rows


def _checked(layout: _Layout, table: Table) -> _Layout:
    if len(layout.pixels) < _FEWEST_PIXELS or not _is_square(len(layout.pixels)):
        raise DataError(
            f"{table.where}: must have a column of images (path, filename, id) and one of labels (label, class), or "
            f"one of labels and a column for each pixel of a square image; it has {len(table.columns):,} columns: "
            f"{', '.join(map(printable, table.head[:5]))}{', ...' if len(table.head) > 5 else ''}"
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
