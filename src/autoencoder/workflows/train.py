"""Train: from settings to a run's folder."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import keras

from ..data.listing import BadFile
from ..data.splits import Splits
from ..files import probe
from ..model import describe
from ..model.build import Models, build
from ..model.geometry import cut_lists, levels
from ..model.saved import save
from ..settings import Settings, Training
from ..settings.restoration import RestoreSettings
from ..signals import stop_at_next_batch
from ..storage import new_run
from ..storage import run as run_folder
from ..storage.provenance import Provenance
from ..storage.run import Run
from ..training.augment import suited
from ..training.contrast import Seen
from ..training.fit import Fitted
from ..training.guard import Checkpoints
from ..training.local_features import with_local_features
from ..training.pixels import Pixels
from ..training.precision import choose_precision
from ..training.progress import EpochLines
from ..training.sizes import training_bytes
from ..training.stages import fit_stages, stages_of
from ..training.state import Keeping
from .images import LoadedImages, ScannedImages, bad_files, load_images
from .in_run import Learning, learn_in_run
from .neighbourhood import neighbourhood
from .resume import state_of
from .save import Trained, begin, evaluate, pictured_paths, save_models, save_results, summary
from .unfinished import Unfinished, check_images

log = logging.getLogger("autoencoder")

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainingSet(Splits[Pixels]):
    """What a network learns from and what chooses its best epoch, both uint8, and the files that cannot be used.

    `seen` is what turns images into the vectors that contrast seeks neighbours among, where it is not the pixels.
    """

    bad: Sequence[BadFile]
    made: Provenance
    seen: Seen | None = None


def train(
    settings: Settings,
    listings: ScannedImages,
    *,
    keep: bool = True,
    save_every: float | None = None,
    going_on: Unfinished | None = None,
) -> Trained:
    """Train an autoencoder on images that `images.prepare` found.

    Parameters
    ----------
    settings : Settings
    listings : ScannedImages
    keep : bool
        Whether to save a run's folder and its row in logs/aescore.csv; otherwise nothing is written.
    save_every : float, optional
        Seconds from one kept state of the training to the next.
    going_on : Unfinished, optional
        The run that is gone on with.

    Raises
    ------
    UserError
        Of any kind; see the exit statuses. After an `Interrupted` or a `DivergedError` the run is there all the same.
    """
    settings, splits, models, images = _begun(settings, listings, going_on)

    def finish(run: Run | None, fitted: Fitted) -> Trained:
        whole = with_local_features(models, splits.train.pixels) if settings.architecture.local_features else models
        if run is not None:
            save_models(run, settings, whole)  # first of all: they are what took the time
        evaluated = evaluate(settings, models, splits, fitted)
        pictured = pictured_paths(splits)
        trained = Trained(settings, whole, fitted, *evaluated, images.made, images.bad, run, splits.whole, pictured)
        if run is not None:
            save_results(run, trained)
            log.info(summary(run, trained))
        return trained

    return fit_models(settings, models, images, finish, keep=keep, save_every=save_every, going_on=going_on)


def follow(settings: Settings, listings: ScannedImages, going_on: Unfinished | None) -> None:
    """Learn with another process, which keeps the run: what `train` does, without a word and without a file.

    Raises
    ------
    UserError
        As `train` does.
    """
    settings, _, models, images = _begun(settings, listings, going_on)
    stages = stages_of(models, images.train, images.valid, settings.architecture, settings.training)
    begin = None if going_on is None else state_of(going_on.run)
    with stop_at_next_batch() as stopping:
        fit_stages(stages, settings.training, [], stopping, Keeping(lambda state: None, None, begin))


def _begun(
    settings: Settings, listings: ScannedImages, going_on: Unfinished | None
) -> tuple[Settings, LoadedImages, Models, TrainingSet]:
    """Return what a training begins with: settings with nothing left to choose, images, and a network."""
    log_cut_lists(settings)
    settings = settings.model_copy(update={"training": with_precision(settings)})
    splits = load_images(settings, listings)
    if settings.training.augment == "auto":
        settings = settings.model_copy(update={"training": _with_augmentations(settings.training, splits.train.pixels)})
    made = Provenance("run", settings.to_flags(), listings.source.to_record(splits.train, splits.valid))
    if going_on is not None:
        check_images(going_on, made)
    seen = neighbourhood(settings, listings.train, splits.train.paths, listings.embedded)
    models = build_seeded(settings)
    bad = bad_files(splits)
    images = TrainingSet(train=splits.train.pixels, valid=splits.valid.pixels, bad=bad, made=made, seen=seen)
    return settings, splits, models, images


def dry_run(settings: Settings, listings: ScannedImages) -> str:
    """Describe the settings, the layers and an estimate of memory; train nothing, make nothing."""
    counts = [len(part.paths) for part in listings.parts.values()]
    size = sum(counts) * settings.pixels / 1e6
    return described(
        settings, f"images: {counts[0]:,} for training, {counts[1]:,} for validation, {size:,.1f} MB as uint8"
    )


def described(settings: Settings | RestoreSettings, images: str) -> str:
    """Return the settings, the layers, a line on the `images`, and an estimate of memory."""
    models = build_seeded(settings)
    need = training_bytes(settings.architecture, settings.image_shape, settings.channels, settings.training)
    choice = choose_precision(settings.architecture, settings.training)
    lines = [
        settings.to_yaml(),
        *([choice.note] if choice.note else []),
        f"{describe.layer_table(describe.layer_rows(models))}\n",
        images,
        f"memory: about {need / 1e6:,.1f} MB for the network and a batch of {settings.training.batch_size}",
    ]
    return "\n".join(lines)


def log_cut_lists(settings: Settings | RestoreSettings) -> None:
    """Say which lists of the architecture are longer than it has levels."""
    for note in cut_lists(settings.architecture, len(levels(settings.architecture, settings.image_shape))):
        log.info(f"note: {note}")


def with_precision(settings: Settings | RestoreSettings) -> Training:
    """Return how the network learns, with the precision that is taken; say which, and why."""
    choice = choose_precision(settings.architecture, settings.training)
    if choice.note:
        log.info(choice.note)
    return settings.training.model_copy(update={"precision": choice.precision})


def _with_augmentations(training: Training, pixels: Pixels) -> Training:
    """Return how the network learns, with the augmentations that suit the images; say which."""
    chosen = suited(pixels)
    log.info(f"--augment=[{','.join(chosen)}] is taken: these suit {'photographs' if 'crop' in chosen else 'drawings'}")
    return training.model_copy(update={"augment": chosen})


def build_seeded(settings: Settings | RestoreSettings) -> Models:
    """Build the models with the weights that the seed gives."""
    keras.utils.set_random_seed(settings.training.seed)
    return build(settings.architecture, settings.image_shape, settings.channels)


def fit_models(
    settings: Settings | RestoreSettings,
    models: Models,
    images: TrainingSet,
    finish: Callable[[Run | None, Fitted], Result],
    *,
    keep: bool,
    save_every: float | None = None,
    going_on: Unfinished | None = None,
) -> Result:
    """Fit the models, in a run's folder or without one.

    Parameters
    ----------
    settings : Settings or RestoreSettings
    models : Models
    images : TrainingSet
    finish : function
        Evaluates the models, and saves them and all that is said about them into the run's folder, if there is one;
        also where training diverged or was interrupted.
    keep : bool
        Whether there is a folder. Without one Ctrl-C is what it is in any library.
    save_every : float, optional
        Seconds from one kept state of the training to the next.
    going_on : Unfinished, optional
        The run that is gone on with, in its own folder.

    Returns
    -------
    what `finish` does

    Raises
    ------
    UserError
        As `train` does.
    """
    training = settings.training
    stages = stages_of(models, images.train, images.valid, settings.architecture, training)
    stages = [stage._replace(seen=images.seen) for stage in stages]
    if not keep:
        return finish(None, fit_stages(stages, training, _callbacks(settings)))
    place = (settings.output.save_dir or run_folder.LOGS) if going_on is None else going_on.run.path
    probe(place, 16 * 4 * models.autoencoder.count_params() + 10_000_000)
    run = new_run.create(settings.output, datetime.now()) if going_on is None else going_on.run
    callbacks = [*_callbacks(settings), *_checkpoints(settings, run, models), *_tensorboard(settings, run)]
    learning = Learning(
        begin=lambda run: begin(run, settings, models, images.made, images.bad),
        fit=lambda stopping, states: fit_stages(stages, training, callbacks, stopping, states),
        interrupted=lambda fitted: fitted._replace(status="interrupted"),
        finish=finish,
    )
    return learn_in_run(run, images.made, settings.output, learning, save_every, going_on)


def _callbacks(settings: Settings | RestoreSettings) -> list[Any]:
    return [EpochLines(settings.training.train_epochs)] if settings.output.verbose else []


def _tensorboard(settings: Settings | RestoreSettings, run: Run) -> list[Any]:
    # Neither graph nor profile: both cost time, and model.png shows the layers.
    logger = keras.callbacks.TensorBoard
    return [logger(run.tensorboard, write_graph=False, profile_batch=0)] if settings.output.tensorboard else []


def _checkpoints(settings: Settings | RestoreSettings, run: Run, models: Models) -> list[Any]:
    period = settings.training.period
    return [Checkpoints(period, lambda epoch: save(models.autoencoder, run.checkpoint(epoch)))] if period else []
