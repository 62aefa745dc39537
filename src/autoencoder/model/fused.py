"""Layers computed by fewer, faster operations of TensorFlow than Keras 3 makes of them.

To add one: write a function of the layer and its call's arguments, and give it a line in `FASTER`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import keras
import tensorflow as tf


@contextlib.contextmanager
def fused(model: keras.Model) -> Iterator[None]:
    """Let the model's layers compute by `FASTER` in what is traced within the block.

    They give Keras' numbers up to rounding, and move the same averages; the layers stay Keras' own, and so do files.
    """
    # Blocks may lie inside each other; only the outermost one of a layer changes it, and back.
    concerned = [layer for layer in model._flatten_layers() if type(layer) in FASTER and "call" not in vars(layer)]
    for layer in concerned:
        vars(layer)["call"] = partial(FASTER[type(layer)], layer)
    try:
        yield
    finally:
        for layer in concerned:
            del vars(layer)["call"]


def _normalize(
    layer: keras.layers.BatchNormalization, inputs: Any, training: bool | None = None, mask: Any = None
) -> Any:
    """Normalise a batch of feature maps (n, height, width, channels) at once, for which Keras 3 takes thirty steps.

    Ioffe & Szegedy 2015, Algorithm 1.
    """
    maps = len(inputs.shape) == 4 and layer.axis in (-1, 3) and mask is None and layer.scale and layer.center
    maps = maps and not layer.synchronized  # copies of a network share the mean of all, as Keras works it out
    if not (training and layer.trainable and maps):
        return type(layer).call(layer, inputs, training=training, mask=mask)
    found = tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=layer.gamma,
        offset=layer.beta,
        mean=tf.zeros(0),
        variance=tf.zeros(0),
        epsilon=layer.epsilon,
        is_training=True,
    )
    # TensorFlow gives the unbiased estimate, of n - 1 values; Keras keeps the variance of the n values themselves.
    count = tf.cast(tf.size(inputs) // inputs.shape[-1], tf.float32)
    variance = found.batch_variance * (count - 1) / count
    for average, value in ((layer.moving_mean, found.batch_mean), (layer.moving_variance, variance)):
        average.assign(average * layer.momentum + value * (1 - layer.momentum))
    return found.y


def _crop(layer: keras.layers.Cropping2D, inputs: Any) -> Any:
    """Cut feature maps (n, height, width, channels) by a slice: its gradient is a mere pad."""
    (top, bottom), (left, right) = layer.cropping
    height, width = inputs.shape[1] - top - bottom, inputs.shape[2] - left - right
    return tf.slice(inputs, (0, top, left, 0), (-1, height, width, -1))


FASTER: dict[type[keras.layers.Layer], Callable[..., Any]] = {
    keras.layers.BatchNormalization: _normalize,
    keras.layers.Cropping2D: _crop,
}
