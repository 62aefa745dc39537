import os

import cv2
import numpy as np
import pytest

from autoencoder.data.folder import scan
from autoencoder.data.idx import write_idx
from autoencoder.errors import DataError, DiskError, UsageError
from autoencoder.exporting import check_export, export


@pytest.fixture
def photos(tmp_path):
    for name in ("a/b.png", "a_b.png", "c/d/e.png"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", np.full((4, 4), len(name), np.uint8))[1].tobytes())
    return tmp_path / "photos"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("link", [False, True])
def test_files_that_would_meet_get_numbers(photos, tmp_path, link):
    made = export(photos, ["a/b.png", "a_b.png"], [0, 0], {}, tmp_path / "out", link)
    assert made == (2, [])
    expected = {"a_b.png": (photos / "a/b.png").read_bytes(), "a_b_2.png": (photos / "a_b.png").read_bytes()}
    assert contents(tmp_path / "out" / "cluster_00") == expected


def test_noise_and_named_clusters_have_folders_of_their_own(photos, tmp_path):
    paths = ["a/b.png", "a_b.png", "c/d/e.png"]
    export(photos, paths, [-1, 0, 1], {0: "shoe", 1: "shoe"}, tmp_path / "out", True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["noise", "shoe"]
    assert sorted(path.name for path in (tmp_path / "out" / "shoe").iterdir()) == ["a_b.png", "c_d_e.png"]


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("place", ["photos", "photos/new", "photos/a", "photos/c/d/deeper", ".", "photos/../photos"])
def test_the_images_own_folder_its_insides_and_its_parents_are_refused(photos, tmp_path, place, overwrite):
    with pytest.raises(UsageError, match="is, holds or lies in the folder of the images"):
        check_export(tmp_path / place, scan(photos), overwrite)


def test_a_link_to_the_images_is_refused(photos, tmp_path):
    (tmp_path / "link").symlink_to(photos)
    with pytest.raises(UsageError, match="is, holds or lies in"):
        check_export(tmp_path / "link" / "a", scan(photos), True)
    with pytest.raises(UsageError, match="is, holds or lies in"):
        check_export(photos, scan(tmp_path / "link"), True)


def test_a_relative_path_is_refused_alike(photos, monkeypatch):
    monkeypatch.chdir(photos)
    from pathlib import Path

    with pytest.raises(UsageError, match="is, holds or lies in"):
        check_export(Path(), scan(photos), True)


def test_a_neighbour_of_the_images_is_fine(photos, tmp_path):
    for place in ("photos2", "out/photos", "phot"):
        check_export(tmp_path / place, scan(photos), False)
    check_export(None, scan(photos), False)


def test_a_folder_that_is_not_empty_is_refused(photos, tmp_path):
    (tmp_path / "out").mkdir()
    check_export(tmp_path / "out", scan(photos), False)
    (tmp_path / "out" / "a").write_text("x")
    check_export(tmp_path / "out", scan(photos), True)
    with pytest.raises(UsageError, match="give --overwrite"):
        check_export(tmp_path / "out", scan(photos), False)


def test_images_that_are_no_files_cannot_be_exported(tmp_path):
    write_idx(tmp_path / "images", np.zeros((3, 4, 4), np.uint8))
    with pytest.raises(DataError, match="is no folder"):
        check_export(tmp_path / "out", scan(tmp_path / "images"), False)


def test_overwriting_follows_no_link_to_an_original(photos, tmp_path):
    before = contents(photos / "a")
    export(photos, ["a/b.png"], [0], {}, tmp_path / "out", True)
    (photos / "a" / "b.png").rename(photos / "a" / "moved.png")
    (photos / "a" / "b.png").write_bytes(b"new")
    (tmp_path / "out" / "cluster_00" / "a_b.png").unlink()
    (tmp_path / "out" / "cluster_00" / "a_b.png").symlink_to(photos / "a" / "moved.png")
    export(photos, ["a/b.png"], [0], {}, tmp_path / "out", False)
    assert (photos / "a" / "moved.png").read_bytes() == before["b.png"]
    assert (tmp_path / "out" / "cluster_00" / "a_b.png").read_bytes() == b"new"


def test_names_that_are_too_long_are_shortened_and_stay_apart(tmp_path):
    folder = tmp_path / "photos" / ("é" * 100) / ("b" * 200)
    folder.mkdir(parents=True)
    names = [f"{'c' * 190}{number}.png" for number in range(3)]
    for name in names:
        (folder / name).write_bytes(name.encode())
    paths = [f"{'é' * 100}/{'b' * 200}/{name}" for name in names]
    count, missing = export(tmp_path / "photos", paths, [0, 0, 0], {}, tmp_path / "out", False)
    found = contents(tmp_path / "out" / "cluster_00")
    assert (count, missing) == (3, []) and set(found.values()) == {name.encode() for name in names}
    assert all(name.endswith(".png") and len(os.fsencode(name)) <= 255 for name in found)


def test_a_file_that_is_gone_is_told_and_the_others_are_exported(photos, tmp_path):
    made = export(photos, ["a/gone.png", "a_b.png"], [0, 0], {}, tmp_path / "out", False)
    assert made == (1, [("a/gone.png", "is gone")])


def test_a_name_that_is_not_utf8_is_exported(photos, tmp_path):
    name = os.fsdecode(b"\xff.png")
    (photos / name).write_bytes(b"x")
    assert export(photos, [name], [0], {}, tmp_path / "out", False) == (1, [])
    assert (tmp_path / "out" / "cluster_00" / name).read_bytes() == b"x"


def test_a_place_that_cannot_be_written_to_is_said(photos, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(DiskError, match="cannot write"):
        export(photos, ["a_b.png"], [0], {}, tmp_path / "out", False)
