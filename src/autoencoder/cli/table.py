"""A table as lines of text that fit the terminal."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from ..plots.names import shortened

#: A cell is at most so wide; what is longer loses its middle.
_WIDEST = 40
#: The first column, by which a row is named, is cut last.
_FEWEST = 16


def terminal_width() -> int | None:
    """Return how many signs fit into a line; None where nothing says so, as in a pipe."""
    return shutil.get_terminal_size((0, 0)).columns or None


def text_table(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], width: int | None = None, spare: str = ""
) -> tuple[list[str], list[str]]:
    """Return a head and a line a row, and the columns for which there was no room.

    Parameters
    ----------
    rows : sequence of mappings
        Missing values and None are left blank.
    columns : sequence of str
        Those at the end are left out first, after the `spare` one.
    width : int, optional
        The longest line; None: as long as it takes.
    spare : str
    """
    cells = {name: [name, *(cell_text(row.get(name)) for row in rows)] for name in columns}
    if width is not None:
        longest = max(_FEWEST, width // 3)
        cells[columns[0]] = [shortened(cell, longest) for cell in cells[columns[0]]]
    sizes = {name: max(map(len, column)) for name, column in cells.items()}
    left_out: list[str] = []
    while width is not None and len(sizes) > 1 and sum(sizes.values()) + 2 * (len(sizes) - 1) > width:
        left_out.append(spare if spare in sizes else next(reversed(sizes)))
        del sizes[left_out[-1]]
    numbers = {name for name in sizes if all(isinstance(row.get(name), int | float | None) for row in rows)}
    places = [
        [cell.rjust(size) if name in numbers else cell.ljust(size) for cell in cells[name]]
        for name, size in sizes.items()
    ]
    lines = ["  ".join(line).rstrip() for line in zip(*places, strict=True)]
    return lines, [name for name in columns if name in left_out]


def cell_text(value: Any) -> str:
    """Return a value as a short text: numbers to five digits, lists as they are typed."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.5g}" if abs(value) < 10_000 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return shortened(json.dumps(value).replace(" ", "").replace('"', ""), _WIDEST)
    text = str(value).encode("utf-8", "replace").decode()
    return shortened("".join(sign if sign.isprintable() else "?" for sign in text), _WIDEST)
