"""Use a trained network on batches of images."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import tree

#: What the layers of a network hold of one batch at most.
HELD_BYTES = 2**27


def fitting_batch(model: keras.Model, most: int) -> int:
    """Return how many images a model takes at once: `most`, or as many as keep what its layers give in 128 MiB."""
    held = sum(math.prod(part.shape[1:]) for layer in _layers(model) for part in tree.flatten(layer.output))
    return int(max(1, min(most, HELD_BYTES // (4 * max(1, held)))))


def _layers(model: keras.Model) -> Iterator[Any]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def applied(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Return `model` in inference mode as a function from a batch, float32 in [0, 1], to a float32 array."""
    shape = (None, *model.input.shape[1:])
    graph = tf.function(
        lambda batch: tf.cast(model(batch, training=False), tf.float32), input_signature=[tf.TensorSpec(shape)]
    )
    return lambda batch: graph(tf.convert_to_tensor(batch, tf.float32)).numpy()
