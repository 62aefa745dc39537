"""How good clusters are: by themselves, against known classes, and from seed to seed.

Noise (label -1) counts as a cluster of its own in every score: a method gains nothing by giving images up.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from ..sampling import drawn

SILHOUETTE_IMAGES = 10_000
STABILITY_IMAGES = 10_000
STABILITY_SEEDS = 3


class Contingency(NamedTuple):
    """How clusters and classes meet.

    Attributes
    ----------
    table : int64 array of shape (n_clusters, n_classes)
        Images of each class in each cluster.
    clusters : int array of shape (n_clusters,)
        Labels of the rows, rising; -1 is noise.
    classes : list of str
        Names of the columns, sorted.
    matched : int array of shape (n_clusters,)
        The column matched to each row by one Hungarian assignment on the square table; no column twice; -1 where
        clusters outnumber classes and nothing is left.
    """

    table: np.ndarray
    clusters: np.ndarray
    classes: list[str]
    matched: np.ndarray


def contingency(found: np.ndarray, classes: Sequence[str] | np.ndarray) -> Contingency:
    """Count the images of each class in each cluster, and match clusters to classes so that the most images agree.

    Parameters
    ----------
    found : int array of shape (n,), n at least 1
        Labels; noise is -1.
    classes : sequence of n names

    Returns
    -------
    Contingency

    Raises
    ------
    ValueError
        If the two differ in length or are empty.
    """
    if len(found) != len(classes) or not len(found):
        raise ValueError(f"labels and classes must be equally many, at least 1, but are {len(found)}, {len(classes)}")
    clusters, names, table = _meetings(np.asarray(found), np.asarray(classes))
    return Contingency(table, clusters, [str(name) for name in names], _match(table))


def _meetings(rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    row_values, row_codes = np.unique(rows, return_inverse=True)
    column_values, column_codes = np.unique(columns, return_inverse=True)
    shape = len(row_values), len(column_values)
    counts = np.bincount(row_codes * shape[1] + column_codes, minlength=shape[0] * shape[1])
    return row_values, column_values, counts.reshape(shape).astype(np.int64)


def _match(table: np.ndarray) -> np.ndarray:
    from scipy.optimize import linear_sum_assignment

    square = np.zeros((max(table.shape),) * 2, np.int64)
    square[: table.shape[0], : table.shape[1]] = table
    columns = linear_sum_assignment(square, maximize=True)[1][: table.shape[0]]
    return np.where(columns < table.shape[1], columns, -1)


def with_labels(found: np.ndarray, classes: Sequence[str] | np.ndarray) -> dict[str, float]:
    """Score clusters against known classes.

    Parameters
    ----------
    found : int array of shape (n,), n at least 1
        Labels; noise is -1.
    classes : sequence of n names

    Returns
    -------
    dict of str to float
        accuracy: share of images whose cluster is matched to their class; nmi: mutual information over the mean of
        the two entropies; ari: Rand index adjusted for chance; homogeneity: 1 where every cluster holds one class.
        All from 0 to 1, but for ari, which is below 0 where clusters are worse than chance.

    Raises
    ------
    ValueError
        If the two differ in length or are empty.

    References
    ----------
    Accuracy: Xie, Girshick & Farhadi 2016, arXiv:1511.06335, equation 10. ARI: Hubert & Arabie 1985. Homogeneity:
    Rosenberg & Hirschberg 2007.
    """
    from sklearn.metrics import adjusted_rand_score, homogeneity_score, normalized_mutual_info_score

    table, _, _, matched = contingency(found, classes)
    return {
        "accuracy": int(table[matched >= 0, matched[matched >= 0]].sum()) / len(found),
        "nmi": float(normalized_mutual_info_score(classes, found)),
        "ari": float(adjusted_rand_score(classes, found)),
        "homogeneity": float(homogeneity_score(classes, found)),
    }


def without_labels(vectors: np.ndarray, labels: np.ndarray, seed: int = 0) -> dict[str, Any]:
    """Score clusters by how compact and how far apart they are.

    Parameters
    ----------
    vectors : float array of shape (n, d)
    labels : int array of shape (n,)
        Noise is -1.
    seed : int
        Chooses the images for the silhouette where there are more than 10,000: its time grows with their square.

    Returns
    -------
    dict
        silhouette (-1 to 1, high is good) and silhouette_images, how many it was measured on; davies_bouldin (at least
        0, low is good); calinski_harabasz (at least 0, high is good); sizes, from each label as text to its images. A
        score is None where there is one cluster only or each image has its own.

    References
    ----------
    Rousseeuw 1987; Davies & Bouldin 1979; Calinski & Harabasz 1974.
    """
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score

    rows = drawn(len(labels), SILHOUETTE_IMAGES, seed)
    found, sizes = np.unique(labels, return_counts=True)
    comparable, shown = _comparable(labels), _comparable(labels[rows])
    return {
        "silhouette": float(silhouette_score(vectors[rows], labels[rows])) if shown else None,
        "silhouette_images": len(rows),
        "davies_bouldin": float(davies_bouldin_score(vectors, labels)) if comparable else None,
        "calinski_harabasz": float(calinski_harabasz_score(vectors, labels)) if comparable else None,
        "sizes": {str(cluster): int(size) for cluster, size in zip(found, sizes, strict=True)},
    }


def stability(vectors: np.ndarray, fit: Callable[[np.ndarray, int], np.ndarray], seed: int = 0) -> float:
    """Cluster from three seeds and compare the labels of every two.

    Parameters
    ----------
    vectors : float array of shape (n, d)
        Of more than 10,000, a sample is clustered, the same one for every seed.
    fit : callable
        (vectors, seed) to labels.
    seed : int
        The first seed; the others follow it.

    Returns
    -------
    float
        Mean adjusted Rand index: 1 is the same clusters every time, 0 is chance.
    """
    from sklearn.metrics import adjusted_rand_score

    chosen = vectors[drawn(len(vectors), STABILITY_IMAGES, seed)]
    runs = [fit(chosen, (seed + step) % 2**32) for step in range(STABILITY_SEEDS)]
    return float(np.mean([adjusted_rand_score(one, other) for one, other in combinations(runs, 2)]))


def _comparable(labels: np.ndarray) -> bool:
    return 2 <= len(np.unique(labels)) < len(labels)
