"""Files that are bound to what was written."""

import hashlib
import logging

import pytest

from autoencoder.digests import check_digest, digest_file, replacing_bound
from autoencoder.errors import ModelFileError


def write(path, content):
    with replacing_bound(path) as temporary:
        temporary.write_bytes(content)


def test_the_digest_lies_beside_in_the_form_of_sha256sum(tmp_path):
    write(tmp_path / "encoder.onnx", b"abc")
    assert digest_file(tmp_path / "encoder.onnx").name == ".encoder.onnx.sha256"
    assert digest_file(tmp_path / "encoder.onnx").read_text() == f"{hashlib.sha256(b'abc').hexdigest()}  encoder.onnx\n"
    check_digest(tmp_path / "encoder.onnx")
    check_digest(tmp_path / "encoder.onnx", b"abc")


@pytest.mark.parametrize("content", [b"abd", b"ab", b"", b"abcc"])
def test_a_changed_or_truncated_file_is_refused(tmp_path, content):
    path = tmp_path / "encoder.keras"
    write(path, b"abc")
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"encoder\.keras: was changed or damaged since it was written"):
        check_digest(path)
    with pytest.raises(ModelFileError, match="was changed"):
        check_digest(path, content)
    digest_file(path).write_text("")
    with pytest.raises(ModelFileError, match="was changed"):
        check_digest(path)


def test_what_a_process_leaves_that_is_killed_before_the_rename_or_after_it_is_known(tmp_path):
    path = tmp_path / "encoder.keras"
    write(path, b"old")
    write(path, b"new")
    check_digest(path)
    path.write_bytes(b"old")  # the digest was written, and the file did not take its place
    check_digest(path)
    write(path, b"newer")
    path.write_bytes(b"old")
    with pytest.raises(ModelFileError):
        check_digest(path)


def test_a_write_that_fails_changes_neither_file_nor_digest(tmp_path):
    path = tmp_path / "encoder.keras"
    write(path, b"old")
    with pytest.raises(RuntimeError), replacing_bound(path) as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    check_digest(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == [".encoder.keras.sha256", "encoder.keras"]


@pytest.mark.parametrize("beside", [None, "provenance.json", "settings.yml"])
def test_a_file_without_a_digest_is_read_with_a_note_in_a_folder_of_ours(tmp_path, caplog, beside):
    caplog.set_level(logging.INFO, "autoencoder")
    (tmp_path / "encoder.keras").write_bytes(b"abc")
    if beside:
        (tmp_path / beside).touch()
    check_digest(tmp_path / "encoder.keras")
    assert [record.getMessage().startswith("note: ") for record in caplog.records] == ([True] if beside else [])
