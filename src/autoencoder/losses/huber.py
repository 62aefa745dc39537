"""Huber's loss."""

from __future__ import annotations

from typing import Any

import keras

from .per_image import per_image


@keras.saving.register_keras_serializable(package="autoencoder")
def huber(true: Any, predicted: Any) -> Any:
    """Huber's loss: squared below a difference of 0.1, straight above it (Huber 1964), so that outliers weigh less."""
    return per_image(keras.losses.huber(true, predicted, delta=0.1))
