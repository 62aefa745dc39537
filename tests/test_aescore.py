import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoencoder import aescore
from autoencoder.aescore import COLUMNS, ORIGINAL_COLUMNS, append, read
from autoencoder.errors import DataError, DiskError

ROW = {"Time": "20261122_071500", "FolderName": "logs/ae_1", "train_loss": 0.25, "seed": 7, "status": "done"}
HEADER = ",".join(ORIGINAL_COLUMNS)
SEED_ROW = "20180703_1512,logs/ae_20180703_1512,0.35,0.36,0.81,0.8\n"


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


def test_a_row_comes_back_with_its_types(table):
    assert append(table, {**ROW, "train_mse": np.float32(0.1), "parameters": np.int64(4963), "pca_mse": None}) == ()
    frame = read(table)
    assert tuple(frame.columns) == COLUMNS
    assert frame.loc[0, "Time"] == "20261122_071500"
    assert frame.loc[0, "train_mse"] == float(np.float32(0.1))
    assert frame.loc[0, "parameters"] == 4963 and frame["parameters"].dtype == np.int64
    assert math.isnan(frame.loc[0, "pca_mse"])
    assert sorted(path.name for path in table.parent.iterdir()) == ["aescore.csv", "aescore.csv.lock"]


def test_columns_of_a_command_come_after_the_known_ones_and_old_rows_are_blank_there(table):
    append(table, ROW)
    append(table, {**ROW, "restored_psnr": 31.5})
    frame = read(table)
    assert tuple(frame.columns) == (*COLUMNS, "restored_psnr")
    assert math.isnan(frame.loc[0, "restored_psnr"]) and frame.loc[1, "restored_psnr"] == 31.5


def test_twenty_processes_at_once_leave_twenty_whole_rows(table, tmp_path):
    code = (
        "import pathlib, sys, time, types\n"
        "package = sys.modules['autoencoder'] = types.ModuleType('autoencoder')\n"  # twenty times its imports take long
        f"package.__path__ = [{str(Path(aescore.__file__).parent)!r}]\n"
        "from autoencoder.aescore import append\n"
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
    frame = read(table)
    assert sorted(frame["seed"]) == list(range(20))
    for _, row in frame.iterrows():
        assert row["FolderName"] == f"run {row['seed']}, " + "x" * 5000
        assert row[f"own_{row['seed']}"] == row["seed"]
    assert len(frame.columns) == len(COLUMNS) + 20


@pytest.mark.parametrize("header", ["", f"{HEADER}\n", f"\ufeff{HEADER}\r\n"])
def test_a_file_of_the_original_program_is_carried_over(old, header):
    table = old(header + SEED_ROW + SEED_ROW.replace("1512", "1600"))
    assert list(read(table)["Time"]) == ["20180703_1512", "20180703_1600"]
    assert append(table, ROW) == ()
    assert table.read_bytes().startswith(",".join(COLUMNS).encode() + b"\n")
    frame = read(table)
    assert list(frame["Time"]) == ["20180703_1512", "20180703_1600", "20261122_071500"]
    assert list(frame["train_loss"]) == [0.35, 0.35, 0.25]
    assert list(frame["valid_accuracy"])[:2] == [0.8, 0.8] and math.isnan(frame["valid_accuracy"][2])


def test_an_older_column_set_is_carried_over_with_its_unknown_columns_last(old):
    table = old("note,FolderName,Time,valid_loss,gpu time\nbest one,a,20250101_0000,0.5,1.5\n,b,20250102_0000,0.4,\n")
    append(table, ROW)
    frame = read(table)
    assert tuple(frame.columns) == (*COLUMNS, "note", "gpu time")
    assert list(frame["FolderName"]) == ["a", "b", "logs/ae_1"]
    assert list(frame["note"]) == ["best one", "", ""]
    assert frame["gpu time"][0] == 1.5


def test_cells_without_a_name_blank_and_doubled_names_are_kept(old):
    frame = read(old("Time,FolderName,loss,loss,\n20250101_000000,a,1,2,3,4\n20250102_000000,b\n"))
    assert tuple(frame.columns) == (*COLUMNS, "loss", "loss_", "extra_5", "extra_6")
    assert list(frame.loc[0, ["loss", "loss_", "extra_5", "extra_6"]]) == [1, 2, 3, 4]
    assert frame.loc[1, "FolderName"] == "b"


def test_a_header_of_any_other_program_is_taken_as_one(old):
    assert list(read(old("run,score\nfirst,0.5\n"))["run"]) == ["first"]


@pytest.mark.parametrize("torn", ["20261122_08", '20261122_08,"logs/a', '20261122_08,"a\nb', "x,y,0.1,é,", "\0\0"])
@pytest.mark.parametrize("header", [True, False])
def test_a_torn_last_line_is_kept_beside_and_told(old, torn, header):
    table = old((",".join(COLUMNS) + "\n" if header else "") + SEED_ROW + torn)
    assert list(read(table)["Time"]) == ["20180703_1512"]
    (note,) = append(table, ROW)
    assert "aescore.csv.torn" in note and str(table) in note
    assert table.with_name("aescore.csv.torn").read_bytes().decode() == torn + "\n"
    assert list(read(table)["Time"]) == ["20180703_1512", "20261122_071500"]
    assert append(table, ROW) == ()


def test_rows_appended_after_a_torn_one_are_found_and_torn_texts_add_up(old):
    table = old(SEED_ROW + '20261122_0800,"logs/cut\n' + SEED_ROW.replace("1512", "1600"))
    assert len(append(table, ROW)) == 1
    assert list(read(table)["Time"]) == ["20180703_1512", "20180703_1600", "20261122_071500"]
    table.write_bytes(table.read_bytes() + b"20261122_09")
    assert len(append(table, ROW)) == 1
    assert table.with_name("aescore.csv.torn").read_text() == '20261122_0800,"logs/cut\n\n20261122_09\n'
    assert len(read(table)) == 4


@pytest.mark.parametrize("text", ["Time,Folder", "20180703"])
def test_a_file_that_is_one_torn_line_has_no_rows(old, text):
    table = old(text)
    assert len(read(table)) == 0
    assert len(append(table, ROW)) == 1
    assert len(read(table)) == 1


def test_a_whole_last_row_without_a_line_end_is_a_row(old):
    table = old(SEED_ROW.rstrip("\n"))
    assert append(table, ROW) == ()
    assert read(table).loc[0, "valid_accuracy"] == 0.8
    assert len(read(table)) == 2


def test_an_empty_file_and_a_header_alone_have_no_rows(old):
    for text in ("", "\n", ",".join(ORIGINAL_COLUMNS) + "\n"):
        frame = read(old(text))
        assert len(frame) == 0 and tuple(frame.columns) == COLUMNS


def test_an_original_row_whose_folder_is_called_time_is_no_header(old):
    assert list(read(old(SEED_ROW.replace("logs/ae_20180703_1512", "Time")))["FolderName"]) == ["Time"]


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
        assert append(table, row) == ()
    frame = read(table)
    assert len(frame) == len(rows)
    for i, row in enumerate(rows):
        for name in ("Time", "FolderName", "status"):
            assert frame.loc[i, name] == row[name]
        for name in set(row) - {"Time", "FolderName", "status"}:
            assert float(frame.loc[i, name.strip()]) == float(row[name])


def test_pandas_reads_the_same_file(table):
    append(table, {**ROW, "FolderName": 'a,"b"\nç', "valid_loss": 1.25})
    frame = pandas.read_csv(table)
    assert frame.loc[0, "FolderName"] == 'a,"b"\nç'
    assert frame.loc[0, "valid_loss"] == 1.25


def test_a_missing_table_is_an_error_of_the_data(table):
    with pytest.raises(DataError, match=r"cannot read the table of runs .*aescore.csv: no such file or directory"):
        read(table)


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
