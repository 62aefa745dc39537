import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.data.labels import (
    check_classes,
    check_divisible,
    check_folders,
    check_known,
    draw,
    read_labels,
    with_labels,
)
from autoencoder.data.scan import scan
from autoencoder.data.splits import split
from autoencoder.errors import DataError, UsageError


@given(
    sizes=st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 30), min_size=1, max_size=5),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 9),
)
def test_a_split_shares_out_every_row_and_leaves_each_class_one(sizes, share, seed):
    labels = [label for label, count in sizes.items() for _ in range(count)]
    if max(sizes.values()) < 2:
        with pytest.raises(DataError, match="no class has two images"):
            check_divisible(labels)
    if len(labels) < 2:
        return
    first, second = split(labels, share, seed)
    assert sorted([*first, *second]) == list(range(len(labels)))
    assert len(first) and len(second)
    if max(sizes.values()) > 1:
        assert {labels[row] for row in first} == set(sizes)
        assert {labels[row] for row in second} == {label for label, count in sizes.items() if count > 1}
    for one, other in zip((first, second), split(labels, share, seed), strict=True):
        np.testing.assert_array_equal(one, other)


@given(per_class=st.integers(1, 5), seed=st.integers(0, 9))
def test_as_many_labels_are_drawn_from_each_class(per_class, seed):
    labels = [name for name in "abc" for _ in range(5)]
    rows = draw(labels, per_class, seed)
    assert rows.tolist() == sorted(set(rows.tolist()))
    assert [[labels[row] for row in rows].count(name) for name in "abc"] == [per_class] * 3


def test_another_seed_draws_other_labels():
    labels = ["a"] * 50 + ["b"] * 50
    assert draw(labels, 3, 1).tolist() == draw(labels, 3, 1).tolist() != draw(labels, 3, 2).tolist()


def test_more_labels_than_there_are_cannot_be_drawn():
    with pytest.raises(UsageError, match="class b has only 2 training images"):
        draw(["a", "a", "a", "b", "b"], 3, 1)


def test_labels_of_a_csv_with_names_that_are_hard_to_write(tmp_path):
    text = '\ufeffconfidence,label,path\n1,"a, b",x.png\n1, c ,"y ""z"".png"\n,,none.png\n'
    (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
    assert read_labels(tmp_path / "labels.csv") == {"x.png": "a, b", 'y "z".png': "c"}


def test_numbers_that_stand_beside_missing_ones_are_read_as_they_were(tmp_path):
    (tmp_path / "labels.csv").write_text("path,label\nx,3.0\ny,nan\nz,-1.00\nv,1.10\nw,v2.0\n")
    assert read_labels(tmp_path / "labels.csv") == {"x": "3", "z": "-1", "v": "1.10", "w": "v2.0"}


def test_an_unclosed_quote_is_told_in_a_short_sentence(tmp_path):
    (tmp_path / "labels.csv").write_text('path,label\nx,"a\n' + "y,b\n" * 500)
    with pytest.raises(
        DataError, match="is no plain text; save the table as a CSV in UTF-8, without line ends"
    ) as told:
        read_labels(tmp_path / "labels.csv")
    assert len(str(told.value)) < 400


def test_clusters_take_the_names_that_a_person_gave(tmp_path):
    (tmp_path / "clusters.csv").write_text("path,cluster,distance\nx,0,1\ny,1,1\nz,-1,2\n")
    assert read_labels(tmp_path / "clusters.csv", {0: "cats", -1: "dogs"}) == {"x": "cats", "z": "dogs"}
    (tmp_path / "clusters.csv").write_text("path,cluster,name,distance\nx,0,cats,1\ny,1,,1\n")
    assert read_labels(tmp_path / "clusters.csv") == {"x": "cats"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty; a table has a head"),
        ("path,cluster\nx,0\n", "has path, cluster; clusters become labels by --names"),
        ("label\nx\n", "columns path and label, or others of such names, and has label"),
        ("path,label\nx,a\nx,b\n", "x has two labels"),
        ("path,label\nx,\n", "gives no image a label"),
    ],
)
def test_a_csv_that_cannot_be_used_is_refused(tmp_path, text, said):
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(DataError, match=f"labels.csv: .*{said}"):
        read_labels(tmp_path / "labels.csv")


def test_a_cluster_that_is_no_number_is_refused(tmp_path):
    (tmp_path / "clusters.csv").write_text("path,cluster\nx,one\n")
    with pytest.raises(DataError, match=r"clusters\.csv: line 2: 'one' is no cluster's number"):
        read_labels(tmp_path / "clusters.csv", {0: "cats"})


def test_a_missing_csv_is_named(tmp_path):
    with pytest.raises(DataError, match=r"labels\.csv: can't be read: no such file"):
        read_labels(tmp_path / "labels.csv")


@pytest.fixture
def folder(tmp_path):
    for name in ("a/1", "a/2", "b/1"):
        path = tmp_path / "images" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", np.zeros((3, 3), np.uint8))[1].tobytes())
    return tmp_path / "images"


def test_labels_from_elsewhere_take_the_place_of_folders(folder):
    listing = with_labels(scan(folder), {"a/2.png": "x", "b/1.png": "y"}, folder / "labels.csv")
    assert (listing.paths, listing.labels) == (("a/2.png", "b/1.png"), ("x", "y"))
    check_classes(listing, 2)
    with pytest.raises(DataError, match=r"4 of its 4 paths are no images in .*images \(a, b, c, \.\.\.\), or"):
        with_labels(scan(folder), dict.fromkeys("abcd", "x"), folder / "labels.csv")


def test_a_file_that_is_known_to_be_damaged_may_have_a_label(folder):
    (folder / "a" / "bad.png").write_bytes(b"no image")
    listing = with_labels(scan(folder), {"a/bad.png": "x", "a/1.png": "x", "b/1.png": "y"}, folder / "labels.csv")
    assert listing.paths == ("a/1.png", "b/1.png")


def test_a_class_folder_without_an_image_is_named(folder):
    (folder / "c").mkdir()
    with pytest.raises(
        DataError, match="images: a class needs an image at least, and these class folders have none: c;"
    ):
        check_folders(scan(folder))


def test_classes_that_nobody_teaches_are_named(folder):
    with pytest.raises(DataError, match="images: its classes must be among those of there, which has no b"):
        check_known(scan(folder), ["a"], folder.with_name("there").relative_to(folder.parent))


def test_images_of_one_class_can_judge_but_not_teach(folder):
    listing = with_labels(scan(folder), {"a/1.png": "a", "a/2.png": "a"}, folder / "labels.csv")
    check_classes(listing, 1)
    with pytest.raises(DataError, match="images: a classifier needs 2 classes at least, and there is one: a"):
        check_classes(listing, 2)
