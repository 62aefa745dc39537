"""Which images to label next, and what more labels would bring."""

from __future__ import annotations

import json
import logging
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..clustering import read
from ..clustering.candidates import DOUBTFUL, Candidates, choose_candidates
from ..data.cells import unguarded
from ..data.labels import read_labels, with_labels
from ..data.listing import Listing
from ..data.source import ImageSource
from ..data.tables import any_names
from ..errors import DataError, UsageError
from ..files import write_text
from ..metrics.learning_curve import FEWEST_CLASSES, FEWEST_LABELS, INTERVAL, Forecast, forecast
from ..plots.names import name_of
from ..plots.proposals import proposals
from ..settings import Reading
from ..storage.clustering import ClusterFolder
from ..storage.corrections import Members, clusterings_of, look_at_members, read_members
from ..storage.csv_files import write_csv
from ..storage.lookup import clusterings_folder
from ..storage.provenance import Provenance, encoder_record, keep_folder
from ..storage.run import CACHE

if TYPE_CHECKING:
    import pandas

    from .embeddings import Embeddings

log = logging.getLogger("autoencoder")

TABLE, PICTURE, FORECAST = "label_next.csv", "label_next.png", "forecast.json"
COLUMNS = ("path", "label", "cluster", "reason")


class Found(NamedTuple):
    """All that was found before any image is decoded: a clustering, its images, and the labels that they have.

    `given` are labels of a table, whose images are left out; those of class folders only say what more would bring.
    """

    folder: ClusterFolder
    members: Members
    source: ImageSource
    listing: Listing
    labels: dict[str, str]
    given: bool


def label_next(
    run: str | os.PathLike[str],
    count: int = 100,
    *,
    doubtful: float = DOUBTFUL,
    clustering: str | None = None,
    labels: str | os.PathLike[str] | None = None,
    images: str | os.PathLike[str] | None = None,
    seed: int = 1,
) -> pandas.DataFrame:
    """Propose images to label next; `flexae label_next RUN`.

    Parameters
    ----------
    run : path or str
        A run that has a clustering, its name in logs/, `latest`, or a clustering's own folder.
    count : int
        How many images.
    doubtful : float in [0, 1]
        Share of those that are the least sure of their cluster; the others are central ones.
    clustering : str, optional
        The name of one of the run's clusterings, such as kmeans_k10; otherwise the newest.
    labels : path, optional
        A CSV (path,label) of the images that have a label already.
    images : path, optional
        Where the images are, if they are not where they were.
    seed : int

    Returns
    -------
    pandas.DataFrame
        A row an image, cluster by cluster: path, label (empty, unless the same was asked before and you filled it in),
        cluster and reason, which is central or doubtful. The folder of the table, its picture and the forecast is in
        `attrs["folder"]`.

    Raises
    ------
    UsageError
        If there is no such run or clustering.
    DataError
        If the images or the labels cannot be used.

    Examples
    --------
    `label_next("latest", 50)` returns a table to fill in; where there is no run:

    >>> label_next("photos_run")
    Traceback (most recent call last):
    autoencoder.errors.UsageError: photos_run: no such run
    """
    import pandas

    if count < 1 or not 0 <= doubtful <= 1:
        raise UsageError(f"count must be at least 1 and doubtful from 0 to 1, but they are {count} and {doubtful}")
    table, root = (None if each is None else Path(each) for each in (labels, images))
    folder = propose_labels(find_to_label(run, clustering, table, root, Reading()), count, doubtful, seed)
    with any_names():
        found = pandas.read_csv(
            folder / TABLE,
            dtype={"path": str, "label": str},
            keep_default_na=False,
            encoding_errors="surrogateescape",
            lineterminator="\n",
        )
        found["path"] = [unguarded(path) for path in found["path"]]
    found.attrs["folder"] = str(folder)
    return found


def find_to_label(
    run: str | os.PathLike[str], clustering: str | None, labels: Path | None, images: Path | None, reading: Reading
) -> Found:
    """Find a run's clustering, its images, and their labels.

    Raises
    ------
    UsageError, DataError, ModelFileError
        As `label_next`.
    """
    folder = _clustering_of(clusterings_folder(run), clustering)
    members = read_members(folder)
    source, listing = look_at_members(folder, members, images, reading)
    known = listing if labels is None else with_labels(listing, read_labels(labels), labels)
    named = {} if known.labels is None else dict(zip(known.paths, known.labels, strict=True))
    if labels is not None and len(named) >= len(listing.paths):
        raise DataError(
            f"--labels={labels}: all {len(listing.paths):,} images have a label, so none is left to propose"
        )
    return Found(folder, members, source, listing, named, labels is not None)


def _clustering_of(where: Path, name: str | None) -> ClusterFolder:
    there = {folder.path.name: folder for folder in clusterings_of(where)}
    if not there:
        raise UsageError(
            f"{where}: has no clustering, whose clusters the proposals are spread over; make one with: flexae cluster "
            f"{shlex.quote(str(where))}"
        )
    if name is None:
        return next(iter(there.values()))
    if name not in there:
        raise UsageError(f"--clustering={name}: {where} has no such clustering; there are {', '.join(there)}")
    return there[name]


def propose_labels(found: Found, count: int, doubtful: float, seed: int) -> Path:
    """Choose images, and save a table to fill in, its picture, and what as many more labels would bring.

    Returns
    -------
    Path
        The folder of the three.
    """
    from ..model.encoder import open_encoder
    from .embeddings import embed

    encoder = found.folder.encoder()
    embeddings, images = embed(open_encoder(encoder), found.source, found.listing, CACHE)
    rows = found.members.rows(embeddings.paths)
    clusters, confidence = found.members.labels[rows], read(found.folder.path).confidence[rows]
    known = [row for row, path in enumerate(embeddings.paths) if found.given and path in found.labels]
    chosen = choose_candidates(
        embeddings.vectors, clusters, confidence, count, np.array(known, int), doubtful=doubtful, seed=seed
    )
    if not len(chosen.rows):
        raise DataError(f"{found.folder.path}: every image of its clusters has a label, so none is left to propose")
    gain = _forecast(embeddings, found.labels, count, seed)

    def fill(path: Path) -> None:
        write_csv(path / TABLE, [COLUMNS, *_rows(embeddings.paths, chosen, clusters)])
        proposals(images.pixels, _groups(chosen, clusters), f"{len(chosen.rows):,} images to label", path / PICTURE)
        if gain is not None:
            write_text(path / FORECAST, json.dumps(gain._asdict() | {"interval": INTERVAL}, indent=2) + "\n")

    settings = {
        "clustering": found.folder.path.name,
        "count": count,
        "doubtful": doubtful,
        "seed": seed,
        "labels": found.labels,
    }
    made = Provenance("label_next", settings, found.source.to_record(images), encoder_record(encoder.absolute()))
    folder = keep_folder(_place(found.folder), made, fill, filled_in=(TABLE,))
    log.info(_summary(folder, chosen, found, gain))
    return folder


def _place(clustering: ClusterFolder) -> Path:
    """Return the folder of the proposals: in that of the run, or of a clustering that lies alone, in its own."""
    inside = clustering.path.absolute()
    return (inside.parent.parent if inside.parent.name == "clusters" else inside) / "label_next"


def _forecast(embeddings: Embeddings, labels: Mapping[str, str], count: int, seed: int) -> Forecast | None:
    rows = [row for row, path in enumerate(embeddings.paths) if path in labels]
    if not rows:
        return None
    classes = np.array([labels[embeddings.paths[row]] for row in rows])
    return forecast(embeddings.vectors[rows], classes, count, seed)


def _rows(paths: tuple[str, ...], chosen: Candidates, clusters: np.ndarray) -> list[tuple[Any, ...]]:
    return [
        (paths[row], "", int(clusters[row]), _reason(bool(doubt)))
        for row, doubt in zip(chosen.rows.tolist(), chosen.doubtful, strict=True)
    ]


def _reason(doubtful: bool) -> str:
    return "doubtful" if doubtful else "central"


def _groups(chosen: Candidates, clusters: np.ndarray) -> list[tuple[str, str, np.ndarray]]:
    groups = []
    for cluster in dict.fromkeys(clusters[chosen.rows].tolist()):
        inside = clusters[chosen.rows] == cluster
        doubtful = int(chosen.doubtful[inside].sum())
        remark = f"{inside.sum() - doubtful} central" + (f", then {doubtful} doubtful" if doubtful else "")
        groups.append((name_of(cluster), remark, chosen.rows[inside]))
    return groups


def _summary(folder: Path, chosen: Candidates, found: Found, gain: Forecast | None) -> str:
    table = folder / TABLE
    doubtful = f"{chosen.doubtful.sum():,} of them doubtful ones of their clusters in {found.folder.path.name}"
    return "\n".join(
        [
            f"{len(chosen.rows):,} images to label are in {table}, {doubtful}",
            f"  look at {PICTURE} beside it, and fill in the column label",
            *([said(gain)] if gain is not None else _unknown(found.labels)),
            f"next: flexae classify {shlex.quote(_run_of(folder, found))} "
            f"--train_dir={shlex.quote(str(found.source.root))} --labels={shlex.quote(str(table))}",
        ]
    )


def _run_of(folder: Path, found: Found) -> str:
    """Name the run that the proposals lie in; a clustering that lies alone does not know its own."""
    alone = folder.parent == found.folder.path.absolute()
    return "RUN" if alone else os.path.relpath(folder.parent)


def said(gain: Forecast) -> str:
    """Say what more labels would bring, in one sentence with its uncertainty."""
    return (
        f"a simple classifier of {gain.labels:,} labels is right for {gain.now:.1%} of the images, and {gain.more:,} "
        f"more labels drawn at random would make it {gain.then:.1%} ({gain.then_low:.1%} to {gain.then_high:.1%} with "
        f"{INTERVAL:.0%} confidence)"
    )


def _unknown(labels: Mapping[str, str]) -> list[str]:
    if not labels:
        return []
    return [
        f"what more labels would bring is not known: it takes {FEWEST_LABELS} labels and {FEWEST_CLASSES} classes, and "
        f"there are {len(labels):,} and {len(set(labels.values())):,}"
    ]
