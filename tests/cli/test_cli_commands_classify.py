import contextlib
import csv
import io
import json
import shutil

import cv2
import keras
import numpy as np
import pandas
import pytest
import yaml

from autoencoder.cli.main import Autoencoder, plan
from autoencoder.data.idx import write_idx
from autoencoder.errors import DataError, DivergedError, ModelFileError, UsageError
from autoencoder.model.saved import load
from autoencoder.settings.classification import Classifier, Labelled
from autoencoder.storage import runs_table
from autoencoder.storage.classifier import ClassifierRun
from autoencoder.workflows.label_curve import _ways as ways_to_begin
from autoencoder.workflows.labelled import find_labelled

FILES = {
    "classes.json",
    "classification_report.csv",
    "classifier.keras",
    ".classifier.keras.sha256",
    "confusion.png",
    "history.csv",
    "loss.png",
    "mistakes.png",
    "scores.json",
    "settings.yml",
    "provenance.json",
    "tiles.csv",
}


def image(digit):
    return cv2.imencode(".png", digit)[1].tobytes()


@pytest.fixture(scope="module")
def trained(tmp_path_factory, digits):
    """A place with digits in class folders, train/<0-2>, valid/<0-2>, and a run that was trained on the first."""
    from sklearn.datasets import load_digits

    place = tmp_path_factory.mktemp("classify")
    labels = load_digits().target
    for label in range(3):
        rows = np.flatnonzero(labels == label)
        for part, chosen in (("train", rows[:60]), ("valid", rows[60:100])):
            (place / part / str(label)).mkdir(parents=True)
            for row in chosen:
                (place / part / str(label) / f"{row}.png").write_bytes(image(digits[row]))
    settings = {"train_dir": place / "train", "save_dir": place / "run", "train_epochs": 15, "verbose": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        Autoencoder(**settings, filters=[8], batch_norm="before", contrast=0.1, loss="mse", augment=["shift"]).run()
    return place


@pytest.fixture(scope="module")
def fitted(trained):
    """A classifier of those digits."""
    flags = {"train_dir": trained / "train", "valid_dir": trained / "valid", "test_dir": trained / "valid", "epochs": 2}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(trained)
        return Autoencoder(**flags, drop_rate=0.2, verbose=0).classify("run")


@pytest.fixture(autouse=True)
def place(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained / "run", tmp_path / "run")
    return tmp_path


@pytest.fixture
def copied(trained, fitted, place):
    """A copy of that classifier's run, under logs/."""
    return ClassifierRun(shutil.copytree(trained / fitted.path, place / fitted.path))


@pytest.fixture
def blank(trained, place):
    """Those training images, and a blank one more of each class."""
    folder = shutil.copytree(trained / "train", place / "photos")
    for label in "012":
        (folder / label / "blank.png").write_bytes(image(np.full((8, 8), 7, np.uint8)))
    return folder


@pytest.fixture
def flags(trained):
    return {"train_dir": trained / "train", "valid_dir": trained / "valid", "epochs": 2, "verbose": 0}


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_classifier_leaves_everything_that_is_promised(trained, fitted, copied):
    assert fitted.path.parent.name == "logs" and fitted.path.name.startswith("classifier_")
    assert {path.name for path in copied.path.iterdir()} == FILES
    scores = copied.scores()
    assert scores["test_accuracy"] == scores["valid_accuracy"] == scores["accuracy"] > 0.7  # 0.33 by chance
    assert (scores["labelled"], scores["classes"], scores["labels_per_class"]) == (180, 3, "all")
    history = pandas.read_csv(copied.history_file)
    assert history["step"].tolist() == ["head", "head", "everything", "everything"]
    assert {"loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"} <= set(history)
    assert copied.classes() == ["0", "1", "2"]
    report = rows(copied.report_file)
    assert [row["class"] for row in report] == ["0", "1", "2"]
    right = sum(float(row["recall"]) * int(row["images"]) for row in report)
    assert right / 120 == pytest.approx(scores["accuracy"], abs=1e-3)
    for picture in copied.path.glob("*.png"):
        assert cv2.imread(str(picture)) is not None
    (row,) = pandas.read_csv(trained / "logs" / "classifiers.csv").to_dict("records")
    assert list(row)[: len(runs_table.CLASSIFIER_COLUMNS)] == list(runs_table.CLASSIFIER_COLUMNS)
    assert (row["FolderName"], row["accuracy"], row["run"]) == (fitted.path.name, scores["accuracy"], "run")


@pytest.mark.slow
def test_the_settings_file_repeats_the_classifier_bit_for_bit(copied):
    again = Autoencoder(config=copied.settings_file, verbose=0).classify()
    assert again.path != copied.path
    for one, other in zip(load(copied.classifier).weights, load(again.classifier).weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_predict_says_what_the_classifier_says(trained, copied, place):
    table = Autoencoder().predict("latest", images=trained / "valid")
    assert place / table == copied.path / "predictions_valid.csv"
    found = rows(table)
    assert list(found[0]) == ["path", "class", "probability"]
    images = np.stack([cv2.imread(str(trained / "valid" / row["path"]), 0) for row in found])[..., None]
    expected = load(copied.classifier).predict(images / np.float32(255), verbose=0)
    first, second = np.sort(expected, axis=1)[:, :-3:-1].T
    sure = first - second > 1e-3
    assert sure.mean() > 0.9
    classes = np.array([int(row["class"]) for row in found])
    np.testing.assert_array_equal(classes[sure], expected.argmax(axis=1)[sure])
    np.testing.assert_allclose([float(row["probability"]) for row in found], expected.max(axis=1), atol=1e-5)
    right = np.mean([row["class"] == row["path"].split("/")[0] for row in found])
    assert right == pytest.approx(copied.scores()["valid_accuracy"], abs=0.02)


def test_few_labels_keep_the_last_weights_and_use_no_validation_label(flags):
    run = Autoencoder(**flags, labels_per_class=2).classify("run")
    assert "val_loss" not in pandas.read_csv(run.history_file)
    assert run.scores()["labelled"] == 6 and run.scores()["best_epoch"] == 2


def test_images_of_little_quality_are_left_out(blank, flags):
    made = Autoencoder(**flags | {"train_dir": blank, "epochs": 1}, quality="contrast > 5").classify("run")
    assert yaml.safe_load((made.path / "settings.yml").read_text())["quality"] == "contrast > 5"
    left_out = pandas.read_csv(made.path / "bad_files.csv")
    assert list(left_out["path"]) == ["0/blank.png", "1/blank.png", "2/blank.png"]
    assert set(left_out["reason"]) == {"quality: contrast 0"}


def test_a_class_that_has_no_image_of_the_quality_left_is_named(blank, flags):
    for path in (blank / "1").glob("[!b]*"):
        path.unlink()
    with pytest.raises(DataError, match=r"no training image of 1 can be used \(1/blank.png: quality: contrast 0\)"):
        Autoencoder(**flags | {"train_dir": blank, "epochs": 1}, quality="contrast > 5").classify("run")
    with pytest.raises(UsageError, match=r"--quality=contrst > 5: there is no column contrst; did you mean contrast"):
        Autoencoder(**flags | {"train_dir": blank}, quality="contrst > 5").classify("run")


@pytest.mark.slow
def test_labels_are_spread_to_images_without_any(flags, trained, capsys):
    flags |= {"verbose": 1}
    run = Autoencoder(**flags, labels_per_class=3, unlabelled=trained / "train").classify("run")
    scores = run.scores()
    assert scores["labelled"] == 9 and 0 < scores["spread"] <= scores["unlabelled"] == 180
    assert 0.5 <= scores["spread_confidence"] <= 1 and scores["spread_accuracy"] > 0.7
    said = f"labels were spread to {scores['spread']} of 180 unlabelled images with a confidence of 0.5 or more, "
    assert said + f"{scores['spread_confidence']:.3f} on average" in capsys.readouterr().out
    assert scores["accuracy"] > 0.6  # 0.33 by chance


@pytest.fixture(scope="module")
def curve(trained, tmp_path_factory):
    """A curve over two numbers of labels with every way to begin: its place, its folder, and what was printed."""
    place = tmp_path_factory.mktemp("curve")
    shutil.copytree(trained / "run", place / "run")
    flags = {"train_dir": trained / "train", "valid_dir": trained / "valid", "epochs": 1}
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.chdir(place)
        asked = {"labels_per_class": "2,all", "unlabelled": trained / "valid", "confidence": 0.1}
        folder = Autoencoder(**flags, **asked).classify("run")
    return place, folder, said.getvalue()


@pytest.mark.slow
def test_several_numbers_of_labels_give_a_table_and_a_curve_of_every_way(curve):
    place, folder, said = curve
    table = rows(place / folder / "labels.csv")
    assert [row["labels_per_class"] for row in table] == ["2", "all"]
    assert list(table[0]) == ["labels_per_class", "scratch", "pretrained", "labels_spread"]
    assert float(table[1]["pretrained"]) > 0.6  # 0.33 by chance
    assert cv2.imread(str(place / folder / "labels.png")) is not None
    assert "pretrained" in said.split("accuracy on the validation images")[1]
    written = pandas.read_csv(place / "logs" / "classifiers.csv", dtype={"scratch": str}).to_dict("records")
    assert [row["scratch"] for row in written] == ["True", "False", "False"] * 2
    steps = [pandas.read_csv(place / "logs" / row["FolderName"] / "history.csv")["step"].tolist() for row in written]
    assert steps == [["scratch"] * 2, ["head", "everything"], ["head", "everything"]] * 2


def test_without_unlabelled_images_there_are_two_ways():
    assert list(ways_to_begin(Classifier())) == ["scratch", "pretrained"]


@pytest.mark.slow
def test_the_curve_of_scratch_alone_has_one_line(flags, capsys):
    folder = Autoencoder(**{**flags, "epochs": 1}, labels_per_class="1,2", scratch=True).classify("run")
    assert list(rows(folder / "labels.csv")[0]) == ["labels_per_class", "scratch"]
    assert "pretrained" not in capsys.readouterr().out
    written = pandas.read_csv("logs/classifiers.csv", dtype={"scratch": str}).to_dict("records")
    assert [row["scratch"] for row in written] == ["True", "True"]


@pytest.mark.slow
def test_every_line_of_a_curve_is_what_it_says_and_can_be_repeated(curve):
    made = sorted(curve[0].glob("logs/classifier_*/settings.yml"), key=lambda path: path.stat().st_mtime_ns)
    settings = [yaml.safe_load(path.read_text()) for path in made]
    ways = [(each["scratch"], each["unlabelled"] is not None) for each in settings]
    assert ways == [(True, False), (False, False), (False, True)] * 2
    counts = [plan(["classify", f"--config={path}"]).settings[2].labels_per_class for path in made]
    assert counts == [(2,)] * 3 + [("all",)] * 3


CHECKED_FIRST = [
    ({"unlabelled": "nowhere"}, DataError, "nowhere: there is no such folder"),
    ({"unlabelled": "broken"}, DataError, "broken: none of its 1 files can be used"),
    ({"unlabelled": "hollow"}, DataError, "hollow: holds no images"),
    ({"test_dir": "nowhere"}, DataError, "nowhere: there is no such folder"),
    ({"test_dir": "broken"}, DataError, "broken: none of its 1 files can be used"),
    ({"test_images": "broken/a.png"}, DataError, "begins with 00 00"),
    ({"valid_dir": "nowhere"}, DataError, "nowhere: there is no such folder"),
    ({"labels": "nowhere.csv"}, DataError, "nowhere.csv: can't be read"),
    ({"labels": "broken/a.png"}, DataError, "a.png: must be a table"),
    ({"labels": "good.csv", "names": "nowhere.csv"}, UsageError, "--names=nowhere.csv: can't be read"),
]


@pytest.mark.parametrize(("changed", "error", "said"), CHECKED_FIRST)
def test_all_that_is_read_is_checked_before_an_image_is_decoded(flags, place, monkeypatch, changed, error, said):
    (place / "hollow").mkdir()
    (place / "broken").mkdir()
    (place / "broken" / "a.png").write_bytes(b"no image")
    (place / "good.csv").write_text("path,cluster\nx,1\n")
    monkeypatch.setattr("autoencoder.workflows.labelled.load", lambda *_, **__: pytest.fail("images were decoded"))
    with pytest.raises(error, match=said):
        Autoencoder(**{**flags, "labels_per_class": "1,2", **changed}).classify("run")
    assert not list(place.glob("logs/*"))


@pytest.mark.slow
def test_images_are_read_as_the_encoders_were(place, digits, trained):
    """Drawings on nothing, whose stored colours are all alike: only a background shows them."""
    from sklearn.datasets import load_digits

    labels = load_digits().target
    for label in (0, 1):
        (place / "clear" / str(label)).mkdir(parents=True)
        for row in np.flatnonzero(labels == label)[:30]:
            drawn = np.zeros((8, 8, 4), np.uint8)
            drawn[..., 3] = digits[row][..., 0]
            (place / "clear" / str(label) / f"{row}.png").write_bytes(image(drawn))
    small = {"filters": [8], "train_epochs": 3, "verbose": 0, "batch_size": 16}
    Autoencoder(train_dir=place / "clear", background="white", save_dir=place / "white", **small).run()
    made = Autoencoder(train_dir=place / "clear", epochs=8, batch_size=8, verbose=0).classify("white")
    assert made.scores()["train_accuracy"] > 0.75  # of black images, half would be right by chance
    assert yaml.safe_load(made.settings_file.read_text())["background"] == "#ffffff"
    found = rows(Autoencoder().predict(str(made.path), images=place / "clear"))
    assert np.mean([row["class"] == row["path"].split("/")[0] for row in found]) > 0.75
    unlike = Autoencoder(train_dir=place / "clear", background="black", epochs=1, verbose=0).classify("white")
    assert yaml.safe_load(unlike.settings_file.read_text())["background"] == "#000000"


@pytest.mark.slow
def test_labels_come_from_a_csv_and_images_without_one_are_left_out(flags, trained, place):
    paths = sorted(path.relative_to(trained / "train") for path in (trained / "train").rglob("*.png"))[:100]
    lines = [f"{path},{'nought' if str(path)[0] == '0' else 'one'}" for path in paths]
    (place / "labels.csv").write_text("\n".join(["path,label", *lines, "2/none.png,"]), encoding="utf-8")
    run = Autoencoder(train_dir=trained / "train", labels="labels.csv", epochs=1, verbose=0).classify("run")
    assert run.classes() == ["nought", "one"]
    assert run.scores()["labelled"] == 85


def test_named_clusters_become_labels(trained, place):
    paths = sorted(str(path.relative_to(trained / "train")) for path in (trained / "train").rglob("*.png"))
    lines = [f"{path},{path[0]},0.1,0.9,1" for path in paths]
    (place / "clusters.csv").write_text("\n".join(["path,cluster,distance,confidence,second", *lines]))
    (place / "names.csv").write_text("cluster,name\n0,a\n1,b\n", encoding="utf-8")
    asked = Labelled(train_dir=trained / "train", labels="clusters.csv", names="names.csv")
    found = find_labelled(asked, Classifier())
    assert found.classes == ["a", "b"]
    assert {(path[0], label) for path, label in zip(found.train.paths, found.train.labels, strict=True)} == {
        ("0", "a"),
        ("1", "b"),
    }
    assert len(found.train.paths) + len(found.valid.paths) == 120
    with pytest.raises(DataError, match="clusters become labels by --names"):
        find_labelled(asked.model_copy(update={"names": None}), Classifier())


@pytest.fixture
def idx(place, digits):
    from sklearn.datasets import load_digits

    labels = load_digits().target.astype(np.uint8)
    write_idx(place / "images.gz", digits[:200, ..., 0])
    write_idx(place / "labels", labels[:200])
    write_idx(place / "others", digits[200:300, ..., 0])
    write_idx(place / "other_labels.gz", labels[200:300])
    return {
        "train_images": place / "images.gz",
        "train_labels": place / "labels",
        "test_images": place / "others",
        "test_labels": place / "other_labels.gz",
        "verbose": 0,
    }


@pytest.mark.slow
def test_images_and_labels_come_from_idx_files(idx):
    run = Autoencoder(**idx, epochs=1).classify("run")
    assert run.classes() == [str(digit) for digit in range(10)]
    assert "test_accuracy" in run.scores()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("train_images", b"\x89PNG....", "begins with 00 00"),
        ("train_labels", b"\0\0\x08\x01\0\0\0\xc8" + bytes(199), "200 = 200 bytes must follow .* fewer"),
        ("train_labels", b"\0\0\x08\x01\0\0\0\x03" + bytes(3), "must hold a label for each of 200 images, not 3"),
        ("test_labels", b"\0\0\x0d\x01\0\0\0\x64" + bytes(400), r"unsigned bytes \(type 0x08\), not float"),
        ("train_images", b"\0\0\x08\x01\0\0\0\x03" + bytes(3), "images need three dimensions"),
        ("train_images", b"\0\0\x08\x03\0\0\0\0\0\0\0\x08\0\0\0\x08", "holds no images"),
    ],
)
def test_idx_files_that_cannot_be_used_are_refused_by_name(idx, name, content, said):
    idx[name].write_bytes(content)
    if "holds no" in said:
        write_idx(idx["train_labels"], np.empty(0, np.uint8))
    with pytest.raises(DataError, match=f"{idx[name].name}: .*{said}"):
        Autoencoder(**idx).classify("run")


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"train_dir": None}, UsageError, "name the training images by one of"),
        ({"train_dir": "one"}, DataError, "one: a classifier needs 2 classes at least, and there is one: 0"),
        ({"train_dir": "empty"}, DataError, "empty: a class needs an image at least, and these .* have none: 7"),
        ({"train_dir": "flat"}, DataError, "flat: its images have no labels"),
        ({"valid_dir": "unknown"}, DataError, "unknown: its classes must be among those of .*, which has no other"),
        ({"labels_per_class": 61}, UsageError, "--labels_per_class=61: class 0 has only 60 training images"),
        ({"labels_per_class": 0}, UsageError, "--labels_per_class=0: must be a whole number from 1 on"),
        ({"labels_per_class": "1,some"}, UsageError, "--labels_per_class=1,some: must be"),
        ({"run": "run/autoencoder.keras"}, ModelFileError, "gives images, not embeddings"),
        ({"run": "vector.keras", "preprocess": "unit"}, ModelFileError, r"takes images of \(height, width, channels\)"),
        ({"run": "nowhere"}, UsageError, "nowhere: no such run"),
        ({"names": "names.csv"}, UsageError, "--names belongs to --labels"),
        ({"labels": "labels.csv"}, DataError, r"labels.csv: 1 of its 1 paths are no images in .*\(away.png\)"),
        (
            {"labels": "words.csv"},
            DataError,
            "words.csv: must be a table with the columns path and label, .* and has a, b",
        ),
        ({"labels": "none.csv"}, DataError, "none.csv: gives no image a label"),
        ({"labels": "twice.csv"}, DataError, "twice.csv: line 3: x has two labels"),
        ({"scratch": True, "unlabelled": "flat"}, UsageError, "--unlabelled needs the embedding"),
        ({"confidence": 0.6}, UsageError, "--confidence belongs to --unlabelled"),
        ({"unlabelled": "flat", "confidence": 1.0, "labels_per_class": 1}, DataError, "no label could be spread"),
    ],
)
def test_bad_input_is_refused(flags, trained, place, changed, error, said):
    content = next((trained / "train").rglob("*.png")).read_bytes()
    for name in ("one/0/a", "empty/0/a", "empty/1/a", "flat/a", "unknown/0/a", "unknown/1/a", "unknown/other/a"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / f"{name}.png").write_bytes(content)
    (place / "empty" / "7").mkdir()
    texts = {
        "labels": "path,label\naway.png,a",
        "words": "a,b\n1,2",
        "none": "path,label\nx,",
        "twice": "path,label\nx,a\nx,b",
    }
    for name, text in texts.items():
        (place / f"{name}.csv").write_text(text)
    vector = keras.Input((5,))
    keras.Model(vector, keras.layers.Dense(2)(vector)).save(place / "vector.keras")
    with pytest.raises(error, match=said):
        Autoencoder(**({"run": "run"} | flags | changed)).classify()
    assert not list(place.glob("logs/classifier*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "steps"),
    [
        ({"fine_rate": 1e38}, {"head"}),
        ({"learning_rate": 1e38}, set()),
        ({"scratch": True, "learning_rate": 1e38}, set()),
    ],
)
def test_a_classifier_that_diverged_is_left_with_its_last_good_weights(flags, place, changed, steps):
    with pytest.raises(DivergedError, match=r"not a number .* they are in logs/classifier_"):
        Autoencoder(**(flags | changed)).classify("run")
    (folder,) = place.glob("logs/classifier_*")
    assert json.loads((folder / "scores.json").read_text())["status"] == "diverged"
    history = folder / "history.csv"
    assert {row["step"] for row in (rows(history) if history.exists() else ())} == steps
    table = Autoencoder().predict(str(folder), images=flags["valid_dir"])
    assert all(0 < float(row["probability"]) <= 1 for row in rows(table))


def test_predict_refuses_what_is_no_classifier(trained):
    with pytest.raises(UsageError, match="latest: there is no run"):
        Autoencoder().predict("latest", images=trained / "valid")
    with pytest.raises(UsageError, match="run: was made by run, and this command takes what classify leaves"):
        Autoencoder().predict("run", images=trained / "valid")


@pytest.mark.parametrize("text", ["", "5", "null", "{}", '["0", "1"', "\x80", '"012"', '["0", {"a": 1}, "2"]'])
def test_predict_refuses_damaged_names_of_classes(trained, copied, text):
    copied.classes_file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelFileError, match=r"classes\.json"):
        Autoencoder().predict(copied.path, images=trained / "valid")


def test_predict_refuses_classes_that_do_not_fit_the_classifier(trained, copied):
    copied.classes_file.write_text(json.dumps(["0", "1"]))
    with pytest.raises(ModelFileError, match=r"knows 3 classes, but .* names 2; classify again"):
        Autoencoder().predict(copied.path, images=trained / "valid")
    copied.classes_file.unlink()
    with pytest.raises(ModelFileError, match=r"cannot be read \(No such file .*\); classify again, or restore a"):
        Autoencoder().predict(copied.path, images=trained / "valid")


@pytest.mark.slow
def test_a_grid_of_classifiers_draws_their_losses_and_names_the_best(flags, place, capsys):
    grid = {"grid": {"units": [8, 16], "epochs": [1]}}
    (place / "grid.yml").write_text(yaml.safe_dump(grid, sort_keys=False))
    flags.pop("epochs")
    folder = Autoencoder(config="grid.yml", **flags).classify("run")
    found = rows(folder / "grid.csv")
    assert {row["changed"] for row in found} == {"units=8, epochs=1", "units=16, epochs=1"}
    losses = [float(row["lowest_loss"]) for row in found]
    assert losses == sorted(losses)
    assert f"the best is {found[0]['changed']}: {found[0]['run']}" in capsys.readouterr().out
    assert cv2.imread(str(folder / "loss.png")) is not None
