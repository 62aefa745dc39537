"""A clustering's folder: its tables, and the folders of files that it can be turned into."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .data.source import ImageSource
from .errors import DataError, ModelFileError, UsageError
from .files import disk_errors, replacing, write_text
from .provenance import NAME as PROVENANCE
from .provenance import file_digest, read_provenance
from .run_folder import ENCODER_SUFFIXES, write_csv

if TYPE_CHECKING:
    from .clustering import Assignment, Clustering

#: What a cluster of noise (-1) is called where clusters become folders.
NOISE_NAME = "noise"


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
        with replacing(self.path / f"encoder{encoder.suffix}") as temporary:
            shutil.copyfile(encoder, temporary)

    def write_bad_files(self, bad: Sequence[tuple[str, str]]) -> None:
        """Write the table of files that could not be used, where there are any."""
        if bad:
            write_csv(self.bad_files, [("path", "reason"), *bad])

    def write_scores(self, scores: Mapping[str, Any]) -> None:
        """Write the scores as JSON."""
        write_text(self.scores_file, json.dumps(scores, indent=2) + "\n")


def write_table(path: Path, paths: Sequence[str], placed: Clustering | Assignment, names: Mapping[int, str]) -> None:
    """Write where each image belongs: path, cluster, (its name,) distance, confidence, second-best cluster.

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    head = ["path", "cluster", *(["name"] if names else []), "distance", "confidence", "second"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    for row, name in enumerate(paths):
        cluster = int(placed.labels[row])
        named = [names.get(cluster, "")] if names else []
        figures = [f"{placed.distances[row]:.6g}", f"{placed.confidence[row]:.6g}", int(placed.second[row])]
        writer.writerow([name, cluster, *named, *figures])
    write_text(path, text.getvalue())


def read_names(path: Path | None) -> dict[int, str]:
    """Read the names that a person gave to clusters: a CSV with the columns cluster and name.

    Raises
    ------
    UsageError
        If the file cannot be read, has no such columns, or a name that no folder can have.
    """
    if path is None:
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        names = {int(row["cluster"]): row["name"].strip() for row in rows}
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"--names={path}: must be a CSV with the columns cluster and name, a row a cluster "
            f"({type(error).__name__}: {error})"
        ) from error
    for number, name in names.items():
        if not name or name in (".", "..") or {"/", "\\", "\0"} & set(name):
            raise UsageError(f"--names={path}: cluster {number} is named {name!r}, which no folder can be called")
    return names


def check_export(folder: Path | None, overwrite: bool) -> None:
    """Refuse a folder to export to that already holds something, unless it may be written into.

    Raises
    ------
    UsageError
        Nothing is overwritten unasked.
    """
    if folder is None or overwrite or not folder.exists():
        return
    if not folder.is_dir() or any(folder.iterdir()):
        raise UsageError(f"--export={folder}: is not empty; name a new folder, or give --overwrite to write into it")


def export(
    root: Path, paths: Sequence[str], labels: Sequence[int], names: Mapping[int, str], folder: Path, link: bool
) -> int:
    """Make one folder of files per cluster, as copies or as links, and return how many files it holds.

    A file's folders become part of its name (`a/b.png` is exported as `a_b.png`), with a number where two meet.

    Raises
    ------
    DataError
        If `root` is an idx file, whose images are no files.
    DiskError
        If the folder cannot be written to.
    """
    if not root.is_dir():
        raise DataError(f"--export: {root} is no folder, so its images cannot be copied; import it into a folder first")
    taken: set[Path] = set()
    with disk_errors(folder):
        for name, cluster in zip(paths, labels, strict=True):
            inside = folder / names.get(int(cluster), NOISE_NAME if cluster < 0 else f"cluster_{int(cluster):02d}")
            inside.mkdir(parents=True, exist_ok=True)
            target = _free(inside / name.replace("/", "_"), taken)
            taken.add(target)
            target.unlink(missing_ok=True)
            if link:
                target.symlink_to(os.path.relpath(root / name, inside))
            else:
                shutil.copy2(root / name, target)
    return len(taken)


def _free(wanted: Path, taken: set[Path]) -> Path:
    number, target = 2, wanted
    while target in taken:
        target = wanted.with_name(f"{wanted.stem}_{number}{wanted.suffix}")
        number += 1
    return target
