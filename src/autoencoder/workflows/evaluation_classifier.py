"""The evaluation classifier: it learns labelled originals once, is kept, and is asked about reconstructions."""

from __future__ import annotations

import hashlib
import logging
import math
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from ..data.listing import Images
from ..data.source import ImageSource
from ..errors import ModelFileError
from ..model.apply import fitting_batch
from ..model.build import build
from ..model.classifier import classifier
from ..model.saved import load, save
from ..settings import Architecture, Training
from ..storage.classifier import ClassifierRun, evaluation_classifier_run
from ..storage.provenance import NAME, Provenance, keep_folder, read_provenance
from ..training.classify import LabelledImages, fit_classifier
from ..training.progress import EpochLines

log = logging.getLogger("autoencoder")

#: Sides above this are halved by strides, which takes little time; the others by pooling, which loses less.
_LARGE_SIDE, _SMALL_SIDE = 64, 4
_FIRST_WIDTH, _LAST_WIDTH = 32, 256
_UNITS, _DROP_RATE = 128, 0.3
_EPOCHS, _BATCH, _RATE = 10, 128, 0.001


class EvaluationClassifier(NamedTuple):
    """A classifier of originals: images to probabilities of `classes`, the names of its classes, sorted."""

    model: keras.Model
    classes: tuple[str, ...]
    folder: Path


def evaluation_classifier(source: ImageSource, images: Images, seed: int) -> EvaluationClassifier:
    """Return the classifier of some labelled images: the one that is kept, or a new one, which is kept from now on.

    The same images, labels, shape, rules and seed have the same classifier, whatever run it is asked about.

    Parameters
    ----------
    source : ImageSource
    images : Images
        Of the source, decoded, with labels of at least two classes.
    seed : int
        Of weights, order and augmentation.
    """
    assert images.labels is not None
    classes = tuple(sorted(set(images.labels)))
    made = Provenance("evaluate", _settings(images, seed), source.to_record(images))
    run = evaluation_classifier_run(made.key)
    kept = _kept(run, made)
    if kept is not None:
        day = datetime.fromtimestamp(run.classifier.stat().st_mtime).strftime("%Y-%m-%d %H:%M")
        log.info(f"the evaluation classifier of {day} is used again: {run.path}")
        return EvaluationClassifier(kept, classes, run.path)
    log.info(f"an evaluation classifier learns {len(images.paths):,} images of {len(classes)} classes, once:")
    model = _fitted(LabelledImages(images.pixels, numbers(images, classes)), classes, seed)

    def fill(folder: Path) -> None:
        save(model, ClassifierRun(folder).classifier)
        ClassifierRun(folder).write_classes(classes)

    folder = keep_folder(run.path, made, fill, overwrite=True)
    log.info(f"it is kept in {folder}, and used again for every run on the same images in the same shape")
    return EvaluationClassifier(model, classes, folder)


def numbers(images: Images, classes: tuple[str, ...]) -> np.ndarray:
    """Return the classes of images as int32 numbers, by their sorted names."""
    assert images.labels is not None
    return np.searchsorted(np.array(classes), np.array(images.labels)).astype(np.int32)


def network(image_shape: tuple[int, int]) -> dict[str, Any]:
    """Return the architecture of the classifier's encoder.

    A level per halving until the shorter side is small, a second convolution where it is small already and the work
    is little, and one more convolution whose mean over the places is what the head reads.
    """
    shorter = min(image_shape)
    halvings = max(1, math.ceil(math.log2(shorter / _SMALL_SIDE)))
    large = min(halvings - 1, max(0, math.ceil(math.log2(shorter / _LARGE_SIDE))))
    widths = [min(_FIRST_WIDTH * 2**number, _LAST_WIDTH) for number in range(halvings - large + 1)]
    # A side that is odd is halved upwards; an image of one pixel has nothing to pool.
    left = math.ceil(shorter / 2**halvings)
    halve = "max" if shorter > 1 else "no"
    return {
        "filters": [_FIRST_WIDTH] * large + [*widths[:-1], *widths[-2:]],
        "kernel_size": [3],
        "strides": [2] * large + [1],
        "pooling": ["no"] * large + [halve] * (len(widths) - 2) + ["no", halve, f"avg{left}" if left > 1 else "no"],
        "batch_norm": "before",
        "mlp": False,
    }


def _learning(channels: int, seed: int) -> dict[str, Any]:
    return {
        "train_epochs": _EPOCHS,
        "learning_rate": _RATE,
        "schedule": "cosine",
        # Writing and scans are gray, and mirrored ones are other signs; what is in colour is most often a photograph.
        "augment": ["shift"] if channels == 1 else ["hflip", "shift"],
        "seed": seed,
    }


def _settings(images: Images, seed: int) -> dict[str, Any]:
    """Return all that decides about the classifier beside the images' files and how they are read."""
    height, width, channels = images.pixels.shape[1:]
    # The fingerprint does not tell the labels of an idx file.
    labels = hashlib.sha256("\n".join(images.labels or ()).encode("utf-8", "surrogateescape")).hexdigest()
    return {
        "image_shape": [height, width, channels],
        "labels": labels,
        "network": network((height, width)),
        "units": _UNITS,
        "drop_rate": _DROP_RATE,
        "batch_size": _BATCH,
        "training": _learning(channels, seed),
    }


def _kept(run: ClassifierRun, made: Provenance) -> keras.Model | None:
    if not made.same_result(read_provenance(run.path / NAME)):
        return None
    try:
        return load(run.classifier)
    except ModelFileError as error:
        log.info(f"note: {error}; it is made anew")
        return None


def _fitted(train: LabelledImages, classes: tuple[str, ...], seed: int) -> keras.Model:
    shape, channels = train.pixels.shape[1:3], train.pixels.shape[3]
    keras.utils.set_random_seed(seed)
    encoder = build(Architecture(**network(shape)), shape, channels).encoder
    whole = classifier(encoder, _UNITS, len(classes), _DROP_RATE)
    batch = fitting_batch(whole.classifier, _BATCH)
    training = Training(**_learning(channels, seed), batch_size=batch)
    fit_classifier(whole, train, None, {"everything": training}, lambda step, training: [EpochLines(_EPOCHS)])
    return whole.classifier
