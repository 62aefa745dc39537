"""`run`: train an autoencoder on a folder of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...settings import Architecture, Data, Output, Resuming, Settings, Training
from ...settings.spread import Spread
from ...tensorflow_start import start_tensorflow
from ..command import Command, DryRun

if TYPE_CHECKING:
    from pathlib import Path

    from ...storage.run import Run
    from ...workflows.series import Series


def execute(
    data: Data,
    architecture: Architecture,
    training: Training,
    output: Output,
    resuming: Resuming,
    spread: Spread,
    dry: DryRun,
) -> Run | None:
    """Train, or go on with a training, and return the run; None after a dry run."""
    from ...workflows.images import prepare
    from ...workflows.unfinished import unfinished

    asked = Settings(data=data, architecture=architecture, training=training, output=output)
    if spread.workers is not None and not dry.dry_run:
        return _by_workers(asked, resuming, spread)
    going_on = None if resuming.resume is None else unfinished(resuming.resume, "run", asked)
    settings, listings = prepare(asked if going_on is None else going_on.settings)
    spread.check(settings.training)
    start_tensorflow()
    from ...workflows.spread import spread_over
    from ...workflows.train import dry_run, train

    if dry.dry_run:
        print(dry_run(settings, listings))
        return None
    with spread_over(spread, settings.training, len(listings.valid.paths)):
        return train(settings, listings, save_every=resuming.save_every, going_on=going_on).run


def _by_workers(asked: Settings, resuming: Resuming, spread: Spread) -> Run:
    """Check what can be checked here, and let the workers train."""
    from ...workflows.images import prepare
    from ...workflows.ray_cluster import check_engine
    from ...workflows.spread import train_by_workers

    assert spread.engine is not None
    check_engine(spread.engine)
    spread.check(asked.training)
    if resuming.resume is None:
        prepare(asked)
    return train_by_workers(asked, resuming, spread)


def compare(results: dict[str, Run], series: Series) -> Path:
    """Draw the losses of several runs in one picture, and return its folder."""
    from ...workflows.compare import compare_losses

    return compare_losses(results, series)


COMMAND = Command(
    "Train an autoencoder on a folder of images.",
    sections=(*Settings.sections, Resuming, Spread, DryRun),
    execute=execute,
    compare=compare,
)
