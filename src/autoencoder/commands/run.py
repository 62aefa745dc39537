"""`run`: train an autoencoder on a folder of images."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pydantic import Field

from .. import aescore, run_folder
from ..command import Command
from ..errors import DataError, DivergedError, Interrupted, UsageError
from ..files import probe
from ..geometry import cut_lists, levels
from ..run_folder import Run
from ..settings import Architecture, Data, Output, Section, Settings, Training
from ..signals import stop_at_next_batch
from ..tensorflow_start import start_tensorflow

if TYPE_CHECKING:
    from ..data.listing import Images, Listing
    from ..model.build import Models
    from ..training.fit import Fitted

#: Where the program looks when nothing is named: the sample that comes with it.
SAMPLE = Data(train_dir=Path("data/train"), valid_dir=Path("data/valid"))
#: Scores and pictures of the training images are of so many of them at most, evenly spread.
SCORED_TRAINING_IMAGES = 10_000
SHAPE_WHERE_SIZES_DIFFER = (256, 256)
PICTURED = 10


class Options(Section):
    """What is done with the settings."""

    dry_run: bool = Field(
        False, description="print settings, layers and an estimate of memory; train nothing, make nothing"
    )


class Parts(NamedTuple):
    """The images that the network learns from and those that judge it."""

    train: Images
    valid: Images


def carry_out(
    data: Data, architecture: Architecture, training: Training, output: Output, options: Options
) -> Run | None:
    """Train, and return the run; None after a dry run."""
    asked = data if data.train_dir else data.model_copy(update=SAMPLE.model_dump(include={"train_dir", "valid_dir"}))
    run_folder.check_free(output)
    train, valid = _listings(asked, training.seed)
    resolved = _resolve(asked, train)
    settings = Settings(data=resolved, architecture=architecture, training=training, output=output)
    say = print if output.verbose else _silent
    for note in cut_lists(architecture, len(levels(architecture, settings.image_shape))):
        say(f"note: {note}")
    if options.dry_run:
        _describe(settings, (len(train.paths), len(valid.paths)))
        return None
    parts = _load(settings, train, valid, say)
    return _train(settings, parts, say)


def _silent(*text: Any) -> None:
    """Say nothing."""


def _listings(data: Data, seed: int) -> tuple[Listing, Listing]:
    """Scan the training and validation images, or split the training images where there are no others."""
    from ..data.folder import scan
    from ..data.listing import check_usable

    def listed(source: Path) -> Listing:
        found = scan(source, categories=data.categories, max_images=data.max_images)
        check_usable(found, data.max_bad)
        return found

    assert data.train_dir is not None
    train = listed(data.train_dir)
    count = len(train.paths)
    if count < 2:
        raise DataError(f"{data.train_dir}: holds {count} usable image; training needs two at least")
    if data.valid_dir is not None:
        return train, listed(data.valid_dir)
    order = np.random.default_rng(seed).permutation(count)
    kept = min(count - 1, max(1, round(count * data.valid_split)))
    return train.take(np.sort(order[kept:])), train.take(np.sort(order[:kept]))


def _resolve(data: Data, train: Listing) -> Data:
    """Replace `auto` by what the training images say."""
    from ..data.listing import common_shape
    from ..data.load import is_grayscale

    shape = data.image_shape or common_shape(train) or SHAPE_WHERE_SIZES_DIFFER
    color = data.color or ("grayscale" if is_grayscale(train) else "rgb")
    return data.model_copy(update={"image_shape": shape, "color": color})


def _load(settings: Settings, train: Listing, valid: Listing, say: Any) -> Parts:
    from ..data.load import load

    shape, color = settings.image_shape, settings.data.color
    assert color is not None
    options: dict[str, Any] = {"max_bad": settings.data.max_bad, "cache_dir": run_folder.CACHE}
    parts = Parts(load(train, shape, color, **options), load(valid, shape, color, **options))
    bad = sorted({*parts.train.bad, *parts.valid.bad})
    say(
        f"{len(parts.train.paths):,} training and {len(parts.valid.paths):,} validation images of "
        f"{shape[0]} x {shape[1]} {color}; {len(bad):,} files could not be used"
    )
    for name, reason in bad[:20]:
        say(f"  not used: {name}: {reason}")
    if len(bad) > 20:
        say(f"  ... and {len(bad) - 20:,} more, all in bad_files.csv of the run's folder")
    return parts


def _describe(settings: Settings, counts: tuple[int, int]) -> None:
    """Print what a run would do."""
    start_tensorflow()
    from ..model import describe

    models = _build(settings)
    print(settings.to_yaml())
    print(f"{describe.layer_table(describe.layer_rows(models))}\n")
    need = describe.training_bytes(models, settings.training.batch_size)
    images = sum(counts) * settings.pixels
    print(f"images: {counts[0]:,} for training, {counts[1]:,} for validation, {images / 1e6:,.1f} MB as uint8")
    print(f"memory: about {need / 1e6:,.1f} MB for the network and a batch of {settings.training.batch_size}")


def _build(settings: Settings) -> Models:
    import keras

    from ..model.build import build

    keras.utils.set_random_seed(settings.training.seed)
    return build(settings.architecture, settings.image_shape, settings.channels)


def _train(settings: Settings, parts: Parts, say: Any) -> Run:
    start_tensorflow()
    from ..model import describe
    from ..report.diagram import diagram
    from ..training.fit import fit

    models = _build(settings)
    _check_memory(models, settings.training.batch_size)
    probe(settings.output.save_dir or run_folder.LOGS, 8 * 4 * models.autoencoder.count_params() + 10_000_000)
    run = run_folder.create(settings.output, datetime.now())
    run.write_settings(settings)
    run.write_bad_files(sorted({*parts.train.bad, *parts.valid.bad}))
    diagram(describe.layer_rows(models), run.model_picture)
    with stop_at_next_batch() as stopping:
        callbacks = _callbacks(settings, run, models)
        try:
            fitted = fit(models, parts.train.pixels, parts.valid.pixels, settings.training, callbacks, stopping)
        except DivergedError as error:
            _finish(run, settings, models, parts, error.fitted)
            raise DivergedError(f"{error}; they are in {run.path}", error.fitted) from error
        scores = _finish(run, settings, models, parts, fitted)
    say(_summary(run, scores))
    if stopping.signal is not None:
        raise Interrupted(f"interrupted; the best weights so far and the scores are in {run.path}", stopping.signal)
    return run


def _check_memory(models: Models, batch_size: int) -> None:
    from ..data.memory import available_memory
    from ..model.describe import fitting_batch_size, training_bytes

    need, free = training_bytes(models, batch_size), available_memory()
    if need > free:
        raise UsageError(
            f"--batch_size={batch_size}: training needs about {need / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; "
            f"try --batch_size={fitting_batch_size(models, free)} or a smaller --image_shape"
        )


def _callbacks(settings: Settings, run: Run, models: Models) -> list[Any]:
    from ..model.saved import save
    from ..training.fit import Checkpoints
    from ..training.progress import EpochLines

    period = settings.training.period
    checkpoints = [Checkpoints(period, lambda epoch: save(models.autoencoder, run.checkpoint(epoch)))] if period else []
    return [*([EpochLines(settings.training.train_epochs)] if settings.output.verbose else []), *checkpoints]


def _finish(run: Run, settings: Settings, models: Models, parts: Parts, fitted: Fitted) -> dict[str, Any]:
    """Save the models first, then all that is said about them, and append the row."""
    from ..model.saved import save
    from ..report.figures import loss_curve

    save(models.autoencoder, run.autoencoder)
    save(models.encoder, run.encoder)
    save(models.decoder, run.decoder)
    if settings.output.h5:
        save(models.autoencoder, run.autoencoder_h5)
        save(models.encoder, run.encoder_h5)
    run.write_history(fitted.history)
    if fitted.history["epoch"]:
        loss_curve(fitted.history, run.loss_picture)
    scores = _scores(settings, models, parts, fitted)
    _pictures(run, models, parts)
    run.write_scores(scores)
    row = {"Time": datetime.now().strftime(aescore.TIME_FORMAT), "FolderName": run.path.name, **scores}
    for note in aescore.append(run_folder.LOGS / "aescore.csv", row):
        print(f"note: {note}")
    return scores


def _spread(pixels: np.ndarray, count: int) -> np.ndarray:
    """Return at most `count` images, evenly spread."""
    rows = np.linspace(0, len(pixels) - 1, min(count, len(pixels))).astype(int)
    return pixels[rows]


def _scores(settings: Settings, models: Models, parts: Parts, fitted: Fitted) -> dict[str, Any]:
    from ..losses import LOSSES
    from ..model.apply import applied
    from ..scores.reconstruction import pca_mse, score

    restore = applied(models.autoencoder)
    train = _spread(parts.train.pixels, SCORED_TRAINING_IMAGES)
    width = int(np.prod(models.encoder.output.shape[1:]))
    loss = LOSSES[settings.training.loss]
    row: dict[str, Any] = {}
    for part, pixels in (("train", train), ("valid", parts.valid.pixels)):
        found = score(pixels, restore, loss, 256)
        row |= {f"{part}_{name}": value for name, value in found._asdict().items() if name != "images"}
    row |= {
        "pca_mse": pca_mse(train, parts.valid.pixels, width, settings.training.seed),
        "parameters": int(models.autoencoder.count_params()),
        "embedding_size": width,
        "epochs": len(fitted.history["epoch"]),
        "best_epoch": fitted.best_epoch,
        "seconds": round(fitted.seconds, 2),
        "images_per_second": round(fitted.images_per_second, 1),
        "seed": settings.training.seed,
        "status": fitted.status,
        "bad_files": len({*parts.train.bad, *parts.valid.bad}),
    }
    return row


def _pictures(run: Run, models: Models, parts: Parts) -> None:
    from ..model.apply import applied
    from ..report.figures import comparison

    restore = applied(models.autoencoder)
    for part, images in zip(("train", "valid"), parts, strict=True):
        originals = _spread(images.pixels, PICTURED)
        comparison(originals, restore(originals.astype(np.float32) / 255), run.comparison(part))


def _summary(run: Run, scores: dict[str, Any]) -> str:
    lines: Sequence[str] = (
        f"\nvalidation: loss {scores['valid_loss']:.5f}, mse {scores['valid_mse']:.5f} "
        f"(a PCA of the same width: {scores['pca_mse']:.5f}), ssim {scores['valid_ssim']:.3f}",
        f"the run is in {run.path}{os.sep}",
        f"  look at {run.comparison('valid').name} and {run.loss_picture.name}; the model is {run.autoencoder.name}, "
        f"its encoder {run.encoder.name}",
        f"  its row is in {run_folder.LOGS / 'aescore.csv'}",
    )
    return "\n".join(lines)


COMMAND = Command(
    "Train an autoencoder on a folder of images.",
    sections=(*Settings.sections, Options),
    carry_out=carry_out,
)
