"""Where decoded images go: into memory, or into a file that is mapped into it."""

import math
import os
from pathlib import Path
from typing import NamedTuple

_UNKNOWN = 2 * 2**30
_FACTS = Path("/proc/meminfo")
_CONTAINER = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)


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


def _of_container(folder: Path = Path("/sys/fs/cgroup")) -> int:
    """What the control group (version 2, then 1) leaves; unlimited where there is none."""
    for most, used in _CONTAINER:
        try:
            return max(0, int((folder / most).read_text()) - int((folder / used).read_text()))
        except (OSError, ValueError):  # no such file, or the word "max"
            continue
    return 2**63 - 1
