"""Use a trained network on batches of images."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import tree

from .encoder import HELD_BYTES

#: So many small images at once keep a processor busy; more gain nothing.
AT_ONCE = 1024


def fitting_batch(model: keras.Model, most: int = AT_ONCE) -> int:
    """Return how many images a model takes at once: `most`, or as many as keep what its layers give in 128 MiB."""
    shapes = (part.shape[1:] for layer in every_layer(model) for part in tree.flatten(layer.output))
    # A side that is known only later, in a network of another program, counts as one.
    held = sum(math.prod(side or 1 for side in shape) for shape in shapes)
    return int(max(1, min(most, HELD_BYTES // (4 * max(1, held)))))


def every_layer(model: keras.Model) -> Iterator[Any]:
    """Yield the layers of a model in order, and in the place of a model among them its layers."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from every_layer(layer)
        else:
            yield layer


def embedded(model: keras.Model, pixels: Any) -> np.ndarray:
    """Return what a model makes of decoded images; no more of them are floats than it takes at once.

    Parameters
    ----------
    model : keras.Model
    pixels : uint8 array of shape (n, height, width, channels), n at least 1, or what is cut like one

    Returns
    -------
    float32 array of shape (n, ...)
    """
    apply, step = applied(model), fitting_batch(model)
    starts = range(0, len(pixels), step)
    return np.concatenate([apply(pixels[at : at + step].astype(np.float32) / np.float32(255)) for at in starts])


def applied(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Return `model` in inference mode as a function from images, float32 in [0, 1], to a float32 array.

    However many images it is given, the network sees no more of them at once than `fitting_batch` says.
    """
    step = fitting_batch(model)
    shape = (None, *model.input.shape[1:])
    graph = tf.function(
        lambda batch: tf.cast(model(batch, training=False), tf.float32), input_signature=[tf.TensorSpec(shape)]
    )

    def apply(images: np.ndarray) -> np.ndarray:
        starts = range(0, max(1, len(images)), step)
        parts = [graph(tf.convert_to_tensor(images[at : at + step], tf.float32)).numpy() for at in starts]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    return apply
