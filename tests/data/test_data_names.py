"""The names of millions of files in little memory: the same as a scan finds, and what changed between two lists."""

import os

import pyarrow as pa
import pytest

from autoencoder.data.names import GONE, changes, digest_names, file_sizes, has_classes, is_text, list_names
from autoencoder.data.scan import scan
from autoencoder.errors import DataError, UsageError


def named(table: pa.Table) -> list[str]:
    return [os.fsdecode(name) for name in table["path"].to_pylist()]


def table(**sizes: int) -> pa.Table:
    paths = pa.array([name.encode() for name in sizes], pa.large_binary())
    return pa.table({"path": paths, "size": pa.array(list(sizes.values()), pa.int64())})


def test_they_are_those_of_a_scan_with_their_sizes(folders):
    found = list_names(folders)
    assert named(found.table) == list(scan(folders).paths)
    assert found.table["size"].to_pylist() == scan(folders).stamps[:, 0].tolist()
    assert found.bad == ()


def test_names_are_sorted_across_blocks(folders, monkeypatch):
    monkeypatch.setattr("autoencoder.data.names._AT_ONCE", 7)
    assert named(list_names(folders).table) == list(scan(folders).paths)
    assert digest_names(list_names(folders).table) == digest_names(list_names(folders).table.slice(0))


def test_a_digest_changes_with_a_name_and_a_size_and_not_with_how_the_table_is_cut(monkeypatch):
    whole = digest_names(table(a=1, bc=2))
    monkeypatch.setattr("autoencoder.data.names._AT_ONCE", 1)
    assert digest_names(table(a=1, bc=2)) == whole
    assert len({whole, digest_names(table(ab=1, c=2)), digest_names(table(a=1, bc=3)), digest_names(table(a=1))}) == 4


def test_categories_and_a_few_of_each_class(folders):
    train = folders / "train"
    (train / "2" / "0.json").write_text("{}")
    found = named(list_names(train, categories=("0", "2"), max_images=3).table)
    assert found == list(scan(train, categories=("0", "2"), max_images=3).paths)
    with pytest.raises(UsageError, match="no class folder '3'"):
        list_names(train, categories=("3",))


def test_what_is_no_folder_is_refused(folders):
    with pytest.raises(DataError, match="there is no such folder"):
        list_names(folders / "none")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a/1.png", "b/1.png"], True),
        (["README.md", "a/1.png"], True),
        (["0.png", "a/1.png"], False),
        (["0.png"], False),
        (["README.md"], False),
    ],
)
def test_folders_are_classes_where_all_images_lie_in_some(names, expected):
    assert has_classes(pa.array([name.encode() for name in names], pa.large_binary())) is expected


def test_names_of_any_bytes(tmp_path):
    (tmp_path / os.fsdecode(b"\xff.png")).write_bytes(b"12")
    found = list_names(tmp_path).table
    assert found["path"].to_pylist() == [b"\xff.png"]
    assert not is_text(found["path"].combine_chunks())
    assert is_text(pa.array(["ü.png".encode()], pa.large_binary()))


def test_what_cannot_be_followed_is_told(tmp_path):
    (tmp_path / "a.png").write_bytes(b"1")
    (tmp_path / "b.png").symlink_to("nowhere")
    found = list_names(tmp_path)
    assert named(found.table) == ["a.png"]
    assert [file.path for file in found.bad] == ["b.png"]


def test_sizes_of_what_is_gone(tmp_path):
    (tmp_path / "a").write_bytes(b"123")
    assert file_sizes(tmp_path, pa.array([b"a", b"b"])).tolist() == [3, GONE]


def test_what_changed_is_said_with_an_example():
    assert changes(table(a=1, b=2, c=3), table(a=1, c=4, d=5, e=6)) == [
        "2 files are new (d)",
        "1 file is gone (b)",
        "1 file is of another size (c)",
    ]
    assert changes(table(a=1), table(a=1)) == []
