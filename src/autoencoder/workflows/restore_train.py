"""Train a network to restore: from pairs of images to a run's folder."""

from __future__ import annotations

import hashlib
import itertools
import logging
import math
import os
import shlex
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..data.listing import BadFile
from ..data.pairs import Matched, Pair
from ..metrics.hamming import hamming
from ..metrics.reconstruction import score
from ..model.apply import applied
from ..model.build import Models
from ..model.h5 import save_h5
from ..model.saved import save
from ..plots.restored import restored_picture
from ..sampling import evenly_spread
from ..settings.restoration import Codes, RestoreSettings
from ..storage import run as run_folder
from ..storage import runs_table
from ..storage.provenance import Provenance
from ..storage.run import Run
from ..training.fit import Fitted
from .doubts import doubts_of_restoring
from .pairs import PairSplits, tiles
from .rescue import save_trained
from .restore import restored_image
from .save import add_row, training_scores, write_course
from .train import TrainingSet, build_seeded, described, fit_models, log_cut_lists, with_precision
from .unfinished import Unfinished, check_images

log = logging.getLogger("autoencoder")

#: So many test images are drawn.
PICTURED = 6


class Compared(NamedTuple):
    """A test image, what the network makes of it, and its original; uint8 of shape (height, width, channels)."""

    modified: np.ndarray
    restored: np.ndarray
    original: np.ndarray


class Trained(NamedTuple):
    """A network that has learned to restore, and all that its run's folder says; `rows` has one a test image."""

    settings: RestoreSettings
    models: Models
    fitted: Fitted
    scores: dict[str, Any]
    rows: list[dict[str, Any]]
    compared: list[Compared]
    made: Provenance
    bad: Sequence[BadFile]
    run: Run | None = None


def restore_train(
    settings: RestoreSettings,
    splits: PairSplits,
    *,
    keep: bool = True,
    save_every: float | None = None,
    going_on: Unfinished | None = None,
) -> Trained:
    """Train a network to make originals of modified images, on pairs that `pairs.load_splits` decoded.

    Raises
    ------
    UserError
        Of any kind; see the exit statuses. After an `Interrupted` or a `DivergedError` the run is there all the same.
    """
    log_cut_lists(settings)
    if settings.codes.model_log_path is not None:
        log.info(
            "note: model_log_path is not used; history.csv and loss.png in the run's folder tell how training went"
        )
    settings = settings.model_copy(update={"training": with_precision(settings)})
    models = build_seeded(settings)

    def finish(run: Run | None, fitted: Fitted) -> Trained:
        if run is not None:
            save_models(run, settings, models)
        trained = Trained(settings, models, fitted, *evaluate(settings, models, splits, fitted), made, splits.bad, run)
        if run is not None:
            write_about(run, trained)
            add_row(run, trained.scores, "aescore.csv", runs_table.COLUMNS)
            log.info(_summary(run, settings, trained.scores))
        return trained

    train, valid = tiles(splits.train, settings), tiles(splits.valid, settings)
    made = Provenance("restore_train", settings.to_flags(), _source(splits))
    if going_on is not None:
        check_images(going_on, made)
    log.info(f"{len(train):,} tiles for training, {len(valid):,} for validation")
    tiled = TrainingSet(train=train, valid=valid, bad=splits.bad, made=made)
    return fit_models(settings, models, tiled, finish, keep=keep, save_every=save_every, going_on=going_on)


def _source(splits: PairSplits) -> dict[str, Any]:
    """Return the number of pairs, and a SHA-256 of their names and pixels in the parts that they are in."""
    digest = hashlib.sha256()
    for pair in itertools.chain(splits.train, splits.valid, splits.test):
        digest.update(pair.name.encode("utf-8", "surrogateescape") + b"\0")
        digest.update(pair.modified.tobytes())
        digest.update(pair.original.tobytes())
    return {"count": len(splits.train) + len(splits.valid) + len(splits.test), "fingerprint": digest.hexdigest()}


def dry_run(settings: RestoreSettings, matched: Matched) -> str:
    """Describe the settings, the layers and an estimate of memory; train nothing, make nothing."""
    return described(settings, f"pairs: {len(matched.modified.paths):,}")


def save_models(run: Run, settings: RestoreSettings, models: Models) -> None:
    """Save the network, and its encoder and decoder where there is an embedding."""
    save_trained(models.autoencoder, run.autoencoder)
    if not settings.architecture.skips:
        save(models.encoder, run.encoder)
        save(models.decoder, run.decoder)
    if settings.output.h5:
        save_h5(models.autoencoder, run.autoencoder_h5)


def evaluate(
    settings: RestoreSettings, models: Models, splits: PairSplits, fitted: Fitted
) -> tuple[dict[str, Any], list[dict[str, Any]], list[Compared]]:
    """Return the scores of a network, those of each test image, and some test images, evenly spread."""
    restore = applied(models.autoencoder)
    restored = [restored_image(pair.modified.copy(), settings.codes, restore) for pair in splits.test]
    rows = [_compare(pair, image, settings.codes) for pair, image in zip(splits.test, restored, strict=True)]
    chosen = evenly_spread(len(rows), PICTURED).tolist()
    compared = [Compared(splits.test[each].modified, restored[each], splits.test[each].original) for each in chosen]
    return _means(rows) | _facts(settings, models, splits, fitted), rows, compared


def write_about(run: Run, trained: Trained) -> None:
    """Write the history, the scores and the pictures."""
    write_course(run, trained.fitted)
    run.write_test_images(trained.rows)
    chosen = evenly_spread(len(trained.rows), PICTURED).tolist()
    distances = [(trained.rows[each]["hamming_before"], trained.rows[each]["hamming_after"]) for each in chosen]
    restored_picture(trained.compared, distances, run.restored_picture)
    run.write_scores(trained.scores)


def _compare(pair: Pair, restored: np.ndarray, codes: Codes) -> dict[str, Any]:
    """Score one test image before and after."""
    row: dict[str, Any] = {"path": pair.name}
    for when, image in (("before", pair.modified), ("after", restored)):
        wrong = hamming(pair.original, image, codes.binary_code_size, codes.binary_level_threshold)
        found = score(pair.original[None], _always(image[None].astype(np.float32) / np.float32(255)))
        row |= {f"hamming_{when}": wrong}
        row |= {f"{name}_{when}": getattr(found, name) for name in ("mse", "psnr", "ssim")}
    return row


def _always(images: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    return lambda _: images


def _means(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    names = [name for name in rows[0] if name != "path"]
    means: dict[str, Any] = {name: float(np.mean([row[name] for row in rows])) for name in names}
    before, after = means["hamming_before"], means["hamming_after"]
    return {**means, "hamming_reduction": 1 - after / before if before else None}


def _facts(settings: RestoreSettings, models: Models, splits: PairSplits, fitted: Fitted) -> dict[str, Any]:
    losses = {"train_loss": fitted.history["loss"], "valid_loss": fitted.history["val_loss"]}
    best = fitted.best_epoch - 1
    return {
        **{name: values[best] if fitted.best_epoch else None for name, values in losses.items()},
        "test_images": len(splits.test),
        "parameters": int(models.autoencoder.count_params()),
        "embedding_size": None if settings.architecture.skips else math.prod(models.encoder.output.shape[1:]),
        **training_scores(fitted, settings.training),
        "bad_files": len(splits.bad),
    }


def _summary(run: Run, settings: RestoreSettings, scores: dict[str, Any]) -> str:
    reduction = scores["hamming_reduction"]
    removed = "" if reduction is None else f": a reduction of {reduction:.1%}"
    return "\n".join(
        [
            f"\n{scores['test_images']:,} test images, before and after:",
            f"  Hamming distance {scores['hamming_before']:.5f}, {scores['hamming_after']:.5f}{removed}",
            *(
                f"  {name} {scores[f'{name}_before']:.4f}, {scores[f'{name}_after']:.4f}"
                for name in ("mse", "psnr", "ssim")
            ),
            *doubts_of_restoring(settings, scores),
            f"the run is in {run.path}{os.sep}",
            f"  look at {run.restored_picture.name}; the model is {run.autoencoder.name}, its row is in "
            f"{run_folder.LOGS / 'aescore.csv'}",
            f"next: flexae restore {shlex.quote(str(run.path))} --images=FOLDER --out=FOLDER",
        ]
    )
