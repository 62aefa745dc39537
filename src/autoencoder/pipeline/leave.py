"""What a training leaves: models first, then scores, pictures and the row in logs/aescore.csv."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from .. import aescore, run_folder
from ..losses import LOSSES
from ..model.apply import applied, fitting_batch
from ..model.build import Models
from ..model.saved import save
from ..report.figures import comparison, loss_curve
from ..run_folder import Run
from ..scores.embedding import EMBEDDED_IMAGES, used_numbers
from ..scores.reconstruction import Restore, pca_mse, score
from ..settings import Settings
from ..training.fit import Fitted
from .doubts import doubts_of_run
from .images import Parts

#: Scores of the training images are of so many of them at most, and of so many bytes, evenly spread.
SCORED_TRAINING_IMAGES, SCORED_TRAINING_BYTES = 10_000, 2**27
PICTURED = 10


def leave(run: Run, settings: Settings, models: Models, parts: Parts, fitted: Fitted) -> dict[str, Any]:
    """Save the models first, then all that is said about them, and append the row."""
    save(models.autoencoder, run.autoencoder)
    save(models.encoder, run.encoder)
    save(models.decoder, run.decoder)
    if settings.output.h5:
        save(models.autoencoder, run.autoencoder_h5)
        save(models.encoder, run.encoder_h5)
    run.write_history(fitted.history)
    if fitted.history["epoch"]:
        loss_curve(fitted.history, run.loss_picture)
    restore = applied(models.autoencoder)
    scores = _scores(settings, models, parts, fitted, restore)
    _pictures(run, parts, restore)
    run.write_scores(scores)
    add_row(run, scores, "aescore.csv", aescore.COLUMNS)
    return scores


def add_row(run: Run, scores: Mapping[str, Any], table: str, columns: Sequence[str]) -> None:
    """Append a run's scores to a table in logs/, with its time and folder; `columns` are the table's first ones."""
    row = {"Time": datetime.now().strftime(aescore.TIME_FORMAT), "FolderName": run.path.name, **scores}
    aescore.append(run_folder.LOGS / table, row, columns)


def scored_rows(pixels: np.ndarray) -> np.ndarray:
    """Return the rows of the training images that are scored."""
    most = max(PICTURED, SCORED_TRAINING_BYTES // pixels[0].nbytes)
    return _spread(len(pixels), min(SCORED_TRAINING_IMAGES, most))


def _spread(images: int, count: int) -> np.ndarray:
    """Return at most `count` rows of so many images, evenly spread."""
    return np.linspace(0, images - 1, min(count, images)).astype(int)


def _scores(settings: Settings, models: Models, parts: Parts, fitted: Fitted, restore: Restore) -> dict[str, Any]:
    train = parts.train.pixels[scored_rows(parts.train.pixels)]
    width = math.prod(models.encoder.output.shape[1:])
    loss = LOSSES[settings.training.loss]
    row: dict[str, Any] = {}
    for part, pixels in (("train", train), ("valid", parts.valid.pixels)):
        found = score(pixels, restore, loss, fitting_batch(models.autoencoder, 256))
        row |= {f"{part}_{name}": value for name, value in found._asdict().items()}
    row |= {
        "pca_mse": pca_mse(train, parts.valid.pixels, width, settings.training.seed) if len(train) > 1 else None,
        "parameters": int(models.autoencoder.count_params()),
        "embedding_size": width,
        "used_numbers": used_numbers(_embedded(models, train)),
        "epochs": len(fitted.history["epoch"]),
        "best_epoch": fitted.best_epoch,
        "seconds": round(fitted.seconds, 2),
        "images_per_second": round(fitted.images_per_second, 1),
        "seed": settings.training.seed,
        "status": fitted.status,
        "bad_files": len({*parts.train.bad, *parts.valid.bad}),
    }
    return row


def _embedded(models: Models, pixels: np.ndarray) -> np.ndarray:
    """Embed a sample of images; float32 of shape (n, ...)."""
    chosen = pixels[_spread(len(pixels), EMBEDDED_IMAGES)]
    encode, step = applied(models.encoder), fitting_batch(models.encoder, 256)
    parts = [encode(chosen[at : at + step].astype(np.float32) / 255) for at in range(0, len(chosen), step)]
    return np.concatenate(parts)


def _pictures(run: Run, parts: Parts, restore: Restore) -> None:
    for part, images in zip(("train", "valid"), parts, strict=True):
        originals = images.pixels[_spread(len(images.pixels), PICTURED)]
        comparison(originals, restore(originals.astype(np.float32) / 255), run.comparison(part))


def summary(run: Run, settings: Settings, scores: dict[str, Any]) -> str:
    """Return what the user is told at the end."""
    pca = "" if scores["pca_mse"] is None else f" (a PCA of the same width: {scores['pca_mse']:.5f})"
    lines = (
        f"\nvalidation: loss {scores['valid_loss']:.5f}, mse {scores['valid_mse']:.5f}{pca}, "
        f"ssim {scores['valid_ssim']:.3f}",
        *doubts_of_run(settings, scores),
        f"the run is in {run.path}{os.sep}",
        f"  look at {run.comparison('valid').name} and {run.loss_picture.name}; the model is {run.autoencoder.name}, "
        f"its encoder {run.encoder.name}",
        f"  its row is in {run_folder.LOGS / 'aescore.csv'}",
        f"next: flexae cluster {shlex.quote(str(run.path))}",
    )
    return "\n".join(lines)
