"""Clusters that a trained head assigns softly: a Student-t kernel around centres (DEC), or a softmax of logits."""

import numpy as np

from .clustering import Assignment, Clustering, means_of, order_by_size, renumber_assignment
from .method import Method, Rule


def from_assignments(method: str, q: np.ndarray, vectors: np.ndarray, settings: dict) -> Clustering:
    """Make a clustering of the soft assignments that a network gave.

    Parameters
    ----------
    method : str
        Key of `METHODS`: dec, idec or self_label.
    q : float32 array of shape (n, k)
        Rows sum to 1; every cluster is the likeliest of some image.
    vectors : float32 array of shape (n, d)
        The embedding; of self_label, the logits, with d = k.
    settings : dict
        How the clusters were found.

    Returns
    -------
    Clustering
        Confidence is the assignment to the own cluster; centres are the means of the members' vectors.
    """
    order = order_by_size(q.argmax(axis=1))
    centers = means_of(vectors, q.argmax(axis=1), q.shape[1])
    assigned = renumber_assignment(_assigned(q, vectors, centers), order)
    return Clustering(method, len(order), *assigned, centers[order], {"order": order}, settings)


def with_kernel(clustering: Clustering, kernel: np.ndarray) -> Clustering:
    """Add the head's own centres, float32 (k, d) in the head's order, by which DEC assigns."""
    clustering.arrays["kernel"] = kernel[clustering.arrays["order"]]
    return clustering


def assign_by_kernel(clustering: Clustering, vectors: np.ndarray) -> Assignment:
    """Assign by a Student-t kernel around the head's centres (Xie et al. 2016, arXiv:1511.06335, equation 1)."""
    distances = ((vectors[:, None, :] - clustering.arrays["kernel"][None]) ** 2).sum(axis=2)
    similar = 1.0 / (1.0 + distances)
    return _assigned(similar / similar.sum(axis=1, keepdims=True), vectors, clustering.centers)


def assign_by_softmax(clustering: Clustering, vectors: np.ndarray) -> Assignment:
    """Assign by the softmax of vectors that are logits."""
    logits = vectors[:, clustering.arrays["order"]].astype(np.float64)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return _assigned(powers / powers.sum(axis=1, keepdims=True), vectors, clustering.centers)


def _assigned(q: np.ndarray, vectors: np.ndarray, centers: np.ndarray) -> Assignment:
    ranked = np.argsort(-q, axis=1, kind="stable")
    labels = ranked[:, 0].astype(np.int32)
    distances = np.linalg.norm(vectors - centers[labels], axis=1).astype(np.float32)
    confidence = np.take_along_axis(q, ranked[:, :1], axis=1)[:, 0].astype(np.float32)
    return Assignment(labels, distances, confidence, ranked[:, 1].astype(np.int32))


BY_KERNEL = Method(None, assign_by_kernel, {"kernel": Rule("kd")})
BY_SOFTMAX = Method(None, assign_by_softmax, {"order": Rule("k", True, 0, below="d")})
