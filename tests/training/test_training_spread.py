"""Two devices that learn together, as parts of one processor; TensorFlow divides it only before it first computes."""

import csv
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest

from autoencoder.errors import UsageError
from autoencoder.settings import Training
from autoencoder.settings.spread import Spread

DIVIDED = """
import sys
from autoencoder.tensorflow_start import start_tensorflow
start_tensorflow()
import tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
from autoencoder.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
EPOCHS = 5


@pytest.fixture
def two(program):
    """Run the command line where there are two devices."""
    return partial(program, code=DIVIDED)


def history(run: Path, column: str) -> list[float]:
    with (run / "history.csv").open() as file:
        return [float(row[column]) for row in csv.DictReader(file)]


def asked(folders, name, *more):
    parts = [f"--{part}_dir={folders / part}" for part in ("train", "valid")]
    knobs = ["--filters=[4]", "--batch_norm=before", "--loss=mse", f"--train_epochs={EPOCHS}", "--batch_size=10"]
    return ["run", *parts, *knobs, f"--save_dir={name}", *more]


@pytest.mark.slow
def test_two_devices_learn_what_one_learns(two, program, folders, tmp_path):
    done = two(*asked(folders, "two"), "--devices=all", "--period=5")
    assert done.returncode == 0, done.stderr
    assert "devices: 2, each with its share of a batch of 10" in done.stdout
    assert program(*asked(folders, "one")).returncode == 0
    for column in ("loss", "val_loss"):
        np.testing.assert_allclose(history(tmp_path / "two", column), history(tmp_path / "one", column), rtol=0.01)
    one, other, kept = (
        keras.saving.load_model(tmp_path / file, compile=False).get_weights()
        for file in ("one/autoencoder.keras", "two/autoencoder.keras", "two/autoencoder_epoch0005.keras")
    )
    for first, second, third in zip(one, other, kept, strict=True):
        np.testing.assert_allclose(second, first, atol=2e-3)
        np.testing.assert_array_equal(third, second)


@pytest.mark.slow
def test_more_devices_than_images_of_a_batch_are_refused(two, folders):
    parts = [f"--{part}_dir={folders / part}" for part in ("train", "valid")]
    done = two("run", *parts, "--devices=all", "--batch_size=1")
    assert done.returncode == 2
    assert "each needs an image of both" in done.stderr


def test_contrast_needs_whole_batches():
    Spread().check(Training(contrast=1.0))
    with pytest.raises(UsageError, match="--devices=all gives each a share of a batch"):
        Spread(devices="all").check(Training(contrast=1.0))
