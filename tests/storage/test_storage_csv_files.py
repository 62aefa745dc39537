"""Tables that are written as CSV and read again."""

import csv

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.data.labels import read_labels
from autoencoder.data.tables import any_names, open_table
from autoencoder.data.vectors_table import read_vectors
from autoencoder.storage.clustering import ClusterFolder, read_names
from autoencoder.storage.corrections import read_corrections, read_members
from autoencoder.storage.csv_files import write_bad_files, write_csv, write_frame, write_tiles
from autoencoder.storage.runs_table import append, read

ODD = ["=1+1.png", "+a.png", "-b.png", "@c.png", "'=d.png", "\te.png", "\udcff=.png", "plain.png"]
words = st.text(st.one_of(st.sampled_from("=+-@'./,\""), st.characters(codec="utf-8", categories=["L"])), min_size=1)
words = words.map(str.strip).filter(bool)


def cells(path):
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.reader(file))


@given(st.lists(st.tuples(words, words), min_size=1, max_size=5))
def test_paths_and_names_are_read_as_they_were_meant(tmp_path_factory, rows):
    file = tmp_path_factory.mktemp("table") / "a.csv"
    write_csv(file, [("path", "name"), *rows])
    assert not any(cell[0] in "=+-@" and not cell[1:].isdecimal() for row in cells(file)[1:] for cell in row)
    with open_table(file) as table:
        assert [tuple(row.cells) for row in table.rows] == rows


def test_numbers_stay_numbers(tmp_path):
    write_csv(tmp_path / "a.csv", [("path", "cluster", "score"), ("a", -1, "-0.5"), ("b", -2.5, "-1e-05")])
    assert cells(tmp_path / "a.csv")[1:] == [["a", "-1", "-0.5"], ["b", "-2.5", "-1e-05"]]


def test_no_table_of_files_holds_a_formula(tmp_path):
    write_bad_files([(name, "=reason") for name in ODD], tmp_path / "bad_files.csv")
    write_tiles(tmp_path / "tiles.csv", [(tmp_path / "a.png", [(1, at, at) for at in range(len(ODD))], ODD)])
    with any_names():
        found = pandas.DataFrame({"path": ODD, "label": ["=x", "-1", None, *ODD[3:]], "score": -0.5})
        write_frame(tmp_path / "found.csv", found)
    for file in tmp_path.glob("*.csv"):
        assert not any(cell.startswith(tuple("=+@\t\r")) for row in cells(file) for cell in row)
    assert cells(tmp_path / "found.csv")[1:4] == [
        ["./=1+1.png", "'=x", "-0.5"],
        ["./+a.png", "-1", "-0.5"],
        ["./-b.png", "", "-0.5"],
    ]


def test_members_labels_names_and_corrections_are_read_from_new_and_old_tables(tmp_path):
    folder = ClusterFolder(tmp_path)
    old = [["path", "cluster", "name"], *([name, "0", "=x"] for name in ODD)]
    write_csv(folder.table, old)
    assert read_members(folder).paths == tuple(ODD)
    assert read_labels(folder.table) == dict.fromkeys(ODD, "=x")
    write_csv(tmp_path / "names.csv", [("cluster", "name"), (0, "=x"), (1, "-y"), (2, "'@z")])
    assert read_names(tmp_path / "names.csv") == {0: "=x", 1: "-y", 2: "'@z"}
    write_csv(tmp_path / "corrections.csv", [("clustering", "path", "cluster"), ("ab", "'=d.png", 1), ("ab", "=e", -1)])
    assert read_corrections(tmp_path / "corrections.csv").wanted == {"'=d.png": 1, "=e": -1}
    (tmp_path / "old.csv").write_text("cluster,name\n0,=x\n1,'tis\n")
    assert read_names(tmp_path / "old.csv") == {0: "=x", 1: "'tis"}
    (tmp_path / "old.csv").write_text("clustering,path,cluster\nab,=e,1\nab,./+f,2\n")
    assert read_corrections(tmp_path / "old.csv").wanted == {"=e": 1, "+f": 2}


def test_embeddings_are_read_by_the_paths_that_were_meant(tmp_path):
    write_csv(tmp_path / "e.csv", [("path", "e0"), ("=a.png", 0.5), ("b.png", -1.5)])
    assert list(read_vectors(tmp_path / "e.csv").paths) == ["=a.png", "b.png"]


@pytest.mark.parametrize("name", ["=cmd()_2026", "-x", "'=y"])
def test_a_run_with_an_odd_name_stays_itself_in_the_table_of_runs(tmp_path, name):
    table = tmp_path / "aescore.csv"
    for _ in range(2):
        append(table, {"Time": "20261122_071500", "FolderName": name, "valid_mse": 0.5, "=own": "+z"})
    assert not any(cell.startswith(("=", "+")) for row in cells(table) for cell in row)
    assert [(row["FolderName"], row["=own"]) for row in read(table)] == [(name, "+z")] * 2
