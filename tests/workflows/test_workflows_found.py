"""The commands that look for images, on a run of an untrained layer, and their functions of the library."""

import csv
import json
import logging
import shutil
from pathlib import Path

import cv2
import keras
import numpy as np
import pandas
import pytest

import autoencoder
from autoencoder.cli.main import Autoencoder
from autoencoder.data.load import load as decode
from autoencoder.data.scan import scan
from autoencoder.errors import DataError, UsageError
from autoencoder.model.saved import save
from autoencoder.storage.provenance import Provenance
from autoencoder.storage.run import Run


@pytest.fixture
def photographs(tmp_path):
    """Class folders of smooth images of 16 x 16, a few of which are there twice, and one of which is noise."""
    random = np.random.default_rng(0)
    for name in ("cat", "ship"):
        (tmp_path / "photographs" / name).mkdir(parents=True)
    for number in range(40):
        noise = random.normal(size=(40, 40, 3)).astype(np.float32)
        image = cv2.GaussianBlur(noise, (0, 0), 2)[12:28, 12:28] * 250 + (80 if number % 2 else 160)
        pixels = np.clip(image, 0, 255).astype(np.uint8)
        cv2.imwrite(str(tmp_path / "photographs" / ("cat", "ship")[number % 2] / f"{number:02d}.png"), pixels)
    folder = tmp_path / "photographs"
    cv2.imwrite(str(folder / "cat" / "copy.bmp"), cv2.imread(str(folder / "ship" / "03.png")))
    cv2.imwrite(str(folder / "ship" / "bright.png"), cv2.imread(str(folder / "ship" / "05.png")) + 9)
    cv2.imwrite(str(folder / "ship" / "odd.png"), random.integers(0, 256, (16, 16, 3)).astype(np.uint8))
    return folder


@pytest.fixture
def run(tmp_path, photographs, monkeypatch):
    """A run that was trained on the photographs; its embedding is the mean of quarters of the image."""
    monkeypatch.chdir(tmp_path)
    made, image = Run(tmp_path / "run"), keras.Input((16, 16, 3))
    made.path.mkdir()
    pooled = keras.layers.Flatten()(keras.layers.AveragePooling2D(4)(image))
    save(keras.Model(image, pooled), made.encoder)
    made.write_flags({"train_dir": str(photographs), "image_shape": [16, 16], "color": "rgb"})
    made.write_provenance(Provenance("run"))
    return made


def vectors(folder):
    """What the encoder makes of images, computed here, and their paths."""
    images = decode(scan(folder), (16, 16), "rgb")
    quarters = images.pixels.reshape(-1, 4, 4, 4, 4, 3).mean(axis=(2, 4)) / 255
    return quarters.reshape(len(quarters), -1), list(images.paths)


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_similar_images_come_in_the_order_of_their_distances_and_the_image_itself_is_left_out(run, photographs, caplog):
    caplog.set_level(logging.INFO, "autoencoder")
    folder = Autoencoder().similar("run", photographs / "ship" / "03.png", count=5)
    found = table(folder / "similar.csv")
    known, paths = vectors(photographs)
    away = np.linalg.norm(known - known[paths.index("ship/03.png")], axis=1)
    order = [row for row in np.argsort(away, kind="stable") if paths[row] != "ship/03.png"][:5]
    assert [row["path"] for row in found] == [paths[row] for row in order]
    assert found[0]["path"] == "cat/copy.bmp" and float(found[0]["distance"]) == 0
    assert [int(row["rank"]) for row in found] == [1, 2, 3, 4, 5]
    assert found[0]["label"] == "cat"
    assert folder.absolute() == run.path / "similar" / "03"
    picture = cv2.imread(str(folder / "similar.png"))
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 100
    assert json.loads((folder / "provenance.json").read_text())["command"] == "similar"


def test_the_same_question_replaces_its_answer_and_another_one_has_a_place_of_its_own(run, photographs):
    image = photographs / "ship" / "03.png"
    first, again = (Autoencoder().similar("run", image, count=3) for _ in range(2))
    other = Autoencoder().similar("run", image, count=4)
    assert first == again and other.name == "03_2"
    assert len(table(other / "similar.csv")) == 4


def test_the_strangest_image_comes_first_and_all_are_in_the_table(run, photographs):
    folder = Autoencoder().outliers("run", neighbours=3, count=6)
    found = table(folder / "outliers.csv")
    known, paths = vectors(photographs)
    away = np.linalg.norm(known[:, None] - known[None], axis=2)
    np.fill_diagonal(away, np.inf)
    scores = dict(zip(paths, np.sort(away, axis=1)[:, :3].mean(axis=1), strict=True))
    assert len(found) == len(paths) == 43
    for row in found:
        assert float(row["score"]) == pytest.approx(scores[row["path"]], rel=1e-4)
        assert row["nearest"] == paths[away[paths.index(row["path"])].argmin()]
    given = [float(row["score"]) for row in found]
    assert given == sorted(given, reverse=True)


def test_duplicates_are_put_into_groups_and_their_kinds_are_told(run, photographs):
    found = table(Autoencoder().duplicates("run") / "duplicates.csv")
    told = [(row["group"], row["path"], row["like"], row["kind"]) for row in found]
    assert told == [
        ("1", "cat/copy.bmp", "", "first"),
        ("1", "ship/03.png", "cat/copy.bmp", "same"),
        ("2", "ship/05.png", "", "first"),
        ("2", "ship/bright.png", "ship/05.png", "near"),
    ]
    assert found[0]["hash_distance"] == "" and found[1]["hash_distance"] == "0"
    assert float(found[3]["distance"]) > 0


def test_new_images_that_are_there_already_are_told_from_new_ones(run, photographs, tmp_path):
    new = tmp_path / "new"
    new.mkdir()
    shutil.copy(photographs / "cat" / "00.png", new / "a.png")
    cv2.imwrite(str(new / "b.png"), np.rot90(cv2.imread(str(photographs / "cat" / "02.png"))))
    (new / "c.png").write_bytes(b"\x89PNG no image")
    folder = Autoencoder().duplicates("run", images=new)
    first, second = table(folder / "duplicates.csv")
    assert (first["path"], first["known"], first["kind"]) == ("a.png", "cat/00.png", "same")
    assert (second["path"], second["known"], second["kind"], second["distance"]) == ("b.png", "", "new", "")
    assert table(folder / "bad_files.csv")[0]["path"] == "c.png"


def test_where_nothing_is_there_twice_the_table_has_a_head_alone(run, photographs):
    for name in ("cat/copy.bmp", "ship/bright.png"):
        (photographs / name).unlink()
    folder = Autoencoder().duplicates("run")
    assert table(folder / "duplicates.csv") == [] and not (folder / "duplicates.png").exists()


def test_labels_that_neighbours_contradict_come_first(run, photographs, tmp_path):
    paths = scan(photographs).paths
    known, _ = vectors(photographs)
    bright = known.mean(axis=1) > 0.47
    labels = pandas.DataFrame({"path": paths, "label": np.where(bright, "bright", "dark")})
    wrong = labels["path"] == "cat/10.png"
    true = labels.loc[wrong, "label"].item()
    labels.loc[wrong, "label"] = {"bright": "dark", "dark": "bright"}[true]
    labels.to_csv(tmp_path / "labels.csv", index=False)
    first = table(Autoencoder().suspects("run", labels=tmp_path / "labels.csv", neighbours=5) / "suspects.csv")[0]
    assert (first["path"], first["proposed"], float(first["score"])) == ("cat/10.png", true, 1.0)


@pytest.mark.parametrize(
    ("command", "words", "flags", "said"),
    [
        ("similar", ("missing.png",), {}, "missing.png: is not there; name the file of one image"),
        ("similar", ("photographs",), {}, "photographs: is a folder; name the file of one image"),
        ("outliers", (), {"neighbours": 43}, "--neighbours=43: there are 43 images, so each has 42 others"),
        ("suspects", (), {"neighbours": 90}, "--neighbours=90: there are 43 images"),
        ("outliers", (), {"count": 601}, "--count"),
    ],
)
def test_what_cannot_be_asked_is_refused(run, command, words, flags, said):
    with pytest.raises(UsageError, match=said):
        getattr(Autoencoder(), command)("run", *words, **flags)


def test_a_run_that_does_not_say_what_it_learned_from_is_refused(run):
    run.write_flags({"seed": 1})
    with pytest.raises(UsageError, match="does not say what it was trained on; name a folder of images"):
        Autoencoder().outliers("run")


def test_an_image_that_cannot_be_read_and_images_without_labels_are_refused(run, photographs, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG no image")
    with pytest.raises(DataError, match=r"broken\.png"):
        Autoencoder().similar("run", tmp_path / "broken.png")
    with pytest.raises(DataError, match="have no labels; put them into class folders, or give a CSV with --labels"):
        Autoencoder().suspects("run", images=photographs / "cat")
    with pytest.raises(DataError, match="all images have the label cat"):
        Autoencoder().suspects("run", categories=["cat"])


def test_the_library_gives_the_same_tables_and_writes_nothing(run, photographs):
    before = sorted(run.path.rglob("*"))
    image = photographs / "ship" / "03.png"
    tables = {
        "similar": autoencoder.similar("run", image),
        "outliers": autoencoder.outliers("run"),
        "duplicates": autoencoder.duplicates("run"),
        "suspects": autoencoder.suspects("run"),
    }
    assert sorted(run.path.rglob("*")) == before
    for command, found in tables.items():
        folder = getattr(Autoencoder(), command)("run", *([image] if command == "similar" else []))
        written = table(folder / f"{command}.csv")
        assert list(found.columns) == list(written[0])
        assert [str(path) for path in found["path"]] == [row["path"] for row in written]


@pytest.mark.parametrize("kind", [str, Path])
def test_the_library_takes_images_and_labels_as_texts_and_as_paths(run, photographs, tmp_path, kind):
    cats, image, labels = kind(photographs / "cat"), kind(photographs / "cat" / "00.png"), kind(tmp_path / "some.csv")
    names = sorted(path.name for path in (photographs / "cat").iterdir())
    pandas.DataFrame({"path": names, "label": ["a", "b", "a"] * 7}).to_csv(tmp_path / "some.csv", index=False)
    assert sorted(autoencoder.outliers(run.path, images=cats)["path"]) == names
    assert sorted(autoencoder.suspects(str(run.path), images=cats, labels=labels)["path"]) == names
    assert set(autoencoder.similar("run", image, images=cats)["path"]) < set(names)
    assert autoencoder.duplicates("run", cats)["path"].tolist() == names


def test_one_group_is_told_as_one(run, photographs, caplog):
    caplog.set_level(logging.INFO, "autoencoder")
    (photographs / "ship" / "bright.png").unlink()
    Autoencoder().duplicates("run")
    assert caplog.records[0].getMessage() == "1 group of near-duplicates, 2 of 42 images"


def test_names_of_any_bytes_are_in_every_table_and_no_control_character_is_on_the_screen(run, photographs, caplog):
    caplog.set_level(logging.INFO, "autoencoder")
    odd = ["\udcff.png", "two\nlines.png", "\u202eback.png", "\x1b[31mred.png", "a\rb.png", "=1+1.png"]
    for number, name in enumerate(odd):
        shutil.copyfile(photographs / "ship" / "odd.png", photographs / "ship" / name)
        cv2.imwrite(str(photographs / "ship" / "odd.png"), np.full((16, 16, 3), 40 * number, np.uint8))
    wanted = sorted(f"ship/{name}" for name in odd)
    (photographs / "ship" / "\udcff").mkdir()
    for command, words in {
        "outliers": (),
        "suspects": (),
        "similar": (photographs / "ship" / odd[0],),
        "duplicates": (photographs / "ship" / odd[0],),
    }.items():
        found = getattr(autoencoder, command)("run", *words)
        flags = {"images": words[0]} if command == "duplicates" else {}
        folder = getattr(Autoencoder(), command)("run", *([] if flags else words), **flags)
        with (folder / f"{command}.csv").open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            assert [row["path"] for row in csv.DictReader(file)] == found["path"].tolist()
        if command in ("outliers", "suspects"):
            assert [path for path in sorted(found["path"]) if path in wanted] == wanted
    assert not any(sign in record.getMessage() for record in caplog.records for sign in "\x1b\u202e\r\udcff")
