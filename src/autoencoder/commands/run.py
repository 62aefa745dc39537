"""`run`: train an autoencoder on a folder of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from ..command import Command
from ..flags import Section
from ..settings import Architecture, Data, Output, Settings, Training
from ..tensorflow_start import start_tensorflow

if TYPE_CHECKING:
    from pathlib import Path

    from ..run_folder import Run


class Options(Section):
    """What is done with the settings."""

    dry_run: bool = Field(
        False, description="print settings, layers and an estimate of memory; train nothing, make nothing"
    )


def carry_out(
    data: Data, architecture: Architecture, training: Training, output: Output, options: Options
) -> Run | None:
    """Train, and return the run; None after a dry run."""
    from ..pipeline.images import prepare

    asked = Settings(data=data, architecture=architecture, training=training, output=output)
    settings, listings = prepare(asked)
    start_tensorflow()
    from ..pipeline.train import dry_run, train

    if options.dry_run:
        dry_run(settings, listings)
        return None
    return train(settings, listings)


def compare(results: dict[str, Run]) -> Path:
    """Draw the losses of several runs in one picture, and return its folder."""
    from ..pipeline.compare import compare_losses

    return compare_losses(results)


COMMAND = Command(
    "Train an autoencoder on a folder of images.",
    sections=(*Settings.sections, Options),
    carry_out=carry_out,
    compare=compare,
)
