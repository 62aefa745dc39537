import numpy as np
import pytest

from autoencoder.storage.run import Run
from autoencoder.storage.state import has_state, read_state, remove_states, write_state


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
