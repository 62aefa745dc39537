"""Fit a classifier in two steps: its head on the frozen encoder, then everything."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ..errors import DivergedError
from ..model.apply import fitting_batch
from ..model.classifier import Network
from ..settings import Training
from .feed import clean_batches, labelled_batches, steps
from .fit import FitTask, Fitted, fit_network
from .state import Keeping

#: An epoch is a pass over the images, but at least so many batches: of a few labels one pass would change little.
STEPS_AT_LEAST = 50


#: The name of the step that leaves the encoder as it is.
HEAD = "head"


class LabelledImages(NamedTuple):
    """Images and their classes: uint8 (n, height, width, channels), int32 (n,)."""

    pixels: np.ndarray
    classes: np.ndarray


def fit_classifier(
    network: Network,
    train: LabelledImages,
    valid: LabelledImages | None,
    trainings: dict[str, Training],
    callbacks: Callable[[str, Training], list[keras.callbacks.Callback]] = lambda step, training: [],
    stopping: Callable[[], bool] = lambda: False,
    keeping: Keeping | None = None,
) -> dict[str, Fitted]:
    """Fit a classifier step by step; it ends with the weights of the last step's best epoch.

    Parameters
    ----------
    network : Network
    train : LabelledImages
    valid : LabelledImages, optional
        Chooses the epoch of each step; without it the last weights are kept.
    trainings : dict
        By the name of the step; in the step `HEAD` the encoder is frozen, and in inference mode.
    callbacks : callable
        Gives the callbacks of a step.
    stopping : callable
        Asked after every batch; once true, all ends there.
    keeping : Keeping, optional
        Where states are kept, and which one is gone on from.

    Returns
    -------
    dict
        What each step gave that was begun.

    Raises
    ------
    DivergedError
        If the loss is no longer a number; its `fitted` is what each step gave until then, and the network holds the
        last good weights.
    """
    over = [] if keeping is None or keeping.begin is None else keeping.begin.record["done"]
    done = {step: Fitted.of_plain(each) for step, each in zip(trainings, over, strict=False)}
    first_step = 0
    validation_batch = fitting_batch(network.classifier)
    for step, training in trainings.items():
        network.encoder.trainable = step != HEAD
        per_epoch = max(STEPS_AT_LEAST, steps(len(train.pixels), training.batch_size))
        if step in done:
            first_step += per_epoch * training.train_epochs
            continue
        task = FitTask(
            model=network.head if step == HEAD else network.classifier,
            loss="sparse_categorical_crossentropy",
            feed=partial(_batches, train, training, first_step),
            validation=None if valid is None else clean_batches(valid.pixels, validation_batch, valid.classes),
            images=len(train.pixels),
            per_epoch=per_epoch,
            metrics=("accuracy",),
        )
        try:
            own = None if keeping is None else keeping.of_stage([each.to_plain() for each in done.values()])
            done[step] = fit_network(task, training, callbacks(step, training), stopping, own)
        except DivergedError as error:
            raise DivergedError(str(error), {**done, step: error.fitted}) from error
        first_step += per_epoch * training.train_epochs
        if done[step].status != "done":
            break
    network.encoder.trainable = True
    return done


def _batches(train: LabelledImages, training: Training, first_step: int, step: int) -> tf.data.Dataset:
    return labelled_batches(*train, training, first_step + step)
