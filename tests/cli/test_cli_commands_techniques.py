"""The techniques of training, each one switch of `run`, on a few tiny images."""

import json

import cv2
import numpy as np
import pandas
import pytest

from autoencoder.cli.main import Autoencoder
from autoencoder.errors import UsageError
from autoencoder.model.saved import load


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small(folders):
    parts = {"train_dir": folders / "train", "valid_dir": folders / "valid", "max_images": 24}
    return {**parts, "train_epochs": 1, "filters": [4, 6], "strides": [2], "dims": [3], "batch_size": 8, "verbose": 0}


@pytest.mark.long
def test_all_at_once(small, folders):
    run = Autoencoder(
        **small | {"train_epochs": 3},
        upsampling="pixel_shuffle",
        residual=True,
        batch_norm="before",
        progressive=[4, 8],
        progressive_epochs=[1, 2],
        learning_rate="find",
        augment=["hflip"],
        contrast=0.1,
    ).run()
    history = pandas.read_csv(run.history_file)
    assert history.image_side.tolist() == [4, 8, 8]
    assert history.epoch.tolist() == [1, 2, 3]
    curve = pandas.read_csv(run.path / "learning_rate.csv")
    assert list(curve) == ["learning_rate", "loss", "smoothed"]
    chosen = json.loads(run.scores_file.read_text())["learning_rate"]
    assert chosen is None or curve.learning_rate.min() < chosen < curve.learning_rate.max()
    assert history.learning_rate.tolist() == pytest.approx([chosen or 0.001] * 3)
    assert cv2.imread(str(run.path / "learning_rate.png")) is not None
    assert load(run.autoencoder).output.shape == (None, 8, 8, 1)
    assert run.settings().training.progressive == (4, 8)
    assert len(pandas.read_parquet(Autoencoder().encode(run.path))) > 20
    assert Autoencoder().cluster(run.path, k=2).is_dir()


@pytest.mark.slow
def test_a_run_without_a_range_test_leaves_nothing_of_one(small):
    run = Autoencoder(**small, residual=True).run()
    assert not list(run.path.glob("learning_rate.*"))
    assert "learning_rate" not in run.scores()
    assert list(pandas.read_csv(run.history_file)) == ["epoch", "loss", "val_loss", "learning_rate"]


@pytest.mark.slow
def test_a_restorer_takes_them_too(place):
    rng = np.random.default_rng(0)
    for folder in ("modified", "original"):
        (place / folder).mkdir()
        for number in range(6):
            image = rng.integers(0, 256, (16, 16)).astype(np.uint8)
            (place / folder / f"{number}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    run = Autoencoder(
        modified="modified",
        original="original",
        tile_side=16,
        step_size=16,
        binary_code_size=4,
        filters=[4, 6],
        dims=[3],
        train_epochs=3,
        upsampling="pixel_shuffle",
        residual=True,
        learning_rate="find",
        progressive=[0.5, 1],
        verbose=0,
    ).restore_train()
    assert pandas.read_csv(run.history_file).image_side.tolist() == [8, 16, 16]
    assert (run.path / "learning_rate.png").is_file() and "learning_rate" in run.scores()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"progressive": [3, 8]}, "3 pixels on the longer side is below the last level of the network"),
        ({"progressive": [5, 8]}, "5 pixels on the longer side is the size of no level; choose from 4, 8"),
        ({"progressive": [4, 16]}, "must be the full one, 8 on the longer side"),
        ({"progressive": [0.5, 1], "skips": True}, "--skips"),
    ],
)
def test_sizes_that_the_network_has_not_are_refused_before_any_work(small, place, flags, said):
    with pytest.raises(UsageError, match=said):
        Autoencoder(**small | {"train_epochs": 4}, **flags).run()
    assert not (place / "logs").exists()


def test_the_command_refuses_before_tensorflow_starts(program, folders):
    result = program("run", f"--train_dir={folders / 'train'}", "--progressive=[3,8]")
    assert result.returncode == 2
    assert result.stderr.startswith("error: --progressive") and len(result.stderr.splitlines()) == 1


@pytest.mark.slow
def test_contrast_of_two_copies_leaves_an_encoder_without_its_head(small, folders):
    from autoencoder.model.build import build

    asked = {**small, "dims": [10], "augment": "auto", "contrast": 1, "contrast_with": "views", "target": "clean"}
    run = Autoencoder(**asked, mlp=False, global_pooling=True, batch_norm="before").run()
    kept = run.settings()
    assert kept.training.augment == ("shift", "rotate", "zoom", "shear")
    encoder = load(run.encoder)
    assert encoder.output.shape == (None, 6)
    assert encoder.count_params() == build(kept.architecture, (8, 8), 1).encoder.count_params()
    images = np.random.default_rng(0).random((3, 8, 8, 1)).astype(np.float32)
    whole = load(run.autoencoder)
    np.testing.assert_allclose(
        whole.predict(images, verbose=0),
        load(run.decoder).predict(encoder.predict(images, verbose=0), verbose=0),
        atol=1e-6,
    )
    assert len(pandas.read_parquet(Autoencoder().encode(run.path))) > 20
    assert Autoencoder().cluster(run.path, k=2).is_dir()
    classified = Autoencoder().classify(run.path, train_dir=folders / "train", epochs=1)
    assert load(classified.path / "classifier.keras").output.shape == (None, 3)


@pytest.mark.slow
def test_both_and_all_augmentations_in_colour(small, place):
    rng = np.random.default_rng(0)
    (place / "photos").mkdir()
    for number in range(24):
        image = rng.integers(0, 256, (12, 12, 3)).astype(np.uint8)
        (place / "photos" / f"{number}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    asked = {**small, "train_dir": "photos", "valid_dir": None, "contrast": 1, "contrast_with": "both"}
    run = Autoencoder(**asked, augment="auto", neighbours=2, projection=[8, 4]).run()
    assert run.settings().training.augment == ("crop", "rotate", "color", "gray")
    assert load(run.encoder).output.shape == (None, 3)
    again = Autoencoder(**asked, augment=["crop", "blur", "color"], neighbours=2).run()
    assert again.settings().training.augment == ("crop", "blur", "color")


def test_images_of_pairs_are_not_looked_at(place):
    with pytest.raises(UsageError, match="--augment=auto looks at what whole images show"):
        Autoencoder(modified="m", original="o", augment="auto").restore_train()
