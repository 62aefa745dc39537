"""Start a linear path from the principal components of the training images."""

from __future__ import annotations

import numpy as np

from ..metrics.pca import fit_pca_of_images
from ..model.build import Models
from ..model.linear_path import LINEAR
from .pixels import Pixels

#: The network's last layers: with zeros in them it adds nothing to the linear path, and they learn first.
_LAST = (("encoder", "dense_embedding"), ("decoder", "deconv_0"))


def start_from_pca(models: Models, pixels: Pixels, seed: int) -> None:
    """Give the linear path the weights of a PCA, and the network beside it a part of nothing.

    The models are then the best linear autoencoder of their width. Where there are fewer components than the
    embedding has numbers, the last numbers are left to the network.

    Parameters
    ----------
    models : Models
        With a linear path.
    pixels : uint8 array of shape (n, height, width, channels), or what is cut like one
        The training images.
    seed : int
        Of the randomized solver, where there is need of one.
    """
    width = models.encoder.output.shape[-1]
    mean, components = fit_pca_of_images(pixels, width, seed)
    padded = np.zeros((width, components.shape[1]), np.float32)
    padded[: len(components)] = components
    models.encoder.get_layer(f"{LINEAR}embedding").set_weights([padded.T, -padded @ mean])
    models.decoder.get_layer(f"{LINEAR}pixels").set_weights([padded, mean])
    for half, name in _LAST:
        layer = getattr(models, half).get_layer(name)
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
