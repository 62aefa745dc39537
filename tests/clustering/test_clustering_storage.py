import io
import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autoencoder.clustering import Clustering, read, save, storage
from autoencoder.errors import DiskError, ModelFileError

TYPES = st.sampled_from([np.float32, np.float64, np.int32, np.int64, np.uint8, np.bool_])
NAMES = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)
EXTRA = st.dictionaries(
    NAMES, TYPES.flatmap(lambda kind: arrays(kind, array_shapes(max_dims=3, max_side=4))), max_size=4
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def clustering(**changes):
    parts = {
        "method": "kmeans",
        "k": 2,
        "labels": np.array([0, 1, 0], np.int32),
        "distances": np.array([0.5, 1, 2], np.float32),
        "confidence": np.array([0.1, 0.2, 0.3], np.float32),
        "second": np.array([1, 0, 1], np.int32),
        "centers": np.array([[0, 1], [2, 3]], np.float32),
    }
    return Clustering(**(parts | changes))


@given(EXTRA, st.dictionaries(st.text(), JSON, max_size=4))
def test_what_is_saved_is_read_bit_by_bit(tmp_path_factory, extra, settings):
    folder = tmp_path_factory.mktemp("clusters")
    saved = clustering(arrays=extra, settings=settings)
    save(saved, folder)
    back = read(folder)
    assert (back.method, back.k, back.settings) == (saved.method, saved.k, settings)
    assert back.arrays.keys() == extra.keys()
    own = ("labels", "distances", "confidence", "second", "centers")
    pairs = [(getattr(back, name), getattr(saved, name)) for name in own]
    for one, other in [*pairs, *((back.arrays[name], extra[name]) for name in extra)]:
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


def test_saving_again_replaces_and_leaves_nothing_beside(tmp_path):
    save(clustering(), tmp_path / "deep" / "folder")
    save(clustering(k=3, centers=np.eye(3, dtype=np.float32)), tmp_path / "deep" / "folder")
    assert read(tmp_path / "deep" / "folder").k == 3
    names = {path.name for path in (tmp_path / "deep" / "folder").iterdir()}
    assert names == {storage.ARRAYS_FILE, storage.JSON_FILE}


def test_the_same_clustering_is_saved_in_the_same_bytes(tmp_path):
    save(clustering(), tmp_path / "one")
    save(clustering(), tmp_path / "two")
    for name in (storage.ARRAYS_FILE, storage.JSON_FILE):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    save(clustering(), tmp_path)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskError, match="the disk is full"):
        save(clustering(k=3, centers=np.eye(3, dtype=np.float32)), tmp_path)
    monkeypatch.undo()
    assert read(tmp_path).k == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_is_a_file_cannot_be_written_to(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(DiskError, match="taken"):
        save(clustering(), tmp_path / "taken")


def test_halves_of_two_clusterings_are_refused(tmp_path):
    save(clustering(), tmp_path / "one")
    save(clustering(labels=np.array([1, 1, 0], np.int32)), tmp_path / "two")
    (tmp_path / "one" / storage.JSON_FILE).replace(tmp_path / "two" / storage.JSON_FILE)
    with pytest.raises(ModelFileError, match="belongs to another"):
        read(tmp_path / "two")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"method": "kmeans", "k": 2, "settings": {}, "arrays": 3}'])
def test_a_description_that_is_none_is_refused(tmp_path, text):
    save(clustering(), tmp_path)
    (tmp_path / storage.JSON_FILE).write_text(text)
    with pytest.raises(ModelFileError, match=r"clustering\.json is damaged"):
        read(tmp_path)


def foreign(folder, content):
    """Put other bytes in place of the arrays, with a digest that fits."""
    save(clustering(), folder)
    about = json.loads((folder / storage.JSON_FILE).read_text())
    about["arrays"]["sha256"] = storage.hashlib.sha256(content).hexdigest()
    (folder / storage.JSON_FILE).write_text(json.dumps(about))
    (folder / storage.ARRAYS_FILE).write_bytes(content)


def test_a_pickle_is_never_opened(tmp_path):
    class Harm:
        def __reduce__(self):
            return (pytest.fail, ("code ran",))

    buffer = io.BytesIO()
    np.savez(buffer, labels=np.array([Harm()], dtype=object))
    foreign(tmp_path, buffer.getvalue())
    with pytest.raises(ModelFileError, match="other things than arrays"):
        read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive"])
def test_bytes_that_are_no_arrays_are_refused(tmp_path, content):
    foreign(tmp_path, content)
    with pytest.raises(ModelFileError, match="other things than arrays"):
        read(tmp_path)


def test_arrays_of_something_else_are_refused(tmp_path):
    buffer = io.BytesIO()
    np.savez(buffer, labels=np.zeros(3))
    foreign(tmp_path, buffer.getvalue())
    with pytest.raises(ModelFileError, match="lacks the arrays distances, confidence, second, centers"):
        read(tmp_path)


def test_arrays_that_are_packed_to_fill_the_memory_are_refused_unread(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: np.zeros(2) for name in storage.OWN}, more=np.zeros(2**25, np.uint8))
    foreign(tmp_path, buffer.getvalue())
    monkeypatch.setattr(np, "load", None)
    with pytest.raises(ModelFileError, match="it is made to fill the memory"):
        read(tmp_path)
