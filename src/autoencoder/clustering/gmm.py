"""Gaussian mixtures with full covariances."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import Any

import numpy as np

from ..sampling import drawn
from .clustering import Assignment, Clustering, order_by_size, renumber_assignment
from .method import Method, Rule
from .nearest import blocks, margins

STARTS = 20
SAMPLE = 10_000
_STEPS = 300
_TOLERANCE = 1e-3
# Of the data's mean variance: keeps a component that sits on copies of one image from shrinking to a point.
_FLOOR = 1e-3

Mixture = dict[str, np.ndarray]


def fit(vectors: np.ndarray, k: int, seed: int) -> Clustering:
    """Cluster by a mixture of Gaussians with full covariances.

    Parameters
    ----------
    vectors : float32 array of shape (n, d)
    k : int
        Components; one that is the likeliest for no image is left out, so that fewer clusters may be found.
    seed : int

    Returns
    -------
    Clustering
        Confidence is the posterior of the own component; centres are the components' means.
    """
    mixture, settings = fit_mixture(vectors, k, seed)
    found = np.unique(posterior(mixture, vectors).argmax(axis=1))
    mixture = {name: each[found] for name, each in mixture.items()}
    centers = mixture["means"].astype(np.float32)
    assigned = from_posterior(posterior(mixture, vectors), vectors, centers)
    order = order_by_size(assigned.labels)
    mixture = {name: each[order] for name, each in mixture.items()}
    assigned = renumber_assignment(assigned, order)
    return Clustering("gmm", len(order), *assigned, centers=centers[order], arrays=mixture, settings=settings)


def assign(clustering: Clustering, vectors: np.ndarray) -> Assignment:
    """Put each vector to the likeliest component.

    Parameters
    ----------
    clustering : Clustering
    vectors : float32 array of shape (n, d)

    Returns
    -------
    Assignment
    """
    return from_posterior(posterior(clustering.arrays, vectors), vectors, clustering.centers)


def fit_mixture(points: np.ndarray, k: int, seed: int) -> tuple[Mixture, dict[str, Any]]:
    """Fit a mixture: twenty starts from k-means on a sample of 10,000 rows, then all rows from the likeliest.

    Parameters
    ----------
    points : float array of shape (n, d)
    k : int
    seed : int

    Returns
    -------
    mixture : dict
        weights (k,), means (k, d) and precisions_cholesky (k, d, d), all float64.
    settings : dict
        seed, k, starts, sample, steps, converged and the mean log-likelihood of a row.
    """
    from sklearn.exceptions import ConvergenceWarning

    origin, spread = points.mean(axis=0, dtype=np.float64), float(points.std(dtype=np.float64)) or 1.0
    scaled = (points - origin) / spread
    size = min(len(scaled), SAMPLE)
    chosen = drawn(len(scaled), size, seed)
    with warnings.catch_warnings(), ThreadPoolExecutor(cpu_count()) as pool:
        # Said in the settings instead: a mixture that still moves by more than the tolerance sorts well all the same.
        warnings.simplefilter("ignore", ConvergenceWarning)
        seeds = [int(each) for each in np.random.SeedSequence(seed).generate_state(STARTS)]
        models = pool.map(lambda each: _mixture(k, each).fit(scaled[chosen]), seeds)
        model = max(models, key=lambda each: each.lower_bound_)
        if size < len(scaled):
            model = _mixture(k, seed, model).fit(scaled)
    mixture = {
        "weights": model.weights_,
        "means": model.means_ * spread + origin,
        "precisions_cholesky": model.precisions_cholesky_ / spread,
    }
    settings = {"seed": seed, "k": k, "starts": STARTS, "sample": size, "steps": int(model.n_iter_)}
    likelihood = float(model.lower_bound_) - points.shape[1] * float(np.log(spread))
    return mixture, settings | {"converged": bool(model.converged_), "log_likelihood": likelihood}


def _mixture(k: int, seed: int, start: Any = None) -> Any:
    from sklearn.mixture import GaussianMixture

    begin = {}
    if start is not None:
        begin = {"weights_init": start.weights_, "means_init": start.means_, "precisions_init": start.precisions_}
    return GaussianMixture(k, reg_covar=_FLOOR, max_iter=_STEPS, tol=_TOLERANCE, random_state=seed, **begin)


def posterior(mixture: Mixture, points: np.ndarray) -> np.ndarray:
    """Compute the probability of each component, given each point.

    Parameters
    ----------
    mixture : dict
        As `fit_mixture` returns it.
    points : float array of shape (n, d)

    Returns
    -------
    float64 array of shape (n, k)
        Rows sum to 1.
    """
    shapes = mixture["precisions_cholesky"]
    heights = np.log(mixture["weights"]) + np.log(np.einsum("kdd->kd", shapes)).sum(axis=1)
    result = np.empty((len(points), len(heights)))
    for rows in blocks(len(points), max(points.shape[1], len(heights))):
        for component, (mean, shape) in enumerate(zip(mixture["means"], shapes, strict=True)):
            result[rows, component] = -0.5 * np.square((points[rows] - mean) @ shape).sum(axis=1)
        result[rows] += heights
        result[rows] -= result[rows].max(axis=1, keepdims=True)
        np.exp(result[rows], out=result[rows])
        result[rows] /= result[rows].sum(axis=1, keepdims=True)
    return result


def from_posterior(
    probabilities: np.ndarray, vectors: np.ndarray, centers: np.ndarray, labels: np.ndarray | None = None
) -> Assignment:
    """Choose the likeliest cluster and the next; confidence is the probability of the first.

    Parameters
    ----------
    probabilities : float array of shape (n, k)
        Is overwritten.
    vectors : float32 array of shape (n, d)
    centers : float32 array of shape (k, d)
    labels : int array of shape (n,), optional
        Clusters chosen by other means than the probabilities.

    Returns
    -------
    Assignment
    """
    every, labels = np.arange(len(vectors)), probabilities.argmax(axis=1) if labels is None else labels
    confidence = np.clip(probabilities[every, labels], 0.0, 1.0).astype(np.float32)
    assigned = margins(vectors, centers, labels)
    if probabilities.shape[1] == 1:
        return assigned._replace(confidence=confidence)
    probabilities[every, labels] = -1.0
    return assigned._replace(confidence=confidence, second=probabilities.argmax(axis=1).astype(np.int32))


METHOD = Method(
    fit,
    assign,
    {"weights": Rule("k", least=0), "means": Rule("kd"), "precisions_cholesky": Rule("kdd")},
)
