"""The mean squared error."""

from __future__ import annotations

from typing import Any

import keras

from .per_image import per_image


@keras.saving.register_keras_serializable(package="autoencoder")
def mse(true: Any, predicted: Any) -> Any:
    """Mean squared error."""
    return per_image(keras.ops.square(true - predicted))
