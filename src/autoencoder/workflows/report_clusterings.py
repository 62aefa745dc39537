"""The clusterings of a run that sort the images of a report."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..clustering import Clustering, read
from ..data.listing import BadFile, printable
from ..errors import ModelFileError, UserError
from ..page.summary import Grouping
from ..storage.clustering import ClusterFolder, fingerprint, read_names
from ..storage.corrections import read_members
from ..storage.provenance import NAME, read_provenance
from ..storage.run import Run
from .embeddings import Embeddings

#: So many are shown, the newest ones.
MOST = 12
#: A tree of more centres would take their square in memory.
_MOST_CENTRES = 2_000
_GONE = "was clustered, and is not there any more"


class Clusterings(NamedTuple):
    """The newest first; what is said of those that are left out; and images that are in one and are no more."""

    found: list[Grouping]
    warnings: list[str]
    gone: list[BadFile]


def find_clusterings(run: Run, embeddings: Embeddings) -> Clusterings:
    """Read the clusterings of a run that hold each of some images, with the clusters of these images.

    Clusterings of other folders are passed over; a damaged one is told of.

    Parameters
    ----------
    run : Run
    embeddings : Embeddings
    """
    found: list[Grouping] = []
    warnings: list[str] = []
    gone: dict[str, None] = {}
    files = sorted(run.path.glob("clusters/[!.]*/clustering.json"), key=lambda each: each.stat().st_mtime_ns)
    for file in reversed(files):
        folder = ClusterFolder(file.parent)
        source = None
        try:
            source = folder.source()
            if source is not None and source.root != embeddings.source.root:
                continue
            clustering, paths = read(folder.path), read_members(folder).paths
            rows = _rows_of(embeddings.paths, paths)
            if rows is None:
                continue
            found.append(_grouping(folder, clustering, paths, rows, warnings))
        except UserError as error:
            warnings.append(f"The clustering {printable(folder.path.name)} is not shown: {error}.")
            continue
        gone |= dict.fromkeys(sorted(set(paths) - set(embeddings.paths)))
        if len(found) == MOST:
            break
    said = {path for path, _ in embeddings.bad}
    return Clusterings(found, warnings, [BadFile(path, _GONE) for path in gone if path not in said])


def clustered_paths(run: Run, root: Path) -> set[str]:
    """Return the paths of all images in `root` that a clustering of the run holds; of damaged ones none."""
    found: set[str] = set()
    for file in run.path.glob("clusters/[!.]*/clustering.json"):
        folder = ClusterFolder(file.parent)
        with contextlib.suppress(UserError):
            source = folder.source()
            if source is None or source.root == root:
                found |= set(read_members(folder).paths)
    return found


def _rows_of(wanted: Sequence[str], paths: Sequence[str]) -> np.ndarray | None:
    """Return where each wanted path stands among others; None where one is not among them."""
    places = {path: row for row, path in enumerate(paths)}
    rows = [places.get(path, -1) for path in wanted]
    return None if -1 in rows else np.array(rows, np.int64)


def _grouping(
    folder: ClusterFolder, clustering: Clustering, paths: Sequence[str], rows: np.ndarray, warnings: list[str]
) -> Grouping:
    scores = _scores(folder.scores_file)
    if len(paths) != len(clustering.labels):
        raise ModelFileError(f"{folder.table.name} has {len(paths):,} rows, not {len(clustering.labels):,}")
    seed = scores.get("seed")
    return Grouping(
        folder.path.name,
        clustering.method,
        clustering.k,
        fingerprint(paths, clustering.labels),
        scores,
        clustering.labels[rows],
        clustering.confidence[rows],
        _names(folder, clustering.k, warnings),
        tree_of(clustering.centers),
        clustering.distances[rows],
        seed if isinstance(seed, int) else 1,
    )


def tree_of(centers: np.ndarray) -> np.ndarray | None:
    """Merge centres by Ward's linkage; float64 of shape (k - 1, 4), or None for one centre or too many.

    References
    ----------
    Ward 1963, Hierarchical grouping to optimize an objective function.
    """
    if not 2 <= len(centers) <= _MOST_CENTRES:
        return None
    from scipy.cluster.hierarchy import linkage

    return np.asarray(linkage(centers.astype(np.float64), "ward"))


def _scores(file: Path) -> dict[str, Any]:
    try:
        scores = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return scores if isinstance(scores, dict) else {}


def _names(folder: ClusterFolder, k: int, warnings: list[str]) -> dict[int, str]:
    """Return the names that clusters were given: by the command that made them, or since then in a names.csv there."""
    made = read_provenance(folder.path / NAME)
    kept = made.settings.get("names") if made is not None else None
    names = {int(number): str(name) for number, name in kept.items()} if isinstance(kept, dict) else {}
    file = folder.path / "names.csv"
    if file.is_file():
        try:
            names |= read_names(file)
        except UserError as error:
            warnings.append(f"The names of {printable(folder.path.name)} are not shown: {error}.")
    return {number: name for number, name in names.items() if -1 <= number < k}
