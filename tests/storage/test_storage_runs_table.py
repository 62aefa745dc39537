import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoencoder.data.cells import unguarded
from autoencoder.errors import DataError, DiskError
from autoencoder.storage import runs_table as aescore
from autoencoder.storage.runs_table import COLUMNS, ORIGINAL_COLUMNS, append

ROW = {"Time": "20261122_071500", "FolderName": "logs/ae_1", "train_loss": 0.25, "seed": 7, "status": "done"}
HEADER = ",".join(ORIGINAL_COLUMNS)
SEED_ROW = "20180703_1512,logs/ae_20180703_1512,0.35,0.36,0.81,0.8\n"


def read(path):
    """The rows of a table, as text."""
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return [{name: unguarded(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def column(path, name):
    return [row[name] for row in read(path)]


@pytest.fixture
def table(tmp_path):
    return tmp_path / "logs" / "aescore.csv"


@pytest.fixture
def old(table):
    """Write an older file's text."""

    def write(text):
        table.parent.mkdir(exist_ok=True)
        table.write_bytes(text.encode())
        return table

    return write


def test_the_first_six_columns_are_the_originals():
    expected = "Time,FolderName,train_loss,valid_loss,train_accuracy,valid_accuracy"
    assert ",".join(ORIGINAL_COLUMNS) == ",".join(COLUMNS[:6]) == expected
    assert len(set(COLUMNS)) == len(COLUMNS) == 23


def test_a_row_comes_back_with_its_numbers(table):
    append(table, {**ROW, "train_mse": np.float32(0.1), "parameters": np.int64(4963), "pca_mse": None})
    (row,) = read(table)
    assert tuple(row) == COLUMNS
    assert row["Time"] == "20261122_071500"
    assert float(row["train_mse"]) == float(np.float32(0.1))
    assert row["parameters"] == "4963"
    assert row["pca_mse"] == ""
    assert sorted(path.name for path in table.parent.iterdir()) == ["aescore.csv", "aescore.csv.lock"]


def test_columns_of_a_command_come_after_the_known_ones_and_old_rows_are_blank_there(table):
    append(table, ROW)
    append(table, {**ROW, "restored_psnr": 31.5})
    rows = read(table)
    assert tuple(rows[0]) == (*COLUMNS, "restored_psnr")
    assert [row["restored_psnr"] for row in rows] == ["", "31.5"]


def test_twenty_processes_at_once_leave_twenty_whole_rows(table, tmp_path):
    code = (
        "import pathlib, sys, time, types\n"
        "package = sys.modules['autoencoder'] = types.ModuleType('autoencoder')\n"  # twenty times its imports take long
        f"package.__path__ = [{str(Path(aescore.__file__).parents[1])!r}]\n"
        "from autoencoder.storage.runs_table import append\n"
        "number, go = sys.argv[2], pathlib.Path(sys.argv[3])\n"
        "print('ready', flush=True)\n"
        "while not go.exists():\n    time.sleep(0.002)\n"
        "append(sys.argv[1], {'FolderName': f'run {number}, ' + 'x' * 5000, 'seed': number, f'own_{number}': number})\n"
    )
    go = tmp_path / "go"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, table, str(i), go], stdout=subprocess.PIPE, text=True)
        for i in range(20)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    go.touch()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    rows = read(table)
    assert sorted(int(row["seed"]) for row in rows) == list(range(20))
    for row in rows:
        assert row["FolderName"] == f"run {row['seed']}, " + "x" * 5000
        assert row[f"own_{row['seed']}"] == row["seed"]
    assert len(rows[0]) == len(COLUMNS) + 20


@pytest.mark.parametrize("header", ["", f"{HEADER}\n", f"\ufeff{HEADER}\r\n"])
def test_a_file_of_the_original_program_is_carried_over(old, header):
    table = old(header + SEED_ROW + SEED_ROW.replace("1512", "1600"))
    append(table, ROW)
    assert table.read_bytes().startswith(",".join(COLUMNS).encode() + b"\n")
    assert column(table, "Time") == ["20180703_1512", "20180703_1600", "20261122_071500"]
    assert column(table, "train_loss") == ["0.35", "0.35", "0.25"]
    assert column(table, "valid_accuracy") == ["0.8", "0.8", ""]


def test_an_older_column_set_is_carried_over_with_its_unknown_columns_last(old):
    table = old("note,FolderName,Time,valid_loss,gpu time\nbest one,a,20250101_0000,0.5,1.5\n,b,20250102_0000,0.4,\n")
    append(table, ROW)
    assert tuple(read(table)[0]) == (*COLUMNS, "note", "gpu time")
    assert column(table, "FolderName") == ["a", "b", "logs/ae_1"]
    assert column(table, "note") == ["best one", "", ""]
    assert column(table, "gpu time")[0] == "1.5"


def test_cells_without_a_name_blank_and_doubled_names_are_kept(old):
    table = old("Time,FolderName,loss,loss,\n20250101_000000,a,1,2,3,4\n20250102_000000,b\n")
    append(table, ROW)
    first, second, _ = read(table)
    assert tuple(first) == (*COLUMNS, "loss", "loss_", "extra_5", "extra_6")
    assert [first[name] for name in ("loss", "loss_", "extra_5", "extra_6")] == ["1", "2", "3", "4"]
    assert second["FolderName"] == "b"


def test_a_header_of_any_other_program_is_taken_as_one(old):
    table = old("run,score\nfirst,0.5\n")
    append(table, ROW)
    assert column(table, "run") == ["first", ""]


def test_a_whole_last_row_without_a_line_end_is_a_row(old):
    table = old(SEED_ROW.rstrip("\n"))
    append(table, ROW)
    assert column(table, "valid_accuracy") == ["0.8", ""]


def test_an_empty_file_and_a_header_alone_have_no_rows(old):
    for text in ("", "\n", ",".join(ORIGINAL_COLUMNS) + "\n"):
        table = old(text)
        append(table, ROW)
        (row,) = read(table)
        assert tuple(row) == COLUMNS


def test_an_original_row_whose_folder_is_called_time_is_no_header(old):
    table = old(SEED_ROW.replace("logs/ae_20180703_1512", "Time"))
    append(table, ROW)
    assert column(table, "FolderName") == ["Time", "logs/ae_1"]


@pytest.mark.parametrize("damaged", ["20261122_08", '20261122_08,"logs/a', "x,y,0.1,é,", "\0\0"])
def test_a_damaged_last_line_keeps_its_text_and_stops_nothing(old, damaged):
    table = old(SEED_ROW + damaged)
    append(table, ROW)
    assert column(table, "FolderName")[::2] == ["logs/ae_20180703_1512", "logs/ae_1"]
    assert all(cell.strip('"') in "".join(read(table)[1].values()) for cell in damaged.split(","))


def test_a_file_that_is_no_table_is_refused_and_left_alone(old):
    table = old('Time,FolderName\n"' + "x" * 200_000)
    before = table.read_bytes()
    with pytest.raises(DataError, match=r"cannot read the table of runs .*aescore.csv: .*; move it away"):
        append(table, ROW)
    assert table.read_bytes() == before


numbers = st.one_of(st.integers(-(10**18) + 1, 10**18 - 1), st.floats(allow_nan=False))
awkward = ["a,b", '"', '""', "a\nb", "a\r\nb", "\r", "NA", "nan", "007", " x ", "\u2028", "\x1c", "\ufeff", "=1+1"]
names = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    st.sampled_from(awkward),
)
rows = st.lists(
    st.fixed_dictionaries(
        {"Time": names, "FolderName": names, "status": names},
        optional={"train_loss": numbers, "seed": st.integers(0, 2**32), 'own, "column"\n': st.floats(0, 1)},
    ),
    min_size=1,
    max_size=4,
)


@given(rows)
@settings(deadline=None, max_examples=40)
def test_what_is_appended_is_read(tmp_path_factory, rows):
    table = tmp_path_factory.mktemp("logs") / "aescore.csv"
    for row in rows:
        append(table, row)
    found = read(table)
    assert len(found) == len(rows)
    for written, row in zip(found, rows, strict=True):
        for name in ("Time", "FolderName", "status"):
            assert written[name] == row[name]
        for name in set(row) - {"Time", "FolderName", "status"}:
            assert float(written[name.strip()]) == float(row[name])


def test_pandas_reads_the_same_file(table):
    append(table, {**ROW, "FolderName": 'a,"b"\nç', "valid_loss": 1.25})
    frame = pandas.read_csv(table)
    assert frame.loc[0, "FolderName"] == 'a,"b"\nç'
    assert frame.loc[0, "valid_loss"] == 1.25


def test_a_place_that_cannot_be_written_to_is_an_error_of_the_disk(tmp_path):
    (tmp_path / "logs").touch()
    with pytest.raises(DiskError, match=r"cannot write .*aescore.csv"):
        append(tmp_path / "logs" / "aescore.csv", ROW)


def test_a_lock_that_another_holds_is_waited_for_and_then_told(table, monkeypatch):
    import filelock

    append(table, ROW)
    monkeypatch.setattr(aescore, "_LOCK_SECONDS", 0.05)
    with filelock.FileLock(f"{table}.lock"), pytest.raises(DiskError, match="another program has held"):
        append(table, ROW)
    append(table, ROW)
    assert len(read(table)) == 2
