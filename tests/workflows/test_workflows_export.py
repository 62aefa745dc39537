import os

import cv2
import numpy as np
import pytest

from autoencoder.data.idx import write_idx
from autoencoder.data.scan import scan
from autoencoder.errors import DataError, DiskError, UsageError
from autoencoder.workflows.export import check_export, export


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


@pytest.mark.parametrize("place", ["real", "real/new", "real/c", "."])
def test_where_links_to_folders_and_files_lead_is_refused_too(tmp_path, place):
    """A folder of the images may be a link, and so may an image; the originals lie where these lead."""
    for name in ("a.png", "c/b.png"):
        (tmp_path / "real" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "real" / name).write_bytes(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    photos = tmp_path / "set" / "photos"
    photos.mkdir(parents=True)
    (photos / "cats").symlink_to(tmp_path / "real" / "c")
    (photos / "single.png").symlink_to(tmp_path / "real" / "a.png")
    listing = scan(photos)
    assert len(listing.paths) == 2
    with pytest.raises(UsageError, match="is, holds or lies in the folder of the images"):
        check_export(tmp_path / place, listing, True)
    check_export(tmp_path / "out", listing, True)


def test_a_single_image_guards_its_folder(photos, tmp_path):
    for place in (photos / "a", photos, photos / "a" / "new"):
        with pytest.raises(UsageError, match="is, holds or lies in"):
            check_export(place, scan(photos / "a" / "b.png"), True)


def test_a_cluster_folder_that_is_a_link_is_refused(photos, tmp_path):
    """Or else the copies would land where it leads, on the originals for one."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "cluster_00").symlink_to(photos / "a")
    with pytest.raises(UsageError, match="cluster_00 in it is a link to another folder"):
        check_export(tmp_path / "out", scan(photos), True)


def test_a_copy_that_takes_the_place_of_a_hard_link_leaves_the_original(photos, tmp_path):
    before = (photos / "a" / "b.png").read_bytes()
    inside = tmp_path / "out" / "cluster_00"
    inside.mkdir(parents=True)
    (inside / "a_b.png").hardlink_to(photos / "a" / "b.png")
    (inside / "c_d_e.png").hardlink_to(photos / "a" / "b.png")
    for link in (False, True):
        assert export(photos, ["a/b.png", "c/d/e.png"], [0, 0], {}, tmp_path / "out", link) == (2, [])
        assert (photos / "a" / "b.png").read_bytes() == before
        assert (inside / "c_d_e.png").read_bytes() == (photos / "c/d/e.png").read_bytes()


def test_links_lead_to_the_images_from_a_folder_that_is_a_link_itself(photos, tmp_path):
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "out").symlink_to(tmp_path / "far" / "away")
    export(photos, ["a/b.png"], [0], {}, tmp_path / "out", True)
    made = tmp_path / "far" / "away" / "cluster_00" / "a_b.png"
    assert made.is_symlink() and made.read_bytes() == (photos / "a/b.png").read_bytes()
    assert not made.readlink().is_absolute()


def test_names_that_differ_in_capitals_only_are_kept_apart(tmp_path):
    (tmp_path / "photos").mkdir()
    for name in ("A.png", "a.png"):
        (tmp_path / "photos" / name).write_bytes(name.encode())
    export(tmp_path / "photos", ["A.png", "a.png"], [0, 0], {}, tmp_path / "out", False)
    assert contents(tmp_path / "out" / "cluster_00") == {"A.png": b"A.png", "a_2.png": b"a.png"}


@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize("length", [190, 240, 246, 247, 248, 255])
def test_names_of_any_length_are_exported_under_numbers_too(tmp_path, link, length):
    name = "é" * ((length - 4) // 2) + "x" * (length % 2) + ".png"
    (tmp_path / "photos" / "a").mkdir(parents=True)
    (tmp_path / "photos" / "A").mkdir()
    for folder in "aA":
        (tmp_path / "photos" / folder / name).write_bytes(folder.encode())
    made = export(tmp_path / "photos", [f"a/{name}", f"A/{name}"], [0, 0], {}, tmp_path / "out", link)
    assert made == (2, []) and sorted(contents(tmp_path / "out" / "cluster_00").values()) == [b"A", b"a"]


def test_a_relative_path_is_refused_alike(photos, monkeypatch):
    monkeypatch.chdir(photos)
    from pathlib import Path

    with pytest.raises(UsageError, match="is, holds or lies in"):
        check_export(Path(), scan(photos), True)


def test_a_neighbour_of_the_images_is_fine(photos, tmp_path):
    for place in ("photos2", "out/photos", "phot"):
        check_export(tmp_path / place, scan(photos), False)
    check_export(None, scan(photos), False)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_is_no_folder_to_export_to(photos, tmp_path, overwrite):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="is a file; name a new folder"):
        check_export(tmp_path / "out", scan(photos), overwrite)


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
