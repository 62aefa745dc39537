import errno
import os
import shutil
import stat
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoencoder.errors import DiskError
from autoencoder.files import (
    disk_error,
    disk_errors,
    is_temporary,
    probe,
    remove_stale,
    replacing,
    write_bytes,
    write_text,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_takes_the_place_of_the_old_one_and_nothing_else_is_left(tmp_path):
    target = tmp_path / "model.keras"
    target.write_text("old")
    with replacing(target) as temporary:
        assert temporary.parent == tmp_path and temporary.name.endswith("model.keras")
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert names(tmp_path) == ["model.keras"]


def test_every_suffix_is_kept_and_an_ending_can_be_asked_for(tmp_path):
    with replacing(tmp_path / "ae.weights.h5") as temporary:
        assert temporary.name.endswith(".weights.h5")
        temporary.touch()
    with replacing(tmp_path / "ae_weights.h5", ending=".weights.h5") as temporary:
        assert temporary.name.endswith(".weights.h5")
        temporary.touch()
    assert names(tmp_path) == ["ae.weights.h5", "ae_weights.h5"]


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt(), FileNotFoundError(errno.ENOENT, "no", "x")])
def test_an_error_in_the_block_passes_and_leaves_the_old_file_alone(tmp_path, error):
    target = tmp_path / "scores.json"
    target.write_text("old")
    with pytest.raises(type(error)) as caught, replacing(target) as temporary:
        temporary.write_text("half")
        raise error
    assert caught.value is error
    assert target.read_text() == "old"
    assert names(tmp_path) == ["scores.json"]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EDQUOT, "quota"), (errno.EIO, "input/output")],
)
def test_trouble_with_the_disk_is_told_in_one_sentence(tmp_path, number, words):
    target = tmp_path / "history.csv"
    target.write_text("old")
    with pytest.raises(DiskError) as caught, replacing(target) as temporary:
        temporary.write_text("half")
        raise OSError(number, os.strerror(number))
    message = str(caught.value)
    assert str(target) in message and words in message and "choose another place" in message
    assert "\n" not in message and caught.value.exit_status == 5
    assert target.read_text() == "old"
    assert names(tmp_path) == ["history.csv"]


def test_permission_denied_for_the_file_itself_is_of_the_disk_and_for_another_file_is_not(tmp_path):
    with pytest.raises(DiskError, match="permission is denied"), replacing(tmp_path / "a.png") as temporary:
        raise PermissionError(errno.EACCES, "denied", str(temporary))
    # h5py puts the name into the message only
    with pytest.raises(DiskError, match="permission is denied"), replacing(tmp_path / "a.h5") as temporary:
        raise PermissionError(errno.EACCES, f"Unable to create file (name = '{temporary}', errno = 13)")
    with pytest.raises(PermissionError), replacing(tmp_path / "a.png"):
        raise PermissionError(errno.EACCES, "denied", "/some/other/file")


def test_a_missing_folder_is_refused_before_the_block_runs(tmp_path):
    with pytest.raises(DiskError, match="its folder does not exist"), replacing(tmp_path / "none" / "a.png"):
        pytest.fail("the block ran")
    assert names(tmp_path) == []


def test_a_folder_in_the_way_is_refused_and_stays(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(DiskError, match="folder"), replacing(tmp_path / "a.png") as temporary:
        temporary.touch()
    assert names(tmp_path) == ["a.png"]


def test_a_block_that_writes_nothing_destroys_nothing(tmp_path):
    write_text(tmp_path / "a", "old")
    with pytest.raises(ValueError, match="nothing was written"), replacing(tmp_path / "a"):
        pass
    assert (tmp_path / "a").read_text() == "old"


def test_permissions_of_the_old_file_and_links_to_it_are_kept(tmp_path):
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "aescore.csv", tmp_path / "aescore.csv"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_text(link, "new")
    assert link.is_symlink() and target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert names(tmp_path / "real") == ["aescore.csv"]


def test_a_name_as_long_as_names_can_be_is_written(tmp_path):
    for name in ("a" * 251 + ".png", "é" * 120 + ".png", "\U0001f600" * 60 + ".png"):
        write_bytes(tmp_path / name, b"x")
        assert names(tmp_path) == [name]
        (tmp_path / name).unlink()


@given(st.binary(max_size=60).map(lambda raw: raw.decode("utf-8", "surrogateescape")))
@settings(deadline=None, max_examples=30)
def test_any_text_is_written_as_it_is(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    write_text(path, text)
    assert path.read_bytes().decode("utf-8", "surrogateescape") == text


def test_an_unknown_error_keeps_the_words_of_the_system(tmp_path):
    assert "text file busy" in str(disk_error(OSError(errno.ETXTBSY, os.strerror(errno.ETXTBSY)), tmp_path))
    with pytest.raises(DiskError, match=r"something else has that name"), disk_errors(tmp_path):
        tmp_path.mkdir()


def test_probe_leaves_nothing_behind(tmp_path):
    probe(tmp_path, 1)
    probe(tmp_path / "logs" / "run", 1)
    assert names(tmp_path) == []


def test_probe_compares_what_is_needed_with_what_is_free(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(DiskError, match=r"MB are needed and [\d,.]+ MB are free; free some space"):
        probe(tmp_path / "run", 10 * free + 10**9)
    assert names(tmp_path) == []


def test_probe_refuses_a_file_and_a_link_to_nothing(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for name in ("file", "link"):
        with pytest.raises(DiskError, match="is not a folder"):
            probe(tmp_path / name / "run")
    assert names(tmp_path) == ["file", "link"]


def test_probe_tells_of_a_place_that_cannot_be_written_to(tmp_path, monkeypatch):
    def refuse(path, content):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr("pathlib.Path.write_bytes", refuse)
    with pytest.raises(DiskError, match="the disk is read-only; choose another place"):
        probe(tmp_path / "run")
    assert names(tmp_path) == []


def test_what_killed_processes_left_goes_after_a_day(tmp_path):
    day = 24 * 60 * 60
    now = time.time()
    ages = {
        ".0123456789ab-state_a.npz": day + 60,
        ".0123456789ab-aescore.csv": day - 60,
        ".0123456789-too_short": 2 * day,
        ".training.lock": 2 * day,
        "0123456789ab-mine": 2 * day,
    }
    for name, age in ages.items():
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (now - age, now - age))
    folder = tmp_path / ".ba9876543210-kmeans_k3"
    folder.mkdir()
    (folder / "clusters.csv").write_text("x")
    os.utime(folder, (now - 2 * day, now - 2 * day))
    (tmp_path / ".aaaaaaaaaaaa-link").symlink_to(tmp_path / "0123456789ab-mine")
    remove_stale(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*ages, ".aaaaaaaaaaaa-link"} - {".0123456789ab-state_a.npz"}
    remove_stale(tmp_path / "nowhere")


def test_a_temporary_name_is_known(tmp_path):
    with replacing(tmp_path / "thing.csv") as temporary:
        assert is_temporary(temporary.name) and not is_temporary("thing.csv")
        temporary.write_text("x")
