"""Use a trained network on batches of images."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf


def applied(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Return `model` in inference mode as a function from a batch, float32 in [0, 1], to a float32 array."""
    shape = (None, *model.input.shape[1:])
    graph = tf.function(
        lambda batch: tf.cast(model(batch, training=False), tf.float32), input_signature=[tf.TensorSpec(shape)]
    )
    return lambda batch: graph(tf.convert_to_tensor(batch, tf.float32)).numpy()
