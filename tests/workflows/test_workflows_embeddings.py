"""Tables of embeddings as they are written, read back."""

import numpy as np
import pandas

from autoencoder.data.source import ImageSource
from autoencoder.data.vectors_table import read_vectors
from autoencoder.workflows.embeddings import Embeddings, write_parquet


def written(place, paths, labels):
    vectors = np.arange(2 * len(paths), dtype=np.float32).reshape(-1, 2)
    write_parquet(Embeddings(vectors, paths, labels, ImageSource(place), ()), place / "a.parquet")
    found = read_vectors(place / "a.parquet")
    np.testing.assert_array_equal(found.vectors, vectors)
    return found.paths, pandas.read_parquet(place / "a.parquet")


def test_names_of_any_bytes_come_back(tmp_path):
    paths = ("\udcff/a.png", "=cmd()/\n.png", "😀.png")
    found, table = written(tmp_path, paths, ("\udcff", "=cmd()", "."))
    assert tuple(found) == paths
    assert list(table["path"]) == [b"\xff/a.png", b"=cmd()/\n.png", "😀.png".encode()]
    assert list(table["label"]) == [b"\xff", b"=cmd()", b"."]


def test_names_in_utf_8_are_text(tmp_path):
    paths, table = written(tmp_path, ("a/ü.png", "b/1.png"), ("a", "b"))
    assert list(paths) == list(table["path"]) == ["a/ü.png", "b/1.png"]
    assert list(table["label"]) == ["a", "b"]
