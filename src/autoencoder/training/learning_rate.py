"""The optimizer and how its rate changes while the network learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ..settings import Training


def optimizer(training: Training, steps: int, shares: Sequence[float] | None = None) -> keras.optimizers.Optimizer:
    """Return the optimizer for a training of `steps` batches in all, with its rate or schedule of rates.

    Where the rate is still to be found, it is Keras' own for the optimizer. Of that rate each of the network's
    trainable variables has a share of its own, where `shares` are given.
    """
    kind = type(keras.optimizers.get(training.optimizer))
    chosen = kind() if shares is None else _shared(kind, shares)
    rate = training.learning_rate if isinstance(training.learning_rate, float) else current_rate(chosen)
    # Loshchilov & Hutter 2017 (SGDR), equation 5, without restarts.
    chosen.learning_rate = (
        keras.optimizers.schedules.CosineDecay(rate, steps) if training.schedule == "cosine" else rate
    )
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        # Keras sums the gradients of replicas through a custom gradient even where there is one, and TensorFlow keeps
        # the graph of each custom gradient for ever: 7 MB a training.
        chosen._all_reduce_sum_gradients = list
    return chosen


def _shared(kind: type[keras.optimizers.Optimizer], shares: Sequence[float]) -> keras.optimizers.Optimizer:
    class Shared(kind):
        """Moves each variable by its share of the rate, in the order of the variables that it was built for."""

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            share = shares[self._get_variable_index(variable)]
            super().update_step(gradient, variable, learning_rate * share)

    return Shared()


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
