"""The layer that turns embeddings into soft assignments to clusters."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="autoencoder")
class StudentAssignment(keras.layers.Layer):
    """Soft assignment by a Student-t kernel of one degree of freedom around trainable centres.

    Takes float32 (n, d), gives probabilities (n, clusters): q_ij proportional to 1 / (1 + |z_i - m_j|^2).

    References
    ----------
    Xie, Girshick & Farhadi 2016, arXiv:1511.06335, equation 1.
    """

    def __init__(self, clusters: int, **options: Any) -> None:
        super().__init__(**options)
        self.clusters = clusters

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the centres, of shape (clusters, d)."""
        self.centers = self.add_weight(shape=(self.clusters, shape[-1]), initializer="glorot_uniform", name="centers")

    def call(self, vectors: Any) -> Any:
        """Return the probabilities."""
        distances = ops.sum(ops.square(vectors[:, None, :] - self.centers[None, :, :]), axis=2)
        similar = 1.0 / (1.0 + distances)
        return similar / ops.sum(similar, axis=1, keepdims=True)

    def get_config(self) -> dict[str, Any]:
        """Return what builds the layer again."""
        return {**super().get_config(), "clusters": self.clusters}
