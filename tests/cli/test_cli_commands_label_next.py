import csv
import json
import shutil

import cv2
import numpy as np
import pytest

import autoencoder
from autoencoder.cli.main import Autoencoder
from autoencoder.data.labels import read_labels, with_labels
from autoencoder.data.scan import scan
from autoencoder.errors import DataError, UsageError


@pytest.fixture(scope="module")
def clustered(tmp_path_factory, digits):
    """A place with 60 digits in class folders and a run that has clustered them into 3."""
    from sklearn.datasets import load_digits

    place = tmp_path_factory.mktemp("place")
    labels = load_digits().target
    for label in range(3):
        (place / "digits" / f"={label}").mkdir(parents=True)
        for row in np.flatnonzero(labels == label)[:20]:
            (place / "digits" / f"={label}" / f"{row}.png").write_bytes(cv2.imencode(".png", digits[row])[1].tobytes())
    settings = {"train_dir": place / "digits", "save_dir": place / "run", "train_epochs": 1, "verbose": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        Autoencoder(**settings, filters=[4]).run()
        shutil.copytree(place / "run", place / "bare")
        Autoencoder().cluster("run", k=3)
    return place


@pytest.fixture(autouse=True)
def place(clustered, tmp_path, monkeypatch):
    for name in ("run", "bare"):
        shutil.copytree(clustered / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_the_table_can_be_filled_in_and_read_as_labels(place, clustered, capsys):
    folder = Autoencoder().label_next("run", count=9)
    assert folder.resolve() == (place / "run" / "label_next").resolve()
    table = rows(folder / "label_next.csv")
    assert list(table[0]) == ["path", "label", "cluster", "reason"] and len(table) == 9
    assert all(row["path"].startswith("./=") and row["label"] == "" for row in table)
    assert {row["reason"] for row in table} <= {"central", "doubtful"} and len({row["path"] for row in table}) == 9
    assert cv2.imread(str(folder / "label_next.png")) is not None
    assert "9 more labels drawn at random would make it" in capsys.readouterr().out
    filled = place / "filled.csv"
    with filled.open("w", newline="") as file:
        csv.writer(file).writerows([list(table[0]), *([*row.values()] for row in table[:-1])])
    text = filled.read_text().replace(",,", ",mine,")
    filled.write_text(text)
    listing = with_labels(scan(clustered / "digits"), read_labels(filled), filled)
    assert len(listing.paths) == 8 and set(listing.labels) == {"mine"}
    assert {f"./{path}" for path in listing.paths} == {row["path"] for row in table[:-1]}


@pytest.mark.slow
def test_labels_that_a_person_filled_in_outlive_the_same_question(place, capsys):
    folder = Autoencoder().label_next("run", count=9)
    assert "flexae classify run --train_dir" in capsys.readouterr().out
    table = folder / "label_next.csv"
    filled = table.read_text().replace(",,", ",mine,")
    table.write_text(filled)
    assert Autoencoder().label_next("run", count=9) == folder and table.read_text() == filled
    assert set(autoencoder.label_next("run", 9)["label"]) == {"mine"}
    other = Autoencoder().label_next("run", count=8)
    assert other != folder and {row["label"] for row in rows(other / "label_next.csv")} == {""}
    assert table.read_text() == filled


@pytest.mark.slow
def test_names_of_any_bytes_are_in_the_table_of_the_library(place, clustered, tmp_path):
    copy = shutil.copytree(clustered / "digits", tmp_path / "odd")
    odd = ["\udcff.png", "a\rb.png", " blank.png", "two\nlines.png"]
    for name, file in zip(odd, sorted(copy.rglob("*.png")), strict=False):
        file.rename(file.parent / name)
    Autoencoder().cluster("bare", images=copy, k=2)
    found = autoencoder.label_next("bare", 60)
    assert sorted(found["path"]) == sorted(scan(copy).paths)


@pytest.mark.slow
def test_labels_at_hand_are_left_out_and_say_what_more_would_bring(place, clustered):
    paths = sorted(str(path.relative_to(clustered / "digits")) for path in (clustered / "digits").rglob("*.png"))
    (place / "known.csv").write_text("path,label\n" + "".join(f"{path},{path[1]}\n" for path in paths[::2]))
    found = autoencoder.label_next("run", 20, labels="known.csv", clustering="kmeans_k3")
    assert len(found) == 20 and not set(found["path"]) & set(paths[::2])
    gain = json.loads((place / "run" / "label_next" / "forecast.json").read_text())
    assert gain["labels"] == 30 and gain["more"] == 20 and gain["interval"] == 0.9
    assert 0 <= gain["then_low"] <= gain["then_high"] <= 1


def test_few_labels_say_nothing_of_more(place, clustered, capsys):
    (place / "known.csv").write_text("path,label\n=0/0.png,zero\n")
    folder = Autoencoder().label_next("run", labels="known.csv", count=4)
    assert not (folder / "forecast.json").exists()
    assert "is not known: it takes 20 labels and 2 classes, and there are 1 and 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("run", "flags", "error", "said"),
    [
        ("bare", {}, UsageError, "no clustering, .* flexae cluster"),
        ("run", {"clustering": "gmm_k9"}, UsageError, "no such clustering; there are kmeans_k3"),
        ("run", {"count": 0}, UsageError, "count"),
        ("run", {"images": "bare"}, DataError, "holds"),
        ("run", {"labels": "none.csv"}, DataError, "can't be read"),
    ],
)
def test_what_cannot_be_done_is_refused(place, run, flags, error, said):
    with pytest.raises(error, match=said):
        Autoencoder().label_next(run, **flags)


def test_images_that_all_have_labels_leave_none(place, clustered):
    paths = [str(path.relative_to(clustered / "digits")) for path in (clustered / "digits").rglob("*.png")]
    (place / "known.csv").write_text("path,label\n" + "".join(f"{path},{path[1]}\n" for path in paths))
    with pytest.raises(DataError, match="all 60 images have a label"):
        Autoencoder().label_next("run", labels="known.csv")
