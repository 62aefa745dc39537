"""Batch normalization of feature maps as one operation of TensorFlow, where Keras 3 makes thirty of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import keras
import tensorflow as tf


@contextlib.contextmanager
def fused(model: keras.Model) -> Iterator[None]:
    """Let the model's batch normalizations of feature maps be single operations in what is traced within the block.

    They give Keras' numbers up to rounding, and move the same averages; the layers stay Keras' own, and so do files.
    """
    # Blocks may lie inside each other; only the outermost one of a layer changes it, and back.
    concerned = [layer for layer in model._flatten_layers() if _fusible(layer) and "call" not in vars(layer)]
    for layer in concerned:
        vars(layer)["call"] = partial(_call, layer)
    try:
        yield
    finally:
        for layer in concerned:
            del vars(layer)["call"]


def _fusible(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization) and len(layer.gamma.shape) == 1 and layer.axis in (-1, 3)


def _call(layer: keras.layers.BatchNormalization, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
    """Normalise a batch of shape (n, height, width, channels): Ioffe & Szegedy 2015, Algorithm 1."""
    if not (training and layer.trainable and len(inputs.shape) == 4 and mask is None):
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
