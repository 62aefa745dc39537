"""Cluster embeddings that lie in files, made here or elsewhere, of which there may be ten million."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..clustering import Clustering, save
from ..clustering.choose_k import Proposal
from ..clustering.large import SMALL, fit_large
from ..clustering.vectors import check_count
from ..data.embedded import Embedded, open_embedded
from ..data.source import ImageSource
from ..errors import UsageError
from ..files import replacing
from ..sampling import drawn
from ..settings import Output
from ..storage import new_run
from ..storage.clustering import ClusterFolder, write_table
from ..storage.provenance import Provenance, keep_folder
from ..storage.run import CACHE
from .cluster_scores import Wanted, cluster_scores, propose, summary
from .draw_clusters import draw_confusion, draw_in_two_dimensions, draw_proposal
from .draw_embedded import PixelsOnDemand, draw_embedded, open_pixels
from .embeddings import Embeddings

log = logging.getLogger("autoencoder")

#: So many rows are hashed, or written to a table, at once.
_AT_ONCE = 2**18


@dataclass(frozen=True)
class EmbeddingFiles:
    """Where embeddings lie.

    Attributes
    ----------
    place : Path
        As `data.embedded.open_embedded` takes it.
    paths : Path or None
        The names of an array's rows.
    images : Path or None
        The folder that the paths are seen from; None: no pictures of images are drawn.
    """

    place: Path
    paths: Path | None = None
    images: Path | None = None

    def to_record(self) -> dict[str, Any]:
        """Return plain values."""
        paths = {"paths": self.paths, "images": self.images}
        return {"embeddings": str(self.place.absolute())} | {
            name: None if path is None else str(path.absolute()) for name, path in paths.items()
        }


def cluster_embeddings(files: EmbeddingFiles, wanted: Wanted) -> ClusterFolder:
    """Cluster embeddings by a method that needs no network, and leave a new run in logs/ that holds the clustering.

    Parameters
    ----------
    files : EmbeddingFiles
    wanted : Wanted

    Returns
    -------
    ClusterFolder

    Raises
    ------
    UsageError
        If the method trains an encoder, or there are fewer rows than clusters.
    DataError
        If the embeddings cannot be used.
    DiskError
        If there is no room.
    """
    clusters = wanted.clusters
    if clusters.deep:
        raise UsageError(
            f"--method={clusters.method} trains the encoder further, and --embeddings are numbers alone; name another "
            "method, or a RUN"
        )
    with open_embedded(files.place, files.paths, CACHE) as embedded:
        check_count(len(embedded.vectors))
        clusters.check_count(len(embedded.vectors))
        rows = drawn(len(embedded.vectors), SMALL, wanted.seed)
        sample = _sample(embedded, rows, files)
        pixels = None if files.images is None else open_pixels(embedded, files.images)
        proposal = propose(sample, clusters, wanted.seed)
        k = proposal.best if proposal else clusters.k
        found = fit_large(embedded.vectors, clusters.method, k, wanted.seed)
        wanted = wanted._replace(clusters=clusters.model_copy(update={"k": k}))
        return _keep(files, Found(embedded, found, pixels, rows, sample, proposal), wanted)


def _sample(embedded: Embedded, rows: np.ndarray, files: EmbeddingFiles) -> Embeddings:
    """Return the embeddings of some rows as of a source of images."""
    labels = None
    if embedded.labels is not None and not embedded.labels.null_count:
        labels = tuple(os.fsdecode(label) for label in embedded.labels.take(rows).to_pylist())
    root = files.images or files.place
    return Embeddings(
        embedded.vectors[rows], tuple(embedded.paths(rows.tolist())), labels, ImageSource(root.absolute())
    )


class Found(NamedTuple):
    """A clustering of embeddings, their images where they are to be drawn, and the rows that stand for all."""

    embedded: Embedded
    found: Clustering
    pixels: PixelsOnDemand | None
    rows: np.ndarray
    sample: Embeddings
    proposal: Proposal | None

    @property
    def of_sample(self) -> Clustering:
        """The clustering, of the sample's rows alone."""
        return replace(self.found, **{name: getattr(self.found, name)[self.rows] for name in _OF_ROWS})


def _keep(files: EmbeddingFiles, made: Found, wanted: Wanted) -> ClusterFolder:
    """Write the run, and the clustering in it."""
    found, count = made.found, len(made.found.labels)
    scores = _scores(made, wanted.seed)
    settings = {**files.to_record(), **wanted.to_record()}
    vectors = {"file": settings["embeddings"], "sha256": _digest(made.embedded.vectors)}
    begun = Provenance("cluster", settings, encoder=vectors)
    run = new_run.create(Output(save_prefix=files.place.stem or "embeddings"), datetime.now())
    run.write_provenance(replace(begun, finished=False))
    run.write_flags(settings)

    def fill(path: Path) -> None:
        folder = ClusterFolder(path)
        save(found, path)
        folder.write_scores(scores)
        write_large_table(folder.large_table, made.embedded, found)
        if count <= SMALL:
            write_table(folder.table, made.embedded.paths(range(count)), found, wanted.names)
        draw_embedded(found, made.pixels, wanted.names, folder)
        draw_proposal(made.proposal, folder)
        draw_in_two_dimensions(made.sample, made.of_sample, wanted.names, folder, wanted.seed)
        draw_confusion(made.sample, made.of_sample, wanted.names, folder)

    folder = ClusterFolder(keep_folder(run.clustering(found.method, found.k), begun, fill))
    run.write_provenance(begun)
    log.info(summary(found, scores, folder))
    if len(made.rows) < count:
        log.info(f"scores, trust and maps are of {len(made.rows):,} rows drawn at random, all else of {count:,}")
    return folder


#: What a clustering has of each row.
_OF_ROWS = ("labels", "distances", "confidence", "second")


def _scores(made: Found, seed: int) -> dict[str, Any]:
    """Return the scores of a sample, with the sizes of all clusters."""
    clusters, sizes = np.unique(made.found.labels, return_counts=True)
    return {
        **cluster_scores(made.sample, made.of_sample, seed),
        "images": len(made.found.labels),
        "scored_images": len(made.rows),
        "sizes": {str(cluster): int(size) for cluster, size in zip(clusters, sizes, strict=True)},
    }


def _digest(vectors: np.ndarray) -> str:
    """Return the SHA-256 of the vectors as float32, row by row: in a provenance it stands for the encoder's."""
    digest = hashlib.sha256()
    for start in range(0, len(vectors), _AT_ONCE):
        digest.update(np.ascontiguousarray(vectors[start : start + _AT_ONCE]).data)
    return digest.hexdigest()


def write_large_table(path: Path, embedded: Embedded, found: Clustering) -> None:
    """Write where each row belongs as Parquet: path, cluster, distance, confidence, second; some rows at a time.

    Where a path is no UTF-8, which text in Parquet must be, the column holds bytes.

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    columns: Mapping[str, np.ndarray] = {
        "cluster": found.labels,
        "distance": found.distances,
        "confidence": found.confidence,
        "second": found.second,
    }
    text = embedded.names is None or _is_text(embedded.names)
    kind = pa.large_string() if text else pa.large_binary()
    schema = pa.schema([("path", kind), *((name, pa.from_numpy_dtype(each.dtype)) for name, each in columns.items())])
    with replacing(path) as temporary, ParquetWriter(temporary, schema) as writer:
        for start in range(0, len(found.labels), _AT_ONCE):
            end = min(start + _AT_ONCE, len(found.labels))
            if embedded.names is None:
                paths = pa.array(embedded.paths(range(start, end)), kind)
            else:
                paths = embedded.names.slice(start, end - start).cast(kind).combine_chunks()
            own = {name: pa.array(each[start:end]) for name, each in columns.items()}
            writer.write_table(pa.table({"path": paths, **own}, schema))


def _is_text(names: Any) -> bool:
    from ..data.names import is_text

    return all(is_text(chunk) for chunk in names.chunks)
