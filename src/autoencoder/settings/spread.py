"""On which devices and machines work is done."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from ..errors import UsageError
from .fields import Section
from .training import Training
from .types import PositiveInt


def _engine(value: Any) -> str:
    if re.fullmatch(r"ray(:[A-Za-z0-9.:_\[\]-]+)?", str(value)) is None:
        raise ValueError("must be ray, ray:auto or ray:HOST:PORT")
    return str(value)


Engine = Annotated[str, BeforeValidator(_engine)]
ENGINE = (
    "ray: by Ray (the extra `ray`), on this machine; ray:auto: on the cluster that this machine belongs to; "
    "ray:HOST:PORT: on the one whose head that is"
)


class ByEngine(Section):
    """What carries out the parts of a command."""

    engine: Engine | None = Field(
        None,
        description=f"what carries out the parts of this command, with --rows_per_part or --resume: {ENGINE}. All "
        "machines see images, run and results by the same paths; none: this process",
    )


class Spread(Section):
    """On which devices and machines a network is trained."""

    devices: Literal["all"] | None = Field(
        None,
        description="all: on all graphics cards of this machine at once, each with its share of every batch; none: on "
        "one device",
    )
    engine: Engine | None = Field(None, description=f"what starts the --workers: {ENGINE}")
    workers: PositiveInt | None = Field(
        None,
        description="so many processes train one network, each on all devices of its machine, and with its share of "
        "every batch; all see the images and logs/ by the same paths. It needs --engine",
    )

    @model_validator(mode="after")
    def _check(self) -> Spread:
        if (self.engine is None) != (self.workers is None):
            raise ValueError("--engine and --workers belong together: --engine=ray:auto --workers=4")
        if self.devices and self.workers:
            raise ValueError("--devices=all is of one process, and each of --workers takes all devices; leave it out")
        return self

    def check(self, training: Training) -> None:
        """Refuse what needs a whole batch on one device.

        Raises
        ------
        UsageError
            Names the flags.
        """
        if training.contrast and (self.devices or self.workers):
            given = "devices=all" if self.devices else f"workers={self.workers}"
            raise UsageError(
                f"--{given} gives each a share of a batch, and --contrast compares all images of it; leave one out"
            )
        if self.workers and training.batch_size < self.workers:
            raise UsageError(
                f"--workers={self.workers}: a batch of {training.batch_size} has no image for each; give a larger "
                "--batch_size"
            )
