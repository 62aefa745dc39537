"""What runs say of themselves: finished, cut off half way, damaged, gone, of this version and the former ones."""

import json
import shutil
from pathlib import Path

import pytest

from autoencoder.errors import DataError, UsageError
from autoencoder.storage.lock import training_lock
from autoencoder.storage.records import Record, find_record, read_records
from autoencoder.storage.run import Run

FORMER = Path(__file__).parents[1] / "former"
RUN = "ae_20261130_090000"


@pytest.fixture
def logs(tmp_path, monkeypatch) -> Path:
    """What the first version with provenance left, in the folder that tests run in."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(FORMER / "provenance" / "logs", tmp_path / "logs"))


def by_name(logs: Path) -> dict[str, Record]:
    return {record.name: record for record in read_records(logs)}


def change(file: Path, **values) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_every_command_leaves_a_record(logs):
    found = by_name(logs)
    assert {name: (each.command, each.status) for name, each in found.items()} == {
        RUN: ("run", "finished"),
        f"{RUN}/clusters/gmm_k3": ("cluster", "finished"),
        f"{RUN}/clusters/kmeans_k3": ("cluster", "finished"),
        "classifier_20261130_090000": ("classify", "finished"),
        "restorer_20261130_090000": ("restore_train", "finished"),
    }
    assert found[RUN].date == "2026-11-30 11:44:43"  # of its row: when it ended
    assert found[RUN].settings["dims"] == [3] and found[RUN].scores["parameters"] == 656
    assert found[f"{RUN}/clusters/gmm_k3"].settings["dims"] == [3]  # those of its run
    assert found[f"{RUN}/clusters/gmm_k3"].settings["method"] == "gmm"


def test_version_0_1_is_read_too():
    found = by_name(FORMER / "logs")
    assert {name: (each.command, each.status) for name, each in found.items()} == {
        "ae_20260101_120000": ("run", "finished"),
        "ae_20260101_120000/clusters/kmeans_k3": ("cluster", "finished"),
        "classifier_20260101_120000": ("classify", "finished"),
        "restorer_20260101_120000": ("restore_train", "finished"),
        "self_label_20261125_191623": ("cluster", "finished"),
    }
    assert found["self_label_20261125_191623"].scores["accuracy"] == pytest.approx(0.41667, abs=1e-5)


@pytest.mark.parametrize(("ended", "status"), [("done", "finished"), ("interrupted",) * 2, ("diverged",) * 2])
def test_the_status_is_how_the_training_ended(logs, ended, status):
    change(logs / RUN / "scores.json", status=ended)
    assert by_name(logs)[RUN].status == status


def test_without_the_mark_of_being_finished_a_run_was_killed(logs):
    change(logs / RUN / "provenance.json", finished=False)
    (logs / RUN / "scores.json").unlink()
    (logs / "ae_20261201_000000").mkdir()  # killed before it wrote anything
    found = by_name(logs)
    assert found[RUN].status == found["ae_20261201_000000"].status == "killed"
    assert found[RUN].command == "run" and found[RUN].settings["dims"] == [3]


def test_a_run_that_is_trained_now_was_not_killed(logs):
    change(logs / RUN / "provenance.json", finished=False)
    (logs / RUN / "scores.json").unlink()
    with training_lock(Run(logs / RUN)):
        assert by_name(logs)[RUN].status == "training"
    assert by_name(logs)[RUN].status == "killed"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("scores.json", "{"),
        ("scores.json", "[1]"),
        ("scores.json", "[" * 100_000),
        ("scores.json", None),
        ("settings.yml", "dims: [1, "),
        ("settings.yml", "\x00\x01"),
        ("settings.yml", ""),
        ("settings.yml", b"\xff\xfe"),
        ("settings.yml", None),
        ("provenance.json", "{}"),
        ("provenance.json", "none"),
    ],
)
def test_what_is_damaged_is_told_of(logs, name, content):
    file = logs / RUN / name
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = by_name(logs)
    assert found[RUN].status == "damaged" and found[RUN].note.startswith(name)
    assert found["classifier_20261130_090000"].status == "finished"


def test_settings_that_are_cut_off_half_way_are_damaged(logs):
    file = logs / RUN / "settings.yml"
    text = file.read_text()
    file.write_text(text[: text.index("filters: [") + len("filters: [")])
    assert by_name(logs)[RUN].status == "damaged"


def test_a_row_whose_folder_is_gone_stays(logs):
    shutil.rmtree(logs / RUN)
    found = by_name(logs)[RUN]
    assert (found.command, found.status, found.path) == ("run", "finished", None)
    assert found.scores["parameters"] == 656 and found.scores["valid_mse"] == pytest.approx(0.18107, abs=1e-5)
    assert "not in logs" in found.note


def test_rows_of_the_original_program_are_read(tmp_path):
    (tmp_path / "aescore.csv").write_text("202001021530,ae_old,0.5,0.25,0.9,0.8\n20200102_1530,ae_older,0.5,0.3,1,1\n")
    found = by_name(tmp_path)
    assert found["ae_old"].scores["valid_loss"] == 0.25 and found["ae_old"].status == "finished"
    assert found["ae_older"].date == "2020-01-02 15:30:00"


def test_what_is_no_run_has_no_record(logs):
    (logs / "grid_20261130_090000").mkdir()
    (logs / "grid_20261130_090000" / "grid.csv").write_text("changed,run\n")
    (logs / ".hidden_20261130_090000").mkdir()
    (logs / "notes").mkdir()
    assert len(by_name(logs)) == 5


def test_a_table_that_is_none_is_refused(logs):
    (logs / "aescore.csv").write_text('"' + "x" * 200_000)
    with pytest.raises(DataError, match=r"aescore\.csv"):
        read_records(logs)


@pytest.mark.parametrize("form", [RUN, f"logs/{RUN}", f"logs/{RUN}/encoder.keras", f"{RUN}/encoder.keras"])
def test_a_run_is_found_in_every_form(logs, form):
    assert find_record(form).name == RUN


def test_latest_is_the_newest_of_any_command(logs):
    (logs / "ae_20261201_000000").mkdir()
    assert find_record("latest").name == "ae_20261201_000000"


def test_a_clustering_is_found_too(logs):
    assert find_record(f"{RUN}/clusters/gmm_k3").settings["method"] == "gmm"


def test_what_is_not_there_is_refused(logs, tmp_path):
    with pytest.raises(UsageError, match=f"no such run; did you mean {RUN}"):
        find_record("ae_20261130_09000")
    with pytest.raises(UsageError, match="holds no run"):
        find_record(tmp_path)
    shutil.rmtree(logs)
    with pytest.raises(UsageError, match="make one with: flexae run"):
        find_record("latest")
