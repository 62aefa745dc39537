"""The optimizer and how its rate changes while the network learns."""

from __future__ import annotations

import keras

from ..settings import Training
from .fused_optimizers import FUSED


def optimizer(training: Training, steps: int) -> keras.optimizers.Optimizer:
    """Return the optimizer for a training of `steps` batches in all, with its rate or schedule of rates.

    Where the rate is still to be found, it is Keras' own for the optimizer.
    """
    chosen = FUSED[training.optimizer]() if training.optimizer in FUSED else keras.optimizers.get(training.optimizer)
    rate = training.learning_rate if isinstance(training.learning_rate, float) else current_rate(chosen)
    # Loshchilov & Hutter 2017 (SGDR), equation 5, without restarts.
    chosen.learning_rate = (
        keras.optimizers.schedules.CosineDecay(rate, steps) if training.schedule == "cosine" else rate
    )
    return chosen


def plateau(training: Training) -> list[keras.callbacks.Callback]:
    """Return the callback that halves the rate where val_loss no longer falls, if that is asked for."""
    if training.reduce_lr is None:
        return []
    # Keras' own min_delta is absolute: of a loss of .0005 every fall would be too small.
    return [
        keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=training.reduce_lr, min_delta=0.0)
    ]


def current_rate(chosen: keras.optimizers.Optimizer) -> float:
    """Return the rate of the next step."""
    return float(chosen.learning_rate.numpy())
