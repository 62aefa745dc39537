"""What is wanted of a clustering, how good it is, and what is said of it; without TensorFlow."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..clustering import METHODS, Clustering, fit
from ..clustering.projection import project_pca
from ..clustering.structure import structure
from ..metrics import clusters as scores_of
from ..metrics.trust import MEANING, Trust, trust
from ..sampling import drawn
from ..settings.clustering import Clusters, Export
from ..storage.clustering import ClusterFolder
from .embeddings import Embeddings

if TYPE_CHECKING:
    from ..clustering.choose_k import Proposal

log = logging.getLogger("autoencoder")

#: Another method sees so many principal components of longer vectors.
COMPARED = 50


class Wanted(NamedTuple):
    """How the images are clustered, and what becomes of the clusters."""

    clusters: Clusters
    export: Export
    names: dict[int, str]
    seed: int

    def to_record(self) -> dict[str, Any]:
        """Return what decides about the result, as plain values."""
        names = {str(number): name for number, name in self.names.items()}
        return {**self.clusters.to_flags(), "seed": self.seed, "names": names}


def propose(embeddings: Embeddings, wanted: Clusters, seed: int) -> Proposal | None:
    """Propose a number of clusters where none is given and the method takes one."""
    if wanted.k is not None or wanted.method == "hdbscan":
        return None
    from ..clustering.choose_k import propose_k

    proposal = propose_k(embeddings.vectors, wanted.k_min, wanted.k_max, seed)
    log.info(f"number of clusters: {proposal.low} to {proposal.high} fit about as well; {proposal.best} is taken")
    return proposal


def cluster_scores(embeddings: Embeddings, found: Clustering, seed: int) -> dict[str, Any]:
    """Return every score of a clustering; those against class folders where there are some."""
    row: dict[str, Any] = {"method": found.method, "k": found.k, "seed": seed, "images": len(found.labels)}
    row["bad_files"] = len(embeddings.bad)
    row |= scores_of.without_labels(embeddings.vectors, found.labels, seed)
    method = METHODS.get(found.method)  # a corrected clustering has none: a person does not start anew
    if method is not None and method.fit and method.takes_k:
        row |= _agreements(embeddings.vectors, found, seed)
    if embeddings.labels is not None and len(set(embeddings.labels)) > 1:
        row |= scores_of.with_labels(found.labels, embeddings.labels)
    return row


def _agreements(vectors: np.ndarray, found: Clustering, seed: int) -> dict[str, Any]:
    """Return how far other seeds and another method agree with clusters, and how clear they are beside chance."""
    chance = structure(vectors, found.k, seed)
    row: dict[str, Any] = {
        "stability": scores_of.stability(
            vectors, lambda rows, other: fit(rows, found.method, found.k, other).labels, seed
        ),
        "method_agreement": _method_agreement(vectors, found, seed),
        "structure": None if chance is None else round(chance.silhouette / max(chance.by_chance, 0.01), 3),
    }
    return row | {"trust": trust(row)}


def _method_agreement(vectors: np.ndarray, found: Clustering, seed: int) -> float:
    """Compare clusters with those of k-means, or k-means' with those of a mixture, in the space that they are of."""
    from sklearn.metrics import adjusted_rand_score

    if "projected" in found.arrays:
        space = found.arrays["projected"]
        rows = drawn(len(vectors), len(space), seed)
    else:
        rows = drawn(len(vectors), scores_of.STABILITY_IMAGES, seed)
        space = vectors[rows] if vectors.shape[1] <= COMPARED else project_pca(vectors[rows], COMPARED)
    other = fit(space, "gmm" if found.method in ("kmeans", "minibatch") else "kmeans", found.k, seed)
    return float(adjusted_rand_score(found.labels[rows], other.labels))


def summary(found: Clustering, scores: dict[str, Any], folder: ClusterFolder) -> str:
    """Say in a few lines what was found, how good it is, and where it lies."""
    own = f", silhouette {scores['silhouette']:.3f}" if scores["silhouette"] is not None else ""
    known = "  ".join(f"{name} {scores[name]:.3f}" for name in ("accuracy", "nmi", "ari") if name in scores)
    first = next(name for name in ("overview.png", "umap.png", "pca.png") if (folder.path / name).is_file())
    table = next(each for each in (folder.table, folder.large_table) if each.is_file())
    lines = [
        f"{found.k} clusters by {found.method} of {len(found.labels):,} images{own}",
        *([f"against the class folders: {known}"] if known else []),
        *([_trusted(scores)] if scores.get("trust") else []),
        f"the clustering is in {folder.path}{os.sep}",
        f"  look at {first}; the table of files is {table.name} beside it",
    ]
    return "\n".join(lines)


def _trusted(scores: Mapping[str, Any]) -> str:
    word: Trust = scores["trust"]
    clear = "" if scores["structure"] is None else f", {scores['structure']:.1f} times as clear as by chance"
    line = (
        f"trust: {word} (seeds agree {scores['stability']:.2f}, methods {scores['method_agreement']:.2f}{clear}): "
        f"{MEANING[word]}"
    )
    advice = "; try another --k, --method=umap_gmm, or a larger --budget of sort" if word in ("weak", "none") else ""
    return f"{'be careful: ' if advice else ''}{line}{advice}"
