"""`clean`: free what caches and killed processes take."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from ...settings.fields import Section
from ...storage.run import CACHE, LOGS
from ...workflows.clean import Removable
from ...workflows.clean import clean as remove
from ..command import Command


class Options(Section):
    """Whether anything is removed."""

    dry_run: bool = Field(False, description="only say what would be freed")


def execute(options: Options) -> int:
    """Clean, say what was freed, and return its bytes."""
    caches, left = remove(dry_run=options.dry_run)
    said = "would free" if options.dry_run else "freed"
    print(f"{CACHE}: {_counted(caches)}, which are made again where they are needed")
    print(f"left by processes that have ended, in {LOGS}: {_counted(left)}")
    freed = sum(each.size for each in (*caches, *left))
    print(f"{said} {_bytes(freed)}; runs are never touched")
    return freed


def _counted(found: Sequence[Removable]) -> str:
    return f"{len(found):,} file{'s' * (len(found) != 1)} of {_bytes(sum(each.size for each in found))}"


def _bytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


COMMAND = Command(
    "Empty the caches in logs/, and remove what killed processes left half written; never a run.",
    sections=(Options,),
    execute=execute,
)
