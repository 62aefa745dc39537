"""The mean absolute error."""

from __future__ import annotations

from typing import Any

import keras

from .per_image import per_image


@keras.saving.register_keras_serializable(package="autoencoder")
def mae(true: Any, predicted: Any) -> Any:
    """Mean absolute error."""
    return per_image(keras.ops.abs(true - predicted))
