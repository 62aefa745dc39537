"""What can be removed from logs/ without losing anything: caches, and what ended processes left half written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..files import is_abandoned, is_temporary, remove_whole
from ..storage import run as run_folder


class Removable(NamedTuple):
    """A file or folder that can be removed, and how many bytes that frees."""

    path: Path
    size: int


def clean(*, dry_run: bool = False) -> tuple[list[Removable], list[Removable]]:
    """Empty logs/.cache, and remove the temporary files of ended processes in logs/; no run, and no finished result.

    A cache that another process uses stays usable there until it ends, on systems that let an open file be removed.

    Parameters
    ----------
    dry_run : bool
        Remove nothing.

    Returns
    -------
    (list of Removable, list of Removable)
        What was removed, or would be: caches, and temporary files. What could not be removed is left out.
    """
    caches = [Removable(path, _size(path)) for path in sorted(_caches())]
    left = [Removable(path, _size(path)) for path in sorted(_abandoned(run_folder.LOGS))]
    if dry_run:
        return caches, left
    for each in (*caches, *left):
        with contextlib.suppress(OSError):
            remove_whole(each.path)
    gone = [[each for each in every if not os.path.lexists(each.path)] for every in (caches, left)]
    return gone[0], gone[1]


def _caches() -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from (path for path in run_folder.CACHE.iterdir() if not is_temporary(path.name))


def _abandoned(root: Path) -> Iterator[Path]:
    """Yield what ended processes left in a folder and those in it; links are not followed."""
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            with contextlib.suppress(OSError):
                if is_abandoned(Path(folder, name)):
                    yield Path(folder, name)
        folders[:] = [name for name in folders if not is_temporary(name)]


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            return sum(_size(inside) for inside in path.iterdir())
        return path.lstat().st_size
    return 0
