"""Find a learning rate by a range test: a short training whose rate rises until the loss does too."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ..model.precision import computing_in
from ..settings import Training
from .learning_rate import optimizer

log = logging.getLogger("autoencoder")

#: The rates that are tried, a batch each, by a factor of 1.17 from one to the next.
RATES = np.geomspace(1e-6, 10, 104)
#: So many of the first ones change nothing to speak of: their losses differ as those of batches do.
AT_REST = 10
#: The loss is compared with that of so many batches before; no more than are at rest.
SPAN = 10
#: Of the losses until now, each new one counts a tenth.
SMOOTHING = 0.9
#: The test ends where the loss is so many times its lowest.
BEYOND = 4.0


class RangeTest(NamedTuple):
    """What a range test saw, a value a batch, and the rate that it chose; None where no rate made the loss fall."""

    rates: list[float]
    losses: list[float]
    smoothed: list[float]
    rate: float | None


def find_rate(
    model: keras.Model,
    loss: Any,
    batches: tf.data.Dataset,
    training: Training,
    stopping: Callable[[], bool] = lambda: False,
) -> RangeTest:
    """Train a model on some batches at rising rates, give it back as it was, and choose a rate.

    Parameters
    ----------
    model : keras.Model
        It ends with the weights, averages and random states that it had; what it was compiled with is lost.
    loss : function or name of a loss
    batches : tf.data.Dataset
        As many as there are rates at least: those of several epochs where an epoch has fewer.
    training : Training
        Gives `optimizer` and `precision`.
    stopping : callable
        Asked after every batch; once true, the test ends there (a signal came).

    References
    ----------
    Smith 2017, arXiv:1506.01186, section 3.3.
    """
    kept = [(variable, variable.numpy()) for variable in model.variables]
    rising = _RisingRate(stopping)
    constant = training.model_copy(update={"learning_rate": float(RATES[0]), "schedule": "constant"})
    model.compile(optimizer=optimizer(constant, len(RATES)), loss=loss)
    with computing_in(training.precision or "float32", model):
        model.fit(batches, steps_per_epoch=len(RATES), callbacks=[rising], verbose=0, shuffle=False)
    for variable, value in kept:
        variable.assign(value)
    smooth = smoothed(rising.losses)
    found = RangeTest(RATES[: len(rising.losses)].tolist(), rising.losses, smooth, choose(rising.losses, smooth))
    if not stopping():  # what was cut short says nothing about rates
        _say(found, training)
    return found


class _RisingRate(keras.callbacks.Callback):
    """Sets the rate of each batch and records its loss, until that is no number or far above its lowest."""

    def __init__(self, stopping: Callable[[], bool]) -> None:
        super().__init__()
        self._stopping = stopping
        self.losses: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.model.optimizer.learning_rate.assign(RATES[batch])
        # Keras tells the mean since the last reset, and the loss of this batch is wanted.
        self.model.reset_metrics()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            self.model.stop_training = True
            return
        self.losses.append(loss)
        now = smoothed(self.losses)
        self.model.stop_training = now[-1] > BEYOND * min(now) or self._stopping()


def smoothed(losses: Sequence[float]) -> list[float]:
    """Return exponential averages, each a weighted mean of the losses until there (Kingma & Ba 2014, section 3)."""
    result, average = [], 0.0
    for number, loss in enumerate(losses, 1):
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        result.append(average / (1 - SMOOTHING**number))
    return result


def choose(losses: Sequence[float], smooth: Sequence[float]) -> float | None:
    """Return the rate at which the smoothed loss fell most steeply before it first rose; None if it never fell.

    Steepness is taken over a span of batches, and the rate is that of its middle. A fall or a rise counts where it is
    beyond twice the deviation of the losses at rest, and a hundredth of them.

    A tenth of the rate of the lowest loss, the other usual choice, is far too high where the loss stays low over many
    rates, as it does with batch normalization: .07 for Adam on CIFAR-10, a hundred times what was steepest.
    """
    if len(losses) <= AT_REST:
        return None
    start, values = float(np.mean(losses[:AT_REST])), np.asarray(smooth)
    least = max(2 * float(np.std(losses[:AT_REST])), 0.01 * abs(start))
    risen = np.flatnonzero(values > np.minimum.accumulate(values) + least)
    before = values[: int(risen[0])] if len(risen) else values
    fallen = np.flatnonzero(before < start - least)
    if not len(fallen):
        return None
    # From where it has fallen for sure: before that, neighbours differ by chance.
    ends = np.arange(max(AT_REST, int(fallen[0])), int(np.argmin(before)) + 1)
    steepest = ends[int(np.argmax(before[ends - SPAN] - before[ends]))] if len(ends) else AT_REST
    return float(RATES[steepest - SPAN // 2])


def _say(found: RangeTest, training: Training) -> None:
    if found.rate is not None:
        log.info(f"learning rate: {found.rate:.2g} (range test)")
        return
    log.warning(
        f"warning: no rate from {RATES[0]:g} on made the loss fall in the range test; the rate is Keras' own for "
        f"{training.optimizer}: give a number as --learning_rate if that is not good"
    )
