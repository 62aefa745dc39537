"""`restore_train`: train a network to make clean originals of damaged images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from ..command import Command
from ..flags import Section
from ..restore_settings import FORMER_NAMES, Codes, Pairs, RestoreSettings
from ..settings import Architecture, Output, Training
from ..tensorflow_start import start_tensorflow

if TYPE_CHECKING:
    from ..run_folder import Run


class Options(Section):
    """What is done with the settings."""

    dry_run: bool = Field(
        False, description="print settings, layers and an estimate of memory; train nothing, make nothing"
    )


def carry_out(
    pairs: Pairs, codes: Codes, architecture: Architecture, training: Training, output: Output, options: Options
) -> Run | None:
    """Train, and return the run; None after a dry run."""
    from ..pipeline.pairs import prepare_pairs

    asked = RestoreSettings.from_sections(pairs, codes, architecture, training, output)
    settings, matched = prepare_pairs(asked)
    start_tensorflow()
    from ..pipeline.restore_train import dry_run, restore_train

    if options.dry_run:
        dry_run(settings, matched)
        return None
    return restore_train(settings, matched)


COMMAND = Command(
    "Train a network on pairs of damaged and clean images, to restore others.",
    sections=(*RestoreSettings.sections, Options),
    carry_out=carry_out,
    aliases=FORMER_NAMES,
)
