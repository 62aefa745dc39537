"""Losses that compare images pixel by pixel or window by window."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

#: Wang et al. 2004, section III: the window.
_WINDOW = 11


def _per_image(values: Any) -> Any:
    return keras.ops.mean(values, axis=tuple(range(1, len(values.shape))))


@keras.saving.register_keras_serializable(package="autoencoder")
def binary_crossentropy(true: Any, predicted: Any) -> Any:
    """Cross-entropy of pixel levels read as probabilities, in nats a pixel; least, but not 0, where both agree."""
    return _per_image(keras.losses.binary_crossentropy(true, predicted))


@keras.saving.register_keras_serializable(package="autoencoder")
def mse(true: Any, predicted: Any) -> Any:
    """Mean squared error."""
    return _per_image(keras.ops.square(true - predicted))


@keras.saving.register_keras_serializable(package="autoencoder")
def mae(true: Any, predicted: Any) -> Any:
    """Mean absolute error."""
    return _per_image(keras.ops.abs(true - predicted))


@keras.saving.register_keras_serializable(package="autoencoder")
def huber(true: Any, predicted: Any) -> Any:
    """Huber's loss: squared below a difference of 0.1, straight above it (Huber 1964), so that outliers weigh less."""
    return _per_image(keras.losses.huber(true, predicted, delta=0.1))


@keras.saving.register_keras_serializable(package="autoencoder")
def ssim(true: Any, predicted: Any) -> Any:
    """One minus the structural similarity of Wang et al. 2004 (equation 13), from 0 (equal) to 2.

    The Gaussian window of 11 pixels shrinks to the image where the image is smaller.
    """
    window = min(_WINDOW, true.shape[1], true.shape[2])
    return 1 - tf.image.ssim(true, predicted, 1.0, filter_size=window)
