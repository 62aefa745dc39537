"""Which image a person means, who names its path, the end of it, or a longer one, with or without the suffix."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path, PureWindowsPath

from .listing import Listing


class Names:
    """The rows of a listing by what a person may call them; where several fit, none does.

    An image is meant by its path below the listing's root, with / or \\ between folders; by the end of that path, its
    name alone for one; or by a longer path: an absolute one, one that begins with the root's own name, or one of
    another machine. Each may lack the suffix. What fits more closely comes first.
    """

    def __init__(self, listing: Listing) -> None:
        self._root = listing.root
        unusable = ((file.path, -1) for file in listing.bad)
        every = [*unusable, *((path, row) for row, path in enumerate(listing.paths))]
        ends = [(end, row) for path, row in every for end in _ends(path)]
        self._exact = _table((name, row) for path, row in every for name in {path, path.strip()})
        self._plain = _table((_stem(path), row) for path, row in every)
        self._tables = (
            self._exact,
            self._plain,
            _table(ends),
            _table((_stem(end), row) for end, row in ends),
        )

    def find(self, name: str) -> int | None:
        """Return the row of an image; -1 where it is a file that cannot be used, None where there is none."""
        exact = self._exact.get(name)
        if exact is not None:
            return exact
        text = posixpath.normpath(name.replace("\\", "/"))
        below = self._below_root(text)
        if below is not None:
            return _first(self._tables[:2], below)
        row = _first(self._tables, text)
        return self._by_longer(text) if row is None else row

    def _below_root(self, text: str) -> str | None:
        """Return an absolute path as it is seen from the root; None for any other."""
        if not text.startswith("/"):
            return None
        roots = {self._root.absolute().as_posix(), self._root.resolve().as_posix()}
        for path in (text, os.path.realpath(text)):
            for root in roots:
                if path.startswith(f"{root.rstrip('/')}/"):
                    return path[len(root.rstrip("/")) + 1 :]
        return None

    def _by_longer(self, text: str) -> int | None:
        """Find the image whose whole path is the end of `text`, if what stands before it can be meant for the root."""
        parts = text.split("/")
        for start in range(1, len(parts)):
            row = _first(self._tables[:2], "/".join(parts[start:]))
            if row is not None and self._leads_here(text, parts[:start]):
                return row
        return None

    def _leads_here(self, text: str, before: list[str]) -> bool:
        if text.startswith("/") or before[0] == ".." or PureWindowsPath(text).drive:
            return not Path(text).exists()  # one that exists is another file
        return list(self._root.resolve().parts[-len(before) :]) == before


def _table(named: Iterable[tuple[str, int]]) -> dict[str, int | None]:
    table: dict[str, int | None] = {}
    for name, row in named:
        table[name] = row if table.get(name, row) == row else None
    return table


def _first(tables: Iterable[dict[str, int | None]], name: str) -> int | None:
    return next((row for table in tables if (row := table.get(name)) is not None), None)


def _ends(path: str) -> Iterator[str]:
    """Yield what is left of a path without its first folder, its first two, and so on."""
    parts = path.split("/")
    yield from ("/".join(parts[start:]) for start in range(1, len(parts)))


def _stem(path: str) -> str:
    return posixpath.splitext(path)[0]
