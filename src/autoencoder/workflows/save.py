"""What is saved of a training: models first, then scores, pictures and the row in logs/aescore.csv."""

from __future__ import annotations

import logging
import math
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ..data.listing import BadFile, Images
from ..data.splits import Splits
from ..metrics.embedding import EMBEDDED_IMAGES, used_numbers
from ..metrics.reconstruction import Restore, pca_mse, score
from ..model import describe
from ..model.apply import applied, embedded
from ..model.build import Models
from ..model.h5 import save_h5
from ..model.saved import save
from ..plots.curves import rate_curve
from ..plots.diagram import diagram
from ..plots.figures import comparison, loss_curve
from ..plots.mosaic import grid
from ..sampling import evenly_spread
from ..settings import Settings, Training
from ..settings.restoration import RestoreSettings
from ..storage import run as run_folder
from ..storage import runs_table
from ..storage.csv_files import write_tiles
from ..storage.provenance import Provenance
from ..storage.run import Run
from ..training.feature_loss import loss_of
from ..training.fit import Fitted, validation_batch
from .doubts import doubts_of_run
from .images import bad_files
from .rescue import save_trained

log = logging.getLogger("autoencoder")

#: Scores of the training images are of so many of them at most, and of so many bytes, evenly spread.
SCORED_TRAINING_IMAGES, SCORED_TRAINING_BYTES = 10_000, 2**27
PICTURED = 10


class Trained(NamedTuple):
    """A network that has learned, and all that its run's folder says about it.

    `compared` holds, for train and valid, some originals (uint8) and what the network makes of them (float32);
    `images` are all that were decoded, in the order of the listing; `pictured` are the paths of what is compared.
    """

    settings: Settings
    models: Models
    fitted: Fitted
    scores: dict[str, Any]
    compared: dict[str, tuple[np.ndarray, np.ndarray]]
    made: Provenance
    bad: Sequence[BadFile]
    run: Run | None = None
    images: Images | None = None
    pictured: Mapping[str, Sequence[str]] = MappingProxyType({})


def begin(
    run: Run, settings: Settings | RestoreSettings, models: Models, made: Provenance, bad: Sequence[BadFile]
) -> None:
    """Write what is known before training: settings, what makes the run, unusable files, and the network's picture."""
    run.write_provenance(replace(made, finished=False))  # first: from then on it can be gone on with
    run.write_settings(settings)
    run.write_bad_files(bad)
    diagram(describe.layer_rows(models), run.model_picture)


def save_models(run: Run, settings: Settings, models: Models) -> None:
    """Save the autoencoder, its encoder and its decoder."""
    save_trained(models.autoencoder, run.autoencoder)
    save(models.encoder, run.encoder)
    save(models.decoder, run.decoder)
    if settings.output.h5:
        save_h5(models.autoencoder, run.autoencoder_h5)
        save_h5(models.encoder, run.encoder_h5)


def evaluate(
    settings: Settings, models: Models, splits: Splits[Images], fitted: Fitted
) -> tuple[dict[str, Any], dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Return the scores of a network, and some images beside what it makes of them."""
    restore = applied(models.autoencoder)
    compared = {}
    for part, images in splits.parts.items():
        originals = images.pixels[evenly_spread(len(images.pixels), PICTURED)]
        compared[part] = originals, restore(originals.astype(np.float32) / 255)
    return _scores(settings, models, splits, fitted, restore), compared


def pictured_paths(splits: Splits[Images]) -> dict[str, list[str]]:
    """Return the paths of the images that `evaluate` compares, by part."""
    return {
        part: [images.paths[row] for row in evenly_spread(len(images.paths), PICTURED)]
        for part, images in splits.parts.items()
    }


def write_about(run: Run, trained: Trained) -> None:
    """Write the history, the scores and the pictures."""
    write_course(run, trained.fitted)
    for part, (originals, restored) in trained.compared.items():
        comparison(originals, restored, run.comparison(part))
    shown = ((run.comparison(part), names) for part, names in trained.pictured.items())
    write_tiles(run.tiles_file, [(picture, grid(range(len(names)), PICTURED), names) for picture, names in shown])
    run.write_scores(trained.scores)


def write_course(run: Run, fitted: Fitted) -> None:
    """Write the history and its picture, and those of the range test where there was one."""
    run.write_history(fitted.history)
    if fitted.history["epoch"]:
        loss_curve(fitted.history, run.loss_picture, fitted.best_epoch)
    if fitted.range_test is not None:
        rates, losses, smoothed, chosen = fitted.range_test
        run.write_range_test(rates, losses, smoothed)
        rate_curve(rates, losses, smoothed, chosen, run.learning_rate_picture)


def save_results(run: Run, trained: Trained) -> None:
    """Write all that is said about the models, and append the row."""
    write_about(run, trained)
    add_row(run, trained.scores, "aescore.csv", runs_table.COLUMNS)


def add_row(run: Run, scores: Mapping[str, Any], table: str, columns: Sequence[str]) -> None:
    """Append a run's scores to a table in logs/, with its time and folder; `columns` are the table's first ones."""
    row = {"Time": datetime.now().strftime(runs_table.TIME_FORMAT), "FolderName": run.path.name, **scores}
    runs_table.append(run_folder.LOGS / table, row, columns)


def scored_rows(pixels: np.ndarray) -> np.ndarray:
    """Return the rows of the training images that are scored."""
    most = max(PICTURED, SCORED_TRAINING_BYTES // pixels[0].nbytes)
    return evenly_spread(len(pixels), min(SCORED_TRAINING_IMAGES, most))


def training_scores(fitted: Fitted, training: Training) -> dict[str, Any]:
    """Return what the scores say of the course of a training."""
    return {
        "epochs": len(fitted.history["epoch"]),
        "best_epoch": fitted.best_epoch,
        "seconds": round(fitted.seconds, 2),
        "images_per_second": round(fitted.images_per_second, 1),
        **({} if fitted.range_test is None else {"learning_rate": fitted.range_test.rate}),
        "seed": training.seed,
        "status": fitted.status,
    }


def _scores(
    settings: Settings, models: Models, splits: Splits[Images], fitted: Fitted, restore: Restore
) -> dict[str, Any]:
    train = splits.train.pixels[scored_rows(splits.train.pixels)]
    width = math.prod(models.encoder.output.shape[1:])
    loss = loss_of(settings.training, models.autoencoder.output.shape[1:])
    at_once = validation_batch(models.autoencoder, settings.training)
    row: dict[str, Any] = {}
    for part, pixels in (("train", train), ("valid", splits.valid.pixels)):
        found = score(pixels, restore, loss, at_once)
        row |= {f"{part}_{name}": value for name, value in found._asdict().items()}
    row |= {
        "pca_mse": pca_mse(train, splits.valid.pixels, width, settings.training.seed) if len(train) > 1 else None,
        "parameters": int(models.autoencoder.count_params()),
        "embedding_size": width,
        "used_numbers": used_numbers(embedded(models.encoder, train[evenly_spread(len(train), EMBEDDED_IMAGES)])),
        **training_scores(fitted, settings.training),
        "bad_files": len(bad_files(splits)),
    }
    return row


def summary(run: Run, trained: Trained) -> str:
    """Return what the user is told at the end."""
    scores = trained.scores
    pca = "" if scores["pca_mse"] is None else f" (a PCA of the same width: {scores['pca_mse']:.5f})"
    rates = "" if trained.fitted.range_test is None else f"; the rate's curve is {run.learning_rate_picture.name}"
    lines = (
        f"\nvalidation: loss {scores['valid_loss']:.5f}, mse {scores['valid_mse']:.5f}{pca}, "
        f"ssim {scores['valid_ssim']:.3f}",
        *doubts_of_run(trained.settings, scores),
        f"the run is in {run.path}{os.sep}",
        f"  look at {run.comparison('valid').name} and {run.loss_picture.name}; the model is {run.autoencoder.name}, "
        f"its encoder {run.encoder.name}{rates}",
        f"  its row is in {run_folder.LOGS / 'aescore.csv'}",
        f"next: flexae cluster {shlex.quote(str(run.path))}",
    )
    return "\n".join(lines)
