"""Losses that compare images pixel by pixel or window by window."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

#: Wang et al. 2004, section III: stabilising constants for images in [0, 1], and the window.
_C1, _C2 = 0.01**2, 0.03**2
_WINDOW, _SIGMA = 11, 1.5


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
    offsets = tf.range(window, dtype=tf.float32) - (window - 1) / 2
    line = tf.nn.softmax(-(offsets**2) / (2 * _SIGMA**2))
    kernel = tf.tile((line[:, None] * line[None, :])[:, :, None, None], (1, 1, true.shape[3], 1))

    def blur(image: Any) -> Any:
        return tf.nn.depthwise_conv2d(image, kernel, (1, 1, 1, 1), "VALID")

    mean_t, mean_p = blur(true), blur(predicted)
    variance = blur(true**2) + blur(predicted**2) - mean_t**2 - mean_p**2
    covariance = blur(true * predicted) - mean_t * mean_p
    luminance = (2 * mean_t * mean_p + _C1) / (mean_t**2 + mean_p**2 + _C1)
    return 1 - _per_image(luminance * (2 * covariance + _C2) / (variance + _C2))
