"""Correct: from a clustering and what a person changed in it to a new clustering, whose parent is named."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..clustering import Clustering, read
from ..clustering.corrected import correct, kept_numbers
from ..data.listing import Listing
from ..data.quality import quality
from ..data.source import ImageSource
from ..settings import Reading
from ..settings.clustering import Export
from ..storage.clustering import ClusterFolder, check_names, read_names, write_columns
from ..storage.corrections import Corrected, Corrections, find_corrected, look_at_members, read_corrections
from ..storage.csv_files import write_csv
from ..storage.lookup import clusterings_folder
from ..storage.provenance import Provenance, encoder_record, keep_folder
from ..storage.run import CACHE
from .export import check_export, export_clusters

log = logging.getLogger("autoencoder")

_ENDING = re.compile(r"_corrected(_[0-9]+)?")


class Correction(NamedTuple):
    """All that was found before any image is decoded."""

    corrections: Corrections
    corrected: Corrected
    names: dict[int, str]
    source: ImageSource
    listing: Listing

    @property
    def place(self) -> Path:
        """Where the corrected clustering shall lie: beside the other one."""
        path = self.corrected.folder.path.absolute()
        return path.with_name(f"{_ENDING.sub('', path.name)}_corrected")


def correct_clusters(
    run: str | os.PathLike[str],
    corrections: str | os.PathLike[str],
    names: str | os.PathLike[str] | None = None,
    *,
    images: str | os.PathLike[str] | None = None,
    seed: int = 1,
) -> Path:
    """Make a corrected clustering of what a person changed in another one; `flexae cluster RUN --corrections=...`.

    Parameters
    ----------
    run : path or str
        The run whose clustering is corrected, its name in logs/, `latest`, or the clustering's own folder.
    corrections : path
        A CSV with the columns clustering (a fingerprint), path and cluster, as report.html saves it.
    names : path, optional
        A CSV (cluster,name) of the clusters' names, by the numbers that the corrections use.
    images : path, optional
        Where the images are, if they are not where they were.
    seed : int
        Of the pictures, and of the sample that large clusterings are scored on.

    Returns
    -------
    Path
        The folder of the new clustering.

    Raises
    ------
    UsageError
        If the corrections are of another clustering, or do not fit it.
    DataError
        If the images are gone, or no cluster is left.

    Examples
    --------
    `correct_clusters("latest", "corrections.csv", "names.csv")` returns the new folder; where there is no such file:

    >>> correct_clusters("latest", "corrections.csv")
    Traceback (most recent call last):
    autoencoder.errors.UsageError: --corrections=corrections.csv: can't be read: no such file or directory
    """
    export = Export(names=None if names is None else Path(names))
    where = None if images is None else Path(images)
    wanted = find_correction(run, Path(corrections), where, Reading(), export)
    return make_correction(wanted, export, seed).path


def find_correction(
    run: str | os.PathLike[str], corrections: Path, images: Path | None, reading: Reading, export: Export
) -> Correction:
    """Read corrections and names, and find the clustering and the images that they are of.

    Raises
    ------
    UsageError, DataError, ModelFileError
        As `correct_clusters`.
    """
    asked = read_corrections(corrections)
    corrected = find_corrected(asked, clusterings_folder(run))
    names = _renumbered(read_names(export.names), corrected.after, export.names)
    source, listing = look_at_members(corrected.folder, corrected.members, images, reading)
    check_export(export.export, listing, export.overwrite)
    return Correction(asked, corrected, names, source, listing)


def _renumbered(names: Mapping[int, str], after: np.ndarray, file: Path | None) -> dict[int, str]:
    """Return names by the numbers of the corrected clustering, in which gaps are closed."""
    numbers = {int(number): place for place, number in enumerate(kept_numbers(after))}
    fresh = {numbers.get(number, number): name for number, name in names.items() if number in numbers or number < 0}
    if file is not None:
        check_names(fresh, file)
    return fresh


def make_correction(wanted: Correction, export: Export, seed: int) -> ClusterFolder:
    """Compute centres, confidence and scores anew, and save what every clustering leaves."""
    from ..model.encoder import open_encoder
    from .cluster import write_clustering
    from .cluster_scores import cluster_scores
    from .draw_clusters import ClusteredImages, draw
    from .embeddings import embed
    from .images import log_left_out

    parent, encoder = wanted.corrected.folder, wanted.corrected.folder.encoder()
    embeddings, images = embed(open_encoder(encoder), wanted.source, wanted.listing, CACHE)
    rows = wanted.corrected.members.rows(embeddings.paths)
    before, after = wanted.corrected.members.labels[rows], wanted.corrected.after[rows]
    found = correct(read(parent.path), embeddings.vectors, before, after)
    moved = int(np.count_nonzero(before != after))
    scores = cluster_scores(embeddings, found, seed) | {"parent": parent.path.name, "moved": moved}
    clustered = ClusteredImages(embeddings, images, found, wanted.names)

    def fill(path: Path) -> None:
        folder = ClusterFolder(path)
        write_clustering(folder, encoder, embeddings, found, scores, wanted.names)
        write_columns(folder.quality_file, images.paths, quality(images))
        draw(clustered, None, folder, seed)
        if wanted.names:
            write_csv(path / "names.csv", [("cluster", "name"), *sorted(wanted.names.items())])

    made = Provenance(
        "cluster", _record(wanted, seed), wanted.source.to_record(images), encoder_record(encoder.absolute())
    )
    folder = ClusterFolder(keep_folder(wanted.place, made, fill, overwrite=export.overwrite))
    log.info(_summary(found, scores, folder, after, len(wanted.corrected.members.paths)))
    log_left_out(embeddings.bad, folder.bad_files)
    if export.export is not None:
        export_clusters(embeddings, found.labels, wanted.names, export.export, export.link)
    return folder


def _record(wanted: Correction, seed: int) -> dict[str, Any]:
    """Return what decides about the result, as plain values: the parent first."""
    return {
        "parent": wanted.corrected.folder.path.name,
        "parent_fingerprint": wanted.corrections.clustering,
        "corrections": wanted.corrections.digest,
        "seed": seed,
        "names": {str(number): name for number, name in wanted.names.items()},
    }


def _summary(found: Clustering, scores: Mapping[str, Any], folder: ClusterFolder, after: np.ndarray, count: int) -> str:
    own = f", silhouette {scores['silhouette']:.3f}" if scores["silhouette"] is not None else ""
    known = "  ".join(f"{name} {scores[name]:.3f}" for name in ("accuracy", "nmi", "ari") if name in scores)
    changed = [f"{number} is now {place}" for place, number in enumerate(kept_numbers(after)) if number != place]
    gone = count - len(found.labels)
    return "\n".join(
        [
            f"{found.k} cluster{'s' * (found.k != 1)} of {len(found.labels):,} images, {scores['moved']:,} of which "
            f"were moved from where {scores['parent']} has them{own}",
            *([f"be careful: {gone:,} images of {scores['parent']} are gone and left out"] if gone else []),
            *([f"clusters have new numbers: {', '.join(changed)}"] if changed else []),
            *([f"against the class folders: {known}"] if known else []),
            f"the clustering is in {folder.path}{os.sep}",
            f"  look at {folder.picture('overview').name}; the table of files is {folder.table.name} beside it",
        ]
    )
