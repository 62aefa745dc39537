"""`report`: one page of HTML that shows a run, its images and its clusters."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ...settings import Reading
from ...settings.fields import Section
from ...settings.pretrained import Pretrained
from ...settings.types import EncoderName, Images
from ..command import Command


class Options(Section):
    """What is shown."""

    run: EncoderName
    images: Images = None
    open: bool = Field(False, description="open the page in a browser")


def execute(options: Options, reading: Reading, pretrained: Pretrained) -> Path:
    """Write the page, and return its path."""
    from ...workflows.report import make_report

    path = make_report(options.run, options.images, reading, pretrained)
    if options.open:
        import webbrowser

        webbrowser.open(path.absolute().as_uri())
    return path


COMMAND = Command(
    "Show a run on one page: a map of its images, its clusters, reconstructions, scores; it opens without a network.",
    sections=(Options, Reading, Pretrained),
    execute=execute,
    words=("run",),
)
