"""Train: from settings to a run's folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import keras

from .. import run_folder
from ..data.memory import available_memory
from ..errors import DivergedError, Interrupted, UsageError
from ..files import probe
from ..geometry import cut_lists, levels
from ..model import describe
from ..model.build import Models, build
from ..model.saved import save
from ..report.diagram import diagram
from ..run_folder import Run
from ..settings import Settings
from ..signals import stop_at_next_batch
from ..training.fit import Checkpoints, fit
from ..training.precision import choose_precision
from ..training.progress import EpochLines
from .images import Listings, Parts, load_images
from .leave import leave, summary


def train(settings: Settings, listings: Listings) -> Run:
    """Train an autoencoder on images that `images.prepare` found.

    Raises
    ------
    UserError
        Of any kind; see the exit statuses. After an `Interrupted` or a `DivergedError` the run is there all the same.
    """
    say = print if settings.output.verbose else _silent
    for note in cut_lists(settings.architecture, len(levels(settings.architecture, settings.image_shape))):
        say(f"note: {note}")
    return _train(settings, load_images(settings, listings, say), say)


def dry_run(settings: Settings, listings: Listings) -> None:
    """Print the settings, the layers and an estimate of memory; train nothing, make nothing."""
    models = _build(settings)
    print(settings.to_yaml())
    print(f"{describe.layer_table(describe.layer_rows(models))}\n")
    counts = [len(part.paths) for part in listings]
    need = describe.training_bytes(models, settings.training.batch_size)
    size = sum(counts) * settings.pixels / 1e6
    print(f"images: {counts[0]:,} for training, {counts[1]:,} for validation, {size:,.1f} MB as uint8")
    print(f"memory: about {need / 1e6:,.1f} MB for the network and a batch of {settings.training.batch_size}")


def _silent(*text: Any) -> None:
    """Say nothing."""


def _build(settings: Settings) -> Models:
    keras.utils.set_random_seed(settings.training.seed)
    return build(settings.architecture, settings.image_shape, settings.channels)


def _train(settings: Settings, parts: Parts, say: Callable[..., None]) -> Run:
    models = _build(settings)
    _check_memory(models, settings.training.batch_size)
    settings = _with_precision(settings, models, parts, say)
    probe(settings.output.save_dir or run_folder.LOGS, 8 * 4 * models.autoencoder.count_params() + 10_000_000)
    run = run_folder.create(settings.output, datetime.now())
    run.write_settings(settings)
    run.write_bad_files(sorted({*parts.train.bad, *parts.valid.bad}))
    diagram(describe.layer_rows(models), run.model_picture)
    with stop_at_next_batch() as stopping:
        callbacks = _callbacks(settings, run, models)
        try:
            fitted = fit(models, parts.train.pixels, parts.valid.pixels, settings.training, callbacks, stopping)
        except DivergedError as error:
            leave(run, settings, models, parts, error.fitted)
            raise DivergedError(f"{error}; they are in {run.path}", error.fitted) from error
        scores = leave(run, settings, models, parts, fitted)
    say(summary(run, scores))
    if stopping.signal is not None:
        raise Interrupted(f"interrupted; the best weights so far and the scores are in {run.path}", stopping.signal)
    return run


def _with_precision(settings: Settings, models: Models, parts: Parts, say: Callable[..., None]) -> Settings:
    if settings.training.precision is not None:
        return settings
    choice = choose_precision(models.autoencoder, parts.train.pixels, settings.training)
    say(f"--precision={choice.precision} is taken: {choice.why}")
    return settings.model_copy(
        update={"training": settings.training.model_copy(update={"precision": choice.precision})}
    )


def _check_memory(models: Models, batch_size: int) -> None:
    need, free = describe.training_bytes(models, batch_size), available_memory()
    if need > free:
        raise UsageError(
            f"--batch_size={batch_size}: training needs about {need / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; "
            f"try --batch_size={describe.fitting_batch_size(models, free)} or a smaller --image_shape"
        )


def _callbacks(settings: Settings, run: Run, models: Models) -> list[Any]:
    period = settings.training.period
    checkpoints = [Checkpoints(period, lambda epoch: save(models.autoencoder, run.checkpoint(epoch)))] if period else []
    return [*([EpochLines(settings.training.train_epochs)] if settings.output.verbose else []), *checkpoints]
