"""`import_data`: arrays, tables and known data sets into class folders of PNG files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from ...settings.fields import Section
from ...settings.types import RunName
from ..command import Command


class Options(Section):
    """What is imported, and where to."""

    source: RunName = Field(
        description="an idx file of images, an .npz, a .csv (label and pixels, or path,label), or a Keras data set: "
        "mnist, fashion_mnist, cifar10, cifar100 (downloaded once)"
    )
    out: Path = Field(description="the folder to make: train and valid, with a folder a class in each")
    valid_split: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.15, description="share of each class that goes to valid, where the source has no test images of its own"
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(1, description="of that split")
    overwrite: bool = Field(False, description="replace train, valid and test in a folder that is not empty")


def execute(options: Options) -> Path:
    """Import, and return the folder."""
    from ...workflows.import_data import import_data

    return import_data(options.source, options.out, options.valid_split, options.seed, overwrite=options.overwrite)


COMMAND = Command(
    "Turn idx files, an .npz, a CSV or a known data set into class folders of PNG files.",
    sections=(Options,),
    execute=execute,
    words=("source",),
)
