"""Tables as people write them, and as they break."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.data.arrays import read_source
from autoencoder.data.cells import unguarded
from autoencoder.data.labels import read_labels
from autoencoder.data.tables import open_table
from autoencoder.errors import DataError, UsageError
from autoencoder.storage.clustering import read_names

cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1, max_size=6)
cells = cells.map(str.strip).filter(bool).filter(lambda cell: unguarded(cell) == cell)


@given(
    st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=5),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([",", ";", "\t"]),
)
def test_what_is_written_is_read(tmp_path_factory, rows, encoding, separator):
    import csv

    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows([["Path", " Label "], *rows])
    path = tmp_path_factory.mktemp("table") / "a.csv"
    path.write_text(text.getvalue(), encoding=encoding, newline="")
    with open_table(path) as table:
        assert table.columns == ["path", "label"]
        assert [row.cells for row in table.rows] == rows


@pytest.mark.parametrize("image", ["path", "Filename", "image_id", "ID", "file", "img"])
@pytest.mark.parametrize("label", ["label", "Class", "target", "species", "diagnosis", "y"])
def test_columns_go_by_the_names_that_are_in_use(tmp_path, image, label):
    (tmp_path / "a.csv").write_text(f"fold,{label},{image}\n1,cat,x\n2,dog,y\n")
    assert read_labels(tmp_path / "a.csv") == {"x": "cat", "y": "dog"}


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("id,breed", "x,cat"),
        ("Image,Id", "x,cat"),
        ("image,level", "x,cat"),
        ("name,class", "x,cat"),
        ("frame,label", "x,cat"),
        ("Unnamed: 0,photo,kind of animal", "0,x,cat"),
        (",id|has_cactus".replace("|", ","), "0,x,cat"),
        ("filepath,name,width,height", "x,cat,28,28"),
        ("path,cluster,name,distance", "x,0,cat,1"),
    ],
)
def test_of_two_columns_the_other_one_is_found(tmp_path, head, row):
    (tmp_path / "a.csv").write_text(f"{head}\n{row}\n")
    assert read_labels(tmp_path / "a.csv") == {"x": "cat"}


@pytest.mark.parametrize("separator", ",;\t|")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_encodings_and_line_ends(tmp_path, separator, encoding, end):
    text = end.join([f" Path {separator} LABEL ", "", f"x{separator} Käfer ", ""])
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    assert read_labels(tmp_path / "a.csv") == {"x": "Käfer"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"path,label\nx,K\xe4fer\n", r"line 2: the label .* is no plain text; save the table as a CSV in UTF-8"),
        (b"path,label\nx,a\n\ny,b,c\n", "line 4 has 3 cells, and the head has 2"),
        (b"path,label\nx,a\ny\n", "line 3 has 1 cells"),
        (b"path,label\nx,a\n,b\n", "line 3 has a label, b, and no image"),
        (b'path,label\nx,"a\nb"\n', "line 3: the label"),
        (b"path,label\nx,a\nx,b\n", "line 3: x has two labels"),
        (b"path,label\nx,nan\ny,\nz,NaN\n", "gives no image a label"),
        (b"path,label\nx,a\0b\n", "line 2 holds bytes of zero"),
        (b"path,label,cluster\nx,\n", "line 2 has 2 cells"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is no text"),
        (b"PK\3\4" + bytes(60), "is no text"),
        (b"\n\n", "is empty"),
        (b",,\n", "is empty"),
    ],
)
def test_a_broken_table_is_refused_with_its_line(tmp_path, content, said):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=rf"a\.csv: .*{said}|a\.csv: {said}"):
        read_labels(tmp_path / "a.csv")


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("autoencoder.data.tables._MOST_IN_A_LINE", 1000)
    (tmp_path / "a.csv").write_text("path,label\nx," + "a" * 5000)
    with pytest.raises(DataError, match="line 2 is longer than 1,000 characters"):
        read_labels(tmp_path / "a.csv")


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_one_sentence_says_so(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("table") / "a.csv"
    path.write_bytes(content)
    for read in (read_labels, read_source):
        try:
            read(path)
        except DataError as error:
            assert len(str(error).splitlines()) == 1


TABLES = {
    "labels": "path,label\na.png,cat\nb.png,dog\n",
    "clusters": "path,cluster,distance,confidence,second\na.png,0,0.5,1,2\nb.png,-1,2,0,0\n",
    "names": "cluster,name\n0,cat\n-1,dog\n",
    "pixels": "label,p0,p1,p2,p3\n0,1,2,3,4\n1,5,6,7,8\n",
    "joined": "emotion,pixels,Usage\n0,1 2 3 4,Training\n1,5 6 7 8,PublicTest\n",
}
SPOILT = st.sampled_from(
    [
        b"\0",
        b'"',
        b",",
        b"\n",
        b"\r",
        b"\xff",
        b"\xef\xbb\xbf",
        b"nan",
        b"-",
        b"1e999",
        b"9" * 400,
        b"../",
        b"\t;|",
        b"",
    ]
)


@given(st.sampled_from(sorted(TABLES)), st.integers(0, 80), st.integers(0, 9), SPOILT)
def test_a_table_that_was_damaged_is_read_or_refused_in_one_sentence(tmp_path_factory, kind, start, length, spoilt):
    content = TABLES[kind].encode()
    path = tmp_path_factory.mktemp("table") / "a.csv"
    path.write_bytes(content[:start] + spoilt + content[start + length :])
    for read in (read_labels, lambda path: read_labels(path, {0: "cat", -1: "dog"}), read_names, read_source):
        try:
            read(path)
        except (DataError, UsageError) as error:
            assert len(str(error).splitlines()) == 1 and "a.csv" in str(error)


def packed(**arrays):
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


GOOD = packed(images=np.zeros((6, 4, 4), np.uint8), labels=np.arange(6) % 2)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255), st.booleans())
def test_a_damaged_npz_is_read_or_refused_in_one_sentence(tmp_path_factory, place, change, cut):
    content = bytearray(GOOD)
    content[place] ^= change
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    path.write_bytes(content[:place] if cut else content)
    try:
        read_source(path)
    except DataError as error:
        assert len(str(error).splitlines()) == 1


@given(st.binary(min_size=1, max_size=4), st.integers(0, 140), st.sampled_from(["images.npy", "labels.npy", "a.txt"]))
def test_an_npz_whose_arrays_are_damaged_inside_is_read_or_refused(tmp_path_factory, change, place, member):
    """The archive's own checksums are right here, so that NumPy is what meets the damage."""
    import zipfile

    path = tmp_path_factory.mktemp("npz") / "a.npz"
    with zipfile.ZipFile(io.BytesIO(GOOD)) as good, zipfile.ZipFile(path, "w") as made:
        for name in good.namelist():
            content = good.read(name)
            cut = place % len(content)
            spoiled = content[:cut] + change + content[cut + len(change) :] if name == member else content
            made.writestr(name, spoiled)
        if member == "a.txt":
            made.writestr(member, change)
    try:
        read_source(path)
    except DataError as error:
        assert len(str(error).splitlines()) == 1


@given(st.binary(max_size=300), st.sampled_from([".npz", ".npy"]))
def test_any_bytes_are_refused_as_arrays_in_one_sentence(tmp_path_factory, content, suffix):
    path = tmp_path_factory.mktemp("npz") / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataError) as told:
        read_source(path)
    assert len(str(told.value).splitlines()) == 1


def test_an_npz_of_objects_runs_nothing(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.array([print], object), labels=np.arange(1))
    with pytest.raises(DataError, match=r"Python objects, which are never loaded$"):
        read_source(tmp_path / "a.npz")


def test_an_npz_that_unpacks_to_more_than_the_memory_is_refused_unread(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", images=np.zeros((4000, 64, 64), np.uint8))
    monkeypatch.setattr("autoencoder.data.memory.available_memory", lambda: 1_000_000)
    with pytest.raises(DataError, match=r"unpacks to 0\.0 GB, more than half of the free memory"):
        read_source(tmp_path / "a.npz")


IMAGES = np.random.default_rng(0).integers(0, 256, (6, 4, 5), np.uint8)
SQUARES = IMAGES[:, :4, :4]
NAMES = ("0", "1", "2", "0", "1", "2")


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"X": IMAGES, "y": np.arange(6) % 3}, IMAGES),
        ({"data": SQUARES.reshape(6, -1), "target": np.arange(6) % 3}, SQUARES),
        ({"images": IMAGES[:, None], "labels": np.arange(6) % 3}, IMAGES[..., None]),
        ({"images": IMAGES[..., None].repeat(3, 3), "labels": np.arange(6) % 3}, IMAGES[..., None].repeat(3, 3)),
        ({"images": IMAGES / np.float32(255), "labels": (np.arange(6) % 3).astype(float)}, IMAGES),
        ({"images": IMAGES.astype(np.int64), "labels": np.eye(3)[np.arange(6) % 3]}, IMAGES),
        ({"train_images": IMAGES, "train_labels": (np.arange(6) % 3)[:, None]}, IMAGES),
        ({"x_train": IMAGES, "y_train": np.array(list("012012"))}, IMAGES),
        ({"arr_0": IMAGES, "arr_1": np.arange(6) % 3}, IMAGES),
        ({"Xtrain": IMAGES, "ytrain": (np.arange(6) % 3)[None]}, IMAGES),
        ({"train-images": IMAGES, "train-labels": np.array([b"0 ", b"1", b"2"] * 2), "classes": np.arange(3)}, IMAGES),
        ({"images": np.minimum(IMAGES, 1), "labels": np.arange(6) % 3}, np.minimum(IMAGES, 1) * np.uint8(255)),
        ({"images": IMAGES > 127, "labels": np.arange(6) % 3}, (IMAGES > 127) * np.uint8(255)),
    ],
)
def test_arrays_are_understood_by_their_names_and_shapes(tmp_path, arrays, expected):
    np.savez(tmp_path / "a.npz", **arrays)
    found = read_source(tmp_path / "a.npz")
    np.testing.assert_array_equal(found.train.images, expected)
    assert (found.train.labels, found.valid, found.test) == (NAMES, None, None)


def test_parts_keep_their_names(tmp_path):
    part = {"images": SQUARES, "labels": np.arange(6) % 3}
    names = ("train", "val", "test")
    np.savez(tmp_path / "a.npz", **{f"{name}_{kind}": array for name in names for kind, array in part.items()})
    found = read_source(tmp_path / "a.npz")
    assert [each.labels for each in (found.train, found.valid, found.test)] == [NAMES] * 3


def table(tmp_path, *lines):
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    return read_source(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "lines",
    [
        ("label,p1,p2,p3,p4", "7,1,2,3,4", "8,5,6,7,8"),
        ("1x1,1x2,2x1,2x2,Class", "1,2,3,4,7", "5,6,7,8,8"),
        ("0;1;2;3;letter", "1;2;3;4;7", "5;6;7;8;8"),
        (",id,digit,pixel0,pixel1,pixel2,pixel3", "0,9,7,1,2,3,4", "1,8,8,5,6,7,8"),
        ("Unnamed: 0\tsign\t0\t1\t2\t3", "0\t7\t1\t2\t3\t4", "1\t8\t5\t6\t7\t8"),
        ("0,1,2,3,4", "7,1,2,3,4", "8,5,6,7,8"),
        ("pixels,emotion", "1 2 3 4,7", "5 6 7 8,8"),
        ("label,p1,p2,p3,p4,split", "7,1,2,3,4,train", "8,5,6,7,8,Training"),
    ],
)
def test_pixels_are_found_in_every_usual_layout(tmp_path, lines):
    found = table(tmp_path, *lines)
    assert found.train.labels == ("7", "8") and (found.valid, found.test) == (None, None)
    assert np.asarray(found.train.images).tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("species,sepal,petal,width,length", "a,5,3,1,0"), "a column for each pixel"),
        (("label,p1,p2,p3,p4", "7,1,2,3,4", ",1,2,3,4"), "line 3: has no label, and the images before it have one"),
        (("label,p1,p2,p3,p4", ",1,2,3,4", "7,1,2,3,4"), "line 3: has a label, unlike"),
        (("label,p1,p2,p3,p4,usage", "7,1,2,3,4,x"), "line 2: 'x' is no part of a data set"),
        (("label,p1,p2,p3,p4,usage", "7,1,2,3,4,test"), "holds no training images"),
        (("label,p1,p2,p3,p4", "7,1,2,3,nan"), "line 2: pixels must be numbers"),
        (("label,p1,p2,p3,p4", "7,1,2,3,inf"), "line 2: pixels must be numbers"),
        (("label,p1,p2,p3,p4", "7,1,2,3,-1"), "line 2: pixels must be numbers"),
        (("label,p1,p2,p3,p4", "7,1,2,3,1.5"), "no whole numbers"),
    ],
)
def test_pixels_that_cannot_be_understood_are_refused(tmp_path, lines, said):
    with pytest.raises(DataError, match=said):
        table(tmp_path, *lines)


def test_boxes_beside_the_names_of_files_are_no_pixels(tmp_path):
    import cv2

    (tmp_path / "x.png").write_bytes(cv2.imencode(".png", IMAGES[0])[1].tobytes())
    found = table(tmp_path, "image_id,label,left,top,width,height", "x,cat,1,2,3,4")
    assert found.train.labels == ("cat",) and found.train.images[0].shape == (4, 5, 1)


def test_usage_tells_training_from_test_rows(tmp_path):
    rows = ["emotion,pixels,Usage", *(f"{row % 2},1 2 3 4,{('Training', 'PublicTest')[row > 3]}" for row in range(6))]
    (tmp_path / "fer.csv").write_text("\n".join(rows))
    found = read_source(tmp_path / "fer.csv")
    assert (len(found.train.labels), len(found.valid.labels), found.test) == (4, 2, None)


def test_a_table_without_a_head_has_its_labels_first(tmp_path):
    (tmp_path / "a.csv").write_text("7,1,2,3,4\n8,5,6,7,8\n")
    found = read_source(tmp_path / "a.csv").train
    assert found.labels == ("7", "8") and found.images.tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
