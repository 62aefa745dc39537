"""Classify: from an encoder and labelled images to a classifier's run."""

from __future__ import annotations

import hashlib
import logging
import math
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import keras
import numpy as np

from ..clustering.spread import spread
from ..data.labels import draw
from ..data.listing import Images, Listing, fingerprint
from ..data.memory import available_memory
from ..data.rules import AS_STORED, Rules
from ..data.source import to_flags
from ..errors import DataError, UsageError
from ..model.classifier import Network, classifier, copied, fresh
from ..model.encoder import encoder_of, open_trainable
from ..settings import Augment, Output, Training
from ..settings.classification import Classifier, Labelled
from ..storage import new_run, runs_table
from ..storage import run as run_folder
from ..storage.classifier import ClassifierRun
from ..storage.provenance import Provenance, encoder_record
from ..storage.run import Run
from ..training.classify import HEAD, LabelledImages, fit_classifier
from ..training.fit import Fitted
from ..training.progress import EpochLines
from ..training.state import Keeping
from .embeddings import embed, encode
from .images import bad_files
from .in_run import Learning, learn_in_run
from .labelled import LabelledSplits, load_labelled
from .pretrained import Located, open_model
from .rescue import save_trained
from .save import add_row
from .save_classifier import FittedClassifier, evaluate, save_classifier_results
from .unfinished import Unfinished, check_encoder, check_images

log = logging.getLogger("autoencoder")


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

    def made(self, wanted: Classifier, record: Mapping[str, Any]) -> Provenance:
        """Say what makes the classifier: the flags, the images' record and the encoder."""
        # Random weights come from no file.
        known = None if self.file is None or not self.file.is_file() else encoder_record(self.file)
        return Provenance("classify", self.flags(wanted), record, known)

    def flags(self, wanted: Classifier) -> dict[str, Any]:
        """Return what repeats an experiment: `flexae classify --config=settings.yml`."""
        run = self.run.path if self.run is not None and self.file == self.run.encoder else self.file
        reading = {name: value for name, value in to_flags(self.rules).items() if value is not None}
        labelled = self.labelled.absolute().model_dump(mode="json") | reading
        learned = wanted.absolute().model_dump(mode="json")
        return {"run": None if run is None else str(run), **labelled, **learned, **self.network}


def open_source(
    located: Located, labelled: Labelled, found: LabelledSplits[Listing], output: Output
) -> tuple[ClassifierSource, LabelledSplits[Images]]:
    """Open an encoder that was found, and decode the labelled images as it takes them.

    Raises
    ------
    ModelFileError
        If the encoder cannot be used.
    DataError
        If too many images cannot be.
    """
    run, file, network = located
    encoder = open_trainable(file) if network is None else open_model(network)
    augment, named = run.section(Training).augment, {} if network is None else network.flags()
    source = ClassifierSource(encoder, labelled, run, file, augment, output, found.train.rules, named)
    return source, load_labelled(found, encoder_of(encoder, file), labelled.max_bad)


def classify(
    source: ClassifierSource,
    data: LabelledSplits[Images],
    wanted: Classifier,
    *,
    keep: bool = True,
    save_every: float | None = None,
    going_on: Unfinished | None = None,
) -> FittedClassifier:
    """Fit one classifier.

    Parameters
    ----------
    source : ClassifierSource
    data : LabelledSplits
    wanted : Classifier
    keep : bool
        Whether to save a run's folder and its row in logs/classifiers.csv; otherwise nothing is written.
    save_every : float, optional
        Seconds from one kept state of the training to the next.
    going_on : Unfinished, optional
        The run that is gone on with.

    Raises
    ------
    UserError
        Of any kind; see the exit statuses. After an `Interrupted` or a `DivergedError` the run is there all the same.
    """
    train, counts = _training_images(source, data, wanted)
    made = source.made(wanted, _record(data, train))
    if going_on is not None:
        check_images(going_on, made)
        check_encoder(going_on, made)
    keras.utils.set_random_seed(wanted.seed)
    network = _network(source, wanted, len(data.classes))
    valid = None if wanted.few else LabelledImages(data.valid.pixels, data.numbers(data.valid))
    flags, bad = source.flags(wanted), bad_files(data)

    def begin(run: Run) -> None:
        run.write_provenance(replace(made, finished=False))
        run.write_flags(flags)
        run.write_bad_files(bad)

    def fit(stopping: Callable[[], bool], states: Keeping | None) -> dict[str, Fitted]:
        return fit_classifier(network, train, valid, _steps(source, wanted), _callbacks(source), stopping, states)

    def finish(run: Run | None, steps: dict[str, Fitted]) -> FittedClassifier:
        kept = None if run is None else ClassifierRun(run.path)
        if kept is not None:
            save_trained(network.classifier, kept.classifier)  # first of all: it is what took the time
        evaluation = evaluate(network.classifier, steps, flags, wanted, counts, data)
        result = FittedClassifier(network.classifier, data.classes, steps, flags, evaluation, made, bad, kept)
        if kept is not None:
            save_classifier_results(kept, result)
            add_row(kept, evaluation.scores, "classifiers.csv", runs_table.CLASSIFIER_COLUMNS)
            log.info(summary(kept, evaluation.scores))
        return result

    if not keep:
        return finish(None, fit(lambda: False, None))
    run = new_run.create(source.output, datetime.now()) if going_on is None else going_on.run
    advice = "; --fine_rate is the rate of the second step"
    learning = Learning(begin, fit, _interrupted, finish, advice)
    return learn_in_run(run, made, source.output, learning, save_every, going_on)


def _interrupted(steps: dict[str, Fitted]) -> dict[str, Fitted]:
    last = list(steps)[-1]
    return {**steps, last: steps[last]._replace(status="interrupted")}


def _record(data: LabelledSplits[Images], train: LabelledImages) -> dict[str, Any]:
    """Return the number of labelled images, and a SHA-256 of all images and labels that decide about a classifier."""
    parts = list(data.parts.values())
    digest = hashlib.sha256(fingerprint(*parts).encode())
    for part in parts:
        for path, label in sorted(zip(part.paths, part.labels or (), strict=True)):
            digest.update(f"{path}\0{label}\0".encode("utf-8", "surrogateescape"))
    digest.update(train.classes.tobytes())
    if data.unlabelled is not None:
        digest.update(np.ascontiguousarray(train.pixels).data)
    return {"count": sum(len(part.paths) for part in parts), "fingerprint": digest.hexdigest()}


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
