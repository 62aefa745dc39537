"""One run: its settings, scores, course, clusterings, and what each file in its folder says; without TensorFlow."""

from __future__ import annotations

import csv
import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from ..storage.records import Record, clusterings, find_record
from ..storage.run import LOGS, Run
from ..storage.state import has_state
from .runs import SECTIONS, best_first, measure_of

#: What each file says, in the order that a person looks at them.
FILES = {
    "report.html": "all of it as one page: open it in a browser",
    "comparison_valid.png": "images that were kept aside, their reconstructions and the difference",
    "comparison_train.png": "the same of images that were learned",
    "restored_test.png": "damaged, restored and original images",
    "overview.png": "a row for each cluster, from its centre to its edge",
    "loss.png": "the loss of each epoch",
    "learning_rate.png": "loss by learning rate, from which the rate was taken",
    "mistakes.png": "the images that it was surest and wrong about",
    "confusion.png": "which classes, or clusters, were taken for which",
    "umap.png": "the embedding on a plane, by neighbours",
    "pca.png": "the embedding on a plane, by its two widest directions",
    "sizes.png": "how many images each cluster has",
    "k_curve.png": "scores over the number of clusters",
    "noise.png": "images that fit into no cluster",
    "cluster_*.png": "one cluster: central and doubtful images",
    "model.png": "the layers of the network",
    "autoencoder.keras": "the whole network",
    "encoder.*": "images to embeddings",
    "decoder.keras": "embeddings to images",
    "classifier.keras": "images to probabilities of classes",
    "autoencoder_epoch*.keras": "the network after that epoch",
    "*_weights.h5": "the networks under the original program's names",
    "encoder_saved_model": "the encoder for TensorFlow's own programs",
    "clusters.csv": "the cluster of each image",
    "clusters.parquet": "the same as a Parquet table",
    "quality.csv": "sharpness, brightness and the like of each image",
    "names*.csv": "names that a person gave to clusters",
    "test_images.csv": "scores of each test image",
    "classification_report.csv": "precision, recall and F1 of each class",
    "classes.json": "the names of the classes",
    "predictions_*.csv": "the classes of other images",
    "history.csv": "a row an epoch",
    "scores.json": "every score",
    "settings.yml": "what --config reads to repeat the run",
    "provenance.json": "what made it, and whether it is finished",
    "*bad_files.csv": "files that could not be used, and why",
    "clustering.json": "what the clustering is",
    "clustering.npz": "its arrays",
    "tiles.csv": "which file is where in the pictures",
    "report_*.html": "a page that shows other images",
    "*.provenance.json": "what made the file of that name",
    "assigned_*.strangest.*": "other images that are unlike what was learned",
    "assigned_*.csv": "the clusters of other images",
    "similar": "the nearest images of one",
    "outliers": "images, the strangest first",
    "duplicates": "images that are there twice",
    "suspects": "images whose labels their neighbours contradict",
    "label_next*": "images to label next",
    "embeddings": "tables of embeddings",
    "evaluation": "scores of other images",
    "tensorboard": "the course for TensorBoard",
    "state_*.npz": "where its training is, for --resume",
}
_ELSEWHERE = frozenset({"clusters"})


@dataclass(frozen=True)
class Shown:
    """What is known of one run.

    Attributes
    ----------
    record : Record
        Name, command, status, date, settings and scores.
    changed : dict
        The settings that are not defaults.
    measure : str or None
        The score that the run is judged by.
    epochs : dict
        The rows of history.csv of the ``best`` and the ``last`` epoch, where there are any.
    files : dict
        What each file or folder in it says; empty text where that is not known.
    clusterings : list of Record
        The best first.
    next : list of str
        Commands that may be typed next.
    """

    record: Record
    changed: dict[str, Any]
    measure: str | None
    epochs: dict[str, dict[str, float]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    clusterings: list[Record] = field(default_factory=list)
    next: list[str] = field(default_factory=list)


def show(run: str | Path) -> Shown:
    """Return what a run's folder says, finished or not.

    Parameters
    ----------
    run : str or path
        A folder, its name under logs/, the file of an encoder in it, `latest`, or the folder of a clustering.

    Raises
    ------
    UsageError
        If there is no such run.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> images = (load_digits().images[:60] / 16).astype("float32")
    >>> ae = Autoencoder(filters=(4,), dims=(3,), train_epochs=1, save_dir="logs/second").fit(images)
    >>> found = show("second")
    >>> found.changed["dims"], found.files["loss.png"]
    ([3], 'the loss of each epoch')
    """
    record = find_record(run)
    assert record.path is not None
    inside = best_first(list(clusterings(record.path)))
    return Shown(
        record,
        changed(record),
        measure_of(record),
        _epochs(Run(record.path).history_file, record.scores.get("best_epoch")),
        _files(record.path),
        inside,
        _next(record, inside),
    )


def changed(record: Record) -> dict[str, Any]:
    """Return the settings that are not defaults; those of no known field too."""
    defaults: dict[str, Any] = {}
    for section in SECTIONS.get(record.command, ()):
        defaults = {**section.model_construct().to_flags(), **defaults}
    return {
        name: value
        for name, value in record.settings.items()
        if value not in (None, [], {}) and (name not in defaults or value != defaults[name])
    }


def _files(folder: Path) -> dict[str, str]:
    """Return what each file says, those that are known first, in the order of FILES."""
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    known = {name: next((at for at in enumerate(FILES) if fnmatch(name, at[1])), None) for name in names}
    order = sorted(names, key=lambda name: len(FILES) if (at := known[name]) is None else at[0])
    said = {name: "" if (at := known[name]) is None else FILES[at[1]] for name in order}
    return {name: text for name, text in said.items() if name not in _ELSEWHERE}


def _epochs(history: Path, best: Any) -> dict[str, dict[str, float]]:
    """Return the best and the last row of the history; what is damaged has none."""
    try:
        with history.open(encoding="utf-8", newline="") as file:
            rows = [_numbers(row) for row in csv.DictReader(file)]
    except (OSError, ValueError, csv.Error):
        return {}
    rows = [row for row in rows if row]
    if not rows:
        return {}
    loss = next((name for name in ("val_loss", "loss") if name in rows[0]), None)
    chosen = [row for row in rows if row.get("epoch") == best]
    if not chosen and loss is not None:
        chosen = [min(rows, key=lambda row: row.get(loss, math.inf))]
    return {**({"best": chosen[-1]} if chosen else {}), "last": rows[-1]}


def _numbers(row: Mapping[Any, Any]) -> dict[str, float]:
    found = {}
    for name, cell in row.items():
        try:
            found[str(name)] = float(cell)
        except (TypeError, ValueError):
            continue
    return found


def _next(record: Record, inside: list[Record]) -> list[str]:
    """Return the commands that a run of this kind, in this state, is good for."""
    assert record.path is not None
    shortest = record.name if record.path.is_relative_to(LOGS) else str(record.path)
    name = shlex.quote(shortest)
    if record.status == "training" or record.settings.get("embeddings"):
        return []
    settings = record.path / "settings.yml"
    if record.command in ("run", "restore_train") and (record.status == "killed" or has_state(Run(record.path))):
        return [f"flexae {record.command} --resume={name}"]
    if record.status in ("killed", "diverged") and settings.is_file():
        slower = " --learning_rate=SMALLER" if record.status == "diverged" else ""
        command = record.command or "run"
        return [f"flexae {command} --config={shlex.quote(str(settings))}{slower}"]
    if record.status == "damaged" and "settings.yml" in record.note:
        return []
    if (record.path / "clustering.json").is_file():
        return [f"flexae assign {shlex.quote(str(record.path))} --images=FOLDER"]
    if record.command == "classify":
        return [f"flexae predict {name} --images=FOLDER"]
    if record.command == "restore_train":
        return [f"flexae restore {name} --images=FOLDER --out=FOLDER"]
    if inside:
        return [f"flexae assign {shlex.quote(str(inside[0].path))} --images=FOLDER"]
    if record.command == "run":
        return [f"flexae cluster {name}", f"flexae evaluate {name} --images=FOLDER"]
    return [f"flexae cluster {name}"] if Run(record.path).encoder.is_file() else []
