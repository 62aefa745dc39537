"""What is saved of a classifier: the model first, then scores, pictures and the row in logs/classifiers.csv."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from ..data.listing import BadFile, Images
from ..metrics.classes import class_report, class_scores, class_table
from ..model.encoder import encoder_of
from ..plots.classes import class_confusion, mistakes, step_curves
from ..settings.classification import Classifier
from ..storage.classifier import ClassifierRun
from ..storage.csv_files import write_tiles
from ..storage.provenance import Provenance
from ..training.fit import Fitted
from .embeddings import encode
from .labelled import LabelledSplits
from .save import scored_rows


class Evaluation(NamedTuple):
    """The scores of a classifier, and what it says of the images it is scored on: probabilities (n, classes)."""

    scores: dict[str, Any]
    images: Images
    classes: np.ndarray
    probabilities: np.ndarray


class FittedClassifier(NamedTuple):
    """A fitted classifier: the names of its classes, the steps, the flags, and how well it does."""

    model: keras.Model
    names: list[str]
    steps: dict[str, Fitted]
    flags: dict[str, Any]
    evaluation: Evaluation
    made: Provenance
    bad: list[BadFile]
    run: ClassifierRun | None = None


def save_classifier_results(run: ClassifierRun, result: FittedClassifier) -> None:
    """Write all that is said about a classifier that is saved."""
    run.write_classes(result.names)
    run.write_flags(result.flags)
    begun = {name: fitted for name, fitted in result.steps.items() if fitted.history["epoch"]}
    if begun:
        run.write_history(_history(begun))
        step_curves({name: fitted.history for name, fitted in begun.items()}, run.loss_picture)
    run.write_bad_files(result.bad)
    run.write_scores(result.evaluation.scores)
    _pictures(run, result.evaluation, result.names)
    run.write_provenance(result.made)


def _history(steps: dict[str, Fitted]) -> dict[str, list[Any]]:
    """Join the histories of the steps, row by row, with the name of each row's step."""
    columns = next(iter(steps.values())).history
    joined = {name: [value for fitted in steps.values() for value in fitted.history[name]] for name in columns}
    return {"step": [name for name, fitted in steps.items() for _ in fitted.history["epoch"]], **joined}


def evaluate(
    model: keras.Model,
    steps: dict[str, Fitted],
    flags: dict[str, Any],
    wanted: Classifier,
    figures: dict[str, Any],
    data: LabelledSplits[Images],
) -> Evaluation:
    """Score a classifier on each split; what comes last counts: test images, or the validation images without such."""
    predict = encoder_of(model, Path("the classifier"))
    row: dict[str, Any] = {}
    for name, images in data.parts.items():
        chosen = _chosen(images) if name == "train" else images
        classes, probabilities = data.numbers(chosen), encode(predict, chosen.pixels)
        found = class_scores(classes, probabilities)
        row |= {f"{name}_accuracy": found.accuracy, f"{name}_loss": found.loss}
    (count,) = wanted.labels_per_class
    fitted = steps.values()
    scores = {
        "accuracy": found.accuracy,
        "macro_f1": found.macro_f1,
        **row,
        "run": flags["run"],
        "scratch": wanted.scratch,
        "labels_per_class": count,
        "classes": len(data.classes),
        **figures,
        "units": wanted.units,
        "parameters": int(model.count_params()),
        "epochs": sum(len(each.history["epoch"]) for each in fitted),
        "best_epoch": [each.best_epoch for each in fitted][-1],
        "seconds": round(math.fsum(each.seconds for each in fitted), 2),
        "seed": wanted.seed,
        "status": [each.status for each in fitted][-1],
    }
    return Evaluation(scores, chosen, classes, probabilities)


def _chosen(images: Images) -> Images:
    rows = scored_rows(images.pixels)
    assert images.labels is not None
    paths, labels = (tuple(values[row] for row in rows) for values in (images.paths, images.labels))
    return Images(images.pixels[rows], paths, labels, images.bad)


def _pictures(run: ClassifierRun, evaluation: Evaluation, names: list[str]) -> None:
    found = evaluation.probabilities.argmax(axis=1)
    run.write_report(class_report(evaluation.classes, found, names))
    class_confusion(class_table(evaluation.classes, found, len(names)), names, run.confusion_picture)
    images, picture = evaluation.images, run.mistakes_picture
    shown = mistakes(images.pixels, evaluation.classes, evaluation.probabilities, names, picture)
    write_tiles(run.tiles_file, [(picture, shown, images.paths)])
