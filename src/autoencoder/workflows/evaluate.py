"""Evaluate: how well a run's autoencoder rebuilds images that it did not learn from."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from ..data.listing import Images
from ..data.load import load as decode
from ..data.notes import notes
from ..errors import ModelFileError
from ..files import write_text
from ..metrics.reconstruction import pca_mse, score
from ..model.apply import applied, fitting_batch
from ..model.encoder import Encoder, open_encoder
from ..model.saved import load
from ..storage.provenance import Provenance, encoder_record
from ..storage.run import CACHE, Run
from .embeddings import log_changes
from .evaluation_classifier import EvaluationClassifier, evaluation_classifier, numbers
from .evaluation_images import EvaluationImages, Found

log = logging.getLogger("autoencoder")

Restore = Callable[[np.ndarray], np.ndarray]
_METRICS = ("mae", "mse", "psnr", "ssim")
#: The folder of the evaluation classifier, how many images it was asked about, and its two accuracies.
_OF_CLASSIFIER = ("classifier", "classified", "classifier_accuracy", "originals_accuracy")
_ALL_LEARNED = "no classifier accuracy: the evaluation classifier learned every one of these images"


class Evaluation(NamedTuple):
    """The scores by name, the images that they are of, and what made them."""

    scores: dict[str, Any]
    images: Images
    made: Provenance


def evaluate(run: Run, found: EvaluationImages, seed: int) -> Evaluation:
    """Compare images with what a run's autoencoder makes of them.

    Reconstructions are clipped to [0, 1], as they are shown, and not rounded.

    Parameters
    ----------
    run : Run
    found : EvaluationImages
    seed : int
        Of the evaluation classifier.

    Raises
    ------
    DataError
        If too many files cannot be used.
    ModelFileError
        If a network cannot be read, or makes no numbers.
    """
    encoder = open_encoder(run.encoder)
    restore, batch = _open_autoencoder(run, encoder)
    log_changes(found.judged.listing, encoder)
    for note in notes(found.judged.listing, encoder.image_shape):
        log.info(f"note: {note}")
    images = _decoded(found.judged, encoder)
    training = None if found.training is None else _decoded(found.training, encoder)
    metrics = score(images.pixels, restore, batch_size=batch)
    if not math.isfinite(metrics.mse):
        raise ModelFileError(
            f"{run.autoencoder}: gives what is not a number; train again with a smaller --learning_rate"
        )
    scores: dict[str, Any] = {
        "images": len(images.paths),
        "learned": None if training is None else int(_learned(images, training).sum()),
        **{name: getattr(metrics, name) for name in _METRICS},
        "embedding_size": encoder.width,
        "pca_mse": _pca_mse(training, images, encoder.width),
        **dict.fromkeys(_OF_CLASSIFIER),
    }
    judge = None
    if found.labelled is not None:
        labelled = training if found.labelled is found.training else _decoded(found.labelled, encoder)
        assert labelled is not None
        judge = evaluation_classifier(found.labelled.source, labelled, seed)
        scores |= _accuracies(judge, images, labelled, restore)
    scores["missing"] = [*found.missing, *([_ALL_LEARNED] if scores["classified"] == 0 else [])]
    settings = {"classifier": None if judge is None else judge.folder.name, "pca": scores["pca_mse"] is not None}
    made = Provenance("evaluate", settings, found.judged.source.to_record(images), encoder_record(run.autoencoder))
    return Evaluation(scores, images, made)


def write_scores(scores: dict[str, Any], path: Path) -> None:
    """Write the scores as JSON.

    Raises
    ------
    DiskError
        If they cannot be written.
    """
    write_text(path, json.dumps(scores, indent=2) + "\n")


def summary(scores: dict[str, Any]) -> str:
    """Return what the user is told."""
    pca = scores["pca_mse"]
    lines = [
        f"\n{scores['images']:,} images and their reconstructions, pixels from 0 to 1:",
        f"  mae  {scores['mae']:.5f}",
        f"  mse  {scores['mse']:.6f}"
        + ("" if pca is None else f"  (a PCA of {scores['embedding_size']:,} numbers: {pca:.6f})"),
        f"  psnr {scores['psnr']:.2f} dB",
        f"  ssim {scores['ssim']:.4f}",
    ]
    if scores["classifier_accuracy"] is not None:
        lines.append(
            f"  classifier accuracy {scores['classifier_accuracy']:.4f} on reconstructions, "
            f"{scores['originals_accuracy']:.4f} on originals ({scores['classified']:,} images)"
        )
    if scores["learned"]:
        lines.append(f"note: {scores['learned']:,} of these images are among those that the run was trained with")
    return "\n".join([*lines, *(f"note: {why}" for why in scores["missing"])])


def _open_autoencoder(run: Run, encoder: Encoder) -> tuple[Restore, int]:
    """Return what rebuilds float32 images in [0, 1], clipped to that, and how many it takes at once."""
    model = load(run.autoencoder)
    shape = (*encoder.image_shape, encoder.channels)
    if tuple(model.input.shape[1:]) != shape or tuple(model.output.shape[1:]) != shape:
        raise ModelFileError(
            f"{run.autoencoder}: must take and give images of {shape}, as {run.encoder.name} beside it takes them, and "
            f"it makes {tuple(model.output.shape[1:])} of {tuple(model.input.shape[1:])}; restore copies of both"
        )
    restore = applied(model)
    return lambda images: restore(images).clip(0, 1), fitting_batch(model, 256)


def _decoded(found: Found, encoder: Encoder) -> Images:
    return decode(found.listing, encoder.image_shape, encoder.color, max_bad=found.source.max_bad, cache_dir=CACHE)


def _learned(images: Images, others: Images) -> np.ndarray:
    """Say of each image whether its file, byte for byte, is among others."""
    known = {row.tobytes() for row in others.digests}
    return np.array([row.tobytes() in known for row in images.digests])


def _pca_mse(training: Images | None, images: Images, width: int) -> float | None:
    return None if training is None or len(training.paths) < 2 else pca_mse(training.pixels, images.pixels, width)


def _accuracies(judge: EvaluationClassifier, images: Images, labelled: Images, restore: Restore) -> dict[str, Any]:
    """Ask a classifier for the labels of images and of their reconstructions; not of those that it learned itself."""
    asked = images.take(np.flatnonzero(~_learned(images, labelled)))
    row: dict[str, Any] = {"classifier": str(judge.folder), "classified": len(asked.paths)}
    if not asked.paths:
        return row
    known = numbers(asked, judge.classes)
    return row | {
        "classifier_accuracy": float((_classes(judge.model, asked.pixels, restore) == known).mean()),
        "originals_accuracy": float((_classes(judge.model, asked.pixels) == known).mean()),
    }


def _classes(model: keras.Model, pixels: Any, restore: Restore = lambda images: images) -> np.ndarray:
    """Return the likeliest class of each image, or of what is made of it; int of shape (n,)."""
    classify, step = applied(model), fitting_batch(model, 256)
    starts = range(0, len(pixels), step)
    parts = [classify(restore(pixels[at : at + step].astype(np.float32) / np.float32(255))) for at in starts]
    return np.concatenate(parts).argmax(axis=1)
