"""What a classifier leaves: the model first, then scores, pictures and the row in logs/classifiers.csv."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras
import numpy as np
import yaml

from .. import aescore
from ..classifier_folder import ClassifierRun
from ..classify_settings import Classifier
from ..data.listing import Images
from ..embeddings import encode
from ..files import write_text
from ..model.encoder import open_encoder
from ..model.saved import save
from ..provenance import Provenance
from ..report.classes import class_confusion, mistakes, step_curves
from ..scores.classes import class_report, class_scores, class_table
from ..training.fit import Fitted
from .labelled import Lots
from .leave import add_row, scored_rows


class Taught(NamedTuple):
    """A classifier that was taught: by which steps, with which flags and settings; and the figures of its labels."""

    model: keras.Model
    steps: dict[str, Fitted]
    flags: dict[str, Any]
    wanted: Classifier
    figures: dict[str, Any]
    made: Provenance


def leave_classifier(run: ClassifierRun, taught: Taught, lots: Lots) -> dict[str, Any]:
    """Save the classifier first, then all that is said about it, and append the row; return the scores."""
    save(taught.model, run.classifier)
    run.write_classes(lots.classes)
    write_text(run.settings_file, yaml.safe_dump(taught.flags, sort_keys=False))
    begun = {name: fitted for name, fitted in taught.steps.items() if fitted.history["epoch"]}
    if begun:
        run.write_history(_history(begun))
        step_curves({name: fitted.history for name, fitted in begun.items()}, run.loss_picture)
    run.write_bad_files(sorted({bad for images in lots.parts.values() for bad in images.bad}))
    scores = _scores(run, taught, lots)
    run.write_scores(scores)
    add_row(run, scores, "classifiers.csv", aescore.CLASSIFIER_COLUMNS)
    run.write_provenance(taught.made)
    return scores


def _history(steps: dict[str, Fitted]) -> dict[str, list[Any]]:
    """Join the histories of the steps, row by row, with the name of each row's step."""
    columns = next(iter(steps.values())).history
    joined = {name: [value for fitted in steps.values() for value in fitted.history[name]] for name in columns}
    return {"step": [name for name, fitted in steps.items() for _ in fitted.history["epoch"]], **joined}


def _scores(run: ClassifierRun, taught: Taught, lots: Lots) -> dict[str, Any]:
    predict = open_encoder(run.classifier)
    row: dict[str, Any] = {}
    for name, images in lots.parts.items():
        chosen = _chosen(images) if name == "train" else images
        classes, probabilities = lots.numbers(chosen), encode(predict, chosen.pixels)
        found = class_scores(classes, probabilities)
        row |= {f"{name}_accuracy": found.accuracy, f"{name}_loss": found.loss}
    # What comes last judges: the test images, or the validation images where there are none.
    row = {"accuracy": found.accuracy, "macro_f1": found.macro_f1, **row}
    _pictures(run, chosen, classes, probabilities, lots.classes)
    (count,) = taught.wanted.labels_per_class
    fitted = taught.steps.values()
    return row | {
        "run": taught.flags["run"],
        "scratch": taught.wanted.scratch,
        "labels_per_class": count,
        "classes": len(lots.classes),
        **taught.figures,
        "units": taught.wanted.units,
        "parameters": int(taught.model.count_params()),
        "epochs": sum(len(each.history["epoch"]) for each in fitted),
        "best_epoch": [each.best_epoch for each in fitted][-1],
        "seconds": round(math.fsum(each.seconds for each in fitted), 2),
        "seed": taught.wanted.seed,
        "status": [each.status for each in fitted][-1],
    }


def _chosen(images: Images) -> Images:
    rows = scored_rows(images.pixels)
    assert images.labels is not None
    paths, labels = (tuple(values[row] for row in rows) for values in (images.paths, images.labels))
    return Images(images.pixels[rows], paths, labels, images.bad)


def _pictures(
    run: ClassifierRun, images: Images, classes: np.ndarray, probabilities: np.ndarray, names: list[str]
) -> None:
    found = probabilities.argmax(axis=1)
    run.write_report(class_report(classes, found, names))
    class_confusion(class_table(classes, found, len(names)), names, run.confusion_picture)
    mistakes(images.pixels, classes, probabilities, names, run.mistakes_picture)
