import shutil
import stat
from pathlib import Path

import cv2
import numpy as np
import pandas
import pytest
import yaml

from autoencoder.cli.main import Autoencoder, plan
from autoencoder.errors import DataError, ModelFileError, UsageError
from autoencoder.metrics.hamming import binary_code
from autoencoder.model.saved import load

FILES = {
    "autoencoder.keras",
    ".autoencoder.keras.sha256",
    "history.csv",
    "loss.png",
    "model.png",
    "restored_test.png",
    "scores.json",
    "settings.yml",
    "provenance.json",
    "test_images.csv",
}
SMALL = {
    "tile_side": 12,
    "step_size": 6,
    "binary_code_size": 3,
    "filters": [8, 8],
    "mlp": False,
    "skips": True,
    "train_epochs": 12,
    "learning_rate": 0.01,
    "verbose": 0,
}


def write(folder, name, image):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(cv2.imencode(Path(name).suffix, image)[1].tobytes())


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Twenty codes of 3 x 3 pixels a block in `original`, and darkened by a slope, with noise, in `modified`."""
    folder = tmp_path_factory.mktemp("place")
    random = np.random.default_rng(0)
    for number in range(20):
        height, width = 24, 24 + 3 * (number % 3)
        code = np.kron(random.integers(0, 2, (height // 3, width // 3)), np.ones((3, 3))) * 255
        dark = code * np.linspace(1.0, 0.3, width) + random.normal(0, 12, code.shape)
        write(folder / "original", f"{number:02d}.png", code.astype(np.uint8))
        write(folder / "modified", f"{number:02d}.bmp", dark.clip(0, 255).astype(np.uint8))
    return folder


@pytest.fixture(scope="module")
def trained(place):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        return Autoencoder(modified=place / "modified", original=place / "original", **SMALL).restore_train()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def pairs(place):
    return {"modified": place / "modified", "original": place / "original", **SMALL}


def test_a_quality_is_kept_and_honoured_and_one_that_cannot_be_is_refused(pairs):
    with pytest.raises(UsageError, match=r"--quality=bright > 3: there is no column bright; did you mean brightness"):
        Autoencoder(**pairs, quality="bright > 3").restore_train()
    assert not Path("logs").exists()
    run = Autoencoder(**pairs | {"train_epochs": 1}, quality="width > 24").restore_train()
    assert yaml.safe_load(run.settings_file.read_text())["quality"] == "width > 24"
    left_out = pandas.read_csv(run.path / "bad_files.csv")
    assert list(left_out["path"]) == [f"original/{number:02d}.png" for number in range(0, 20, 3)]
    assert set(left_out["reason"]) == {"quality: width 24"}


def image_of(path):
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)


def test_a_run_leaves_everything_and_a_row_of_its_own_columns(place, trained):
    run = place / trained.path
    assert {path.name for path in run.iterdir()} == FILES
    (row,) = pandas.read_csv(place / "logs" / "aescore.csv").to_dict("records")
    assert (row["FolderName"], row["status"], row["epochs"]) == (run.name, "done", 12)
    assert row["hamming_after"] < 0.5 * row["hamming_before"]
    assert row["hamming_reduction"] == pytest.approx(1 - row["hamming_after"] / row["hamming_before"])
    assert row["mse_after"] < row["mse_before"] and row["psnr_after"] > row["psnr_before"]
    assert row["ssim_after"] > row["ssim_before"]
    table = pandas.read_csv(run / "test_images.csv")
    assert len(table) == row["test_images"] == 4
    for name in ("hamming_before", "hamming_after", "mse_before", "ssim_after"):
        assert table[name].mean() == pytest.approx(row[name])
    assert image_of(run / "restored_test.png").size > 0


@pytest.mark.slow
def test_no_test_image_is_learned_from(place, trained, monkeypatch):
    """The same run, with every test image spoiled: the weights are the same."""
    monkeypatch.chdir(place)
    spoiled = place / "spoiled"
    shutil.copytree(place / "modified", spoiled)
    for name in pandas.read_csv(trained.test_images)["path"]:
        write(spoiled, name, np.zeros_like(image_of(spoiled / name)))
    again = Autoencoder(config=trained.settings_file, modified=spoiled).restore_train()
    for one, other in zip(load(trained.autoencoder).weights, load(again.autoencoder).weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert again.scores()["mse_before"] != trained.scores()["mse_before"]


@pytest.mark.slow
def test_the_settings_file_repeats_the_run_bit_for_bit(place, trained, monkeypatch):
    monkeypatch.chdir(place)
    again = Autoencoder(config=trained.settings_file).restore_train()
    assert again.path != trained.path
    same = [name for name in again.scores() if name not in ("seconds", "images_per_second")]
    assert {name: again.scores()[name] for name in same} == {name: trained.scores()[name] for name in same}
    assert (again.path / "test_images.csv").read_bytes() == (trained.path / "test_images.csv").read_bytes()


def test_restored_images_keep_names_and_sizes_and_are_those_that_were_scored(place, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(place)
    source = tmp_path / "damaged"
    shutil.copytree(place / "modified", source / "in")
    write(source, "tiny.png", np.full((2, 5), 200, np.uint8))
    write(source, "color.tif", np.full((13, 30, 3), 200, np.uint8))
    (source / "notes.txt").write_text("no image")
    (source / "broken.png").write_bytes(b"\x89PNG")
    out = Autoencoder().restore(trained.path, images=source, out=tmp_path / "out")
    made = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert made == {"tiny.png", "color.tif", *(f"in/{number:02d}.bmp" for number in range(20))}
    for name in made:
        assert image_of(out / name).shape[:2] == image_of(source / name).shape[:2]
    for _, row in pandas.read_csv(trained.test_images).iterrows():
        original = image_of(place / "original" / f"{Path(row['path']).stem}.png")
        restored = image_of(out / "in" / row["path"])
        wrong = binary_code(restored, 3) != binary_code(original, 3)
        assert wrong.mean() == pytest.approx(row["hamming_after"])


def test_binarized_images_are_black_and_white_blocks(place, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(place)
    out = Autoencoder().restore("latest", images=place / "modified" / "03.bmp", out=tmp_path / "out", binarize=True)
    (path,) = out.iterdir()
    image = image_of(path)
    assert path.name == "03.bmp" and set(np.unique(image)) == {0, 255}
    np.testing.assert_array_equal(binary_code(image, 3) * 255, image)


def test_nothing_is_overwritten(place, trained, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.png").write_bytes(b"mine")
    for out in (tmp_path / "full", tmp_path / "full" / "a.png"):
        with pytest.raises(UsageError, match="already holds something, and nothing is overwritten"):
            Autoencoder().restore(place / trained.path, images=place / "modified", out=out)
    assert (tmp_path / "full" / "a.png").read_bytes() == b"mine"
    with pytest.raises(UsageError, match="where it would be taken for damaged images"):
        Autoencoder().restore(place / trained.path, images=place / "modified", out=place / "modified" / "new")
    assert not (place / "modified" / "new").exists()


def test_what_cannot_be_restored_says_why(place, trained, tmp_path):
    run = place / trained.path
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "a.png").write_bytes(b"no")
    for source, said in ((tmp_path / "none", "a.png: text, not an image"), (tmp_path / "missing", "can't be read")):
        with pytest.raises(DataError, match=said):
            Autoencoder().restore(run, images=source, out=tmp_path / "out")
    with pytest.raises(UsageError, match="holds no run"):
        Autoencoder().restore(tmp_path, images=tmp_path, out=tmp_path / "out")
    with pytest.raises(
        UsageError, match="there is no run in logs/ yet that will do; make one with: flexae restore_train"
    ):
        Autoencoder().restore("latest", images=tmp_path, out=tmp_path / "out")
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / "autoencoder.keras").write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelFileError):
        Autoencoder().restore(tmp_path / "run", images=place / "modified", out=tmp_path / "out")


@pytest.mark.slow
def test_the_original_programs_config_runs_unchanged(place, tmp_path, capsys):
    config = {
        "original_image_folder": f"{place / 'original'}/*.png",
        "modified_image_folder": f"{place / 'modified'}/*.bmp",
        "save_model_path": f"{tmp_path / 'model'}",
        "model_log_path": f"{tmp_path / 'log'}",
        "tile_side": 12,
        "step_size": 6,
        "binary_code_size": 3,
        "binary_level_threshold": 0.5,
        "latent_dimension": 7,
        "n_filters": [4, 6],
        "kernel_size": 3,
        "strides": 2,
        "loss": "mse",
        "initial_learning_rate": 0.002,
        "max_epochs": 2,
        "early_stopping_patience": 10,
        "batch_size": 16,
    }
    (tmp_path / "config.yml").write_text(yaml.safe_dump(config))
    run = Autoencoder(config=tmp_path / "config.yml").restore_train()
    assert "model_log_path is not used" in capsys.readouterr().out
    assert run.path == tmp_path / "model"
    assert load(run.encoder).output.shape == (None, 7)
    assert (run.flags()["patience"], run.flags()["learning_rate"], run.flags()["train_epochs"]) == (10, 0.002, 2)
    assert run.scores()["embedding_size"] == 7
    other = plan(["restore_train", f"--config={tmp_path / 'config.yml'}", "--dims=9", "--max_epochs", "3"]).settings
    assert (other[2].dims, other[3].train_epochs) == ((9,), 3)


def test_former_names_belong_to_their_command_alone():
    with pytest.raises(UsageError, match="--latent_dimension: no such flag; did you mean last_activation"):
        plan(["run", "--latent_dimension=9"])
    with pytest.raises(UsageError, match="--max_epoch: no such flag; did you mean max_epochs"):
        plan(["restore_train", "--modified=a", "--original=b", "--max_epoch=9"])


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"step_size": 13}, "--step_size=13 is larger than --tile_side=12: restored images would have holes"),
        ({"binary_level_threshold": 1.5}, "--binary_level_threshold=1.5: should be less than or equal to 1"),
        ({"tile_side": 25}, "--tile_side=25 is larger than the smallest image, 00.bmp of 24 x 24 pixels"),
        ({"binary_code_size": 10**30}, "should be less than or equal to 32768"),
        ({"batch_size": 10**9}, "--batch_size=1000000000: training takes about"),
        ({"tile_sied": 12}, "--tile_sied: no such flag; did you mean tile_side?"),
        ({"contrast": 0.1}, "--contrast shapes an embedding"),
        ({"augment": "hflip", "target": "clean"}, "--target=clean"),
        ({"test_split": 0.5, "valid_split": 0.5}, "leave nothing to learn from"),
        ({"filters": [8] * 6, "strides": 2}, "too small for its strides=2"),
    ],
)
def test_bad_flags_are_refused_before_any_work(pairs, flags, said):
    with pytest.raises(UsageError) as refused:
        Autoencoder(**pairs | flags).restore_train()
    assert said in str(refused.value)
    assert not Path("logs").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "flags"),
    [
        ((24, 30), {"tile_side": 12, "step_size": 12, "test_split": 0.5, "valid_split": 0.49}),
        ((1, 1), {"tile_side": 1, "step_size": 1, "loss": "ssim"}),
        ((2, 40), {"tile_side": 2, "step_size": 1, "binary_code_size": 32_768, "batch_norm": "after", "batch_size": 1}),
    ],
)
def test_three_pairs_of_any_size_train(tmp_path, shape, flags):
    for part in ("modified", "original"):
        for number in range(3):
            image = np.random.default_rng(number).integers(0, 256, shape, np.uint8)
            write(tmp_path / part, f"{number}.png", image)
    small = {"filters": [2], "dims": [2], "train_epochs": 1, "verbose": 0}
    run = Autoencoder(modified="modified", original="original", **small, **flags).restore_train()
    assert (run.scores()["status"], run.scores()["test_images"]) == ("done", 1)


@pytest.mark.slow
def test_images_that_went_further_away_are_told_of_and_what_to_do_next(pairs, capsys):
    worse = {"train_epochs": 1, "learning_rate": 1e-9, "verbose": 1, "skips": False, "mlp": True, "dims": [1]}
    run = Autoencoder(**pairs | worse).restore_train()
    said = capsys.readouterr().out
    assert run.scores()["hamming_reduction"] < 0 and "further from their originals than the damaged ones were" in said
    assert said.rstrip().endswith(f"next: flexae restore {run.path} --images=FOLDER --out=FOLDER")


def test_folders_that_do_not_match_are_refused(pairs, tmp_path):
    write(tmp_path / "others", "x.png", np.zeros((24, 24), np.uint8))
    with pytest.raises(DataError, match="0 pairs of images remain"):
        Autoencoder(**pairs | {"original": tmp_path / "others"}).restore_train()


def test_a_dry_run_makes_nothing(pairs, capsys):
    assert Autoencoder(**pairs).restore_train(dry_run=True) is None
    told = capsys.readouterr().out
    assert "skip_0" in told and "pairs: 20" in told and "tile_side: 12" in told
    assert not Path("logs").exists()


@pytest.mark.parametrize("command", ["run", "sort"])
def test_skips_are_refused_where_an_embedding_is_asked_for(command, folders):
    with pytest.raises(UsageError, match="there would be none; it is for restore_train"):
        getattr(Autoencoder(skips=True, train_dir=folders / "train"), command)()
    assert not Path("logs").exists()


@pytest.mark.parametrize("command", ["encode", "cluster"])
def test_a_run_with_skips_has_no_embedding(command, place, trained):
    with pytest.raises(UsageError, match="was made by restore_train with --skips and has no embedding"):
        getattr(Autoencoder(), command)(place / trained.path, images=place / "modified")


def test_a_place_that_cannot_be_written_to_is_said_before_any_work(place, trained, tmp_path, program):
    locked = tmp_path / "locked"
    locked.write_text("a file")
    done = program("restore", place / trained.path, f"--images={place / 'modified'}", f"--out={locked}/out")
    assert done.returncode == 5
    assert done.stderr.startswith("error: cannot write to") and len(done.stderr.splitlines()) == 1
    assert stat.S_ISREG(locked.stat().st_mode)


@pytest.mark.slow
def test_restore_is_a_command(place, trained, tmp_path, program):
    done = program("restore", place / trained.path, f"--images={place / 'modified'}", f"--out={tmp_path / 'out'}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"20 restored images are in {tmp_path / 'out'}; 0 files could not be used\n"
