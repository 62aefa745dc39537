import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas
import pytest
import yaml

from autoencoder.cli.main import Autoencoder, main
from autoencoder.errors import DataError, DivergedError, UsageError
from autoencoder.model.saved import load

FILES = {
    "autoencoder.keras",
    "comparison_train.png",
    "comparison_valid.png",
    "decoder.keras",
    "encoder.keras",
    "history.csv",
    "loss.png",
    "model.png",
    "scores.json",
    "settings.yml",
    "provenance.json",
    "tiles.csv",
} | {f".{name}.keras.sha256" for name in ("autoencoder", "encoder", "decoder")}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small(folders):
    return {
        "train_dir": folders / "train",
        "valid_dir": folders / "valid",
        "train_epochs": 2,
        "filters": [8],
        "dims": [3],
        "verbose": 0,
    }


def test_a_run_leaves_everything_that_is_promised(small):
    run = Autoencoder(**small, h5=True).run()
    assert {path.name for path in run.path.iterdir()} == FILES | {"ae_weights.h5", "en_weights.h5"} | {
        ".ae_weights.h5.sha256",
        ".en_weights.h5.sha256",
    }
    table = pandas.read_csv("logs/aescore.csv")
    (row,) = table.to_dict("records")
    assert list(table)[:6] == ["Time", "FolderName", "train_loss", "valid_loss", "train_accuracy", "valid_accuracy"]
    assert (row["FolderName"], row["status"], row["epochs"], row["seed"]) == (run.path.name, "done", 2, 1)
    assert row["embedding_size"] == 3
    assert 0 < row["pca_mse"] < 1 and 0 < row["valid_ssim"] < 1
    assert json.loads(run.scores_file.read_text())["valid_mse"] == pytest.approx(row["valid_mse"])
    assert list(pandas.read_csv(run.history_file)) == ["epoch", "loss", "val_loss", "learning_rate"]
    for picture in run.path.glob("*.png"):
        assert cv2.imread(str(picture)) is not None


@pytest.mark.slow
def test_the_saved_models_agree_and_the_scores_are_theirs(small, folders):
    run = Autoencoder(**small, h5=True).run()
    images = np.stack([cv2.imread(str(path), 0) for path in sorted((folders / "valid").rglob("*.png"))])[..., None]
    images = images.astype(np.float32) / 255
    restored = load(run.autoencoder)(images).numpy()
    np.testing.assert_allclose(load(run.decoder)(load(run.encoder)(images)).numpy(), restored, atol=1e-6)
    np.testing.assert_array_equal(load(run.autoencoder_h5)(images), restored)
    assert run.scores()["valid_mse"] == pytest.approx(np.mean((restored - images) ** 2), rel=1e-5)


@pytest.mark.slow
def test_the_settings_file_repeats_the_run_bit_for_bit(small):
    first = Autoencoder(**small, augment=["rotate", "shift"], noise="gaussian").run()
    second = Autoencoder(config=first.settings_file).run()
    assert first.path != second.path
    for one, other in zip(load(first.autoencoder).weights, load(second.autoencoder).weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    same = [name for name in first.scores() if name not in ("seconds", "images_per_second")]
    assert {name: first.scores()[name] for name in same} == {name: second.scores()[name] for name in same}


@pytest.mark.slow
def test_a_run_without_valid_dir_splits_by_the_seed(small):
    del small["valid_dir"]
    scores = [Autoencoder(**small, seed=seed).run().scores()["valid_mse"] for seed in (1, 1, 2)]
    assert scores[0] == scores[1] != scores[2]


@pytest.mark.slow
def test_color_and_shape_follow_the_images(small, folders):
    run = Autoencoder(**small).run()
    assert run.settings().data.color == "grayscale"
    assert run.settings().data.image_shape == (8, 8)
    image = np.zeros((5, 9, 3), np.uint8)
    image[:, :, 1] = 200
    (folders / "train" / "0" / "z.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    small["image_shape"] = [12, 10]
    run = Autoencoder(**small).run()
    assert run.settings().data.color == "rgb"
    assert load(run.autoencoder).output.shape == (None, 12, 10, 3)


def test_a_dry_run_tells_all_and_makes_nothing(small, place, capsys):
    before = sorted(place.iterdir())
    assert Autoencoder(**small).run(dry_run=True) is None
    told = capsys.readouterr().out
    settings = yaml.safe_load(told.split("\nlayer ")[0])
    assert settings["image_shape"] == [8, 8] and settings["filters"] == [8]
    assert "conv_0" in told and "memory: about" in told
    assert sorted(place.iterdir()) == before


@pytest.mark.slow
def test_bad_files_are_named_and_skipped(small, folders, capsys):
    (folders / "train" / "0" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    small["verbose"] = 1
    run = Autoencoder(**small).run()
    told = capsys.readouterr().out
    assert "60 training and 15 validation images of 8 x 8 grayscale; 1 files could not be used" in told
    assert "not used: 0/broken.png: " in told
    assert "0/broken.png" in run.bad_files.read_text()
    assert run.scores()["bad_files"] == 1


@pytest.mark.parametrize(
    ("files", "said"),
    [({}, "holds no images"), ({"a.png": b"x"}, "none of its 1 files can be used"), ({"a": None}, "1 usable image")],
)
def test_too_few_images_are_refused(place, files, said):
    folder = place / "images"
    folder.mkdir()
    good = cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes()
    for name, content in files.items():
        (folder / name).write_bytes(content or good)
    with pytest.raises(DataError, match=said):
        Autoencoder(train_dir=folder).run()
    assert not (place / "logs").exists()


def test_a_missing_folder_is_refused(place):
    with pytest.raises(DataError, match="nowhere"):
        Autoencoder(train_dir=place / "nowhere").run()


def test_an_architecture_that_does_not_fit_the_images_is_refused(small, place):
    small |= {"filters": [8, 8, 8, 8, 8], "strides": 2}
    with pytest.raises(UsageError, match="level 4 receives images of 1 x 1 pixels"):
        Autoencoder(**small).run()
    assert not (place / "logs").exists()


def test_a_batch_that_cannot_fit_is_refused_with_one_that_does(small, monkeypatch):
    monkeypatch.setattr("autoencoder.training.sizes.available_memory", lambda: 100_000)
    with pytest.raises(UsageError, match=r"--batch_size=4096: .* try --batch_size=\d+"):
        Autoencoder(**small, batch_size=4096).run()


def test_divergence_keeps_the_last_good_weights_and_says_so(small):
    with pytest.raises(DivergedError, match=r"not a number in epoch 1; try a smaller --learning_rate"):
        Autoencoder(**small, optimizer="sgd", learning_rate=1e30, output_activation="linear", loss="mse").run()
    (row,) = pandas.read_csv("logs/aescore.csv").to_dict("records")
    assert row["status"] == "diverged"
    for weights in load(Path("logs") / row["FolderName"] / "autoencoder.keras").get_weights():
        assert np.isfinite(weights).all()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_with_everything_saved(small, place, number, status):
    flags = [f"--{name}={value}" for name, value in (small | {"train_epochs": 100_000, "verbose": 1}).items()]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "autoencoder", "run", *flags]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        for line in process.stdout:
            if line.startswith("epoch"):
                break
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == status, errors
    assert "interrupted; the best weights so far and the scores are in" in errors
    assert "Traceback" not in errors
    (row,) = pandas.read_csv("logs/aescore.csv").to_dict("records")
    assert row["status"] == "interrupted"
    left = {path.name for path in (place / "logs" / row["FolderName"]).iterdir()}
    assert left - {".training.lock", "state_b.npz"} == FILES | {"state_a.npz"}  # from which it can go on


def test_the_command_line_in_a_checkout(small, tmp_path):
    """`python -m src.autoencoder` is the same program under another package name."""
    root = Path(__file__).parents[2]
    flags = [f"--{name}={value}" for name, value in small.items()]
    command = [sys.executable, "-m", "src.autoencoder", *flags, f"--save_dir={tmp_path / 'out'}", "run"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "src").symlink_to(root / "src")
    result = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=300)
    assert (result.returncode, result.stderr) == (0, "")
    assert load(tmp_path / "out" / "encoder.keras").output.shape == (None, 3)
    assert json.loads((tmp_path / "out" / "scores.json").read_text())["status"] == "done"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "flags"),
    [
        ((1, 9), {"valid_split": 0.999}),
        ((11, 11), {"contrast": 0.1, "batch_size": 1}),
        ((2, 2), {"contrast": 0.1, "valid_split": 0.999, "neighbours": 50}),
        ((3, 70), {"batch_norm": "after", "batch_size": 1}),
        ((1, 1), {"loss": "ssim", "batch_size": 5000}),
        ((10, 3), {"loss": "ssim", "augment": "[shift,rotate,zoom,hflip]"}),
    ],
)
def test_four_images_of_any_shape_train(tmp_path, monkeypatch, shape, flags):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "few").mkdir()
    for number in range(4):
        image = np.random.default_rng(number).integers(0, 256, shape, np.uint8)
        (tmp_path / "few" / f"{number}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    run = Autoencoder(train_dir="few", filters=[3], dims=[2], train_epochs=1, verbose=0, **flags).run()
    scores = run.scores()
    assert scores["status"] == "done" and -1 <= scores["valid_ssim"] <= 1 and 0 <= scores["used_numbers"] <= 2


@pytest.mark.slow
def test_what_run_returns_is_a_run_to_the_other_commands(small, place):
    run = Autoencoder(**small).run()
    assert Autoencoder().encode(run).is_relative_to(run.path)


@pytest.mark.slow
def test_a_signal_after_the_last_batch_marks_the_run_as_interrupted(small, place, monkeypatch):
    from autoencoder.errors import Interrupted
    from autoencoder.workflows import train as module

    real = module.fit_stages

    def fit_stages(*arguments):
        fitted = real(*arguments)
        signal.raise_signal(signal.SIGTERM)
        return fitted

    monkeypatch.setattr(module, "fit_stages", fit_stages)
    with pytest.raises(Interrupted) as ended:
        Autoencoder(**small).run()
    (row,) = pandas.read_csv("logs/aescore.csv").to_dict("records")
    assert (row["status"], ended.value.exit_status) == ("interrupted", 143)


@pytest.mark.slow
def test_a_signal_while_a_complete_run_is_saved_changes_nothing(small, place, monkeypatch, capsys):
    from autoencoder.workflows import train as module

    real = module.save_results

    def save_results(*arguments):
        scores = real(*arguments)
        signal.raise_signal(signal.SIGTERM)
        return scores

    monkeypatch.setattr(module, "save_results", save_results)
    status = main(["run", *(f"--{name}={value}" for name, value in small.items())])
    (row,) = pandas.read_csv("logs/aescore.csv").to_dict("records")
    assert (row["status"], status) == ("done", 0)
    assert "the training was complete when the signal came" in capsys.readouterr().out


@pytest.mark.slow
def test_what_is_doubtful_is_said_at_the_end(tmp_path, monkeypatch, folders, capsys):
    monkeypatch.chdir(tmp_path)
    flags = {"train_dir": folders / "train", "filters": [4], "dims": [20], "train_epochs": 1}
    run = Autoencoder(**flags, last_activation="relu", learning_rate=1e-7).run()
    said = capsys.readouterr().out
    scores = run.scores()
    assert scores["valid_mse"] > scores["pca_mse"] and "a PCA of the same width rebuilds" in said
    assert 0 <= scores["used_numbers"] <= 20
    assert f"next: flexae cluster {run.path}\n" in said


@pytest.mark.slow
def test_the_next_command_can_be_pasted(tmp_path, monkeypatch, folders, capsys):
    monkeypatch.chdir(tmp_path)
    flags = {"train_dir": folders / "train", "filters": [2], "train_epochs": 1, "save_dir": "my runs/first #1"}
    Autoencoder(**flags).run()
    command = capsys.readouterr().out.partition("next: ")[2].splitlines()[0]
    assert shlex.split(command) == ["flexae", "cluster", "my runs/first #1"]
