"""Classify: from an encoder and labelled images to a classifier's run."""

from __future__ import annotations

import logging
import math
import shlex
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import keras
import numpy as np

from ..clustering.spread import spread
from ..data.labels import draw
from ..data.listing import Images
from ..data.memory import available_memory
from ..data.rules import AS_STORED, Rules
from ..data.source import to_flags
from ..errors import DataError, DivergedError, Interrupted, UsageError
from ..model.classifier import Network, classifier, copied, fresh
from ..model.encoder import encoder_of
from ..model.saved import save
from ..settings import Augment, Output, Training
from ..settings.classification import Classifier, Labelled
from ..signals import stop_at_next_batch
from ..storage import new_run, runs_table
from ..storage import run as run_folder
from ..storage.classifier import ClassifierRun
from ..storage.provenance import Provenance, encoder_record
from ..storage.run import Run
from ..training.classify import HEAD, LabelledImages, fit_classifier
from ..training.fit import Fitted
from ..training.progress import EpochLines
from .embeddings import embed, encode
from .images import bad_files
from .labelled import LabelledSplits
from .save import add_row
from .save_classifier import FittedClassifier, evaluate, save_classifier_results

log = logging.getLogger("autoencoder")

_INTERRUPTED = "interrupted; the classifier so far"


class ClassifierSource(NamedTuple):
    """What a classifier begins with: an encoder, where it comes from, and where the images come from.

    `encoder` is a Keras model, whose weights stay as they are; `run` and `file` may be none. `augment` is how the
    encoder's own training changed its images. `network` are the flags that name a network from elsewhere.
    """

    encoder: keras.Model
    labelled: Labelled
    run: Run | None = None
    file: Path | None = None
    augment: Augment | None = None
    output: Output = Output(save_prefix="classifier")
    rules: Rules = AS_STORED
    network: Mapping[str, Any] = MappingProxyType({})

    def made(self, wanted: Classifier) -> Provenance:
        """Say what makes the classifier: the flags and the encoder."""
        # Random weights come from no file.
        known = None if self.file is None or not self.file.is_file() else encoder_record(self.file)
        return Provenance("classify", self.flags(wanted), None, known)

    def flags(self, wanted: Classifier) -> dict[str, Any]:
        """Return what repeats an experiment: `flexae classify --config=settings.yml`."""
        run = self.run.path if self.run is not None and self.file == self.run.encoder else self.file
        reading = {name: value for name, value in to_flags(self.rules).items() if value is not None}
        labelled = self.labelled.absolute().model_dump(mode="json") | reading
        learned = wanted.absolute().model_dump(mode="json")
        return {"run": None if run is None else str(run), **labelled, **learned, **self.network}


def classify(
    source: ClassifierSource, data: LabelledSplits[Images], wanted: Classifier, *, keep: bool = True
) -> FittedClassifier:
    """Fit one classifier.

    Parameters
    ----------
    source : ClassifierSource
    data : LabelledSplits
    wanted : Classifier
    keep : bool
        Whether to save a run's folder and its row in logs/classifiers.csv; otherwise nothing is written.

    Raises
    ------
    UserError
        Of any kind; see the exit statuses. After an `Interrupted` or a `DivergedError` the run is there all the same.
    """
    train, counts = _training_images(source, data, wanted)
    keras.utils.set_random_seed(wanted.seed)
    network = _network(source, wanted, len(data.classes))
    valid = None if wanted.few else LabelledImages(data.valid.pixels, data.numbers(data.valid))

    def finish(steps: dict[str, Fitted]) -> FittedClassifier:
        flags = source.flags(wanted)
        run = ClassifierRun(new_run.create(source.output, datetime.now()).path) if keep else None
        if run is not None:
            save(network.classifier, run.classifier)  # first of all: it is what took the time
        evaluation = evaluate(network.classifier, steps, flags, wanted, counts, data)
        made, bad = source.made(wanted), bad_files(data)
        result = FittedClassifier(network.classifier, data.classes, steps, flags, evaluation, made, bad, run)
        if run is not None:
            save_classifier_results(run, result)
            add_row(run, evaluation.scores, "classifiers.csv", runs_table.CLASSIFIER_COLUMNS)
        return result

    if not keep:
        return finish(fit_classifier(network, train, valid, _steps(source, wanted), _callbacks(source)))
    with stop_at_next_batch() as stopping:
        try:
            steps = fit_classifier(network, train, valid, _steps(source, wanted), _callbacks(source), stopping)
        except DivergedError as error:
            failed = finish(error.fitted).run
            assert failed is not None
            raise DivergedError(
                f"{error}; they are in {failed.path}; --fine_rate is the rate of the second step", error.fitted
            ) from error
        if stopping.signal is not None:
            last = list(steps)[-1]
            steps[last] = steps[last]._replace(status="interrupted")
        result = finish(steps)
        run, scores = result.run, result.evaluation.scores
        assert run is not None
    log.info(summary(run, scores))
    if stopping.signal is not None:
        complete = scores["status"] != "interrupted"
        said = "the classifier was complete when the signal came; it" if complete else _INTERRUPTED
        raise Interrupted(f"{said} is in {run.path}", stopping.signal, complete=complete)
    return result


def _network(source: ClassifierSource, wanted: Classifier, classes: int) -> Network:
    encoder = (fresh if wanted.scratch else copied)(source.encoder)
    need, free = 16 * wanted.units * (math.prod(encoder.output.shape[1:]) + classes), available_memory()
    if need > free:
        raise UsageError(
            f"--units={wanted.units}: its weights take {need / 1e9:,.1f} GB to train, and {free / 1e9:,.1f} GB are "
            "free; give fewer"
        )
    return classifier(encoder, wanted.units, classes, wanted.drop_rate)


def _steps(source: ClassifierSource, wanted: Classifier) -> dict[str, Training]:
    common = {
        "schedule": "cosine",
        "batch_size": wanted.batch_size,
        "augment": source.augment if wanted.augment == "auto" else wanted.augment,
        "seed": wanted.seed,
    }
    if wanted.scratch:
        return {"scratch": Training(train_epochs=2 * wanted.epochs, learning_rate=wanted.learning_rate, **common)}
    return {
        HEAD: Training(train_epochs=wanted.epochs, learning_rate=wanted.learning_rate, **common),
        "everything": Training(train_epochs=wanted.epochs, learning_rate=wanted.fine_rate, **common),
    }


def _callbacks(source: ClassifierSource) -> Callable[[str, Training], list[keras.callbacks.Callback]]:
    def callbacks(step: str, training: Training) -> list[keras.callbacks.Callback]:
        log.info(f"{step}:")
        return [EpochLines(training.train_epochs)]

    return callbacks


def _training_images(
    source: ClassifierSource, data: LabelledSplits[Images], wanted: Classifier
) -> tuple[LabelledImages, dict[str, Any]]:
    """Draw the labels, and spread them where that is asked for.

    Returns
    -------
    (LabelledImages, dict)
        What the classifier learns from, and how many of it had a label or got one, how surely and how rightly.
    """
    pixels, classes = data.train.pixels, data.numbers(data.train)
    (count,) = wanted.labels_per_class
    if isinstance(count, int):
        assert data.train.labels is not None
        rows = draw(data.train.labels, count, wanted.seed)
        pixels, classes = pixels[rows], classes[rows]
    labelled = {"labelled": len(classes)}
    log.info(f"{len(classes):,} images with a label, {len(data.classes)} classes")
    if wanted.unlabelled is None:
        return LabelledImages(pixels, classes), labelled
    more, figures = _spread(source, LabelledImages(pixels, classes), data, wanted)
    if not figures["spread"]:
        raise DataError(f"--confidence={wanted.confidence}: no label could be spread as surely; name a lower one")
    known = f", {figures['spread_accuracy']:.1%} as their class folders say" if "spread_accuracy" in figures else ""
    log.info(
        f"labels were spread to {figures['spread']:,} of {figures['unlabelled']:,} unlabelled images with a confidence "
        f"of {wanted.confidence:g} or more, {figures['spread_confidence']:.3f} on average{known}"
    )
    joined = LabelledImages(np.concatenate([pixels, more.pixels]), np.concatenate([classes, more.classes]))
    return joined, labelled | figures


def _spread(
    source: ClassifierSource, known: LabelledImages, data: LabelledSplits[Images], wanted: Classifier
) -> tuple[LabelledImages, dict[str, Any]]:
    """Give labels to the unlabelled images that are near enough to labelled ones."""
    assert data.unlabelled is not None
    encoder = encoder_of(source.encoder, source.file or Path("the encoder"))
    unlabelled, listing = data.unlabelled
    embeddings, images = embed(encoder, unlabelled, listing, run_folder.CACHE)
    found = spread(encode(encoder, known.pixels), known.classes, embeddings.vectors, wanted.seed)
    sure = np.flatnonzero(found.confidence >= wanted.confidence)
    figures: dict[str, Any] = {"unlabelled": len(found.labels), "spread": len(sure)}
    if len(sure):
        figures["spread_confidence"] = float(found.confidence[sure].mean())
        if embeddings.labels is not None and set(embeddings.labels) == set(data.classes):
            figures["spread_accuracy"] = float((found.labels == data.numbers(images))[sure].mean())
    return LabelledImages(images.pixels[sure], found.labels[sure].astype(np.int32)), figures


def summary(run: ClassifierRun, scores: dict[str, Any]) -> str:
    """Return what the user is told at the end."""
    parts = ", ".join(
        f"{name} {scores[f'{name}_accuracy']:.2%}"
        for name in ("train", "valid", "test")
        if f"{name}_accuracy" in scores
    )
    lines = (
        f"\naccuracy: {parts}",
        f"the classifier is in {run.classifier}; look at {run.mistakes_picture.name} and {run.confusion_picture.name}",
        f"  its row is in {run_folder.LOGS / 'classifiers.csv'}",
        f"next: flexae predict {shlex.quote(str(run.path))} --images=FOLDER",
    )
    return "\n".join(lines)
