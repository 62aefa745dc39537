import csv

import cv2
import keras
import numpy as np
import pytest

from autoencoder.cli.main import Autoencoder, main
from autoencoder.data.idx import write_idx
from autoencoder.data.scan import scan
from autoencoder.errors import DataError, DiskError, UsageError
from autoencoder.workflows import import_data

PIXELS = np.random.default_rng(1).integers(0, 256, (12, 4, 4), np.uint8)
LABELS = np.array([3, 0, 3, 0] * 3, np.uint8)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(folder):
    """Every file below a folder, by its name there, as OpenCV reads it."""
    return {
        str(path.relative_to(folder)): cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        for path in sorted(folder.rglob("*.png"))
    }


def check_all_there(out, count=12):
    """Every image lies in its class folder, once, under its row's number."""
    files = {name.partition("/")[2]: image for name, image in read(out).items()}
    assert set(files) == {f"{LABELS[row]}/{row:05d}.png" for row in range(count)}
    for name, image in files.items():
        np.testing.assert_array_equal(image, PIXELS[int(name[-9:-4])])
    assert scan(out / "train").labels is not None


def test_idx_files_with_test_images_of_their_own(place):
    for name, rows in (("train", slice(8)), ("t10k", slice(8, 12))):
        write_idx(place / f"{name}-images-idx3-ubyte.gz", PIXELS[rows])
        write_idx(place / f"{name}-labels-idx1-ubyte", LABELS[rows])
    out = Autoencoder().import_data(place / "train-images-idx3-ubyte.gz", out="here")
    images = read(out)
    assert sorted(images) == sorted(
        [f"train/{LABELS[row]}/{row:05d}.png" for row in range(8)]
        + [f"valid/{LABELS[row]}/{row - 8:05d}.png" for row in range(8, 12)]
    )
    np.testing.assert_array_equal(images["valid/3/00002.png"], PIXELS[10])


def test_a_share_of_each_class_becomes_valid(place):
    np.savez(place / "a.npz", images=PIXELS, labels=LABELS)
    out = Autoencoder().import_data("a.npz", out="here", valid_split=0.34)
    check_all_there(out)
    counts = {
        f"{part}/{label}": len(list((out / part / label).iterdir())) for part in ("train", "valid") for label in "03"
    }
    assert counts == {"train/0": 4, "train/3": 4, "valid/0": 2, "valid/3": 2}


def test_colours_stay_what_they_are(place):
    colours = np.zeros((4, 2, 2, 3), np.uint8)
    colours[..., 0] = 255  # red, where arrays are RGB
    arrays = {"x_train": colours, "y_train": [[0], [1], [0], [1]], "x_test": colours, "y_test": [0, 1, 1, 1]}
    np.savez(place / "a.npz", **arrays)
    out = Autoencoder().import_data("a.npz", out="here")
    images = read(out)
    assert len(images) == 8
    assert all((image == (0, 0, 255)).all() for image in images.values())  # OpenCV reads BGR


@pytest.mark.parametrize("headed", [True, False])
def test_a_csv_of_labels_and_pixels(place, headed):
    with (place / "a.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        if headed:
            writer.writerow(["label", *(f"pixel{number}" for number in range(16))])
        writer.writerows([label, *image.ravel()] for label, image in zip(LABELS, PIXELS, strict=True))
    check_all_there(Autoencoder().import_data("a.csv", out="here"))


def test_a_csv_of_paths_and_labels(place):
    (place / "raw").mkdir()
    for row, image in enumerate(PIXELS):
        (place / "raw" / f"{row}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    lines = [f"{row}.png,kind {LABELS[row]}" for row in range(12)]
    (place / "raw" / "labels.csv").write_text("\n".join(["path,label", *lines]))
    images = read(Autoencoder().import_data("raw/labels.csv", out="here"))
    assert {name.split("/")[1] for name in images} == {"kind 0", "kind 3"} and len(images) == 12
    assert {image.tobytes() for image in images.values()} == {image.tobytes() for image in PIXELS}


def test_a_known_data_set_by_its_name(place, monkeypatch):
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: ((PIXELS[:8], LABELS[:8]), (PIXELS[8:], LABELS[8:])))
    out = Autoencoder().import_data("mnist", out="here")
    assert len(read(out / "train")) == 8 and len(read(out / "valid")) == 4


def test_without_a_network_one_sentence_says_so(place, monkeypatch):
    def refuse():
        raise OSError("URL fetch failure\non https://...: None -- Name or service not known")

    monkeypatch.setattr(keras.datasets.cifar10, "load_data", refuse)
    with pytest.raises(
        DataError, match=r"cifar10: is downloaded the first time .* needs a network, .*not known\)"
    ) as told:
        Autoencoder().import_data("cifar10", out="here")
    assert "\n" not in str(told.value)
    assert not (place / "here").exists()


def test_nothing_is_overwritten_unasked_and_only_train_and_valid_when_asked(place):
    np.savez(place / "a.npz", images=PIXELS, labels=LABELS)
    (place / "here" / "train" / "old").mkdir(parents=True)
    (place / "here" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"--out=here: is not empty"):
        Autoencoder().import_data("a.npz", out="here")
    assert (place / "here" / "train" / "old").is_dir()
    out = Autoencoder().import_data("a.npz", out="here", overwrite=True)
    check_all_there(out)
    assert {path.name for path in out.iterdir()} == {"train", "valid", "notes.txt"}
    assert not (out / "train" / "old").exists()


@pytest.mark.parametrize("linked", [False, True])
def test_originals_are_never_replaced(place, linked):
    images_and_table(place, "path,label", ["a", "b", "a", "b"])
    (place / "raw").rename(place / "train")
    (place / "sets").mkdir()
    table = place / "train" / "labels.csv"
    if linked:
        images_and_table(place, "path,label", ["a", "b", "a", "b"])
        for image in (place / "raw").glob("*.png"):
            image.unlink()
            image.symlink_to(place / "train" / image.name)
        table = place / "raw" / "labels.csv"
    with pytest.raises(UsageError, match=r"--out=\.: --overwrite would replace .*train, from which .* is imported"):
        Autoencoder().import_data(table, out=".", overwrite=True)
    assert len(list((place / "train").glob("*.png"))) == 4
    assert len(read(Autoencoder().import_data(table, out="sets"))) == 4


def test_a_file_is_no_folder_to_import_into(place):
    np.savez(place / "a.npz", images=PIXELS, labels=LABELS)
    with pytest.raises(UsageError, match=r"--out=a\.npz: is a file; name a new folder"):
        Autoencoder().import_data("a.npz", out="a.npz", overwrite=True)


def test_what_breaks_off_leaves_nothing_behind(place, monkeypatch):
    np.savez(place / "a.npz", images=PIXELS, labels=LABELS)
    (place / "here" / "train" / "old").mkdir(parents=True)
    calls = []

    def full(self, target):
        calls.append(self.name)
        if len(calls) == 4:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    rename = type(place).rename
    (place / "here" / "valid").mkdir()
    monkeypatch.setattr(type(place), "rename", full)
    with pytest.raises(DiskError, match="the disk is full"):
        Autoencoder().import_data("a.npz", out="here", overwrite=True)
    assert sorted(str(path.relative_to(place)) for path in (place / "here").rglob("*")) == [
        "here/train",
        "here/train/old",
        "here/valid",
    ]


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"z": PIXELS, "w": LABELS}, "must hold x_train and y_train .*; it holds z, w"),
        ({"images": PIXELS * 2.5, "labels": LABELS}, "to 637.5; they must go from 0 to 255"),
        ({"images": PIXELS / 2, "labels": LABELS}, "are no whole numbers"),
        ({"images": PIXELS - 300.0, "labels": LABELS}, "must go from 0 to 255"),
        ({"images": np.where(PIXELS, np.nan, 1.0), "labels": LABELS}, "are no numbers"),
        ({"images": PIXELS.astype(str), "labels": LABELS}, "must be numbers"),
        ({"images": PIXELS[..., None].repeat(2, 3), "labels": LABELS}, r"this one is uint8 of \(12, 4, 4, 2\)"),
        ({"images": PIXELS.reshape(12, -1)[:, :15], "labels": LABELS}, r"this one is uint8 of \(12, 15\)"),
        ({"images": PIXELS, "labels": np.ones((12, 3))}, "a single 1 in each row"),
        ({"images": PIXELS, "labels": np.where(np.arange(12) == 3, np.nan, 1)}, r"1 of 12 labels are missing \(NaN\)"),
        ({"images": PIXELS, "x": PIXELS, "labels": LABELS}, "may both be the images"),
        ({"x_train": PIXELS, "y_train": LABELS, "x_val": PIXELS}, "valid images have no labels"),
        ({"images": PIXELS, "labels": LABELS[:5]}, r"one for each of 12 images, not uint8 of \(5,\)"),
        ({"images": PIXELS, "labels": LABELS / 2}, "whole numbers or words"),
        ({"images": PIXELS, "labels": np.array(["a/b"] * 12)}, "a class is named 'a/b'"),
        ({"images": PIXELS, "labels": np.array(["a"] * 6 + ["b" * 201] * 6)}, "is longer than 200 bytes"),
        ({"images": PIXELS, "labels": np.array(["a", ".b"] * 6)}, "begins with a dot"),
        ({"images": PIXELS, "labels": np.array(["a", "b."] * 6)}, "ends with a dot"),
        ({"images": PIXELS, "labels": np.array(["a", "b\nc"] * 6)}, "no text in UTF-8"),
        ({"images": PIXELS, "labels": np.array(["a", ""] * 6)}, "6 of 12 labels are empty"),
        ({"images": PIXELS, "labels": np.array([1e300, 1] * 6)}, "some have fractions"),
        ({"images": PIXELS, "labels": np.array(3)}, r"not int64 of \(\)"),
        ({"images": PIXELS, "labels": np.zeros((12, 2, 2))}, r"not float64 of \(12, 2, 2\)"),
        ({"images": PIXELS[:0].reshape(0, 16), "labels": LABELS[:0]}, "not empty"),
        ({"images": np.array(3)}, "not empty"),
        ({"arr_0": PIXELS, "arr_1": LABELS, "arr_2": PIXELS, "arr_3": LABELS}, "must hold x_train and y_train"),
        ({"arr_0": PIXELS.repeat(2, 1)[:, :, :3]}, r"may be one image or 12 images"),
        ({"x_test": PIXELS, "y_test": LABELS}, "must hold x_train"),
        ({"x_train": PIXELS, "x_test": PIXELS, "y_test": LABELS}, "test images have labels"),
        ({"images": PIXELS[:2], "labels": LABELS[:2]}, "no class has two images"),
        ({"images": PIXELS[:, None, :, :3], "labels": LABELS}, r"\(12, 1, 4, 3\) either axis may be the channels"),
        ({"images": PIXELS[:, :3, :, None], "labels": LABELS}, r"\(12, 3, 4, 1\) either axis may be the channels"),
    ],
)
def test_arrays_that_cannot_be_used_are_refused(place, arrays, said):
    np.savez(place / "a.npz", **arrays)
    with pytest.raises(DataError, match=said):
        Autoencoder().import_data("a.npz", out="here")
    assert not (place / "here").exists()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "label,p1,p2\n0,1,2\n", "a column for each pixel of a square image .*; it has 3 columns"),
        ("a.csv", "label,p1,p2,p3,p4\n0,1,2,3,300\n", "line 2: pixels must be numbers from 0 to 255"),
        ("a.csv", "label,p1,p2,p3,p4\n0,1,2,3,4\n0,1,2,3,x\n", "line 3: pixels must be numbers"),
        ("a.csv", "label,p1,p2,p3,p4\n0,1\n", "line 2 has 2 cells, and the head has 5"),
        ("a.csv", "emotion,pixels\n0,1 2 3\n", "line 2: 3 pixels are no square image"),
        ("a.csv", "emotion,pixels\n0,1 2 3 4\n0,1\n", "line 3: has 1 pixels, and the image before it 4"),
        ("a.csv", "", "is empty"),
        ("a.npz", "nothing", "can't be read as arrays"),
        ("a.npy", "nothing", "Python objects, which are never loaded"),
        ("a", "nothing", "begins with 00 00"),
        ("other", "", "there is no such file; name an idx file, an .npz, an .npy, a .csv, or one of mnist"),
    ],
)
def test_files_that_cannot_be_used_are_refused(place, name, text, said):
    if name != "other":
        (place / name).write_text(text)
    with pytest.raises(DataError, match=said):
        Autoencoder().import_data(name, out="here")
    assert not (place / "here").exists()


def write_images(folder, names, image=PIXELS[0]):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(cv2.imencode(".png", image)[1].tobytes())


def test_files_that_turn_out_damaged_are_named_and_leave_no_empty_folder(place, capsys):
    """What only decoding finds: the header is well, and the image data are cut and closed again."""
    write_images(place / "raw", [f"{row}.png" for row in range(8)], np.kron(PIXELS[0], np.ones((9, 9), np.uint8)))
    for name in ("6.png", "7.png"):
        (place / "raw" / name).write_bytes(spoiled((place / "raw" / name).read_bytes()))
    rows = [f"{row},{'ab'[row // 6]}" for row in range(8)]
    (place / "raw" / "t.csv").write_text("\n".join(["id,label", *rows]))
    out = Autoencoder().import_data("raw/t.csv", out="here")
    assert len(read(out)) == 6
    assert not [folder for folder in out.rglob("*") if folder.is_dir() and not any(folder.iterdir())]
    assert "not used: 6.png" in capsys.readouterr().out and (out / "bad_files.csv").is_file()


def spoiled(png):
    """Put noise in the place of the compressed pixels, with a right checksum."""
    import zlib

    start = png.index(b"IDAT")
    size = int.from_bytes(png[start - 4 : start], "big")
    body = b"IDAT" + bytes(range(1, 256)) * (size // 255 + 1)
    body = body[: size + 4]
    return png[:start] + body + zlib.crc32(body).to_bytes(4, "big") + png[start + size + 8 :]


def test_images_are_decoded_one_after_the_other(place, monkeypatch):
    from autoencoder.data.arrays import read_source

    write_images(place / "raw", ["a.png", "b.png"])
    (place / "raw" / "t.csv").write_text("id,label\na,x\nb,x\n")
    monkeypatch.setattr("autoencoder.data.arrays.decode", lambda *_: pytest.fail("decoded before it was asked for"))
    assert len(read_source(place / "raw" / "t.csv").train.images) == 2


def test_test_images_without_labels_stay_apart(place, capsys):
    np.savez(place / "a.npz", x_train=PIXELS, y_train=LABELS, x_test=PIXELS[:5])
    out = Autoencoder().import_data("a.npz", out="here")
    images = read(out)
    assert sorted(name for name in images if name.startswith("test/")) == [f"test/{row:05d}.png" for row in range(5)]
    assert len(images) == 17 and {name.split("/")[1] for name in images if "valid" in name} == {"0", "3"}
    assert "5 test" in capsys.readouterr().out


def images_and_table(place, head, cells):
    """A folder of images and the table of their labels, a row each."""
    (place / "raw").mkdir()
    for row in range(len(cells)):
        (place / "raw" / f"{row}.png").write_bytes(cv2.imencode(".png", PIXELS[row])[1].tobytes())
    lines = [f"{row}.png,{cell}" for row, cell in enumerate(cells)]
    (place / "raw" / "labels.csv").write_text("\n".join([head, *lines]))
    return "raw/labels.csv"


def test_the_parts_that_a_table_of_paths_names_are_kept(place):
    cells = ["a,train", "b,Training", "a,train", "b,val", "a,valid", "b,test", ",test"]
    out = Autoencoder().import_data(images_and_table(place, "path,label,Split", cells), out="here")
    images = read(out)
    assert {name.rpartition("/")[0] for name in images} == {"train/a", "train/b", "valid/a", "valid/b", "test/b"}
    np.testing.assert_array_equal(images["valid/a/00001.png"], PIXELS[4])


def test_test_rows_of_a_table_become_valid_where_there_is_no_other(place):
    cells = ["a,train", "b,train", "a,train", "b,test"]
    images = read(Autoencoder().import_data(images_and_table(place, "path,label,usage", cells), out="here"))
    assert list(images) == ["train/a/00000.png", "train/a/00002.png", "train/b/00001.png", "valid/b/00000.png"]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["a,train", "b,fold 1"], "line 3: 'fold 1' is no part of a data set; write train, valid or test, or rename"),
        (["a,test", "b,test"], "holds no training images"),
    ],
)
def test_parts_that_cannot_be_understood_are_refused(place, cells, said):
    with pytest.raises(DataError, match=said):
        Autoencoder().import_data(images_and_table(place, "path,label,split", cells), out="here")


def test_classes_that_differ_by_capitals_only_are_told(place, capsys):
    np.savez(place / "a.npz", images=PIXELS, labels=np.array(["Cat", "cat", "dog"] * 4))
    Autoencoder().import_data("a.npz", out="here")
    assert "note: Cat, cat differ by capitals only; where these are one class" in capsys.readouterr().out


def test_one_class_is_not_sent_to_classify(place, capsys):
    np.savez(place / "a.npz", images=PIXELS, labels=np.array(["cat"] * 12))
    Autoencoder().import_data("a.npz", out="here")
    said = capsys.readouterr().out
    assert "images of one class are in here" in said and "classify" not in said


def test_classes_that_training_has_not_are_told(place, capsys):
    np.savez(place / "a.npz", x_train=PIXELS, y_train=LABELS, x_test=PIXELS, y_test=LABELS + (LABELS == 3))
    out = Autoencoder().import_data("a.npz", out="here")
    said = capsys.readouterr().out
    assert "no image in train of 4" in said and "no image in valid of 3" in said
    assert f"next: flexae run --train_dir={out}/train" in said


@pytest.mark.parametrize("valid_split", [0.001, 0.15, 0.999])
@pytest.mark.parametrize("labels", ["aaab", "aabb", "abcdd", "aaaaaaaab"])
def test_classify_takes_what_is_imported(place, labels, valid_split):
    from autoencoder.settings.classification import Classifier, Labelled
    from autoencoder.workflows.labelled import find_labelled

    np.savez(place / "a.npz", images=PIXELS[: len(labels)], labels=np.array(list(labels)))
    out = Autoencoder().import_data("a.npz", out="here", valid_split=valid_split)
    found = find_labelled(Labelled(train_dir=out / "train", valid_dir=out / "valid"), Classifier())
    assert len(found.train.paths) + len(found.valid.paths) == len(labels) and found.classes == sorted(set(labels))


@pytest.mark.parametrize(("name", "said"), [(name, "unpack or convert it") for name in ("a.zip", "a.tar.gz", "A.MAT")])
def test_files_of_other_kinds_are_refused_with_what_to_do(place, name, said):
    (place / name).write_bytes(b"PK\3\4")
    with pytest.raises(DataError, match=said):
        Autoencoder().import_data(name, out="here")


def test_a_folder_needs_no_import(place):
    (place / "raw").mkdir()
    with pytest.raises(DataError, match="is a folder; images that lie in class folders need no import"):
        Autoencoder().import_data("raw", out="here")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"path,label\n\0\0"),
        ("a.csv", b"\xff\xfe\0"),
        ("a.csv", b"label,pixels\n0," + b"1 " * 2**24),
        ("a.tsv", b"path\tlabel\nx\ta\tb\n"),
        ("a.npz", b"PK\x05\x06" + bytes(18)),
        ("a.npz", b""),
        ("a.npy", b"\x93NUMPY\1\0v\0{'descr': '<f8', 'fortran_order': False, 'shape': (9, 9999999, 999999)}"),
        ("a.npy", b"\x93NUMPY\1\0v\0{'descr': '|O', 'fortran_order': False, 'shape': (9,)}".ljust(128)),
        ("a", b"\0\0\x08\3"),
        ("a.gz", b"\x1f\x8b\x08"),
    ],
)
def test_damage_ends_with_status_3_and_one_sentence(place, capsys, name, content):
    (place / name).write_bytes(content)
    assert main(["import_data", name, "--out=here"]) == 3
    said = capsys.readouterr().err
    assert "fault of this program" not in said and len(said.strip().splitlines()) == 1 and len(said) < 700
    assert not (place / "here").exists()


def test_what_to_do_next_can_be_typed(place, capsys):
    np.savez(place / "a.npz", images=PIXELS, labels=LABELS)
    Autoencoder().import_data("a.npz", out="my images")
    assert "next: flexae run --train_dir='my images/train', then" in capsys.readouterr().out


def test_the_names_are_those_that_keras_has():
    assert all(hasattr(keras.datasets, name) for name in import_data.KERAS_SETS)
