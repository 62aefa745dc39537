"""Which images, and how they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .fields import Section
from .types import Color, Names, PositiveInt, Range, Shape

BACKGROUND = "colour that transparent images are drawn on: white, #rrggbb or red,green,blue"
RANGE = (
    "values that become black and white: full (all that the file's type holds), 0,1020, or auto (the smallest and the "
    "largest value of a sample of the images, which is then kept)"
)
QUALITY = (
    'images that do not fulfil a condition are left out: "sharpness > 20 and brightness < 250"; of sharpness, '
    "brightness, contrast, entropy, one_color, width, height"
)
FIT = "images of other proportions: stretch, pad (with the background, or black), or crop (around the middle)"
Fit = Literal["stretch", "pad", "crop"]


class Data(Section):
    """Which images, and how they are read."""

    train_dir: Path | None = Field(
        None,
        description="training images: a folder of class folders, a flat or nested folder, or an idx file; "
        "data/train where nothing is given",
    )
    valid_dir: Path | None = Field(
        None, description="validation images, as train_dir; none: valid_split of the training images"
    )
    valid_split: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.15, description="share of the training images kept for validation where there is no valid_dir"
    )
    categories: Names | None = Field(None, description="only these class folders; []: all")
    max_images: PositiveInt | None = Field(None, description="at most so many images from each class folder")
    max_bad: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="highest share of unusable files that is accepted"
    )
    background: Color | None = Field(None, description=f"{BACKGROUND}; none: their stored colours count")
    range: Range = Field("full", description=RANGE)
    fit: Fit = Field("stretch", description=FIT)
    quality: str | None = Field(None, description=f"{QUALITY}; none: all are taken")
    image_shape: Shape | None = Field(
        None, description="[height, width]; auto: the images' own size where they all agree, else [256, 256]"
    )
    color: Literal["grayscale", "rgb"] | None = Field(
        None, description="grayscale or rgb; auto: grayscale where the sampled images are"
    )

    @model_validator(mode="after")
    def _check(self) -> Data:
        if self.valid_dir is not None and self.changed("valid_split"):
            raise ValueError("--valid_split and --valid_dir exclude each other; give one of them")
        if self.valid_dir is not None and self.train_dir is None:
            raise ValueError("--valid_dir needs --train_dir beside it; give both")
        return self


class Reading(Section):
    """Which of the images, and how they are read, by a command that follows a training."""

    categories: Names | None = Field(
        None, description="only these class folders; []: as the run, or all of the --images that are given"
    )
    max_images: PositiveInt | None = Field(
        None, description="at most so many images from each class folder; auto: as the run, or all of --images"
    )
    max_bad: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="highest share of unusable files that is accepted; auto: as the run"
    )
    background: Color | None = Field(None, description=f"{BACKGROUND}; auto: as the run")
    range: Range | None = Field(None, description=f"{RANGE}; none: as the run")
    fit: Fit | None = Field(None, description=f"{FIT}; auto: as the run")
    quality: str | None = Field(None, description=f"{QUALITY}; auto: as the run, or all of the --images that are given")
