"""Cluster: from an encoder and a folder of images to a clustering's folder."""

from __future__ import annotations

import logging
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..clustering import METHODS, Clustering, fit, save
from ..clustering.projection import project_pca
from ..clustering.structure import structure
from ..data.listing import Images
from ..data.quality import quality
from ..data.source import ImageSource
from ..errors import DivergedError
from ..metrics import clusters as scores_of
from ..metrics.trust import MEANING, Trust, trust
from ..model.encoder import encoder_of
from ..sampling import drawn
from ..settings.clustering import Clusters, Export
from ..storage.clustering import ClusterFolder, write_columns, write_table
from ..storage.csv_files import write_bad_files
from ..storage.provenance import Provenance, encoder_record, keep_folder
from .draw_clusters import ClusteredImages, draw
from .embeddings import Embeddings, embed_images
from .export import export_clusters
from .images import log_left_out
from .refine import EncoderSource, refine_run
from .resume import forget_states
from .unfinished import Unfinished

if TYPE_CHECKING:
    from ..clustering.choose_k import Proposal
    from .save import Trained

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


def cluster_trained(trained: Trained, images: ImageSource, wanted: Wanted) -> tuple[ClusterFolder, Embeddings]:
    """Cluster the images that a network was trained on just now; nothing is decoded or read again.

    Parameters
    ----------
    trained : Trained
        With its run and its images.
    images : ImageSource
        Where these came from.
    wanted : Wanted
    """
    run, decoded = trained.run, trained.images
    assert run is not None and decoded is not None
    embeddings = embed_images(encoder_of(trained.models.encoder, run.encoder), images, decoded)
    return cluster(EncoderSource(run, run.encoder, images), embeddings, decoded, wanted), embeddings


def cluster(
    source: EncoderSource,
    embeddings: Embeddings,
    images: Images,
    wanted: Wanted,
    save_every: float | None = None,
    going_on: Unfinished | None = None,
) -> ClusterFolder:
    """Cluster images by their embeddings, and save tables, scores and pictures.

    A deep method saves a new run, whose folder then holds the clustering; its state is saved every so many seconds,
    and a run that was killed is gone on with.

    Raises
    ------
    DivergedError
        Once all is saved, where a deep method's loss became not a number.
    """
    record = source.images.to_record(images)
    proposal = propose(embeddings, wanted.clusters, wanted.seed)
    k = proposal.best if proposal else wanted.clusters.k
    parent = source
    clusters = wanted.clusters.model_copy(update={"k": k})
    if clusters.deep:
        began_with = Provenance("cluster", wanted.to_record(), record, encoder_record(parent.encoder))
        source, embeddings, found = refine_run(source, embeddings, images, clusters, began_with, save_every, going_on)
    else:
        found = fit(embeddings.vectors, wanted.clusters.method, k, wanted.seed)
    scores = cluster_scores(embeddings, found, wanted.seed)
    clustered = ClusteredImages(embeddings, images, found, wanted.names)

    def fill(path: Path) -> None:
        folder = ClusterFolder(path)
        write_clustering(folder, source.encoder, embeddings, found, scores, wanted.names)
        write_columns(folder.quality_file, images.paths, quality(images))
        draw(clustered, proposal, folder, wanted.seed)

    made = Provenance("cluster", wanted.to_record(), record, encoder_record(source.encoder))
    wanted_path = source.run.clustering(found.method, found.k)
    folder = ClusterFolder(keep_folder(wanted_path, made, fill, overwrite=wanted.export.overwrite))
    if source.run != parent.run:
        source.run.scores_file.unlink(missing_ok=True)  # it said that it was interrupted
        if found.settings["status"] == "diverged":
            source.run.write_scores({"status": "diverged"})
        source.run.write_provenance(began_with)
        forget_states(source.run)
    log.info(_summary(found, scores, folder))
    log_left_out(embeddings.bad, folder.bad_files)
    if wanted.export.export is not None:
        export_clusters(embeddings, found.labels, wanted.names, wanted.export.export, wanted.export.link)
    log.info(
        f"next: flexae assign {shlex.quote(str(folder.path))} --images=FOLDER sorts new images into these clusters"
    )
    if found.settings.get("status") == "diverged":
        raise DivergedError(
            f"{clusters.method} diverged: its loss became not a number; the clusters in {folder.path} are those of "
            f"{'the round before' if source.run != parent.run else found.method}; try a smaller --refine_rate",
            None,
        )
    return folder


def write_clustering(
    folder: ClusterFolder,
    encoder: Path | None,
    embeddings: Embeddings,
    found: Clustering,
    scores: Mapping[str, Any],
    names: Mapping[int, str] = MappingProxyType({}),
) -> None:
    """Write a clustering's arrays, tables and scores, and a copy of the encoder that made the embeddings."""
    save(found, folder.path)
    if encoder is not None:
        folder.keep_encoder(encoder)
    write_table(folder.table, embeddings.paths, found, names)
    folder.write_scores(scores)
    write_bad_files(embeddings.bad, folder.bad_files)


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


def _summary(found: Clustering, scores: dict[str, Any], folder: ClusterFolder) -> str:
    own = f", silhouette {scores['silhouette']:.3f}" if scores["silhouette"] is not None else ""
    known = "  ".join(f"{name} {scores[name]:.3f}" for name in ("accuracy", "nmi", "ari") if name in scores)
    lines = [
        f"{found.k} clusters by {found.method} of {len(found.labels):,} images{own}",
        *([f"against the class folders: {known}"] if known else []),
        *([_trusted(scores)] if scores.get("trust") else []),
        f"the clustering is in {folder.path}{os.sep}",
        f"  look at {folder.picture('overview').name}; the table of files is {folder.table.name} beside it",
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
