"""Cross-entropy of pixel levels."""

from __future__ import annotations

from typing import Any

import keras

from .per_image import per_image


@keras.saving.register_keras_serializable(package="autoencoder")
def binary_crossentropy(true: Any, predicted: Any) -> Any:
    """Cross-entropy of pixel levels read as probabilities, in nats a pixel; least, but not 0, where both agree."""
    return per_image(keras.losses.binary_crossentropy(true, predicted))
