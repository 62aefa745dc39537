"""Neighbour contrast: an autoencoder whose embedding also keeps together what looks alike."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..clustering.nearest import neighbours
from ..losses.neighbour import neighbour_contrast
from ..metrics.pca import fit_pca
from ..model.build import Models
from ..sampling import evenly_spread
from .feed import Pixels
from .shrink import averaged

#: Neighbours are looked for among so many principal components of the pixels.
COMPONENTS = 50
#: The components are fitted on so many images at most, evenly spread.
FITTED_ON = 20_000
#: Neighbours are sought at so many pixels a side at most.
SEEN_SIDE = 32


class ContrastedAutoencoder(keras.Model):
    """The autoencoder while it is trained with contrast.

    In training it takes 2 n images, n and then their partners, gives the reconstructions of the first n, and adds
    `weight` times the contrast of all 2 n embeddings to the loss. Otherwise it is the autoencoder itself. Its
    weights are the encoder's and the decoder's.
    """

    def __init__(self, models: Models, weight: float) -> None:
        super().__init__(name="contrasted_autoencoder")
        self.encoder, self.decoder, self._weight = models.encoder, models.decoder, weight

    def call(self, images: Any, training: bool = False) -> Any:
        """Return reconstructions, float32 of shape (n, height, width, channels)."""
        vectors = self.encoder(images, training=training)
        if not training:
            return self.decoder(vectors)
        count = tf.shape(vectors)[0] // 2
        self.add_loss(self._weight * neighbour_contrast(tf.reshape(tf.cast(vectors, tf.float32), (2 * count, -1))))
        return self.decoder(vectors[:count], training=True)


def partners(pixels: Pixels, count: int) -> np.ndarray:
    """Find, for each image, those that it may be paired with: itself, and the `count` that look most alike.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels)
    count : int
        Neighbours, cut to n - 1.

    Returns
    -------
    int32 array of shape (n, count + 1)
        Rows of `pixels`; the first column is the image itself. Alike means near in the leading principal components
        of the images, shrunk to 32 pixels a side at most; found exactly, in time that grows with the square of n.
    """
    if len(pixels) < 2:
        return np.zeros((len(pixels), 1), np.int32)
    sample = _flat(pixels[evenly_spread(len(pixels), FITTED_ON)]).astype(np.float32)
    fitted = fit_pca(sample, min(COMPONENTS, *sample.shape))
    starts = range(0, len(pixels), FITTED_ON)
    blocks = [fitted.transform(_flat(pixels[start : start + FITTED_ON])) for start in starts]
    vectors = np.concatenate(blocks).astype(np.float32)
    _, rows = neighbours(vectors, vectors, count + 1)
    others = rows != np.arange(len(rows))[:, None]
    # An image can miss among its own nearest where others are equal to it: then its farthest neighbour goes.
    others[others.all(axis=1), -1] = False
    return np.column_stack([np.arange(len(rows)), rows[others].reshape(len(rows), -1)]).astype(np.int32)


def _flat(pixels: np.ndarray) -> np.ndarray:
    """Shrink images by averaging areas until no side is above 32 pixels, where what looks alike still does; flatten."""
    height, width = (min(side, SEEN_SIDE) for side in pixels.shape[1:3])
    return averaged(pixels, (height, width)).reshape(len(pixels), -1)
