import numpy as np
import pytest

from autoencoder.cluster_folder import check_export, export, read_names, write_table
from autoencoder.clustering import Assignment
from autoencoder.errors import DataError, UsageError

PLACED = Assignment(
    np.array([0, -1], np.int32),
    np.array([0.5, 2.0], np.float32),
    np.array([0.9, 0.0], np.float32),
    np.array([1, 0], np.int32),
)


def test_the_table_holds_a_row_an_image(tmp_path):
    write_table(tmp_path / "t.csv", ["a,b.png", "c.png"], PLACED, {0: "shoe"})
    assert (tmp_path / "t.csv").read_text() == (
        'path,cluster,name,distance,confidence,second\n"a,b.png",0,shoe,0.5,0.9,1\nc.png,-1,,2,0,0\n'
    )


def test_files_that_would_meet_get_numbers(tmp_path):
    (tmp_path / "in" / "a").mkdir(parents=True)
    for name in ("a/b.png", "a_b.png"):
        (tmp_path / "in" / name).write_bytes(name.encode())
    count = export(tmp_path / "in", ["a/b.png", "a_b.png"], [0, 0], {}, tmp_path / "out", False)
    found = {path.name: path.read_bytes() for path in (tmp_path / "out" / "cluster_00").iterdir()}
    assert count == 2
    assert found == {"a_b.png": b"a/b.png", "a_b_2.png": b"a_b.png"}


def test_noise_has_a_folder_of_its_own(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    export(tmp_path, ["a.png"], [-1], {}, tmp_path / "out", True)
    assert (tmp_path / "out" / "noise" / "a.png").read_bytes() == b"x"


def test_images_that_are_no_files_cannot_be_exported(tmp_path):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"x")
    with pytest.raises(DataError, match="is no folder"):
        export(tmp_path / "train-images-idx3-ubyte", ["x#000000"], [0], {}, tmp_path / "out", False)


def test_a_folder_that_is_not_empty_is_refused(tmp_path):
    check_export(None, False)
    check_export(tmp_path / "new", False)
    check_export(tmp_path, False)
    (tmp_path / "a").write_text("x")
    check_export(tmp_path, True)
    with pytest.raises(UsageError, match="give --overwrite"):
        check_export(tmp_path, False)


def test_no_names_are_none():
    assert read_names(None) == {}
