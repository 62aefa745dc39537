"""`restore_train`: train a network to make clean originals of damaged images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...settings import Architecture, Output, Training
from ...settings.restoration import FORMER_NAMES, Codes, Pairs, RestoreSettings
from ...tensorflow_start import start_tensorflow
from ..command import Command, DryRun

if TYPE_CHECKING:
    from ...storage.run import Run


def execute(
    pairs: Pairs, codes: Codes, architecture: Architecture, training: Training, output: Output, dry: DryRun
) -> Run | None:
    """Train, and return the run; None after a dry run."""
    from ...workflows.pairs import load_splits, prepare_pairs

    asked = RestoreSettings.from_sections(pairs, codes, architecture, training, output)
    settings, matched = prepare_pairs(asked)
    start_tensorflow()
    from ...workflows.restore_train import dry_run, restore_train

    if dry.dry_run:
        print(dry_run(settings, matched))
        return None
    return restore_train(settings, load_splits(settings, matched)).run


COMMAND = Command(
    "Train a network on pairs of damaged and clean images, to restore others.",
    sections=(*RestoreSettings.sections, DryRun),
    execute=execute,
    aliases=FORMER_NAMES,
)
