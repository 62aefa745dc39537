"""`similar`: the images that lie nearest to one."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ...settings import Reading
from ...settings.fields import Section
from ...settings.pretrained import Pretrained
from ...settings.types import EncoderName, Images, PositiveInt
from ..command import Command


class Options(Section):
    """What is looked for, and among which images."""

    run: EncoderName
    image: Path = Field(description="the file of one image")
    count: PositiveInt = Field(12, description="how many are wanted")
    images: Images = None
    overwrite: bool = Field(False, description="replace a result of the same name that was made from something else")


def execute(options: Options, reading: Reading, pretrained: Pretrained) -> Path:
    """Find them, and return the folder of the table and the picture."""
    from ...workflows.found import keep, open_images, tell
    from ...workflows.similar import find_similar, one_file

    file = one_file(options.image)
    opened = open_images(options.run, options.images, reading, pretrained=pretrained, command="similar")
    asked = opened.other(file)
    found = find_similar(opened, asked, options.count)
    told = [f"{row.rank:>3}  {row.distance:.4g}  {row.path}" for row in found.table.itertuples()]
    tell(told, len(found.table))
    settings = {"count": options.count, "image": asked.source.to_record(asked.images)["fingerprint"]}
    return keep(opened, found, "similar", settings, file, overwrite=options.overwrite)


COMMAND = Command(
    "Find the images that lie nearest to one, by the distance of their embeddings.",
    sections=(Options, Reading, Pretrained),
    execute=execute,
    words=("run", "image"),
)
