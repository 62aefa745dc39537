"""Which precision a network trains in, found by a trial on its own images."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import keras
import numpy as np

from ..losses import LOSSES
from ..model.precision import computing_in
from ..settings import Training
from .feed import Pixels, steps, training_batches
from .learning_rate import optimizer

TRIAL_STEPS, _WARM_UP = 40, 8
#: Below so many seconds in all, a trial costs more than it can save.
WORTH_A_TRIAL = 60.0
#: bfloat16 is taken where it is so many times as fast at least, and its loss at most so many times as high.
FASTER, HIGHER = 1.1, 1.02


class Trial(NamedTuple):
    """What was seen in one precision: seconds of an undisturbed step, and the mean loss of the trial's steps."""

    seconds: float
    loss: float


class Choice(NamedTuple):
    """The precision to train in, and a sentence with the figures that say why."""

    precision: str
    why: str


def choose_precision(autoencoder: keras.Model, pixels: Pixels, training: Training) -> Choice:
    """Train 40 steps in float32 and 40 in bfloat16, from the same weights and on the same batches, and compare.

    A training that takes less than a minute is float32 without a second trial. Afterwards the network is as it was.

    Parameters
    ----------
    autoencoder : keras.Model
    pixels : uint8 array of shape (n, height, width, channels), or what is cut like one; as for `fit`
    training : Training
    """
    plain = _trial(autoencoder, pixels, training, "float32")
    whole = plain.seconds * steps(len(pixels), training.batch_size) * training.train_epochs
    if whole < WORTH_A_TRIAL:
        return Choice("float32", f"training takes about {whole:.0f} seconds, too few to try another")
    return judge(plain, _trial(autoencoder, pixels, training, "bfloat16"))


def judge(plain: Trial, brief: Trial) -> Choice:
    """Choose between the trials in float32 (`plain`) and in bfloat16 (`brief`)."""
    speed, loss = plain.seconds / brief.seconds, brief.loss / plain.loss
    chosen = "bfloat16" if speed >= FASTER and loss <= HIGHER else "float32"
    return Choice(
        chosen, f"bfloat16 takes {speed:.2f} times as many images a second, and its loss is {loss:.4f} of float32's"
    )


def _trial(autoencoder: keras.Model, pixels: Pixels, training: Training, precision: str) -> Trial:
    before = [variable.numpy() for variable in autoencoder.variables]
    times: list[float] = []

    def tell(batch: int, logs: Any) -> None:
        times.append(time.perf_counter())

    whole = steps(len(pixels), training.batch_size) * training.train_epochs
    with computing_in(precision, autoencoder):
        autoencoder.compile(optimizer=optimizer(training, whole), loss=LOSSES[training.loss])
        logs = autoencoder.fit(
            training_batches(pixels, training, paired=pixels.shape[-1] != autoencoder.input.shape[-1]),
            steps_per_epoch=TRIAL_STEPS,
            callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=tell)],
            verbose=0,
            shuffle=False,
        )
    for variable, value in zip(autoencoder.variables, before, strict=False):
        variable.assign(value)
    # Other programs only ever make a step longer: the lower quartile is nearest to the arithmetic.
    return Trial(float(np.quantile(np.diff(times[_WARM_UP:]), 0.25)), float(logs.history["loss"][-1]))
