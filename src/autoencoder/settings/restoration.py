"""The knobs of restoring: pairs of images, the tiles that are cut from them, and how codes are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from ..errors import UsageError
from .architecture import Architecture
from .data import QUALITY
from .fields import ALIASES, Section, Sections, parse
from .output import Output
from .run import check_rate_decay
from .training import Training
from .types import Side

#: Names of the original program for restoring, and the field that each one means now.
FORMER_NAMES = {
    **ALIASES,
    "modified_image_folder": "modified",
    "original_image_folder": "original",
    "latent_dimension": "dims",
    "n_filters": "filters",
    "initial_learning_rate": "learning_rate",
    "max_epochs": "train_epochs",
    "early_stopping_patience": "patience",
    "save_model_path": "save_dir",
}

OwnShare = Annotated[float, Field(gt=0, lt=1)]


class Pairs(Section):
    """Damaged images and their clean originals."""

    modified: Path = Field(description="the damaged images: a folder, or a pattern such as scans/*.bmp")
    original: Path = Field(description="their clean originals, as modified; files of one name make a pair")
    test_split: OwnShare = Field(0.2, description="share of the pairs that only judge the trained network")
    valid_split: OwnShare = Field(0.15, description="share of the pairs that choose the best epoch")
    max_bad: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="highest share of unusable files that is accepted"
    )
    color: Literal["grayscale", "rgb"] | None = Field(
        None, description="grayscale or rgb; auto: grayscale where the sampled images are"
    )
    quality: str | None = Field(
        None, description=f"{QUALITY}; of a pair the original counts, and both are left out; none: all are taken"
    )

    @model_validator(mode="after")
    def _check(self) -> Pairs:
        if self.test_split + self.valid_split >= 1:
            raise ValueError("--test_split and --valid_split leave nothing to learn from; their sum must be below 1")
        return self


class Codes(Section):
    """Tiles, and how binary codes are read."""

    tile_side: Side = Field(48, description="side of the square tiles that the network takes, in pixels")
    step_size: Side = Field(12, description="pixels from one tile to the next; at most tile_side")
    binary_code_size: Side = Field(6, description="side of a code's blocks in pixels; each is black or white")
    binary_level_threshold: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="a block is white where its mean level, from 0 to 1, is above this"
    )
    model_log_path: Path | None = Field(
        None, description="of the original program, and not used: the run's folder holds history.csv and loss.png"
    )

    @model_validator(mode="after")
    def _check(self) -> Codes:
        if self.step_size > self.tile_side:
            raise ValueError(
                f"--step_size={self.step_size} is larger than --tile_side={self.tile_side}: restored images would "
                "have holes; give at most the tile's side"
            )
        return self


class RestoreSettings(Sections):
    """All that a training to restore follows from."""

    sections: ClassVar[tuple[type[Section], ...]] = (Pairs, Codes, Architecture, Training, Output)

    pairs: Pairs
    codes: Codes = Codes()
    architecture: Architecture = Architecture()
    training: Training = Training()
    output: Output = Output()

    @classmethod
    def from_sections(cls, *sections: Section) -> RestoreSettings:
        """Put checked sections together, in the order of `sections`.

        Raises
        ------
        UsageError
            If a knob of the training has no meaning for pairs.
        """
        settings = cls(**dict(zip(cls.model_fields, sections, strict=True)))
        if settings.training.contrast:
            raise UsageError("--contrast shapes an embedding; it has no meaning for pairs: leave it out")
        if settings.training.augment == "auto":
            raise UsageError(
                "--augment=auto looks at what whole images show; for pairs name the changes: [hflip,shift]"
            )
        if settings.training.progressive and settings.architecture.skips:
            raise UsageError(
                "--progressive trains the inner levels alone, and --skips leads around them; leave one of them out"
            )
        if settings.architecture.linear_path:
            raise UsageError(
                "--linear_path starts by giving back what it was given, which is damaged here: leave it out"
            )
        if settings.architecture.encoder_from:
            raise UsageError("--encoder_from makes embeddings of whole images; it is not for tiles: leave it out")
        check_rate_decay(settings.architecture, settings.training)
        if settings.training.target == "clean":
            raise UsageError("--target=clean: an original is augmented as its modified image is; leave it out")
        return settings

    @classmethod
    def from_flags(cls, flags: Mapping[str, Any]) -> RestoreSettings:
        """Check flat `flags` and build the settings; list every problem at once.

        Raises
        ------
        UsageError
            Names each flag, the value received and the rule.
        """
        return cls.from_sections(*parse(flags, cls.sections, FORMER_NAMES))

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of what the network takes: a tile."""
        return self.codes.tile_side, self.codes.tile_side

    @property
    def channels(self) -> int:
        """1 for grayscale, 3 for rgb."""
        return 1 if self.pairs.color == "grayscale" else 3
