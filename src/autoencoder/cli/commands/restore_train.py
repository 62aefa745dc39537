"""`restore_train`: train a network to make clean originals of damaged images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...settings import Architecture, Output, Resuming, Training
from ...settings.restoration import FORMER_NAMES, Codes, Pairs, RestoreSettings
from ...tensorflow_start import start_tensorflow
from ..command import Command, DryRun

if TYPE_CHECKING:
    from ...storage.run import Run


def execute(
    pairs: Pairs,
    codes: Codes,
    architecture: Architecture,
    training: Training,
    output: Output,
    resuming: Resuming,
    dry: DryRun,
) -> Run | None:
    """Train, or go on with a training, and return the run; None after a dry run."""
    from ...workflows.pairs import load_splits, prepare_pairs
    from ...workflows.unfinished import unfinished

    asked = RestoreSettings.from_sections(pairs, codes, architecture, training, output)
    going_on = None if resuming.resume is None else unfinished(resuming.resume, "restore_train", asked)
    settings, matched = prepare_pairs(asked if going_on is None else going_on.settings)
    start_tensorflow()
    from ...workflows.restore_train import dry_run, restore_train

    if dry.dry_run:
        print(dry_run(settings, matched))
        return None
    splits = load_splits(settings, matched)
    return restore_train(settings, splits, save_every=resuming.save_every, going_on=going_on).run


def complete(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the flags with the pairs of the run that is gone on with, which need not be named again."""
    from ...workflows.unfinished import unfinished_run

    if flags.get("resume") is None:
        return flags
    run, _ = unfinished_run(str(flags["resume"]), "restore_train")
    return {**{name: value for name, value in run.flags().items() if name in ("modified", "original")}, **flags}


COMMAND = Command(
    "Train a network on pairs of damaged and clean images, to restore others.",
    sections=(*RestoreSettings.sections, Resuming, DryRun),
    execute=execute,
    aliases=FORMER_NAMES,
    complete=complete,
)
