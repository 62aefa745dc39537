"""The files below a folder, whatever is in the way."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .listing import BadFile

_LOOP = "a link that leads in a circle"
_NOWHERE = "a link that leads nowhere"
_AGAIN = "a link to a folder that is read already"
_SPECIAL = "a pipe, socket or device"
#: Folders that systems and network drives make beside images, with thumbnails, copies or what was thrown away.
_SYSTEM = frozenset(
    {
        *("__macosx", "@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@tmp", "$recycle.bin"),
        *("recycler", "system volume information", "lost+found", "found.000", "__pycache__"),
    }
)


class Tree(NamedTuple):
    """Names below a folder, with "/" between folders: regular files, and what could not be followed."""

    files: list[str]
    bad: list[BadFile]


class _Folders(NamedTuple):
    """Names of folders that lie in a folder, and of links to folders."""

    real: list[str]
    linked: list[str]


def walk(root: Path, wanted: Callable[[str], bool], take: Callable[[str], None] | None = None) -> Tree:
    """List every regular file below `root`; hidden files and folders, and those of the system, are left out.

    Hidden are names that begin with a dot; folders of the system are such as `__MACOSX` and `@eaDir`.

    Links are followed, but every folder is read once, by its own name where it has one below `root`. The folders
    directly in `root` are asked for by `wanted`. The names of files are given to `take` where there is one, for
    whom a list of millions is too large, and are then not in what is returned.

    Raises
    ------
    OSError
        If `root` itself can't be read.
    """
    tree = Tree([], [])
    take = take or tree.files.append
    read = {_identity(root)}
    first = _sort_out(root, "", take, tree.bad)
    real, linked = list(filter(wanted, first.real)), list(filter(wanted, first.linked))
    while real or linked:
        # Links wait until all real folders were read, so that these keep their own names.
        name = real.pop() if real else linked.pop(0)
        try:
            identity = _identity(root / name)
            if identity in read:
                tree.bad.append(BadFile(name, _AGAIN))
                continue
            read.add(identity)
            below = _sort_out(root / name, f"{name}/", take, tree.bad)
        except OSError as error:
            tree.bad.append(BadFile(name, f"a folder that can't be read: {(error.strerror or str(error)).lower()}"))
            continue
        real += below.real
        linked += below.linked
    return tree


def subfolders(root: Path) -> list[str]:
    """Return the names of the folders directly in `root` that are not hidden, sorted."""
    folders = _sort_out(root, "", lambda name: None, [])
    return sorted(folders.real + folders.linked)


def _sort_out(folder: Path, prefix: str, take: Callable[[str], None], bad: list[BadFile]) -> _Folders:
    """Take a folder's files, one by one: there may be millions. Return its folders."""
    folders = _Folders([], [])
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                _sort_in(entry, prefix + entry.name, folders, take, bad)
    folders.linked.sort()
    return folders


def _sort_in(
    entry: os.DirEntry[str], name: str, folders: _Folders, take: Callable[[str], None], bad: list[BadFile]
) -> None:
    try:
        if entry.is_dir():
            if entry.name.lower() not in _SYSTEM:
                (folders.linked if entry.is_symlink() else folders.real).append(name)
        elif entry.is_file():
            take(name)
        else:
            nowhere = entry.is_symlink() and not Path(entry).exists()
            bad.append(BadFile(name, _NOWHERE if nowhere else _SPECIAL))
    except OSError as error:
        reason = _LOOP if error.errno == errno.ELOOP else f"can't be read: {(error.strerror or str(error)).lower()}"
        bad.append(BadFile(name, reason))


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino
