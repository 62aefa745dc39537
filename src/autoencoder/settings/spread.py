"""On which devices a network is trained."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..errors import UsageError
from .fields import Section
from .training import Training


class Spread(Section):
    """On which devices a network is trained."""

    devices: Literal["all"] | None = Field(
        None,
        description="all: on all graphics cards of this machine at once, each with its share of every batch; none: on "
        "one device",
    )

    def check(self, training: Training) -> None:
        """Refuse what needs a whole batch on one device.

        Raises
        ------
        UsageError
            Names the flags.
        """
        if self.devices and training.contrast:
            raise UsageError(
                "--devices=all gives each device a share of a batch, and --contrast compares all images of it; leave "
                "one out"
            )
