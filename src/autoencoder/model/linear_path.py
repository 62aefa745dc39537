"""A linear path beside the CNN, at both ends: the embedding and the image are sums of a linear map and the network.

With the weights of a PCA in the linear maps and zeros in the last layers of the network, training starts from the best
linear autoencoder of the same width, and the network learns what is left (training/linear_start.py).
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers, ops

from ..settings import Architecture
from .local_path import LocalEmbedding, LocalImage

#: What the names of these layers begin with. They always compute in float32: their sums have many small terms.
LINEAR = "linear_"


@keras.saving.register_keras_serializable(package="autoencoder")
class ClippedImage(keras.layers.Layer):
    """Cut an image to [0, 1] where it is used; while the network learns it is passed on as it is, with its gradient."""

    def call(self, image: Any, training: bool = False) -> Any:
        """Return float32 of the image's shape."""
        return image if training else ops.clip(image, 0.0, 1.0)


def add_linear_embedding(image: Any, embedding: Any, architecture: Architecture) -> Any:
    """Add a linear map of the image (n, height, width, channels) to its embedding (n, width)."""
    flat = layers.Flatten(dtype="float32", name=f"{LINEAR}flatten")(image)
    if architecture.linear_path == "local_pca":
        return LocalEmbedding(architecture.linear_parts, dtype="float32", name=f"{LINEAR}embedding")([flat, embedding])
    mapped = layers.Dense(embedding.shape[-1], dtype="float32", name=f"{LINEAR}embedding")(flat)
    return layers.Add(dtype="float32", name=f"{LINEAR}sum")([mapped, embedding])


def add_linear_image(embedding: Any, image: Any, architecture: Architecture) -> Any:
    """Add a linear map of the embedding (n, width) to the image (n, height, width, channels), and clip it."""
    shape = image.shape[1:]
    values, options = math.prod(shape), {"dtype": "float32", "name": f"{LINEAR}pixels"}
    if architecture.linear_path == "local_pca":
        mapped = LocalImage(architecture.linear_parts, values, **options)(embedding)
    else:
        mapped = layers.Dense(values, **options)(embedding)
    mapped = layers.Reshape(shape, dtype="float32", name=f"{LINEAR}image")(mapped)
    summed = layers.Add(dtype="float32", name=f"{LINEAR}image_sum")([mapped, image])
    return ClippedImage(dtype="float32", name="clipped_image")(summed)
