"""Cluster: from an encoder and a folder of images to a clustering's folder."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..clustering import Clustering, fit, save
from ..data.listing import Images
from ..data.quality import quality
from ..data.source import ImageSource
from ..errors import DivergedError
from ..model.encoder import encoder_of
from ..storage.clustering import ClusterFolder, write_columns, write_table
from ..storage.csv_files import write_bad_files
from ..storage.provenance import Provenance, encoder_record, keep_folder
from .cluster_scores import Wanted, cluster_scores, propose, summary
from .draw_clusters import ClusteredImages, draw
from .embeddings import Embeddings, embed_images
from .export import export_clusters
from .images import log_left_out
from .refine import EncoderSource, refine_run
from .resume import forget_states
from .unfinished import Unfinished

if TYPE_CHECKING:
    from .save import Trained

log = logging.getLogger("autoencoder")


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
    log.info(summary(found, scores, folder))
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
