import numpy as np
import pandas
import pytest

from autoencoder.data.vectors_table import read_vectors
from autoencoder.errors import DataError, UsageError

PATHS = ["a/1.png", "07", "b/2.png"]
VECTORS = np.arange(36, dtype=np.float32).reshape(3, 12)


def table(vectors=VECTORS):
    # Columns in the order of their names would have e10 before e2; sharpness is no number of the embedding.
    columns = {f"e{at}": vectors[:, at] for at in sorted(range(vectors.shape[1]), key=str)}
    return pandas.DataFrame({"path": PATHS, "label": ["a", "x", "b"], **columns, "sharpness": [1.0, 2.0, 3.0]})


def written(path, frame):
    return frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_table_is_read_by_its_columns(tmp_path, suffix):
    written(tmp_path / f"t{suffix}", table())
    found = read_vectors(tmp_path / f"t{suffix}")
    assert list(found.paths) == PATHS
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.vectors.dtype == np.float32


def test_arrays_are_read_by_their_names_and_rows_by_theirs(tmp_path):
    np.savez(tmp_path / "t.npz", paths=np.array(PATHS), vectors=VECTORS.astype(np.float64))
    found = read_vectors(tmp_path / "t.npz")
    np.testing.assert_array_equal(found.of(["b/2.png", "a/1.png"]), VECTORS[[2, 0]])
    assert found.missing(["b/2.png", "c.png", "07", "d.png"]) == ["c.png", "d.png"]


def test_what_is_no_table_of_embeddings_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"ends in .parquet, .csv, .npz"):
        read_vectors(tmp_path / "t.txt")
    with pytest.raises(DataError, match="there is no such table"):
        read_vectors(tmp_path / "t.csv")
    table()[["path", "sharpness"]].to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match="it has no such columns"):
        read_vectors(tmp_path / "t.csv")
    (tmp_path / "t.parquet").write_bytes(b"nothing")
    with pytest.raises(DataError, match="or is damaged"):
        read_vectors(tmp_path / "t.parquet")
    np.savez(tmp_path / "t.npz", paths=np.array(PATHS[:2]), vectors=VECTORS)
    with pytest.raises(DataError, match=r"holds 2 paths and numbers of shape \(3, 12\)"):
        read_vectors(tmp_path / "t.npz")


def test_a_vector_that_is_no_number_is_named(tmp_path):
    wrong = VECTORS.copy()
    wrong[1, 3] = np.nan
    written(tmp_path / "t.csv", table(wrong))
    with pytest.raises(DataError, match="the embedding of 07 is not a number"):
        read_vectors(tmp_path / "t.csv")
