"""Self-labelling: a network learns the surest members of each cluster, augmented, and labels all images anew."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from .graph import smoothed
from .refine import Refinement, Start, Targets

#: How often labels are passed along the graph: at the start, where they are k-means', and in every later round.
FIRST_STEPS, STEPS = 20, 4
#: The share of each cluster's images, the surest ones, that the network is trained on.
FIRST_SHARE, SHARE = 0.85, 0.92
LABEL_SMOOTHING = 0.1
DROP_RATE = 0.3


def self_label(start: Start) -> Refinement:
    """Teach a softmax head the clusters that a graph of alike images agrees on.

    Assignments are averaged along a graph of images that look alike, a second opinion that is independent of the
    network; the surest images of each cluster become the next round's labels. All of the encoder but its embedding
    is kept, under a new head; the logits are the new embedding.

    References
    ----------
    Self-labelling after clustering: Van Gansbeke et al. 2020 (SCAN), arXiv:2005.12320, section 2.3.
    """
    clusters, images = int(start.labels.max()) + 1, start.models.encoder.input
    logits = _logits(start.models.encoder, clusters)
    encoder = keras.Model(images, logits, name="encoder")
    network = keras.Model(images, {"clusters": layers.Softmax(name="assignment")(logits)}, name="labeller")
    given = np.eye(clusters, dtype=np.float32)[start.labels]

    def targets(q: np.ndarray, first: bool) -> Targets:
        agreed = smoothed(given if first else q, start.graph, FIRST_STEPS if first else STEPS)
        hard = np.eye(clusters, dtype=np.float32)[agreed.argmax(axis=1)]
        soft = hard * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / clusters
        return Targets(soft, surest(agreed, FIRST_SHARE if first else SHARE))

    return Refinement(network, encoder, targets, {"clusters": "categorical_crossentropy"}, {"clusters": 1.0})


def _logits(encoder: keras.Model, clusters: int) -> keras.KerasTensor:
    names = {layer.name for layer in encoder.layers}
    features = encoder.get_layer("dense_embedding").input if "dense_embedding" in names else encoder.output
    x = layers.Dropout(DROP_RATE, name="label_dropout")(layers.Flatten(name="label_flatten")(features))
    return layers.Dense(clusters, name="logits")(x)


def surest(assignments: np.ndarray, share: float) -> np.ndarray:
    """Weigh with 1 the `share` of each cluster's images that are assigned most clearly, with 0 the others.

    Parameters
    ----------
    assignments : float array of shape (n, k)
    share : float, 0 to 1

    Returns
    -------
    float32 array of shape (n,)
    """
    clusters, sureness = assignments.argmax(axis=1), assignments.max(axis=1)
    weights = np.zeros(len(assignments), np.float32)
    for cluster in np.unique(clusters):
        members = clusters == cluster
        weights[members] = sureness[members] >= np.quantile(sureness[members], 1 - share)
    return weights
