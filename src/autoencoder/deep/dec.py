"""DEC and IDEC: sharpen soft assignments around centres, without and with the reconstruction as an anchor.

On a convolutional encoder IDEC is DCEC (Guo et al. 2017); with augmentation both are the DEC-DA forms (Guo et al.
2018): targets come from clean images, predictions from augmented ones.
"""

from __future__ import annotations

import keras
import numpy as np

from ..losses import LOSSES
from ..model.student import StudentAssignment
from .refine import Refinement, Start, Targets

#: The weight of the clustering loss beside a mean squared error of pixels in [0, 1]; it is not portable to others.
GAMMA = 0.1


def target_distribution(q: np.ndarray) -> np.ndarray:
    """Sharpen soft assignments into the DEC training target.

    Parameters
    ----------
    q : float array of shape (n_images, n_clusters)
        Probabilities; every row sums to 1.

    Returns
    -------
    float array of shape (n_images, n_clusters)
        Probabilities; every row sums to 1.

    Raises
    ------
    ValueError
        If `q` is not two-dimensional or a cluster has no mass.

    References
    ----------
    Xie, Girshick & Farhadi 2016, arXiv:1511.06335, equation 3.
    """
    if q.ndim != 2:
        raise ValueError(f"soft assignments have the shape (images, clusters); received {q.shape}")
    mass = q.sum(axis=0)
    if not (mass > 0).all():
        raise ValueError(f"every cluster needs mass; cluster {int(np.argmin(mass))} has none")
    weighted = q**2 / mass
    return weighted / weighted.sum(axis=1, keepdims=True)


def dec(start: Start) -> Refinement:
    """Deep embedded clustering, from clusters that were found in the embedding."""
    q, _ = _head(start)
    network = keras.Model(start.models.encoder.input, {"clusters": q}, name="dec")
    return Refinement(network, start.models.encoder, _targets, {"clusters": "kld"}, {"clusters": 1.0})


def idec(start: Start) -> Refinement:
    """Improved deep embedded clustering: as `dec`, with the decoder and its reconstruction kept.

    References
    ----------
    Guo, Gao, Liu & Yin 2017, Improved deep embedded clustering with local structure preservation, IJCAI.
    """
    q, z = _head(start)
    outputs = {"clusters": q, "image": start.models.decoder(z)}
    network = keras.Model(start.models.encoder.input, outputs, name="idec")
    losses, weights = {"clusters": "kld", "image": LOSSES["mse"]}, {"clusters": GAMMA, "image": 1.0}
    return Refinement(network, start.models.encoder, _targets, losses, weights)


def _head(start: Start) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    z = start.models.encoder.output
    layer = StudentAssignment(int(start.labels.max()) + 1, name="assignment")
    q = layer(keras.layers.Flatten(name="assignment_flatten")(z))
    means = [start.vectors[start.labels == cluster].mean(axis=0) for cluster in range(layer.clusters)]
    layer.centers.assign(np.stack(means))
    return q, z


def _targets(q: np.ndarray, first: bool) -> Targets:
    return Targets(target_distribution(q).astype(np.float32), np.ones(len(q), np.float32))
