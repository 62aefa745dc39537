"""A linear path in parts: each image is coded by the linear map of the part of the image space that it lies in.

Kambhatla & Leen 1997, "Dimension reduction by local principal component analysis", Neural Computation 9(7), section 3.
The last number of the embedding says which part it is, the others are coordinates. The maps of all parts are turned so
that their coordinates agree as far as they can: what is near in one part is near in another.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def _add_fixed(layer: keras.layers.Layer, shapes: dict[str, tuple[int, ...]]) -> None:
    """Give a layer weights that are not trained, each under its name."""
    for name, shape in shapes.items():
        setattr(layer, name, layer.add_weight(shape=shape, trainable=False, initializer="zeros", name=name))


@keras.saving.register_keras_serializable(package="autoencoder")
class LocalEmbedding(keras.layers.Layer):
    """Images of shape (n, values), and what a network adds, (n, width), to embeddings (n, width).

    Weights
    -------
    center (values,), maps (values, parts x (width - 1)), shifts (parts, width - 1), means (values, parts),
    lengths (parts,), spacing (1,): of the part `k` with mean `c_k`, from the center, and map `B_k` the shift is
    `B_k' c_k`, and the length `|c_k|^2`. The part that leaves the least error is taken; its number times the spacing is
    the last number, to which the network adds nothing.
    """

    def __init__(self, parts: int, **options: Any) -> None:
        super().__init__(**options)
        self.parts = parts

    def build(self, shapes: list[tuple[int, ...]]) -> None:
        """Make the weights; none of them is trained."""
        values, inner = shapes[0][-1], shapes[1][-1] - 1
        named = {
            "center": (values,),
            "maps": (values, self.parts * inner),
            "shifts": (self.parts, inner),
            "means": (values, self.parts),
            "lengths": (self.parts,),
            "spacing": (1,),
        }
        _add_fixed(self, named)

    def call(self, given: list[Any]) -> Any:
        """Return the embeddings."""
        images, added = given
        centered = images - self.center
        coordinates = ops.reshape(ops.matmul(centered, self.maps), (-1, *self.shifts.shape))
        # How much of the squared distance from the center a part explains, but for what all parts have in common.
        explained = ops.sum(ops.square(coordinates - self.shifts), axis=2)
        explained = explained + 2 * ops.matmul(centered, self.means) - self.lengths
        chosen = ops.one_hot(ops.argmax(explained, axis=1), self.parts)
        own = ops.sum(coordinates * chosen[:, :, None], axis=1)
        number = ops.matmul(chosen, ops.arange(self.parts, dtype="float32")[:, None]) * self.spacing
        return ops.concatenate([own + added[:, :-1], number], axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return what builds the layer again."""
        return {**super().get_config(), "parts": self.parts}


@keras.saving.register_keras_serializable(package="autoencoder")
class LocalImage(keras.layers.Layer):
    """Embeddings of a `LocalEmbedding` (n, width) back to images (n, values).

    Weights
    -------
    means (parts, values), maps (parts x (width - 1), values), shifts (parts, width - 1), spacing (1,): as there, but
    the means include the center.
    """

    def __init__(self, parts: int, values: int, **options: Any) -> None:
        super().__init__(**options)
        self.parts, self.values = parts, values

    def build(self, shape: tuple[int, ...]) -> None:
        """Make the weights; none of them is trained."""
        inner = shape[-1] - 1
        named = {
            "means": (self.parts, self.values),
            "maps": (self.parts * inner, self.values),
            "shifts": (self.parts, inner),
            "spacing": (1,),
        }
        _add_fixed(self, named)

    def call(self, embeddings: Any) -> Any:
        """Return the images."""
        number = ops.cast(ops.round(embeddings[:, -1] / ops.maximum(self.spacing, 1e-30)), "int32")
        chosen = ops.one_hot(ops.clip(number, 0, self.parts - 1), self.parts)
        # One product instead of one for each part: the coordinates stand in the columns of their part alone.
        placed = (embeddings[:, None, :-1] - self.shifts) * chosen[:, :, None]
        return ops.matmul(ops.reshape(placed, (-1, self.maps.shape[0])), self.maps) + ops.matmul(chosen, self.means)

    def get_config(self) -> dict[str, Any]:
        """Return what builds the layer again."""
        return {**super().get_config(), "parts": self.parts, "values": self.values}
