"""What scripts do with trainings: flags of a recipe, seconds an epoch, the embedding of a run's images."""

import sys
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import kept
import yaml

from autoencoder.cli.main import Autoencoder
from autoencoder.settings import Settings
from autoencoder.storage.run import CACHE, Run
from autoencoder.tensorflow_start import start_tensorflow
from autoencoder.workflows.embeddings import Embeddings, embed

Flags = Mapping[str, Any]


def recipe(name: str) -> dict[str, Any]:
    """Return the flags of `run` in recipes/NAME.yml; a recipe of `sort` holds others as well."""
    known = {field for section in Settings.sections for field in section.model_fields}
    flags = yaml.safe_load((kept.RECIPES / f"{name}.yml").read_text())
    return {flag: value for flag, value in flags.items() if flag in known}


def train(flags: Flags) -> str:
    """Train as `run` does, and return the run's folder."""
    return str(Autoencoder(**flags).run().path)


def epoch_seconds(flags: Flags) -> float:
    """Return how long an epoch of a training takes, validation included, after one that warms up; nothing is kept."""
    from autoencoder.workflows.images import load_images, prepare

    settings, listings = prepare(Settings.from_flags({**flags, "train_epochs": 2}))
    start_tensorflow()
    import keras

    from autoencoder.training.stages import fit_stages, stages_of
    from autoencoder.workflows.train import build_seeded, with_precision

    images, training = load_images(settings, listings), with_precision(settings)
    ends: list[float] = []
    clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()))
    parts = images.train.pixels, images.valid.pixels
    fit_stages(stages_of(build_seeded(settings), *parts, settings.architecture, training), training, [clock])
    return ends[1] - ends[0]


def train_for(seconds: float, flags: Flags, figures: kept.Kept, name: str, most: int | None = None) -> str:
    """Train for as many epochs, at most `most`, as take so many seconds; unless that was done. Return the folder."""
    each = figures.once(f"{name}, seconds an epoch", partial(epoch_seconds, flags))
    epochs = max(1, min(round(seconds / each), most or sys.maxsize))
    return figures.once(name, lambda: train({**flags, "train_epochs": epochs}))


def embedded(run: Run) -> Embeddings:
    """Embed all the images of a run, those that it was validated by too, in the order of its listing."""
    from autoencoder.model.encoder import open_encoder

    source = run.source()
    assert source is not None
    return embed(open_encoder(run.encoder), *source.look(), CACHE)[0]
