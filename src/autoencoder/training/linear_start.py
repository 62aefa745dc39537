"""Start a linear path from the principal components of the training images."""

from __future__ import annotations

import keras
import numpy as np

from ..metrics.pca import fit_pca_of_images
from ..model.build import Models
from ..model.linear_path import LINEAR
from ..sampling import evenly_spread
from ..settings import Training
from .local_pca import fit_local_pca
from .pixels import Pixels

#: The network's last layers: with zeros in them it adds nothing to the linear path, and they learn first.
_LAST = (("encoder", "dense_embedding"), ("decoder", "deconv_0"))
#: On so many images it is seen how far coordinates spread.
SAMPLE = 1000


def start_from_pca(models: Models, pixels: Pixels, training: Training) -> None:
    """Give the linear path the weights of a PCA, or of one for each part, and the network beside it a part of nothing.

    The models are then the best linear autoencoder of their width, in each part. Where there are fewer components
    than the embedding has numbers, the last numbers are left to the network.

    Parameters
    ----------
    models : Models
        With a linear path.
    pixels : uint8 array of shape (n, height, width, channels), or what is cut like one
        The training images.
    training : Training
        Gives `seed`; with `hflip` among its augmentations the parts are fitted to mirror images too.
    """
    ends = models.encoder.get_layer(f"{LINEAR}embedding"), models.decoder.get_layer(f"{LINEAR}pixels")
    width = models.encoder.output.shape[-1]
    if hasattr(ends[0], "parts"):
        _set_parts(*ends, width, pixels, training)
    else:
        mean, components = fit_pca_of_images(pixels, width, training.seed)
        maps = _padded(components, width)
        ends[0].set_weights([maps.T, -maps @ mean])
        ends[1].set_weights([maps, mean])
    for half, name in _LAST:
        layer = getattr(models, half).get_layer(name)
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])


def _set_parts(
    embedding: keras.layers.Layer, image: keras.layers.Layer, width: int, pixels: Pixels, training: Training
) -> None:
    mirrored = "hflip" in (training.augment or ())
    center, means, components = fit_local_pca(pixels, width - 1, embedding.parts, training.seed, mirrored=mirrored)
    maps = np.stack([_padded(own, width - 1) for own in components])
    shifts = np.einsum("kiv,kv->ki", maps, means)
    flat = maps.reshape(-1, maps.shape[2])
    # The number of the part is as weighty in a distance as the least of the coordinates.
    sample = pixels[evenly_spread(len(pixels), SAMPLE)].reshape(-1, len(center)) / np.float32(255)
    least = float(((sample - center) @ maps[0].T).std(axis=0).min())
    spacing = np.array([max(least, 1e-3) / len(means)], np.float32)
    lengths = np.square(means).sum(axis=1)
    embedding.set_weights([center, flat.T, shifts, means.T, lengths, spacing])
    image.set_weights([means + center, flat, shifts, spacing])


def _padded(components: np.ndarray, width: int) -> np.ndarray:
    """Return components of shape (found, values) with zeros for those that were not found."""
    return np.pad(components, ((0, width - len(components)), (0, 0)))
