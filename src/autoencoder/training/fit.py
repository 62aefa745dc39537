"""Fit a network, an autoencoder or another: the one training loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from ..errors import DivergedError
from ..model.apply import fitting_batch
from ..model.build import Models
from ..model.precision import computing_in
from ..settings import Training
from .contrast import ContrastedAutoencoder, Seen, paired
from .feature_loss import loss_of
from .feed import clean_batches, shared_steps, steps, training_batches
from .guard import Checkpoints, Guard
from .learning_rate import current_rate, optimizer, plateau
from .pixels import Pixels
from .range_test import RangeTest, find_rate
from .spread import GivenBack, agreed, copies, fed, spread
from .state import Keeping, StateKeeper, TrainingState, rounds

#: At most so many batches between two returns from TensorFlow's graph to Python: a return costs half a millisecond.
STEPS_AT_ONCE = 8


class Fitted(NamedTuple):
    """What training gave: `history` by column, a value an epoch, and the best epoch (counted from 1).

    `range_test` is what found the learning rate, if that was to be found.
    """

    history: dict[str, list[float]]
    best_epoch: int
    seconds: float
    images_per_second: float
    status: str
    range_test: RangeTest | None = None

    def to_plain(self) -> dict[str, Any]:
        """Return values that JSON knows."""
        found = self.range_test
        return {**self._asdict(), "range_test": None if found is None else list(found)}

    @classmethod
    def of_plain(cls, values: Mapping[str, Any]) -> Fitted:
        """Return what `to_plain` gave."""
        found = values["range_test"]
        return cls(**{**values, "range_test": None if found is None else RangeTest(*found)})


class Stage(NamedTuple):
    """One stage of a training: what is fitted to what, and until when.

    `until` is the epoch, counted over the whole training, that the stage ends with at the latest; `patience` ends it
    sooner. The layers in `frozen` keep their weights. Best is the lowest validation loss within the stage; with
    `start_counts` the weights that it begins with count too. `shares` are by which share of the learning rate a weight
    learns, by the id of its variable; all others learn at all of it. `seen` gives the vectors among which contrast
    seeks neighbours, where it is not what the training names.
    """

    models: Models
    train: Pixels
    valid: Pixels
    until: int
    patience: int | None = None
    frozen: Sequence[keras.layers.Layer] = ()
    name: str = ""
    start_counts: bool = False
    shares: Mapping[int, float] = MappingProxyType({})
    seen: Seen | None = None


class FitTask(NamedTuple):
    """What is fitted: a network, its loss, and what it is fed.

    `feed` gives batches without end from a step on, counted from the first of this training, `per_epoch` of them an
    epoch, out of so many `images`; `validation` comes once, and decides which epoch's weights are kept. Where there is
    none, or with `keep_last`, the last ones are. `first_epoch` is how many epochs are over already, and `best_epoch`
    the one whose weights it begins with; `start_counts` and `shares` are a stage's. Where Keras cannot tell how many
    batches validation has, `validation_steps` does.
    """

    model: keras.Model
    loss: Any
    feed: Callable[[int], tf.data.Dataset]
    validation: tf.data.Dataset | None
    images: int
    per_epoch: int
    metrics: tuple[str, ...] = ()
    first_epoch: int = 0
    best_epoch: int = 0
    start_counts: bool = False
    shares: Mapping[int, float] = MappingProxyType({})
    keep_last: bool = False
    validation_steps: int | None = None


def fit(
    models: Models,
    train: Pixels,
    valid: Pixels,
    training: Training,
    callbacks: list[keras.callbacks.Callback],
    stopping: Callable[[], bool] = lambda: False,
) -> Fitted:
    """Train the models to give back the images, or what is paired with them; they end with the best weights.

    Best is the lowest validation loss, which is the reconstruction's; where what is learned above all is to tell
    copies of images apart (`contrast_with`), the last weights are kept.

    Parameters
    ----------
    models : Models
    train, valid : uint8 arrays of shape (n, height, width, channels), or what is cut like one
        With twice the channels that the models take, the last half is what they learn to make of the first half.
    training : Training
    callbacks : list of keras.callbacks.Callback
        Told of every batch and epoch, such as a progress bar.
    stopping : callable
        Asked after every batch; once true, training ends there (a signal came).

    Raises
    ------
    DivergedError
        If the loss is no longer a number. The models then hold the last good weights, or those they began with.
    """
    return fit_stage(
        Stage(models, train, valid, training.train_epochs, training.patience), training, callbacks, stopping
    )


def fit_stage(
    stage: Stage,
    training: Training,
    callbacks: list[keras.callbacks.Callback],
    stopping: Callable[[], bool] = lambda: False,
    first_epoch: int = 0,
    best_epoch: int = 0,
    keeping: Keeping | None = None,
) -> Fitted:
    """Fit one stage, as `fit` does, when `first_epoch` epochs are over and the weights are those of `best_epoch`.

    With `keeping`, states are kept on the way, and its own is gone on from.
    """
    models, train, valid = stage.models, stage.train, stage.valid
    training = training.model_copy(update={"train_epochs": stage.until, "patience": stage.patience})
    per_epoch = steps(len(train), training.batch_size)
    restored = train.shape[-1] != models.autoencoder.input.shape[-1]
    pairs = paired(train, training, stage.seen)
    at_once = validation_batch(models.autoencoder, training)
    task = FitTask(
        model=_learner(models, training),
        loss=loss_of(training, models.autoencoder.output.shape[1:]),
        feed=lambda step: fed(
            partial(training_batches, train, training, first_epoch * per_epoch + step, pairs, restored)
        ),
        validation=fed(partial(clean_batches, valid, at_once, None, restored)),
        validation_steps=None if copies() == 1 else shared_steps(len(valid), at_once, copies()),
        images=len(train),
        per_epoch=per_epoch,
        first_epoch=first_epoch,
        best_epoch=best_epoch,
        start_counts=stage.start_counts,
        shares=stage.shares,
        keep_last=training.by_views,
    )
    return fit_network(task, training, callbacks, stopping, keeping)


def _learner(models: Models, training: Training) -> keras.Model:
    """Return what is trained: the autoencoder, or with contrast the model that adds it."""
    if not training.contrast:
        return models.autoencoder
    return ContrastedAutoencoder(models, training.contrast, training.head)


def validation_batch(model: keras.Model, training: Training) -> int:
    """Return how many images are validated at once: 256, fewer of large ones, but no fewer than a training batch.

    With a loss of features a training batch: its network may hold far more of an image than the model does.
    """
    return training.batch_size if training.loss == "feature" else max(training.batch_size, fitting_batch(model, 256))


def fit_network(
    task: FitTask,
    training: Training,
    callbacks: list[keras.callbacks.Callback],
    stopping: Callable[[], bool] = lambda: False,
    keeping: Keeping | None = None,
) -> Fitted:
    """Fit a network; parameters, errors and what is kept are those of `fit`, `keeping` that of `fit_stage`."""
    with spread(task.model) as model:
        pairs = zip(task.model.variables, model.variables, strict=True)
        shares = {id(new): task.shares[id(old)] for old, new in pairs if id(old) in task.shares}
        given = [] if model is task.model else [GivenBack(task.model)]
        task = task._replace(model=model, shares=shares)
        return _fit(task, training, [*given, *callbacks], agreed(stopping), keeping)


def _fit(
    task: FitTask,
    training: Training,
    callbacks: list[keras.callbacks.Callback],
    stopping: Callable[[], bool],
    keeping: Keeping | None,
) -> Fitted:
    model, per_epoch = task.model, task.per_epoch
    begin = None if keeping is None else keeping.begin
    found = _found_rate(task, training, stopping, begin)
    if found is not None:
        training = training.model_copy(update={"learning_rate": found.rate})
    _compile(task, training)
    judged = task.validation is not None
    guard = Guard(
        training.patience,
        stopping,
        judged,
        task.first_epoch,
        task.best_epoch,
        per_epoch=per_epoch,
        keep_last=task.keep_last or not judged,
    )
    lowering = plateau(training)
    facts = {"range_test": None if found is None else list(found)}
    keeper = None if keeping is None else StateKeeper(keeping, guard, lowering, facts, stopping)
    # A checkpoint that is to be kept is there before the state that goes on behind it.
    first = [each for each in callbacks if isinstance(each, GivenBack | Checkpoints)]
    then = [each for each in callbacks if not isinstance(each, GivenBack | Checkpoints)]
    every = [guard, *lowering, *first, *([] if keeper is None else [keeper]), *then]
    start = time.perf_counter()
    with computing_in(training.precision or "float32", model):
        if task.metrics and begin is not None and begin.record["step"]:
            model.test_on_batch(*next(iter(task.feed(0))))  # Keras makes metrics when it first needs them
        if task.start_counts and begin is None:
            guard.begin_with(model.evaluate(task.validation, steps=task.validation_steps, verbose=0))
        for epoch, step, until in rounds(task.first_epoch, training.train_epochs, begin):
            if keeper is not None and keeper.last is not None:
                keeper.begin = keeper.last
            model.fit(
                task.feed((epoch - task.first_epoch) * per_epoch + step),
                epochs=until,
                initial_epoch=epoch,
                steps_per_epoch=per_epoch - step,
                validation_data=task.validation,
                validation_steps=task.validation_steps,
                callbacks=every,
                verbose=0,
                shuffle=False,
            )
            if model.stop_training:
                break
    seconds = time.perf_counter() - start if keeper is None else keeper.seconds
    trained = guard.images(task.images, training.batch_size)
    fitted = Fitted(guard.history, guard.best_epoch, seconds, trained / seconds, guard.status, found)
    if guard.status == "diverged":
        kept = f"of epoch {guard.best_epoch}" if guard.best_epoch else "that it began with"
        raise DivergedError(
            f"the loss became not a number in epoch {guard.epoch}; try a smaller --learning_rate (it was "
            f"{current_rate(model.optimizer):.3g}); the weights {kept} are kept",
            fitted,
        )
    return fitted


def _compile(task: FitTask, training: Training) -> None:
    """Give the network its optimizer, its loss, and as many batches between two returns from the graph as divide."""
    model, per_epoch = task.model, task.per_epoch
    most = STEPS_AT_ONCE if copies() == 1 else 1
    model.compile(
        optimizer=optimizer(
            training,
            per_epoch * (training.train_epochs - task.first_epoch),
            [task.shares.get(id(variable), 1.0) for variable in model.trainable_variables] if task.shares else None,
        ),
        loss=task.loss,
        metrics=list(task.metrics) or None,
        # Only a divisor of the epoch's batches: Keras would go on into the next epoch.
        steps_per_execution=max(each for each in range(1, most + 1) if per_epoch % each == 0),
    )


def _found_rate(
    task: FitTask, training: Training, stopping: Callable[[], bool], begin: TrainingState | None
) -> RangeTest | None:
    """Return the range test, where the rate is to be found: the one of the state, or a new one."""
    if training.learning_rate != "find":
        return None
    if begin is not None and begin.record["range_test"] is not None:
        return RangeTest(*begin.record["range_test"])
    return find_rate(task.model, task.loss, task.feed(0), training, stopping)
