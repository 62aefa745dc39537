"""What is right for each input that make_cases.py makes, by the commands that a user would type."""

import csv
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas
import pytest

from autoencoder.cli.main import Autoencoder, plan
from autoencoder.errors import DataError, UserError
from autoencoder.settings.classification import Classifier as ClassifierKnobs
from autoencoder.settings.classification import Labelled
from autoencoder.workflows.labelled import find_labelled

MAKER = Path(__file__).with_name("make_cases.py")
SMALL = {"filters": [4], "dims": [3], "train_epochs": 1}
YAML_NAMES = ["8", "010", "01", "1", "no", "1e3", "2020-01-01", "1_000", "null", "12:30", "x y"]
CLASSES = {"square", "disc", "cross"}


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """All cases, a run and a classifier on the plain one."""
    out = tmp_path_factory.mktemp("cases")
    subprocess.run([sys.executable, MAKER, out], check=True, timeout=120)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(out)
        Autoencoder(**SMALL, train_dir=out / "plain", save_dir=out / "RUN", verbose=0).run()
        Autoencoder().classify(out / "RUN", train_dir=out / "plain", epochs=1, units=4, save_dir=out / "CLS", verbose=0)
    return out


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(folder, **flags):
    return Autoencoder(**SMALL, train_dir=folder, **flags).run()


def encode(cases, folder, **flags):
    return pandas.read_parquet(Autoencoder().encode(cases / "RUN", images=folder, overwrite=True, **flags))


def rows(path):
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(folder):
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())


@pytest.mark.slow
def test_plain_works_by_every_command(cases, place, capsys):
    assert len(encode(cases, cases / "plain")) == 60
    folder = Autoencoder().cluster(cases / "RUN", k=3, overwrite=True)
    assert len(rows(Autoencoder().assign(folder, images=cases / "plain"))) == 60
    assert len(rows(Autoencoder().predict(cases / "CLS", images=cases / "plain"))) == 60
    assert "accuracy" in capsys.readouterr().out
    assert Autoencoder(**SMALL, train_dir=cases / "plain", k=3).sort().is_dir()


@pytest.mark.parametrize("command", ["run", "sort"])
def test_icons_are_refused_until_a_background_shows_them(cases, capsys, command):
    flags = {**SMALL, "train_dir": cases / "icons"}
    with pytest.raises(DataError, match="one colour"):
        getattr(Autoencoder(**flags), command)()
    said = capsys.readouterr().out
    assert "36 of 36" in said and "--background=white" in said
    assert not list(Path.cwd().glob("logs/*/encoder.keras"))
    made = getattr(Autoencoder(**flags, background="white", **({"k": 3} if command == "sort" else {})), command)()
    assert made is not None
    capsys.readouterr()


def test_icons_are_noted_by_encode(cases, capsys):
    assert len(encode(cases, cases / "icons")) == 36
    assert "--background=white" in capsys.readouterr().out
    plain = encode(cases, cases / "icons")
    white = encode(cases, cases / "icons", background="white")
    numbers = ["e0", "e1", "e2"]
    assert plain[numbers].std().sum() < 1e-3 < white[numbers].std().sum()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["micro16", "micro16tif"])
def test_dim_microscope_images_are_noted_and_range_auto_brightens_them(cases, capsys, name):
    made = run(cases / name)
    said = capsys.readouterr().out
    assert "920 of 65,535" in said and "--range=auto" in said
    made = run(cases / name, range="auto")
    assert "--range=auto" not in capsys.readouterr().out
    low, high = made.flags()["range"]
    assert 0 <= low < 160 and high == 920
    assert made.source().rules.range == (low, high)


def test_dim_microscope_images_are_noted_by_encode(cases, capsys):
    encode(cases, cases / "micro16")
    assert "--range=auto" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tiffs_float", "tiffs_int32"])
def test_deep_tiff_files_need_a_range(cases, name):
    for command in (lambda: run(cases / name), lambda: encode(cases, cases / name)):
        with pytest.raises(DataError, match=r"--range"):
            command()
    assert run(cases / name, range="auto").source().rules.range[1] > 0
    assert len(encode(cases, cases / name, range="auto")) == 6


def test_a_stack_is_refused_by_name(cases, capsys):
    with pytest.raises(DataError, match="multi-page TIFF"):
        encode(cases, cases / "tiffs_stack")
    assert "colour" not in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mac", "nas"])
def test_what_systems_leave_beside_images_is_passed_over(cases, name):
    table = encode(cases, cases / name)
    assert len(table) == 36 and set(table["label"]) == CLASSES
    made = Autoencoder().classify(cases / "RUN", train_dir=cases / name, epochs=1, units=4)
    assert set(made.classes()) == CLASSES and not made.bad_files.exists()


KINDS = {
    "IMG_1.HEIC": "HEIC",
    "a.avif": "AVIF",
    "b.jp2": "JPEG 2000",
    "c.jxl": "JPEG XL",
    "d.svg": "SVG",
    "e.dcm": "DICOM",
    "g.nef": "TIFF|raw",
    "h.cr3": "raw",
    "k.jpg": "GIF",
    "l.mp4": "MP4|video",
    "m.npy": "NumPy",
    "n.psd": "PSD|Photoshop",
    "o.jpg": "HTML",
    "p.jpg": "empty",
    "q.jpg": "Git LFS",
}


@pytest.mark.parametrize("command", ["encode", "predict", "cluster"])
def test_foreign_files_are_named_as_what_they_are(cases, capsys, command):
    import re

    flags = {"images": cases / "foreign", "max_bad": 1, "overwrite": True}
    name = cases / ("CLS" if command == "predict" else "RUN")
    made = getattr(Autoencoder(**flags, **({"k": 3} if command == "cluster" else {})), command)(name)
    said = capsys.readouterr().out.splitlines()
    for file, kind in KINDS.items():
        line = next(line for line in said if f"not used: {file}:" in line)
        assert re.search(kind, line, re.IGNORECASE), line
    table = made / "clusters.csv" if command == "cluster" else made
    assert len(pandas.read_parquet(table) if command == "encode" else rows(table)) == 12


def test_too_many_foreign_files_are_refused_with_advice_that_can_be_followed(cases):
    with pytest.raises(DataError, match="--max_bad"):
        encode(cases, cases / "foreign")
    assert len(encode(cases, cases / "foreign", max_bad=0.6)) == 12


def test_a_cut_photograph_is_named_and_the_others_are_read(cases, capsys):
    folder = Autoencoder().cluster(cases / "RUN", images=cases / "pets", k=3, overwrite=True)
    assert "cut.jpg" in capsys.readouterr().out
    assert [row["path"] for row in rows(folder / "bad_files.csv")] == ["disc/cut.jpg"]
    read = {row["path"] for row in rows(folder / "clusters.csv")}
    assert {"disc/extraneous.jpg", "disc/trailing.jpg", "disc/really_png.jpg"} <= read


SIZES = ["mixed", "tiny2x3", "tiny1x9", "wide", "odd"]
MORE_SIZES = [pytest.param(name, marks=pytest.mark.long) for name in ("tiny3x2", "tiny5x5", "tiny4x1")]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SIZES, *MORE_SIZES])
def test_odd_sizes_train(cases, name):
    assert run(cases / name).encoder.is_file()


def test_an_image_of_one_pixel_trains_or_is_refused_in_one_sentence(cases):
    try:
        assert run(cases / "tiny1x1").encoder.is_file()
    except UserError as error:
        assert len(str(error).splitlines()) == 1


def test_sides_that_differ_much_are_noted(cases, capsys):
    encode(cases, cases / "wide")
    assert "--fit" in capsys.readouterr().out
    encode(cases, cases / "wide", fit="pad")
    assert "--fit" not in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "classify", "encode"])
def test_parts_that_look_like_classes_are_noted(cases, capsys, command):
    if command == "run":
        run(cases / "splits")
    elif command == "encode":
        encode(cases, cases / "splits")
    else:
        Autoencoder().classify(cases / "RUN", train_dir=cases / "splits", epochs=1, units=4)
    said = capsys.readouterr().out
    assert "train" in said and "test" in said and "not like classes" in said


@pytest.mark.slow
def test_a_class_of_one_image_trains_and_an_empty_one_is_named(cases):
    made = Autoencoder().classify(cases / "RUN", train_dir=cases / "single", epochs=1, units=4)
    assert set(made.classes()) == CLASSES | {"lonely"}
    with pytest.raises(DataError, match="nothing"):
        Autoencoder().classify(cases / "RUN", train_dir=cases / "empty", epochs=1, units=4)


@pytest.mark.slow
@pytest.mark.parametrize("name", YAML_NAMES)
def test_a_category_is_exactly_the_folder_of_that_name(cases, place, name):
    (place / "one.yml").write_text(f"categories: {name}\n")
    (place / "two.yml").write_text(f"categories: [{name}]\n")
    for flags in ({"categories": name}, {"config": place / "one.yml"}, {"config": place / "two.yml"}):
        table = encode_with(cases, flags)
        assert set(table["label"]) == {name} and len(table) == 4


def encode_with(cases, flags):
    table = Autoencoder(**flags).encode(cases / "RUN", images=cases / "yaml", overwrite=True)
    return pandas.read_parquet(table)


@pytest.mark.parametrize(("text", "expected"), [("[1,01]", {"1", "01"}), ('["a,b"]', {"a,b"})])
def test_several_categories_are_names_too(cases, text, expected):
    assert set(encode_with(cases, {"categories": text})["label"]) == expected


@pytest.mark.slow
def test_zero_padded_classes_keep_their_names(cases):
    made = run(cases / "gtsrb", categories="[00000,00001]")
    assert made.flags()["categories"] == ["00000", "00001"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["my photos #1, [final] (ä)", "2024", "-dash"])
def test_odd_names_of_folders_work(cases, name):
    planned = plan(["run", f"--train_dir={cases / name}"])
    assert planned.settings[0].train_dir == cases / name
    assert run(cases / name).source().root == cases / name


GOOD_TABLES = [
    "good",
    "backslash",
    "absolute",
    "dot",
    "noext",
    "base",
    "filename",
    "semicolon",
    "tab",
    "utf16",
    "spaces",
    "Upper",
    "index",
]


@pytest.mark.parametrize("name", GOOD_TABLES)
def test_every_way_to_write_a_table_of_labels_is_read(cases, name):
    asked = Labelled(train_dir=cases / "flat", labels=cases / "flat" / f"{name}.csv")
    found = find_labelled(asked, ClassifierKnobs())
    assert set(found.classes) == CLASSES
    assert len(found.train.paths) == 30  # of 36, two of each class are kept to validate


SLOW_TABLES = [pytest.param(name, marks=pytest.mark.long) for name in GOOD_TABLES if name != "utf16"]


@pytest.mark.parametrize("name", ["utf16", *SLOW_TABLES])
def test_a_classifier_is_taught_by_a_table_of_labels(cases, name):
    flags = {"train_dir": cases / "flat", "labels": cases / "flat" / f"{name}.csv"}
    made = Autoencoder(**flags).classify(cases / "RUN", epochs=1, units=4)
    assert set(made.classes()) == CLASSES
    assert made.scores()["labelled"] == 30


def test_a_path_that_is_no_image_is_named(cases):
    flags = {"train_dir": cases / "flat", "labels": cases / "flat" / "missing.csv"}
    with pytest.raises(DataError, match="999"):
        Autoencoder(**flags).classify(cases / "RUN", epochs=1)


IMPORTED = "medmnist.npz xy.npz float01.npz float255.npz onehot.npz chw.npz flat784.npz floatlab.npz ok.npz"
IMPORTED += " kaggle_train.csv fer.csv labellast.csv floatpix.csv"


@pytest.mark.parametrize("name", IMPORTED.split())
def test_arrays_become_class_folders(cases, place, name):
    Autoencoder().import_data(cases / name, out=place / "out")
    images = files(place / "out" / "train")
    assert {path.parent.name for path in images} == {"0", "1", "2"}
    assert {path.parent.name for path in files(place / "out" / "valid")} == {"0", "1", "2"}
    image = cv2.imread(str(images[0]), cv2.IMREAD_UNCHANGED)
    assert image.shape[:2] == (28, 28) and image.max() > 200


def test_file_names_in_a_table_of_ids_are_found(cases, place):
    Autoencoder().import_data(cases / "idlabel" / "trainLabels.csv", out=place / "out")
    images = files(place / "out")
    assert len(images) == 36 and {path.parent.name for path in images} == CLASSES
    assert cv2.imread(str(images[0]), 0).shape == (28, 28)


@pytest.mark.parametrize("name", ["arr0.npz", "X.npy", "kaggle_test.csv"])
def test_images_without_labels_are_imported_or_said_to_have_none(cases, place, name):
    try:
        Autoencoder().import_data(cases / name, out=place / "out")
    except DataError as error:
        assert "label" in str(error)
    else:
        assert len(files(place / "out")) == 60


@pytest.mark.slow
@pytest.mark.parametrize("name", ["same", "few1", "few2", "few3", "few4", "few6", "few9", "dups"])
@pytest.mark.parametrize("k", [None, 3])
def test_few_or_equal_images_are_clustered_or_refused_in_a_clear_sentence(cases, name, k):
    flags = {"images": cases / name, "overwrite": True, **({} if k is None else {"k": k})}
    try:
        folder = Autoencoder(**flags).cluster(cases / "RUN")
    except UserError as error:
        said = str(error)
        assert len(said.splitlines()) == 1
        assert k is not None or "--k=" not in said or "--k=auto" not in said
    else:
        assert len(rows(folder / "clusters.csv")) == len(files(cases / name))


def test_one_image_is_taken(cases):
    image = cases / "few9" / "0.png"
    assert list(encode(cases, image)["path"]) == ["0.png"]
    assert len(rows(Autoencoder().predict(cases / "CLS", images=image, overwrite=True))) == 1
    folder = Autoencoder().cluster(cases / "RUN", k=3, overwrite=True)
    assert len(rows(Autoencoder().assign(folder, images=image))) == 1


def test_two_folders_of_one_name_leave_two_results(cases):
    for command in ("encode", "cluster"):
        flags = {"k": 2} if command == "cluster" else {}
        made = [getattr(Autoencoder(**flags), command)(cases / "RUN", images=cases / part / "photos") for part in "AB"]
        assert made[0] != made[1] and all(path.exists() for path in made)


RESTORER = {"tile_side": 24, "step_size": 24, "filters": [4], "dims": [4], "train_epochs": 1}


def pairs(cases, name):
    return {"modified": cases / name / "mod", "original": cases / name / "orig"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pairs", "pairsext", "pairsrgba"])
def test_pairs_are_found_by_name(cases, name):
    made = Autoencoder(**RESTORER, **pairs(cases, name)).restore_train()
    assert made.scores()["test_images"] == 3


@pytest.mark.parametrize(("name", "said"), [("pairssuf", "00_noisy"), ("pairssize", "48 x 48")])
def test_pairs_that_do_not_fit_are_refused_with_an_example(cases, name, said):
    with pytest.raises(DataError, match=said):
        Autoencoder(**RESTORER, **pairs(cases, name)).restore_train()


def test_restored_images_keep_names_and_sizes_and_what_is_lost_is_said(cases, place, capsys):
    Autoencoder(**RESTORER, **pairs(cases, "pairs"), save_dir=place / "R").restore_train()
    capsys.readouterr()
    out = Autoencoder().restore(place / "R", images=cases / "toR", out=place / "clean")
    assert [path.name for path in files(out)] == [path.name for path in files(cases / "toR")]
    for path in files(out):
        assert cv2.imread(str(path)).shape == cv2.imread(str(cases / "toR" / path.name)).shape
    said = capsys.readouterr().out
    assert "deep.png" in said and "16 bits" in said
    assert "alpha.png" in said and ("alpha" in said.replace("alpha.png", "") or "transparen" in said)


def test_the_maker_makes_what_the_table_speaks_of(cases):
    assert len(files(cases / "plain")) == 60 and np.asarray(cv2.imread(str(files(cases / "plain")[0]))).size
