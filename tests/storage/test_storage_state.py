import io
import resource
import zipfile

import numpy as np
import pytest

from autoencoder.errors import DiskError, ModelFileError
from autoencoder.storage import state
from autoencoder.storage.run import Run
from autoencoder.storage.state import has_state, read_state, remove_half_written, remove_states, write_state


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def arrays(value):
    return {"best": [np.full((2, 3), value, np.float32), np.int64(value)], "empty": [], "optimizer": [np.zeros(0)]}


def test_what_is_written_comes_back(run):
    assert read_state(run) is None and not has_state(run)
    record = {"epoch": 2, "guard": {"best_loss": float("inf"), "history": {"loss": [0.1, 1 / 3]}}}
    write_state(run, record, arrays(5))
    found, back = read_state(run)
    assert found == record
    assert list(back) == ["best", "optimizer"] and len(back["best"]) == 2
    np.testing.assert_array_equal(back["best"][0], np.full((2, 3), 5))
    assert back["best"][0].dtype == np.float32 and back["best"][1] == 5
    assert has_state(run)


def test_many_arrays_come_back_in_order(run):
    write_state(run, {}, {"variables": [np.array(number) for number in range(120)]})
    assert [int(each) for each in read_state(run)[1]["variables"]] == list(range(120))


def test_two_generations_are_kept_and_the_newest_is_read(run):
    for epoch in range(5):
        write_state(run, {"epoch": epoch}, arrays(epoch))
        assert read_state(run)[0] == {"epoch": epoch}
    assert len(list(run.path.iterdir())) == 2


@pytest.mark.parametrize("damage", ["cut", "empty", "changed", "text"])
def test_a_damaged_state_is_passed_over_for_the_one_before(run, damage):
    for epoch in (1, 2):
        write_state(run, {"epoch": epoch}, arrays(epoch))
    (newest,) = [file for file in run.path.iterdir() if file.name == "state_b.npz"]
    content = newest.read_bytes()
    at = content.index(np.full((2, 3), 2, np.float32).tobytes())
    changed = {
        "cut": content[: len(content) // 2],
        "empty": b"",
        "changed": content[:at] + b"\xff" + content[at + 1 :],
        "text": b"no archive",
    }[damage]
    newest.write_bytes(changed)
    assert read_state(run)[0] == {"epoch": 1}
    write_state(run, {"epoch": 3}, arrays(3))
    assert read_state(run)[0] == {"epoch": 3}


def test_states_are_removed(run):
    write_state(run, {}, arrays(1))
    remove_states(run)
    remove_states(run)
    assert list(run.path.iterdir()) == []


def test_a_disk_that_fills_while_a_state_is_written_leaves_the_one_before(run):
    write_state(run, {"epoch": 1}, arrays(1))
    write_state(run, {"epoch": 2}, arrays(2))
    whole = (run.path / "state_a.npz").stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    for part in range(20):
        resource.setrlimit(resource.RLIMIT_FSIZE, (whole * part // 20, limits[1]))
        try:
            with pytest.raises(DiskError, match=r"cannot write .*state_a.npz: the file is larger"):
                write_state(run, {"epoch": 3}, arrays(3))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert read_state(run)[0] == {"epoch": 2}
        assert len(list(run.path.iterdir())) == 2


def test_a_damaged_state_is_told_of(run, caplog):
    write_state(run, {"epoch": 1}, arrays(1))
    write_state(run, {"epoch": 2}, arrays(2))
    (run.path / "state_b.npz").write_bytes(b"x")
    assert read_state(run)[0] == {"epoch": 1}
    assert "state_b.npz: is damaged; the state before it is taken" in caplog.text
    (run.path / "state_a.npz").write_bytes(b"x")
    assert read_state(run) is None
    assert "is damaged; there is no other: training begins anew" in caplog.text


def test_a_state_that_cannot_be_read_is_not_passed_over(run, monkeypatch):
    write_state(run, {"epoch": 1}, arrays(1))

    def refuse(file):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(state, "_read", refuse)
    with pytest.raises(ModelFileError, match=r"state_a.npz: cannot be read \(permission denied\)"):
        read_state(run)
    assert has_state(run)


def test_half_written_states_are_removed(run):
    write_state(run, {"epoch": 1}, arrays(1))
    for name in (".0123456789ab-state_b.npz", ".0123456789ab-scores.json"):
        (run.path / name).write_text("x")
    remove_half_written(run)
    assert {path.name for path in run.path.iterdir()} == {"state_a.npz", ".0123456789ab-scores.json"}


def test_a_state_that_is_packed_to_fill_the_memory_is_passed_over(run, caplog):
    write_state(run, {"epoch": 1}, arrays(1))
    np.savez_compressed(run.path / "state_b.npz", record=np.zeros(2**25, np.uint8))
    assert read_state(run)[0] == {"epoch": 1}
    assert "state_b.npz: is damaged" in caplog.text


def test_a_state_that_claims_more_than_it_holds_is_passed_over(run, caplog):
    write_state(run, {"epoch": 1}, arrays(1))
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (10**12,)})
    with zipfile.ZipFile(run.path / "state_b.npz", "w") as archive:
        archive.writestr("record.npy", header.getvalue() + bytes(64))
    assert read_state(run)[0] == {"epoch": 1}
    assert "state_b.npz: is damaged" in caplog.text
