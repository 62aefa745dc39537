"""Train: from settings to a run's folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import keras

from .. import run_folder
from ..data.listing import BadFile
from ..errors import DivergedError, Interrupted
from ..files import probe
from ..geometry import cut_lists, levels
from ..model import describe
from ..model.build import Models, build
from ..model.saved import save
from ..provenance import Provenance
from ..report.diagram import diagram
from ..restore_settings import RestoreSettings
from ..run_folder import Run
from ..settings import Settings, Training
from ..signals import stop_at_next_batch
from ..sizes import training_bytes
from ..training.feed import Pixels
from ..training.fit import Checkpoints, Fitted, fit
from ..training.precision import choose_precision
from ..training.progress import EpochLines
from .images import Listings, Parts, load_images
from .leave import leave, summary

_INTERRUPTED = "interrupted; the best weights so far and the scores are"


class Material(NamedTuple):
    """What a network learns from and what chooses its best epoch, both uint8, and the files that cannot be used."""

    train: Pixels
    valid: Pixels
    bad: Sequence[BadFile]
    made: Provenance


def train(settings: Settings, listings: Listings) -> Run:
    """Train an autoencoder on images that `images.prepare` found.

    Raises
    ------
    UserError
        Of any kind; see the exit statuses. After an `Interrupted` or a `DivergedError` the run is there all the same.
    """
    say = teller(settings.output.verbose)
    tell_cut_lists(settings, say)
    settings = settings.model_copy(update={"training": with_precision(settings, say)})
    parts = load_images(settings, listings, say)
    made = Provenance("run", settings.to_flags(), listings.source.to_record(parts.train, parts.valid))
    return _train(settings, parts, made, say)


def dry_run(settings: Settings, listings: Listings) -> None:
    """Print the settings, the layers and an estimate of memory; train nothing, make nothing."""
    counts = [len(part.paths) for part in (listings.train, listings.valid)]
    size = sum(counts) * settings.pixels / 1e6
    show(settings, f"images: {counts[0]:,} for training, {counts[1]:,} for validation, {size:,.1f} MB as uint8")


def show(settings: Settings | RestoreSettings, material: str) -> None:
    """Print the settings, the layers, a line on the `material`, and an estimate of memory."""
    models = build_seeded(settings)
    need = training_bytes(settings.architecture, settings.image_shape, settings.channels, settings.training)
    print(settings.to_yaml())
    with_precision(settings, print)
    print(f"{describe.layer_table(describe.layer_rows(models))}\n")
    print(material)
    print(f"memory: about {need / 1e6:,.1f} MB for the network and a batch of {settings.training.batch_size}")


def tell_cut_lists(settings: Settings | RestoreSettings, say: Callable[..., None]) -> None:
    """Say which lists of the architecture are longer than it has levels."""
    for note in cut_lists(settings.architecture, len(levels(settings.architecture, settings.image_shape))):
        say(f"note: {note}")


def with_precision(settings: Settings | RestoreSettings, say: Callable[..., None]) -> Training:
    """Return how the network learns, with the precision that is taken; say which, and why."""
    choice = choose_precision(settings.architecture, settings.training)
    if choice.told:
        say(choice.told)
    return settings.training.model_copy(update={"precision": choice.precision})


def teller(verbose: int) -> Callable[..., None]:
    """Return `print`, or what says nothing where `verbose` is 0."""
    return print if verbose else lambda *text: None


def build_seeded(settings: Settings | RestoreSettings) -> Models:
    """Build the models with the weights that the seed gives."""
    keras.utils.set_random_seed(settings.training.seed)
    return build(settings.architecture, settings.image_shape, settings.channels)


def _train(settings: Settings, parts: Parts, made: Provenance, say: Callable[..., None]) -> Run:
    models = build_seeded(settings)
    bad = sorted({*parts.train.bad, *parts.valid.bad})

    def leave_all(run: Run, fitted: Fitted) -> str:
        return summary(run, settings, leave(run, settings, models, parts, fitted))

    return teach(settings, models, Material(parts.train.pixels, parts.valid.pixels, bad, made), leave_all, say)


def teach(
    settings: Settings | RestoreSettings,
    models: Models,
    material: Material,
    leave_all: Callable[[Run, Fitted], str],
    say: Callable[..., None],
) -> Run:
    """Fit the models and leave a run.

    Parameters
    ----------
    settings : Settings or RestoreSettings
    models : Models
    material : Material
    leave_all : function
        Saves the models and all that is said about them into the run's folder; returns what the user is told.
    say : function
        Prints, or does not.

    Raises
    ------
    UserError
        As `train` does.
    """
    probe(settings.output.save_dir or run_folder.LOGS, 8 * 4 * models.autoencoder.count_params() + 10_000_000)
    run = run_folder.create(settings.output, datetime.now())
    run.write_settings(settings)
    run.write_provenance(replace(material.made, finished=False))
    run.write_bad_files(material.bad)
    diagram(describe.layer_rows(models), run.model_picture)
    with stop_at_next_batch() as stopping:
        callbacks = _callbacks(settings, run, models)
        try:
            fitted = fit(models, material.train, material.valid, settings.training, callbacks, stopping)
        except DivergedError as error:
            leave_all(run, error.fitted)
            run.write_provenance(material.made)
            raise DivergedError(f"{error}; they are in {run.path}", error.fitted) from error
        if stopping.signal is not None:  # also where it came after the last batch
            fitted = fitted._replace(status="interrupted")
        told = leave_all(run, fitted)
        run.write_provenance(material.made)
    say(told)
    if stopping.signal is not None:
        complete = fitted.status != "interrupted"
        said = "the training was complete when the signal came; it is" if complete else _INTERRUPTED
        raise Interrupted(f"{said} in {run.path}", stopping.signal, complete=complete)
    return run


def _callbacks(settings: Settings | RestoreSettings, run: Run, models: Models) -> list[Any]:
    period = settings.training.period
    checkpoints = [Checkpoints(period, lambda epoch: save(models.autoencoder, run.checkpoint(epoch)))] if period else []
    return [*([EpochLines(settings.training.train_epochs)] if settings.output.verbose else []), *checkpoints]
