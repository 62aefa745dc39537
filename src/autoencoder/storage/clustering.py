"""A clustering's folder: its tables, and the folders of files that it can be turned into."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.source import ImageSource
from ..data.tables import cluster_number, open_table
from ..digests import replacing_bound
from ..errors import DataError, ModelFileError, UsageError
from ..files import name_fault, write_text
from .csv_files import write_csv
from .provenance import NAME as PROVENANCE
from .provenance import file_digest, read_provenance
from .run import ENCODER_SUFFIXES

if TYPE_CHECKING:
    import numpy as np

    from ..clustering import Assignment, Clustering

#: What a cluster of noise (-1) is called where clusters become folders.
NOISE_NAME = "noise"
#: So much of a name is shown where it cannot be used.
_SHOWN = 60


@dataclass(frozen=True)
class ClusterFolder:
    """A folder that holds a clustering and all that is needed to apply it to new images.

    The arrays themselves are written by `clustering.save`; this class knows the names of everything else.
    """

    path: Path

    def encoder(self) -> Path:
        """Return the copy of the encoder that made the embeddings; with it the folder can be moved.

        Raises
        ------
        ModelFileError
            If it is missing, or is not the one that the clusters were made with.
        """
        files = [path for path in sorted(self.path.glob("encoder.*")) if path.suffix in ENCODER_SUFFIXES]
        made = read_provenance(self.path / PROVENANCE)
        if made is not None and made.settings.get("embeddings"):
            raise ModelFileError(
                f"{self.path}: was made from embeddings and holds no encoder, so new images cannot be placed; cluster "
                "their embeddings together with the others"
            )
        if made is not None and made.encoder is not None:
            files = [path for path in files if file_digest(path) == made.encoder.get("sha256")]
        if len(files) != 1:
            wrong = "has no copy of the encoder that made its clusters" if not files else "has several encoders"
            raise ModelFileError(f"{self.path}: {wrong}, so new images cannot be placed: cluster again")
        return files[0]

    def source(self) -> ImageSource | None:
        """Return the images that were clustered, and how they were read; None where nothing says so."""
        made = read_provenance(self.path / PROVENANCE)
        try:
            return None if made is None or made.source is None else ImageSource.from_record(made.source)
        except UsageError as error:
            raise ModelFileError(f"{self.path / PROVENANCE}: is damaged ({error}); cluster again") from error

    @property
    def arrays(self) -> Path:
        """The arrays of the clustering."""
        return self.path / "clustering.npz"

    @property
    def bad_files(self) -> Path:
        """The files that could not be used, each with its reason."""
        return self.path / "bad_files.csv"

    @property
    def table(self) -> Path:
        """A row an image: path, cluster, distance to its centre, confidence, second-best cluster."""
        return self.path / "clusters.csv"

    @property
    def large_table(self) -> Path:
        """The table of millions of rows, as Parquet."""
        return self.path / "clusters.parquet"

    @property
    def quality_file(self) -> Path:
        """A row an image: path, sharpness and the other measures of its quality."""
        return self.path / "quality.csv"

    @property
    def tiles_file(self) -> Path:
        """Which file is where in the pictures."""
        return self.path / "tiles.csv"

    @property
    def scores_file(self) -> Path:
        """Every score of the clustering."""
        return self.path / "scores.json"

    def picture(self, name: str) -> Path:
        """A picture: overview, sizes, pca, umap, confusion, k_curve."""
        return self.path / f"{name}.png"

    def cluster_picture(self, cluster: int) -> Path:
        """The most central and the most doubtful images of one cluster."""
        return self.path / (f"{NOISE_NAME}.png" if cluster < 0 else f"cluster_{cluster:02d}.png")

    def keep_encoder(self, encoder: Path) -> None:
        """Copy the encoder into the folder."""
        with replacing_bound(self.path / f"encoder{encoder.suffix}") as temporary:
            shutil.copyfile(encoder, temporary)

    def write_scores(self, scores: Mapping[str, Any]) -> None:
        """Write the scores as JSON."""
        write_text(self.scores_file, json.dumps(scores, indent=2) + "\n")


def write_table(
    path: Path,
    paths: Sequence[str],
    assigned: Clustering | Assignment,
    names: Mapping[int, str],
    quantiles: np.ndarray | None = None,
) -> None:
    """Write where each image belongs: path, cluster, (its name,) distance, confidence, second-best cluster, (quantile).

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    head = [
        "path",
        "cluster",
        *(["name"] if names else []),
        "distance",
        "confidence",
        "second",
        *([] if quantiles is None else ["quantile"]),
    ]
    rows: list[list[Any]] = [head]
    for row, name in enumerate(paths):
        cluster = int(assigned.labels[row])
        named = [names.get(cluster, "")] if names else []
        figures = [f"{assigned.distances[row]:.6g}", f"{assigned.confidence[row]:.6g}", int(assigned.second[row])]
        rows.append([name, cluster, *named, *figures, *([] if quantiles is None else [f"{quantiles[row]:.6g}"])])
    write_csv(path, rows)


def write_columns(path: Path, paths: Sequence[str], columns: Mapping[str, np.ndarray]) -> None:
    """Write a row of figures an image: path, and the columns, each of shape (n,).

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    figures = [[f"{value:.6g}" for value in values.tolist()] for values in columns.values()]
    write_csv(path, [("path", *columns), *zip(paths, *figures, strict=True)])


def fingerprint(paths: Sequence[str], labels: Iterable[int]) -> str:
    """Return 16 hexadecimal digits that tell a clustering from others: of which images are in which cluster."""
    digest = hashlib.sha256()
    for path, label in sorted(zip(paths, labels, strict=True)):
        digest.update(f"{path}\0{int(label)}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def read_names(path: Path | None) -> dict[int, str]:
    """Read the names that a person gave to clusters: a CSV with the columns cluster and name.

    Raises
    ------
    UsageError
        If the file cannot be read, has no such columns, or a name that no folder can have.
    """
    if path is None:
        return {}
    names: dict[int, str] = {}
    try:
        with open_table(path) as table:
            columns = table.column(("cluster",)), table.column(("name", "label", "class"))
            if None in columns:
                raise DataError(f"{table.where}: must be a table with the columns cluster and name, a row a cluster")
            for line, cells in table.rows:
                cluster, name = (cells[place] for place in columns if place is not None)
                number = cluster_number(cluster, f"{table.where}: line {line}")
                if names.setdefault(number, name) != name:
                    raise DataError(f"{table.where}: line {line}: cluster {number} has two names")
    except DataError as error:
        raise UsageError(f"--names={error}") from error
    check_names(names, path)
    return names


def check_names(names: Mapping[int, str], path: Path) -> None:
    """Refuse names that no folder can have, or that would put the files of two clusters together unasked.

    Raises
    ------
    UsageError
        Names the cluster.
    """
    folders: dict[str, str] = {}
    for number, name in names.items():
        fault = name_fault(name)
        if fault is not None:
            raise UsageError(
                f"--names={path}: cluster {number} is named {name[:_SHOWN]!r}, which {fault}, so no folder can be "
                "called so; change it"
            )
        other = folders.setdefault(name.casefold(), name)
        if other != name:
            raise UsageError(
                f"--names={path}: {other} and {name} differ in capitals only, and are one folder on some systems; "
                "write them alike to put these clusters together, or name one otherwise"
            )
        if (name.casefold() == NOISE_NAME and number >= 0) or _meets_unnamed(name.casefold(), number, names):
            raise UsageError(f"--names={path}: cluster {number} is named {name}, as another one is that has no name")


def _meets_unnamed(name: str, number: int, names: Mapping[int, str]) -> bool:
    """Whether a name is the one that the folder of another cluster has while nobody has named that."""
    digits = name.removeprefix("cluster_")
    if digits == name or not digits.isdecimal():
        return False
    other = int(digits)
    return other != number and other not in names and name == folder_name(other, {})


def folder_name(cluster: int, names: Mapping[int, str]) -> str:
    """Return what the folder of a cluster's files is called."""
    return names.get(cluster) or (NOISE_NAME if cluster < 0 else f"cluster_{cluster:02d}")
