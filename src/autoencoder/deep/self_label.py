"""Self-labelling: a network learns the surest members of each cluster, augmented, and labels all images anew."""

from __future__ import annotations

import keras
import numpy as np
import scipy.sparse
from keras import layers

from ..model.build import Models
from ..training.contrast import partners
from .refine import Refinement, Targets

NEIGHBOURS = 10
#: How often labels are passed along the graph: at the start, where they are k-means', and in every later round.
FIRST_STEPS, STEPS = 20, 4
#: The share of each cluster's images, the surest ones, that the network is taught.
FIRST_SHARE, SHARE = 0.85, 0.92
LABEL_SMOOTHING = 0.1
DROP_RATE = 0.3


def self_label(models: Models, pixels: np.ndarray, labels: np.ndarray, vectors: np.ndarray) -> Refinement:
    """Teach a softmax head the clusters that a graph of alike images agrees on.

    The graph joins each image with those that are nearest in the pixels' principal components: a second opinion,
    independent of the network. Assignments are averaged along it; the surest images of each cluster become the
    next round's labels.

    Parameters
    ----------
    models : Models
        Trained; all of the encoder but its embedding is kept under a new head.
    pixels : uint8 array of shape (n, height, width, channels)
    labels : int array of shape (n,)
        0 to k - 1, every cluster with members.
    vectors : float32 array of shape (n, d)
        The embedding of `pixels`; not needed by this method.

    References
    ----------
    Label propagation: Zhou et al. 2004, Learning with local and global consistency, NIPS. Self-labelling after
    clustering: Van Gansbeke et al. 2020 (SCAN), arXiv:2005.12320, section 2.3.
    """
    clusters = int(labels.max()) + 1
    graph = neighbour_graph(pixels)
    logits = _logits(models.encoder, clusters)
    encoder = keras.Model(models.encoder.input, logits, name="encoder")
    network = keras.Model(
        models.encoder.input, {"clusters": layers.Softmax(name="assignment")(logits)}, name="labeller"
    )
    given = np.eye(clusters, dtype=np.float32)[labels]

    def targets(q: np.ndarray, first: bool) -> Targets:
        agreed = smoothed(given if first else q, graph, FIRST_STEPS if first else STEPS)
        taught = np.eye(clusters, dtype=np.float32)[agreed.argmax(axis=1)]
        soft = taught * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / clusters
        return Targets(soft, surest(agreed, FIRST_SHARE if first else SHARE))

    return Refinement(network, encoder, targets, {"clusters": "categorical_crossentropy"}, {"clusters": 1.0})


def _logits(encoder: keras.Model, clusters: int) -> keras.KerasTensor:
    names = {layer.name for layer in encoder.layers}
    features = encoder.get_layer("dense_embedding").input if "dense_embedding" in names else encoder.output
    x = layers.Dropout(DROP_RATE, name="label_dropout")(layers.Flatten(name="label_flatten")(features))
    return layers.Dense(clusters, name="logits")(x)


def neighbour_graph(pixels: np.ndarray) -> scipy.sparse.csr_array:
    """Join each image, both ways, with the ten that look most alike, and let every row sum to 1.

    Returns
    -------
    sparse float32 array of shape (n, n)
    """
    near = partners(pixels, min(NEIGHBOURS, len(pixels) - 1))[:, 1:]
    count, width = near.shape
    rows = np.repeat(np.arange(count), width)
    one_way = scipy.sparse.csr_array((np.ones(rows.size, np.float32), (rows, near.ravel())), shape=(count, count))
    both = one_way.maximum(one_way.T)
    return scipy.sparse.diags_array((1 / both.sum(axis=1)).astype(np.float32)) @ both


def smoothed(assignments: np.ndarray, graph: scipy.sparse.csr_array, steps: int) -> np.ndarray:
    """Average assignments, float32 (n, k), with those of the neighbours, `steps` times over."""
    for _ in range(steps):
        assignments = 0.5 * assignments + 0.5 * (graph @ assignments)
    return assignments


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
