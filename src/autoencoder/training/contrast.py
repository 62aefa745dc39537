"""Contrast: an autoencoder whose embedding also keeps together what looks alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..clustering.nearest import other_neighbours
from ..losses.neighbour import neighbour_contrast, projected_contrast
from ..metrics.pca import fit_pca
from ..model.build import Models
from ..sampling import evenly_spread
from ..settings import Training
from .local_features import local_features
from .pixels import Pixels
from .shrink import averaged

#: Neighbours are looked for among so many principal components of the pixels.
COMPONENTS = 50
#: The components are fitted on so many images at most, evenly spread.
FITTED_ON = 20_000
#: Neighbours are sought at so many pixels a side at most.
SEEN_SIDE = 32

#: From uint8 images of shape (n, height, width, channels) to float32 vectors of shape (n, d).
Seen = Callable[[Pixels], np.ndarray]


class ContrastedAutoencoder(keras.Model):
    """The autoencoder while it is trained with contrast.

    In training it takes 2 n images, n and then their partners, gives the reconstructions of the first n, and adds
    `weight` times the contrast of all 2 n embeddings to the loss. Otherwise it is the autoencoder itself. Its
    weights are the encoder's, the decoder's, and those of the head, which is no part of the models: a head of these
    widths is put on the embedding, and the contrast sees what it gives.
    """

    def __init__(self, models: Models, weight: float, head: Sequence[int] = ()) -> None:
        super().__init__(name="contrasted_autoencoder")
        self.encoder, self.decoder, self._weight = models.encoder, models.decoder, weight
        self.head = projection(math.prod(models.encoder.output.shape[1:]), head) if head else None

    def call(self, images: Any, training: bool = False) -> Any:
        """Return reconstructions, float32 of shape (n, height, width, channels)."""
        vectors = self.encoder(images, training=training)
        if not training:
            return self.decoder(vectors)
        count = tf.shape(vectors)[0] // 2
        flat = tf.reshape(vectors, (2 * count, math.prod(vectors.shape[1:])))
        seen = flat if self.head is None else self.head(flat, training=True)
        contrast = neighbour_contrast if self.head is None else projected_contrast
        self.add_loss(self._weight * contrast(tf.cast(seen, tf.float32)))
        return self.decoder(vectors[:count], training=True)


def projection(width: int, head: Sequence[int]) -> keras.Model:
    """Return a projection head: dense layers of the widths in `head`, with a relu between each two.

    Chen et al. 2020, arXiv:2002.05709, section 2.1.
    """
    inputs = x = keras.Input((width,), name="embedding")
    for number, units in enumerate(head):
        last = number + 1 == len(head)
        x = keras.layers.Dense(units, activation=None if last else "relu", name=f"projection_{number}")(x)
    return keras.Model(inputs, x, name="projection")


def paired(pixels: Pixels, training: Training, seen: Seen | None = None) -> np.ndarray | None:
    """Find the rows of `pixels` that each image may be paired with, as the training asks; None without contrast.

    `seen` turns the images into the vectors that neighbours are sought among; the one that the training names where
    none is given.

    Returns
    -------
    int32 array of shape (n, m)
        With neighbours, itself and they; with views, itself; with both, itself as often as its neighbours. A batch
        holds each image and one of these, each augmented on its own.
    """
    if not training.contrast:
        return None
    if training.contrast_with == "views":
        return np.arange(len(pixels), dtype=np.int32)[:, None]
    found = partners(pixels, training.neighbours, seen or SEEN[training.neighbours_from])
    if training.contrast_with == "both":
        # The image itself is drawn for every second pair.
        return np.column_stack([np.repeat(found[:, :1], max(1, found.shape[1] - 1), axis=1), found[:, 1:]])
    return found


def leading_components(pixels: Pixels) -> np.ndarray:
    """Return the leading principal components of images, shrunk to 32 pixels a side at most.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels)

    Returns
    -------
    float32 array of shape (n, at most 50)
    """
    sample = _flat(pixels[evenly_spread(len(pixels), FITTED_ON)]).astype(np.float32)
    fitted = fit_pca(sample, min(COMPONENTS, *sample.shape))
    starts = range(0, len(pixels), FITTED_ON)
    blocks = [fitted.transform(_flat(pixels[start : start + FITTED_ON])) for start in starts]
    return np.concatenate(blocks).astype(np.float32)


#: What turns images into the vectors that neighbours are sought among, by `neighbours_from`. A table's vectors, and
#: those of a teacher, come from outside.
SEEN: dict[str, Seen] = {"pixels": leading_components, "local": local_features}


def partners(pixels: Pixels, count: int, seen: Seen = leading_components) -> np.ndarray:
    """Find, for each image, those that it may be paired with: itself, and the `count` that look most alike.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels)
    count : int
        Neighbours, cut to n - 1.
    seen : function
        From the images to float32 vectors of shape (n, d).

    Returns
    -------
    int32 array of shape (n, count + 1)
        Rows of `pixels`; the first column is the image itself. Alike means near among the vectors; found exactly, in
        time that grows with the square of n.
    """
    if len(pixels) < 2:
        return np.zeros((len(pixels), 1), np.int32)
    rows = other_neighbours(seen(pixels), count)[1]
    return np.column_stack([np.arange(len(rows)), rows]).astype(np.int32)


def _flat(pixels: np.ndarray) -> np.ndarray:
    """Shrink images by averaging areas until no side is above 32 pixels, where what looks alike still does; flatten."""
    height, width = (min(side, SEEN_SIDE) for side in pixels.shape[1:3])
    return averaged(pixels, (height, width)).reshape(len(pixels), -1)
