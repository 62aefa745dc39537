"""Packed files that would fill the memory are refused before they are unpacked."""

import gzip
import struct
import zipfile

import numpy as np
import pandas
import pytest

from autoencoder.data import memory
from autoencoder.data.arrays import read_source
from autoencoder.data.idx import read_idx
from autoencoder.data.vectors_table import read_vectors
from autoencoder.errors import DataError


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(memory, "_BOMB_BYTES", 10_000)


def packed_npz(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


def packed_idx(path, side):
    path.write_bytes(gzip.compress(b"\0\0\x08\x03" + struct.pack(">III", 20, side, side) + bytes(20 * side * side)))
    return path


def test_what_is_packed_too_well_is_refused_before_it_is_unpacked(tmp_path, small, monkeypatch):
    monkeypatch.setattr(np, "load", None)
    file = packed_npz(tmp_path / "a.npz", images=np.zeros((20, 300, 300), np.uint8), labels=np.zeros(20, np.uint8))
    with pytest.raises(DataError, match=r"unpacks to 0\.0 GB, [0-9,]+ times what it is"):
        read_source(file)


def test_a_gzipped_idx_file_that_is_packed_too_well_is_refused(tmp_path, small):
    with pytest.raises(DataError, match="times what it is; images do not"):
        read_idx(packed_idx(tmp_path / "images.gz", 300))
    assert read_idx(packed_idx(tmp_path / "few.gz", 10)).shape == (20, 10, 10)


def test_a_table_of_embeddings_that_is_packed_too_well_is_refused(tmp_path, small):
    file = packed_npz(tmp_path / "a.npz", paths=np.array(["a.png"]), vectors=np.zeros((1, 500_000), np.float32))
    with pytest.raises(DataError, match="times what it is"):
        read_vectors(file)


def test_more_than_half_of_the_free_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("images.npy", bytes(600))
    with pytest.raises(DataError, match="more than half of the free memory"):
        read_source(tmp_path / "a.npz")


def test_a_parquet_table_whose_rows_are_all_one_is_refused_unread(tmp_path, small, monkeypatch):
    table = pandas.DataFrame({"path": ["a.png"] * 500_000, "e0": np.zeros(500_000, np.float32)})
    table.to_parquet(tmp_path / "a.parquet", index=False)
    monkeypatch.setattr(pandas, "read_parquet", None)
    with pytest.raises(DataError, match="times what it is"):
        read_vectors(tmp_path / "a.parquet")
