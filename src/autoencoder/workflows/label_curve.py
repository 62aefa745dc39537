"""What labels give: one experiment repeated for several numbers of labels, with and without pretraining."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from ..data.listing import Images
from ..plots.classes import label_curve
from ..settings import Output
from ..settings.classification import Classifier
from ..storage import new_run
from ..storage.classifier import ClassifierRun
from ..storage.csv_files import write_csv
from .classify import ClassifierSource, classify
from .labelled import LabelledSplits

log = logging.getLogger("autoencoder")


def draw_label_curve(source: ClassifierSource, data: LabelledSplits[Images], wanted: Classifier) -> tuple[Path, str]:
    """Fit a classifier for each number of labels, by each way to begin; save a table and its picture.

    Returns
    -------
    (Path, str)
        The folder that holds labels.csv and labels.png, and what a person is told of them. Every classifier has a run
        of its own.

    Raises
    ------
    UserError
        Of any kind; see the exit statuses.
    """
    ways = _ways(wanted)
    found: dict[str, list[float]] = {way: [] for way in ways}
    counts = [str(count) for count in wanted.labels_per_class]
    for count in wanted.labels_per_class:
        for way, changes in ways.items():
            log.info(f"\n{count} labels a class, {way}")
            one = wanted.model_copy(update={"labels_per_class": (count,), **changes})
            found[way].append(classify(source, data, one).evaluation.scores["accuracy"])
    folder = ClassifierRun(new_run.create(Output(save_prefix="labels"), datetime.now()).path)
    head = ("labels_per_class", *(way.replace(" ", "_") for way in ways))
    write_csv(folder.labels_file, [head, *zip(counts, *found.values(), strict=True)])
    scored_on = "test" if data.test is not None else "validation"
    label_curve(counts, found, scored_on, folder.labels_picture)
    return folder.path, f"\naccuracy on the {scored_on} images\n{table(counts, found)}\nlook at {folder.labels_picture}"


def _ways(wanted: Classifier) -> dict[str, dict[str, Any]]:
    """Name the ways to begin, and what each changes in the settings."""
    plain = {"unlabelled": None, "confidence": Classifier().confidence}
    ways: dict[str, dict[str, Any]] = {"scratch": {"scratch": True, **plain}}
    if wanted.scratch:
        return ways
    ways["pretrained"] = plain
    return ways if wanted.unlabelled is None else {**ways, "labels spread": {}}


def table(counts: list[str], found: dict[str, list[float]]) -> str:
    """Return accuracies as lines of text: a row a number of labels, a column a way."""
    head = f"{'labels':>8}" + "".join(f"{name:>16}" for name in found)
    rows = zip(counts, *found.values(), strict=True)
    return "\n".join(
        [head, *(f"{count:>8}" + "".join(f"{value:>16.4f}" for value in values) for count, *values in rows)]
    )
