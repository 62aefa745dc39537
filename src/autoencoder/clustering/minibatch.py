"""Mini-batch k-means, for sets that full passes would take too long on."""

import numpy as np

from .clustering import Clustering
from .kmeans import assign, from_centers
from .method import Method

STARTS = 10
BATCH = 4096


def fit(vectors: np.ndarray, k: int, seed: int) -> Clustering:
    """Cluster by mini-batch k-means in scikit-learn's form.

    Parameters
    ----------
    vectors : float32 array of shape (n, d)
    k : int
    seed : int

    Returns
    -------
    Clustering
        With the confidence that `kmeans` gives.

    References
    ----------
    Sculley 2010, Web-scale k-means clustering.
    """
    from sklearn.cluster import MiniBatchKMeans

    means = MiniBatchKMeans(k, batch_size=BATCH, n_init=STARTS, random_state=seed).fit(vectors)
    settings = {"seed": seed, "k": k, "starts": STARTS, "batch": BATCH, "steps": int(means.n_steps_)}
    return from_centers("minibatch", vectors, means.cluster_centers_, settings)


METHOD = Method(fit, assign)
