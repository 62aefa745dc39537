"""Embeddings of any program: which columns are taken, what is refused, and that a copy is gone at the end."""

import json
import os

import numpy as np
import pandas
import pyarrow as pa
import pytest
from pyarrow.parquet import write_table

from autoencoder.data import embedded, parquet_vectors
from autoencoder.data.embedded import open_embedded
from autoencoder.errors import DataError, UsageError

VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3)
PATHS = ["a/0.png", "a/1.png", "b/0.png", "b/ü.png"]


def opened(place, names=None):
    with open_embedded(place, names, place.parent / "scratch") as found:
        result = np.array(found.vectors), found.paths(range(len(found.vectors))), found.labels
    assert list((place.parent / "scratch").iterdir()) == []
    return result


def columns(**more):
    return {"path": PATHS, **{f"e{number}": VECTORS[:, number] for number in range(3)}, **more}


@pytest.mark.parametrize(
    "table",
    [
        columns(sharpness=np.full(4, 9.0), label=["a", "a", "b", "b"]),
        {"filename": PATHS, "clip": pa.FixedSizeListArray.from_arrays(pa.array(VECTORS.ravel()), 3), "size": [1] * 4},
        {"image": PATHS, "vector": pa.array(VECTORS.astype(np.float64).tolist())},
        {"file": PATHS, "half": pa.array(VECTORS.astype(np.float16).tolist(), pa.list_(pa.float16()))},
        {"path": PATHS, "x": VECTORS[:, 0], "y": VECTORS[:, 1], "z": VECTORS[:, 2], "count": [1, 2, 3, 4]},
        {"path": pa.array([name.encode() for name in PATHS]), "e": pa.array(VECTORS.tolist())},
    ],
    ids=["ours", "fixed lists", "lists", "half numbers", "float columns", "paths in bytes"],
)
def test_tables_of_many_programs(tmp_path, table, monkeypatch):
    for module in (embedded, parquet_vectors):
        monkeypatch.setattr(module, "AT_ONCE", 3)
    write_table(pa.table(table), tmp_path / "made.parquet")
    vectors, paths, labels = opened(tmp_path / "made.parquet")
    np.testing.assert_array_equal(vectors, VECTORS)
    assert vectors.dtype == np.float32
    assert paths == PATHS
    assert (labels is None) == ("label" not in table)


def test_columns_are_in_the_order_of_their_numbers(tmp_path):
    wide = {f"e{number}": [float(number)] for number in (10, 2, 0, 1, 3, 4, 5, 6, 7, 8, 9)}
    write_table(pa.table({"path": ["a"], **wide}), tmp_path / "made.parquet")
    assert opened(tmp_path / "made.parquet")[0].tolist() == [list(range(11))]


def test_a_folder_of_parts_is_one_table_without_what_is_about_it(tmp_path):
    place = tmp_path / "set"
    place.mkdir()
    write_table(pa.table(columns()).slice(0, 3), place / "part-0.parquet")
    write_table(pa.table(columns()).slice(3), place / "part-1.parquet")
    write_table(pa.table({"path": ["x"]}), place / "_files.parquet")
    np.testing.assert_array_equal(opened(place)[0], VECTORS)
    (place / "_provenance.json").write_text(json.dumps({"finished": False}))
    with pytest.raises(UsageError, match=r"its parts are not finished; go on with: flexae encode RUN --out=.* --merge"):
        opened(place)
    (place / "_provenance.json").write_text(json.dumps({"finished": True}))
    write_table(pa.table({"path": ["x"], "e0": [1.0]}), place / "part-2.parquet")
    with pytest.raises(DataError, match=r"part-2.parquet: has other columns than part-0.parquet"):
        opened(place)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16, np.float16])
def test_arrays_of_numpy_with_and_without_names(tmp_path, kind):
    np.save(tmp_path / "made.npy", VECTORS.astype(kind))
    (tmp_path / "names.txt").write_bytes(b"a.png\r\n\xff.png\nc.png\nd.png")
    vectors, paths, _ = opened(tmp_path / "made.npy")
    np.testing.assert_array_equal(vectors, VECTORS)
    assert paths == ["#000000", "#000001", "#000002", "#000003"]
    assert opened(tmp_path / "made.npy", tmp_path / "names.txt")[1] == [
        "a.png",
        os.fsdecode(b"\xff.png"),
        "c.png",
        "d.png",
    ]
    (tmp_path / "names.txt").write_text("a\nb\n")
    with pytest.raises(DataError, match=r"names.txt: has 2 lines, and .*made.npy has 4 rows"):
        opened(tmp_path / "made.npy", tmp_path / "names.txt")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"e0": [1.0]}, "has no column of paths"),
        ({"path": [1], "e0": [1.0]}, "has no column of paths"),
        ({"path": ["a"], "size": [1]}, "has no vectors"),
        ({"path": ["a", None], "e0": [1.0, 2.0]}, "some rows have no path"),
        ({"path": ["a", "b", "a"], "e0": [1.0, 2.0, 3.0]}, "a is the path of 2 rows"),
        ({"path": ["a", "b"], "e0": [1.0, np.nan]}, r"the embedding of row 1 \(b\) holds NaN"),
        ({"path": ["a", "b"], "e0": [1.0, None]}, r"the embedding of row 1 \(b\) holds NaN"),
        (
            {"path": ["a", "b"], "e0": [1e300, 0.0]},
            r"the embedding of row 0 \(a\) holds NaN, infinity or a number beyond",
        ),
        ({"path": ["a", "b"], "v": [[1.0], [1.0, 2.0]]}, "the vectors in v are missing or not all of one length"),
        ({"path": ["a", "b"], "v": [[1.0], None]}, "the vectors in v are missing or not all of one length"),
        ({"path": ["a"], "v": [[1.0]], "w": [[1.0]]}, "has several columns of vectors, v, w"),
        ({"path": pa.array([], pa.string()), "e0": pa.array([], pa.float32())}, "holds no rows"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(tmp_path, table, said):
    write_table(pa.table(table), tmp_path / "made.parquet")
    with pytest.raises(DataError, match=said):
        opened(tmp_path / "made.parquet")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "made.csv").touch()
    with pytest.raises(UsageError, match=r"--embeddings=.*made.csv: must be a .parquet file, a folder of such"):
        opened(tmp_path / "made.csv")
    with pytest.raises(DataError, match="there is no such file"):
        opened(tmp_path / "none.npy")
    with pytest.raises(UsageError, match=r"--paths names the rows of an .npy file"):
        opened(tmp_path / "made.parquet", tmp_path / "names.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"holds no .parquet files"):
        opened(tmp_path / "empty")
    for name in ("broken.parquet", "broken.npy"):
        (tmp_path / name).write_bytes(b"PAR1 not")
        with pytest.raises(DataError, match="cannot be read as embeddings"):
            opened(tmp_path / name)
    np.save(tmp_path / "flat.npy", np.zeros(3))
    with pytest.raises(DataError, match="must hold numbers of shape"):
        opened(tmp_path / "flat.npy")


def test_the_table_of_encode_is_read_without_its_measures(tmp_path):
    pandas.DataFrame(columns(sharpness=[1.0] * 4, width=[8] * 4)).to_parquet(tmp_path / "made.parquet")
    assert opened(tmp_path / "made.parquet")[0].shape == (4, 3)
