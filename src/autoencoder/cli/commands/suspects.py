"""`suspects`: images whose labels disagree with those of their neighbours."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ...settings import Reading
from ...settings.fields import Section
from ...settings.pretrained import Pretrained
from ...settings.types import EncoderName, Images, PositiveInt, Shown
from ..command import Command


class Options(Section):
    """Which images, where their labels come from, and who votes."""

    run: EncoderName
    images: Images = None
    labels: Path | None = Field(
        None, description="a CSV (path,label) of the images; the others are left out. none: class folders are labels"
    )
    neighbours: PositiveInt = Field(15, description="so many have a vote, a near one more than a far one")
    count: Shown = Field(100, description="so many are in the picture at most; the table has all")
    overwrite: bool = Field(False, description="replace a result of the same name that was made from something else")


def execute(options: Options, reading: Reading, pretrained: Pretrained) -> Path:
    """Order them, and return the folder of the table and the picture."""
    from ...workflows.found import TOLD, keep, open_images, tell
    from ...workflows.suspects import find_suspects

    opened = open_images(
        options.run, options.images, reading, options.labels, pretrained=pretrained, command="suspects"
    )
    found = find_suspects(opened, options.neighbours, options.count)
    first = found.table.head(TOLD).itertuples()
    tell(
        [f"{row.rank:>3}  {row.score:.2f}  {row.path}: {row.label}? {row.proposed}" for row in first], len(found.table)
    )
    settings = {"neighbours": options.neighbours, "count": options.count}
    return keep(opened, found, "suspects", settings, opened.source.root, overwrite=options.overwrite)


COMMAND = Command(
    "Order images by how many of their neighbours have another label.",
    sections=(Options, Reading, Pretrained),
    execute=execute,
    words=("run",),
)
