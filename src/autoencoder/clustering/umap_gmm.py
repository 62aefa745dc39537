"""A Gaussian mixture in UMAP's space (the clustering step of N2D)."""

import numpy as np

from ..sampling import drawn
from .clustering import Assignment, Clustering, means_of, order_by_size, renumber_assignment
from .gmm import fit_mixture, from_posterior, posterior
from .method import KNOWN, Method, Rule
from .nearest import blocks, neighbours, vote_weights
from .projection import project_umap

COMPONENTS = 10
NEIGHBOURS = 20
SAMPLE = 100_000
VOTERS = 5


def fit(vectors: np.ndarray, k: int, seed: int) -> Clustering:
    """Project by UMAP (10 components, 20 neighbours, min_dist 0) and fit a full-covariance mixture there.

    Past 100,000 rows a sample is projected, and the other rows are assigned to it like new ones.

    Parameters
    ----------
    vectors : float32 array of shape (n, d), n at least 4
    k : int
        Components; one that is the likeliest for no image is left out.
    seed : int

    Returns
    -------
    Clustering
        Confidence is the mean posterior of the own cluster over the five nearest vectors, its own among them; centres
        are the means of the members' vectors.
        `arrays` holds the vectors that were projected (known) and their coordinates (projected).

    References
    ----------
    McConville, Santos-Rodriguez, Piechocki & Craddock 2019, N2D, arXiv:1908.05968.
    """
    size = min(len(vectors), SAMPLE)
    known = vectors[drawn(len(vectors), SAMPLE, seed)]
    projected = project_umap(known, COMPONENTS, NEIGHBOURS, 0.0, seed)
    mixture, settings = fit_mixture(projected, k, seed)
    settings |= {"components": COMPONENTS, "neighbours": NEIGHBOURS, "projected": size}
    found = np.unique(posterior(mixture, projected).argmax(axis=1))
    arrays = {name: each[found] for name, each in mixture.items()} | {"known": known, "projected": projected}
    centers = means_of(known, posterior(arrays, projected).argmax(axis=1), len(found))
    assigned = _assign(arrays, centers, vectors)
    order = order_by_size(assigned.labels)
    arrays |= {name: arrays[name][order] for name in mixture}
    assigned = renumber_assignment(assigned, order)
    return Clustering("umap_gmm", len(order), *assigned, centers=centers[order], arrays=arrays, settings=settings)


def assign(clustering: Clustering, vectors: np.ndarray) -> Assignment:
    """Average the posteriors of the five nearest projected vectors, each weighed by its inverse distance.

    It stands for UMAP's own transform, which would need UMAP's object (a pickle). Posteriors and not coordinates
    are averaged: between two clusters, the mean of coordinates can fall into a third. A vector that was projected
    is its own nearest, so it keeps its cluster.

    Parameters
    ----------
    clustering : Clustering
    vectors : float32 array of shape (n, d)

    Returns
    -------
    Assignment
        Confidence is the plain mean of the five posteriors. (A mixture in UMAP's space is sure of nearly every vector;
        that neighbours lie in another cluster is what shows doubt.)
    """
    return _assign(clustering.arrays, clustering.centers, vectors)


def _assign(arrays: dict[str, np.ndarray], centers: np.ndarray, vectors: np.ndarray) -> Assignment:
    distances, rows = neighbours(arrays["known"], vectors, VOTERS)
    weights, posteriors = vote_weights(distances), posterior(arrays, arrays["projected"])
    labels, means = np.empty(len(vectors), np.int64), np.empty((len(vectors), len(centers)))
    for block in blocks(len(vectors), VOTERS * len(centers)):
        near = posteriors[rows[block]]
        labels[block] = np.einsum("nv,nvk->nk", weights[block], near).argmax(axis=1)
        means[block] = near.mean(axis=1)
    return from_posterior(means, vectors, centers, labels)


METHOD = Method(
    fit,
    assign,
    {
        "weights": Rule("k", least=0),
        "means": Rule("kc"),
        "precisions_cholesky": Rule("kcc"),
        "known": KNOWN,
        "projected": Rule("mc"),
    },
)
