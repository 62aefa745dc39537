"""Tables as people write them, and as they break."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.data.arrays import read_source
from autoencoder.data.labelled import read_labels
from autoencoder.data.tables import open_table
from autoencoder.errors import DataError

cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1, max_size=6)
cells = cells.map(str.strip).filter(bool)


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


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_one_sentence_says_so(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("table") / "a.csv"
    path.write_bytes(content)
    for read in (read_labels, read_source):
        try:
            read(path)
        except DataError as error:
            assert len(str(error).splitlines()) == 1


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


def test_an_npz_of_objects_runs_nothing(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.array([print], object), labels=np.arange(1))
    with pytest.raises(DataError, match=r"can\'t be read as an \.npz of arrays"):
        read_source(tmp_path / "a.npz")


def test_an_npz_that_unpacks_to_more_than_the_memory_is_refused_unread(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", images=np.zeros((4000, 64, 64), np.uint8))
    monkeypatch.setattr("autoencoder.data.arrays.available_memory", lambda: 1_000_000)
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
    assert all(part is not None for part in read_source(tmp_path / "a.npz"))


def test_usage_tells_training_from_test_rows(tmp_path):
    rows = ["emotion,pixels,Usage", *(f"{row % 2},1 2 3 4,{('Training', 'PublicTest')[row > 3]}" for row in range(6))]
    (tmp_path / "fer.csv").write_text("\n".join(rows))
    found = read_source(tmp_path / "fer.csv")
    assert (len(found.train.labels), len(found.test.labels)) == (4, 2)


def test_a_table_without_a_head_has_its_labels_first(tmp_path):
    (tmp_path / "a.csv").write_text("7,1,2,3,4\n8,5,6,7,8\n")
    found = read_source(tmp_path / "a.csv").train
    assert found.labels == ("7", "8") and found.images.tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
