"""A training in stages, one after the other: each with its own network, images and layers that learn.

The networks of all stages share the weights that they have in common, so that what one learns the next one has.
To add a way to train in stages: a module that makes the stages, and its line in `stages_of`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import keras

from ..errors import DivergedError
from ..model.backbone import backbone_of
from ..model.build import Models
from ..settings import Architecture, Training
from .feed import Pixels
from .fit import Fitted, fit


class Stage(NamedTuple):
    """One stage: what is fitted to what, and until when.

    `until` is the epoch, counted over the whole training, that the stage ends with at the latest; `patience` ends it
    sooner. The layers in `frozen` keep their weights. The best epoch is sought within the last stage. `shares` are the
    shares of the learning rate, as for `fit`.
    """

    models: Models
    train: Pixels
    valid: Pixels
    until: int
    patience: int | None = None
    frozen: Sequence[keras.layers.Layer] = ()
    name: str = ""
    shares: Mapping[int, float] = MappingProxyType({})


def stages_of(
    models: Models, train: Pixels, valid: Pixels, architecture: Architecture, training: Training
) -> list[Stage]:
    """Return the stages of a training; of most there is one.

    Parameters
    ----------
    models : Models
        What the last stage leaves trained.
    train, valid : Pixels
        As for `fit`.
    architecture : Architecture
    training : Training
    """
    if architecture.encoder_from is not None:
        from .transfer import transfer_stages

        return transfer_stages(models, backbone_of(models.encoder), train, valid, (architecture, training))
    return [Stage(models, train, valid, training.train_epochs, training.patience)]


def fit_stages(
    stages: Sequence[Stage],
    training: Training,
    callbacks: list[keras.callbacks.Callback],
    stopping: Callable[[], bool] = lambda: False,
) -> Fitted:
    """Fit stage after stage; parameters, errors and what is kept are those of `fit`."""
    done: list[Fitted] = []
    for stage in stages:
        epochs = sum(len(each.history["epoch"]) for each in done)
        own = training.model_copy(update={"train_epochs": stage.until, "patience": stage.patience})
        with _frozen(stage.frozen):
            try:
                done.append(fit(stage.models, stage.train, stage.valid, own, callbacks, stopping, epochs, stage.shares))
            except DivergedError as error:
                raise DivergedError(str(error), _joined([*done, error.fitted])) from error
        if done[-1].status != "done":
            break
    return _joined(done)


@contextlib.contextmanager
def _frozen(layers: Sequence[keras.layers.Layer]) -> Iterator[None]:
    concerned = [layer for layer in layers if layer.trainable]
    for layer in concerned:
        layer.trainable = False
    try:
        yield
    finally:
        for layer in concerned:
            layer.trainable = True


def _joined(done: Sequence[Fitted]) -> Fitted:
    """Return what several stages gave as that of one training."""
    last, seconds = done[-1], sum(each.seconds for each in done)
    names = dict.fromkeys(name for each in done for name in each.history)
    history = {name: [value for each in done for value in each.history.get(name, [])] for name in names}
    images = sum(each.images_per_second * each.seconds for each in done)
    return Fitted(history, last.best_epoch, seconds, images / seconds, last.status)
