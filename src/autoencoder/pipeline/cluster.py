"""Cluster: from an encoder and a folder of images to a clustering's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..cluster_folder import ClusterFolder, export, write_table
from ..cluster_settings import Clusters, Export
from ..clustering import METHODS, Clustering, fit, save
from ..embeddings import Embeddings, embed
from ..model.encoder import open_encoder
from ..run_folder import CACHE
from ..scores import clusters as scores_of
from .draw_clusters import Shown, draw
from .refine import Place, refine_run

if TYPE_CHECKING:
    from ..clustering.choose_k import Proposal


def cluster(place: Place, wanted: Clusters, exporting: Export, names: dict[int, str], seed: int) -> ClusterFolder:
    """Cluster the images, and leave tables, scores and pictures.

    A deep method leaves a new run, whose folder then holds the clustering.
    """
    embeddings, images = embed(open_encoder(place.encoder), place.images, CACHE)
    proposal = _propose(embeddings, wanted, seed)
    k = proposal.best if proposal else wanted.k
    if wanted.deep:
        place, embeddings, found = refine_run(place, embeddings, images, wanted.model_copy(update={"k": k}), seed)
    else:
        found = fit(embeddings.vectors, wanted.method, k, seed)
    folder = ClusterFolder(place.run.clustering(found.method, found.k))
    save(found, folder.path)
    folder.keep_encoder(place.encoder)
    write_table(folder.table, embeddings.paths, found, names)
    scores = _scores(embeddings, found, seed)
    folder.write_scores(scores)
    draw(Shown(embeddings, images, found, names), proposal, folder, seed)
    print(_summary(found, scores, folder))
    if exporting.export is not None:
        count = export(place.images, embeddings.paths, found.labels.tolist(), names, exporting.export, exporting.link)
        print(f"{count:,} files are in {exporting.export}")
    return folder


def _propose(embeddings: Embeddings, wanted: Clusters, seed: int) -> Proposal | None:
    if wanted.k is not None or wanted.method == "hdbscan":
        return None
    from ..clustering.choose_k import propose_k

    k_max = min(wanted.k_max, len(embeddings.vectors) - 1)
    proposal = propose_k(embeddings.vectors, wanted.k_min, k_max, seed)
    print(f"number of clusters: {proposal.low} to {proposal.high} fit about as well; {proposal.best} is taken")
    return proposal


def _scores(embeddings: Embeddings, found: Clustering, seed: int) -> dict[str, Any]:
    row: dict[str, Any] = {"method": found.method, "k": found.k, "seed": seed, "images": len(found.labels)}
    row["bad_files"] = len(embeddings.bad)
    row |= scores_of.without_labels(embeddings.vectors, found.labels, seed)
    if METHODS[found.method].fit and METHODS[found.method].takes_k:
        row["stability"] = scores_of.stability(
            embeddings.vectors, lambda vectors, other: fit(vectors, found.method, found.k, other).labels, seed
        )
    if embeddings.labels is not None and len(set(embeddings.labels)) > 1:
        row |= scores_of.with_labels(found.labels, embeddings.labels)
    return row


def _summary(found: Clustering, scores: dict[str, Any], folder: ClusterFolder) -> str:
    own = f", silhouette {scores['silhouette']:.3f}" if scores["silhouette"] is not None else ""
    known = "  ".join(f"{name} {scores[name]:.3f}" for name in ("accuracy", "nmi", "ari") if name in scores)
    lines = [
        f"{found.k} clusters by {found.method} of {len(found.labels):,} images{own}",
        *([f"against the class folders: {known}"] if known else []),
        f"look at {folder.picture('overview')}; the table of files is {folder.table.name} beside it",
    ]
    return "\n".join(lines)
