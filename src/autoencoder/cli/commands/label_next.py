"""`label_next`: which images a person should label next, and what as many more labels would bring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from ...settings import Reading
from ...settings.fields import Section
from ...settings.types import RunName, Share
from ...tensorflow_start import start_tensorflow
from ..command import Command


class Options(Section):
    """Which images are proposed."""

    run: RunName = Field(
        description="a run that has a clustering: its folder, its name in logs/ or `latest`; or a clustering's folder"
    )
    count: Annotated[int, Field(ge=1, le=10_000)] = Field(100, description="how many images to propose")
    doubtful: Share = Field(
        0.2, description="share of images that are the least sure of their cluster; the others are central ones"
    )
    clustering: str | None = Field(
        None, description="the clustering, such as kmeans_k10, whose clusters are spread over; auto: the newest"
    )
    labels: Path | None = Field(
        None,
        description="a CSV (path,label) of images that have a label: they are left out, and say what more would bring",
    )
    images: Path | None = Field(None, description="where the images are; auto: where they were")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(1, description="of every random start")


def execute(options: Options, reading: Reading) -> Path:
    """Propose, and return the folder of the table."""
    from ...workflows.label_next import find_to_label, propose_labels

    found = find_to_label(options.run, options.clustering, options.labels, options.images, reading)
    start_tensorflow()
    return propose_labels(found, options.count, options.doubtful, options.seed)


COMMAND = Command(
    "Propose which images to label next: central and doubtful ones of each cluster.",
    sections=(Options, Reading),
    execute=execute,
    words=("run",),
)
