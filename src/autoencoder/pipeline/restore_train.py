"""Train a network to restore: from pairs of images to a run's folder."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import aescore, run_folder
from ..data.pairs import Matched, Pair
from ..model.apply import applied
from ..model.build import Models
from ..model.saved import save
from ..provenance import Provenance
from ..report.figures import loss_curve
from ..report.restored import restored_picture
from ..restore_settings import Codes, RestoreSettings
from ..run_folder import Run
from ..scores.hamming import hamming
from ..scores.reconstruction import score
from ..training.fit import Fitted
from .doubts import doubts_of_restoring
from .leave import add_row
from .pairs import Sets, load_sets, tiles
from .restore import restored_image
from .train import Material, build_seeded, show, teach, tell_cut_lists, teller, with_precision

#: So many test images are drawn.
PICTURED = 6


def restore_train(settings: RestoreSettings, matched: Matched) -> Run:
    """Train a network to make originals of modified images, on pairs that `pairs.prepare_pairs` found.

    Raises
    ------
    UserError
        Of any kind; see the exit statuses. After an `Interrupted` or a `DivergedError` the run is there all the same.
    """
    say = teller(settings.output.verbose)
    tell_cut_lists(settings, say)
    if settings.codes.model_log_path is not None:
        say("note: model_log_path is not used; history.csv and loss.png in the run's folder tell how training went")
    settings = settings.model_copy(update={"training": with_precision(settings, say)})
    sets = load_sets(settings, matched, say)
    models = build_seeded(settings)

    def leave_all(run: Run, fitted: Fitted) -> str:
        return _summary(run, settings, _leave(run, settings, models, sets, fitted))

    train, valid = tiles(sets.train, settings), tiles(sets.valid, settings)
    made = Provenance("restore_train", settings.to_flags())
    say(f"{len(train):,} tiles for training, {len(valid):,} for validation")
    return teach(settings, models, Material(train, valid, sets.bad, made), leave_all, say)


def dry_run(settings: RestoreSettings, matched: Matched) -> None:
    """Print the settings, the layers and an estimate of memory; train nothing, make nothing."""
    show(settings, f"pairs: {len(matched.modified.paths):,}")


def _leave(run: Run, settings: RestoreSettings, models: Models, sets: Sets, fitted: Fitted) -> dict[str, Any]:
    """Save the models first, then the scores of the test images, the pictures and the row in logs/aescore.csv."""
    save(models.autoencoder, run.autoencoder)
    if not settings.architecture.skips:
        save(models.encoder, run.encoder)
        save(models.decoder, run.decoder)
    if settings.output.h5:
        save(models.autoencoder, run.autoencoder_h5)
    run.write_history(fitted.history)
    if fitted.history["epoch"]:
        loss_curve(fitted.history, run.loss_picture)
    restore = applied(models.autoencoder)
    restored = [restored_image(pair.modified.copy(), settings.codes, restore) for pair in sets.test]
    rows = [_compare(pair, image, settings.codes) for pair, image in zip(sets.test, restored, strict=True)]
    run.write_test_images(rows)
    _picture(run, sets.test, restored, rows)
    scores = _means(rows) | _facts(settings, models, sets, fitted)
    run.write_scores(scores)
    add_row(run, scores, "aescore.csv", aescore.COLUMNS)
    return scores


def _picture(run: Run, pairs: list[Pair], restored: list[np.ndarray], rows: list[dict[str, Any]]) -> None:
    """Draw some test images, evenly spread, with their Hamming distances."""
    chosen = np.unique(np.linspace(0, len(pairs) - 1, PICTURED).astype(int)).tolist()
    images = [(pairs[each].modified, restored[each], pairs[each].original) for each in chosen]
    distances = [(rows[each]["hamming_before"], rows[each]["hamming_after"]) for each in chosen]
    restored_picture(images, distances, run.restored_picture)


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


def _facts(settings: RestoreSettings, models: Models, sets: Sets, fitted: Fitted) -> dict[str, Any]:
    losses = {"train_loss": fitted.history["loss"], "valid_loss": fitted.history["val_loss"]}
    best = fitted.best_epoch - 1
    return {
        **{name: values[best] if fitted.best_epoch else None for name, values in losses.items()},
        "test_images": len(sets.test),
        "parameters": int(models.autoencoder.count_params()),
        "embedding_size": None if settings.architecture.skips else math.prod(models.encoder.output.shape[1:]),
        "epochs": len(fitted.history["epoch"]),
        "best_epoch": fitted.best_epoch,
        "seconds": round(fitted.seconds, 2),
        "images_per_second": round(fitted.images_per_second, 1),
        "seed": settings.training.seed,
        "status": fitted.status,
        "bad_files": len(sets.bad),
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
