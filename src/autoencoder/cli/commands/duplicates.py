"""`duplicates`: images that are there twice, or nearly."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ...settings import Reading
from ...settings.fields import Section
from ...settings.pretrained import Pretrained
from ...settings.types import EncoderName, Shown
from ..command import Command


class Options(Section):
    """Which images are compared."""

    run: EncoderName
    images: Path | None = Field(
        None,
        description="new images: which of them are among those that the run was trained on; none: these "
        "alone. With a network from elsewhere, which was trained on none: the images that are compared",
    )
    count: Shown = Field(100, description="so many are in the picture at most; the table has all")
    overwrite: bool = Field(False, description="replace a result of the same name that was made from something else")


def execute(options: Options, reading: Reading, pretrained: Pretrained) -> Path:
    """Compare them, and return the folder of the table and the picture."""
    from ...workflows.duplicates import find_duplicates, find_known, tell_duplicates
    from ...workflows.found import keep, open_images
    from ...workflows.pretrained import find_encoder

    new_to_all = find_encoder(options.run, pretrained).network is not None
    own = options.images if new_to_all else None
    opened = open_images(options.run, own, reading, pretrained=pretrained, command="duplicates")
    new = None if options.images is None or new_to_all else opened.other(options.images)
    found = find_duplicates(opened, options.count) if new is None else find_known(opened, new, options.count)
    tell_duplicates(found)
    settings = {"count": options.count, "new": None if new is None else new.source.to_record(new.images)["fingerprint"]}
    return keep(opened, found, "duplicates", settings, (new or opened).source.root, overwrite=options.overwrite)


COMMAND = Command(
    "Find images that are there twice or nearly, or new images that are there already.",
    sections=(Options, Reading, Pretrained),
    execute=execute,
    words=("run",),
)
