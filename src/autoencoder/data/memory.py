"""Where decoded images go: into memory, or into a file that is mapped into it."""

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..errors import DataError

_UNKNOWN = 2 * 2**30
# Deflate makes 1032 bytes of one at most, of empty images; quickly packed ones 230; of drawn ones ten or twenty.
_BOMB_BYTES, _BOMB_TIMES = 2**28, 64
_FACTS = Path("/proc/meminfo")
_GROUPS, _OWN_GROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


class _Files(NamedTuple):
    """What a control group's files are called: its limit, what it uses, and the page cache that it can do without."""

    most: str
    used: str
    cache: str


#: Version 2, whose groups lie in one tree, and version 1, which has a tree for memory.
_VERSIONS = {
    "": _Files("memory.max", "memory.current", "inactive_file"),
    "memory": _Files("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


class MemoryPlan(NamedTuple):
    """The bytes that decoded images take, the most that may be in memory, and whether they are mapped from a file."""

    bytes: int
    limit: int
    mapped: bool


def memory_plan(count: int, image_shape: tuple[int, int], color: str, memory_limit: int | None = None) -> MemoryPlan:
    """Say where `count` images go: into memory up to `memory_limit` bytes, by default half of what is available now.

    Parameters
    ----------
    count : int
        Number of images.
    image_shape : (int, int)
        Height and width.
    color : {"grayscale", "rgb"}
        One channel or three.
    memory_limit : int, optional
        Bytes.
    """
    size = count * math.prod(image_shape) * (1 if color == "grayscale" else 3)
    limit = available_memory() // 2 if memory_limit is None else memory_limit
    return MemoryPlan(size, limit, size > limit)


def check_unpacked(where: str, need: int, packed: int) -> None:
    """Refuse a packed file of images before it is unpacked, where that would fill the memory.

    Parameters
    ----------
    where : str
        What the message calls the file.
    need, packed : int
        Bytes that it unpacks to, and that it is long.

    Raises
    ------
    DataError
        If that is more than half of the free memory, or more than 256 MiB and 64 times the file: a bomb.
    """
    if need > available_memory() // 2:
        raise DataError(f"{where}: unpacks to {need / 1e9:,.1f} GB, more than half of the free memory")
    if need > _BOMB_BYTES and need > _BOMB_TIMES * packed:
        raise DataError(
            f"{where}: unpacks to {need / 1e9:,.1f} GB, {need / packed:,.0f} times what it is; images do not: it is "
            "damaged or made to fill the memory"
        )


def available_memory() -> int:
    """Bytes that new work can take without swapping, in this container where there is one."""
    return min(_of_machine(), _of_container())


def _of_machine() -> int:
    try:
        with _FACTS.open() as file:
            facts = dict(line.split(":", 1) for line in file)
        return int(facts["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        pass  # not Linux, or an old one: what the machine has in all is the next best answer
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):
        return _UNKNOWN


def _of_container(root: Path = _GROUPS, own: Path = _OWN_GROUP) -> int:
    """What the control groups that this process is in leave, the parents' limits too; unlimited where there is none.

    Files that were read a while ago count as used, but the kernel gives them up where memory is wanted.
    """
    free = 2**63 - 1
    for name, files in _VERSIONS.items():
        tree = root / name
        for group in (tree, *_groups(tree, name, own)):
            with contextlib.suppress(OSError, ValueError):  # no such file, or the word "max"
                most = int((group / files.most).read_text())
                used = int((group / files.used).read_text()) - _reclaimable(group, files.cache)
                free = min(free, max(0, most - used))
    return free


def _groups(tree: Path, name: str, own: Path) -> Iterator[Path]:
    """Yield the folder of this process's group in a tree, and those above it; a container may show the root alone."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if name in controllers.split(","):
            inside = tree / path.strip("/")
            while inside != tree:
                yield inside
                inside = inside.parent


def _reclaimable(group: Path, field: str) -> int:
    try:
        facts = dict(line.split(" ", 1) for line in (group / "memory.stat").read_text().splitlines())
        return int(facts.get(field, 0))
    except (OSError, ValueError):
        return 0
