"""`outliers`: the images that lie far from all others."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ...settings import Reading
from ...settings.fields import Section
from ...settings.pretrained import Pretrained
from ...settings.types import EncoderName, Images, PositiveInt, Shown
from ..command import Command


class Options(Section):
    """Which images, and how strangeness is measured."""

    run: EncoderName
    images: Images = None
    neighbours: PositiveInt = Field(15, description="an image is strange by its mean distance to so many neighbours")
    count: Shown = Field(100, description="so many are in the picture at most; the table has all")
    overwrite: bool = Field(False, description="replace a result of the same name that was made from something else")


def execute(options: Options, reading: Reading, pretrained: Pretrained) -> Path:
    """Order them, and return the folder of the table and the picture."""
    from ...workflows.found import TOLD, keep, open_images, tell
    from ...workflows.outliers import find_outliers

    opened = open_images(options.run, options.images, reading, pretrained=pretrained, command="outliers")
    found = find_outliers(opened, options.neighbours, options.count)
    told = [f"{row.rank:>3}  {row.score:.4g}  {row.path}" for row in found.table.head(TOLD).itertuples()]
    tell(told, len(found.table))
    settings = {"neighbours": options.neighbours, "count": options.count}
    return keep(opened, found, "outliers", settings, opened.source.root, overwrite=options.overwrite)


COMMAND = Command(
    "Order images by how strange they are: how far they lie from their neighbours.",
    sections=(Options, Reading, Pretrained),
    execute=execute,
    words=("run",),
)
