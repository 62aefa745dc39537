"""Which images a command takes, and which of its results are kept: the same for every command."""

import csv
import json
import shutil

import cv2
import numpy as np
import pandas
import pytest
import yaml

from autoencoder.cli.main import Autoencoder
from autoencoder.errors import DataError, ModelFileError, UsageError

CLASSES = ("01", "1", "no")


def draw(folder, count, seed):
    """Make class folders of so many images of 8 x 8 pixels each: noise around a place of the class's own."""
    generator = np.random.default_rng(seed)
    for number, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        for row in range(count):
            image = generator.integers(0, 60, (8, 8)).astype(np.uint8)
            image[2 * number : 2 * number + 3, 2:6] += 190
            (folder / name / f"{row}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A place with two folders of one name, a run on two classes of the first, and a classifier on it."""
    place = tmp_path_factory.mktemp("made")
    draw(place / "a" / "photos", 10, 1), draw(place / "b" / "photos", 12, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        settings = {"train_dir": "a/photos", "filters": [4], "dims": [3], "train_epochs": 2, "verbose": 0}
        run = Autoencoder(**settings, categories="01,no", max_images=8, fit="pad", save_dir="logs/r").run()
        Autoencoder().classify(str(run.path), train_dir="a/photos", epochs=1, units=4, save_dir="logs/c", verbose=0)
    return place


@pytest.fixture(autouse=True)
def place(made, tmp_path, monkeypatch):
    shutil.copytree(made / "logs", tmp_path / "logs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def classes_of(paths):
    return {path.partition("/")[0] for path in paths}


@pytest.mark.slow
def test_a_run_keeps_its_images_for_every_later_command(made):
    settings = yaml.safe_load((made / "logs" / "r" / "settings.yml").read_text())
    assert settings["train_dir"] == str(made / "a" / "photos")
    assert settings["categories"] == ["01", "no"]
    table = pandas.read_parquet(Autoencoder().encode("r"))
    assert len(table) == 16 and classes_of(table["path"]) == {"01", "no"}
    clustered = rows(Autoencoder().cluster("r", k=2) / "clusters.csv")
    assert len(clustered) == 16 and classes_of(row["path"] for row in clustered) == {"01", "no"}


def test_other_images_bring_all_of_their_classes(made):
    other = made / "b" / "photos"
    assert len(pandas.read_parquet(Autoencoder().encode("r", images=other))) == 36
    assert len(rows(Autoencoder().cluster("r", k=2, images=other) / "clusters.csv")) == 36
    assert len(rows(Autoencoder().predict("c", images=other))) == 36


@pytest.mark.slow
@pytest.mark.parametrize("flags", [{"categories": "1"}, {"max_images": 2}, {"categories": "[01,1]", "max_images": 3}])
def test_every_command_that_reads_images_honours_what_is_given(made, flags):
    expected = {"1": 12, "2": 6, "[01,1]": 6}[str(flags.get("categories", flags.get("max_images")))]
    images = made / "b" / "photos"
    folder = Autoencoder(**flags).cluster("r", k=2, images=images)
    counts = [
        len(pandas.read_parquet(Autoencoder(**flags).encode("r", images=images))),
        len(rows(folder / "clusters.csv")),
        len(rows(Autoencoder(**flags).assign("latest", images=images))),
        len(rows(Autoencoder(**flags).predict("c", images=images))),
    ]
    assert counts == [expected] * 4


@pytest.mark.slow
def test_sort_clusters_and_exports_what_it_trained_on(made, place):
    flags = {"train_dir": made / "b" / "photos", "max_images": 4, "k": 3, "filters": [4], "train_epochs": 1}
    folder = Autoencoder(**flags, verbose=0).sort(export=place / "sorted", categories="01,1")
    assert len(rows(folder / "clusters.csv")) == 8
    assert sum(path.is_file() for path in (place / "sorted").rglob("*")) == 8


@pytest.mark.slow
def test_images_of_little_quality_are_left_out_by_the_run_and_by_all_that_follows_it(place):
    photos = draw(place / "photos", 10, 4)
    for name in ("01/0.png", "no/3.png"):
        (photos / name).write_bytes(cv2.imencode(".png", np.full((8, 8), 90, np.uint8))[1].tobytes())
    flags = {"train_dir": photos, "filters": [4], "dims": [3], "train_epochs": 1, "verbose": 0, "save_dir": "logs/q"}
    folder = Autoencoder(**flags, quality="contrast > 5 and width > 2", k=2).sort()
    reasons = {row["path"]: row["reason"] for row in rows(place / "logs" / "q" / "bad_files.csv")}
    assert reasons == dict.fromkeys(["01/0.png", "no/3.png"], "quality: contrast 0, width 8")
    assert yaml.safe_load((place / "logs/q/settings.yml").read_text())["quality"] == "contrast > 5 and width > 2"
    assert len(rows(folder / "clusters.csv")) == len(rows(folder / "quality.csv")) == 28
    assert len(pandas.read_parquet(Autoencoder().encode("q"))) == 28
    assert len(rows(Autoencoder().cluster("q", k=2) / "clusters.csv")) == 28
    assert len(pandas.read_parquet(Autoencoder().encode("q", images=photos))) == 30  # others, as far as it can know
    assert len(pandas.read_parquet(Autoencoder().encode("q", images=photos, quality="entropy == 0"))) == 2
    assert len(rows(Autoencoder(quality="entropy > 0").assign("latest", images=photos))) == 28


@pytest.mark.parametrize(
    ("quality", "error", "said"),
    [
        ("sharp > 3", UsageError, "--quality=sharp > 3: there is no column sharp; did you mean sharpness?"),
        ("sharpness >", UsageError, "--quality=sharpness >: cannot be read"),
        ("brightness > 300", DataError, "leaves out all 30 images of .*; ask for less"),
    ],
)
def test_a_quality_that_cannot_be_is_refused(made, quality, error, said):
    with pytest.raises(error, match=said):
        Autoencoder(train_dir=made / "a" / "photos", filters=[4], dims=[3], quality=quality).run()


def test_what_is_gone_is_named(made, place):
    settings = place / "logs" / "r" / "settings.yml"
    settings.write_text(settings.read_text().replace(str(made / "a"), str(place / "gone")))
    for command in ("encode", "cluster"):
        with pytest.raises(DataError, match=r"gone/photos: is not there any more, and logs/r .*--images"):
            getattr(Autoencoder(), command)("r")


@pytest.mark.parametrize("command", ["encode", "predict", "assign"])
def test_folders_of_one_name_leave_two_tables(made, place, command):
    if command == "assign":
        Autoencoder().cluster("r", k=2)
    name = {"encode": "r", "predict": "c", "assign": "latest"}[command]
    tables = [getattr(Autoencoder(), command)(name, images=made / part / "photos") for part in ("a", "b", "a")]
    assert tables[0] == tables[2] != tables[1]
    assert tables[1].stem == f"{tables[0].stem}_2"
    read = pandas.read_parquet if command == "encode" else pandas.read_csv
    assert (len(read(tables[0])), len(read(tables[1]))) == (30, 36)
    beside = json.loads(tables[1].with_name(f"{tables[1].stem}.provenance.json").read_text())
    assert beside["source"]["images"] == str(made / "b" / "photos") and beside["finished"]
    assert getattr(Autoencoder(), command)(name, images=made / "b" / "photos", overwrite=True) == tables[0]


@pytest.mark.slow
def test_clusterings_of_other_images_settings_or_encoders_are_kept_apart(made, place):
    first = Autoencoder().cluster("r", k=2)
    (first / "left_over.png").touch()
    assert Autoencoder().cluster("r", k=2) == first
    assert not (first / "left_over.png").exists()
    assert Autoencoder().cluster("r", k=2, images=made / "b" / "photos").name == "kmeans_k2_2"
    assert Autoencoder().cluster("r", k=2, seed=5).name == "kmeans_k2_3"
    shutil.copytree(place / "logs" / "r", place / "logs" / "other")
    encoder = place / "logs" / "other" / "encoder.keras"
    encoder.write_bytes((place / "logs" / "c" / "classifier.keras").read_bytes())
    with pytest.raises(ModelFileError, match=r"if the change was meant, remove .*/\.encoder\.keras\.sha256"):
        Autoencoder().cluster("other", k=2, images=made / "a" / "photos")
    encoder.with_name(".encoder.keras.sha256").unlink()
    assert Autoencoder().cluster("other", k=2, images=made / "a" / "photos").name == "kmeans_k2_4"
    assert Autoencoder().cluster("r", k=2, seed=6, overwrite=True).name == "kmeans_k2"


def test_assign_takes_the_encoder_that_made_the_clusters(place, made):
    folder = Autoencoder().cluster("r", k=2)
    before = rows(Autoencoder().assign(folder, images=made / "a" / "photos"))
    shutil.copy(place / "logs" / "c" / "classifier.keras", folder / "encoder.h5")
    assert rows(Autoencoder().assign(folder, images=made / "a" / "photos")) == before
    (folder / "encoder.keras").unlink()
    with pytest.raises(ModelFileError, match="has no copy of the encoder that made its clusters"):
        Autoencoder().assign(folder, images=made / "a" / "photos")


def test_a_clustering_that_is_moved_still_says_how_images_are_read(place, made):
    folder = Autoencoder().cluster("r", k=2)
    shutil.move(folder, place / "elsewhere")
    shutil.rmtree(place / "logs")
    table = Autoencoder().assign("elsewhere", images=made / "b" / "photos")
    source = json.loads(table.with_name(f"{table.stem}.provenance.json").read_text())["source"]
    assert (source["fit"], source["categories"], source["max_images"]) == ("pad", [], None)


def test_everything_says_what_made_it(made, place):
    run = json.loads((place / "logs" / "r" / "provenance.json").read_text())
    assert (run["command"], run["finished"], run["source"]["count"]) == ("run", True, 16)
    folder = Autoencoder().cluster("r", k=2)
    clustering = json.loads((folder / "provenance.json").read_text())
    assert clustering["command"] == "cluster" and clustering["settings"]["k"] == 2
    assert clustering["source"]["fingerprint"] == run["source"]["fingerprint"] != ""
    classifier = json.loads((place / "logs" / "c" / "provenance.json").read_text())
    assert classifier["encoder"]["sha256"] == clustering["encoder"]["sha256"]


def test_one_image_is_enough_for_every_command_but_training(made):
    image = made / "a" / "photos" / "1" / "3.png"
    folder = Autoencoder().cluster("r", k=2)
    assert list(pandas.read_parquet(Autoencoder().encode("r", images=image))["path"]) == ["3.png"]
    assert [row["path"] for row in rows(Autoencoder().assign(folder, images=image))] == ["3.png"]
    assert [row["path"] for row in rows(Autoencoder().predict("c", images=image))] == ["3.png"]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_training_needs_four_images(tmp_path, count):
    (tmp_path / "few").mkdir()
    for number in range(count):
        (tmp_path / "few" / f"{number}.png").write_bytes(cv2.imencode(".png", np.eye(8) * 99 * number)[1].tobytes())
    with pytest.raises(DataError, match=f"holds {count} usable images; training needs 4 at least"):
        Autoencoder(train_dir=tmp_path / "few").run()


def test_outside_a_checkout_the_sample_is_not_to_be_had():
    with pytest.raises(UsageError, match="--train_dir: name a folder of images"):
        Autoencoder().run()


def test_validation_images_are_drawn_from_every_class(tmp_path):
    draw(tmp_path / "photos", 6, 3)
    from autoencoder.settings import Settings
    from autoencoder.workflows.images import prepare

    _, found = prepare(Settings.from_flags({"train_dir": tmp_path / "photos", "valid_split": 0.17}))
    assert sorted(found.valid.labels) == list(CLASSES) and len(found.train.paths) == 15


@pytest.mark.slow
def test_sort_tells_once_what_is_lost_of_the_images(made, capsys):
    flags = {"train_dir": made / "a" / "photos", "image_shape": [8, 16], "filters": [4], "train_epochs": 1}
    Autoencoder(**flags, k=2).sort()
    assert capsys.readouterr().out.count("have other proportions than 8 x 16") == 1


@pytest.mark.slow
def test_a_classifier_keeps_absolute_paths(made, place):
    shutil.copytree(made / "a", place / "a")
    run = Autoencoder().classify("r", train_dir="a/photos", unlabelled="a/photos", epochs=1, units=4)
    assert run.flags()["train_dir"] == run.flags()["unlabelled"] == str(place / "a" / "photos")
