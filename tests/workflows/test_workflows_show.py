"""One run: what is said of its settings, its course, its files, and what to do next."""

import json
import shutil
from pathlib import Path

import pytest

import autoencoder
from autoencoder.errors import UsageError
from autoencoder.workflows.show import FILES

FORMER = Path(__file__).parents[1] / "former"
RUN = "ae_20261130_090000"


@pytest.fixture(autouse=True)
def logs(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(FORMER / "provenance" / "logs", tmp_path / "logs"))


def test_settings_that_are_defaults_are_left_out():
    changed = autoencoder.show(RUN).changed
    assert changed["dims"] == [3] and changed["train_epochs"] == 2 and changed["filters"] == [4]
    assert not {"batch_size", "kernel_size", "seed", "valid_dir", "loss"} & set(changed)


def test_the_best_and_the_last_epoch_are_those_of_the_history(logs):
    (logs / RUN / "history.csv").write_text("epoch,loss,val_loss\n1,0.3,0.5\n2,0.2,0.4\n3,0.1,0.6\n")
    epochs = autoencoder.show(RUN).epochs
    assert epochs == {
        "best": {"epoch": 2, "loss": 0.2, "val_loss": 0.4},
        "last": {"epoch": 3, "loss": 0.1, "val_loss": 0.6},
    }


@pytest.mark.parametrize("content", [b"", b"epoch,loss\n", b"\xff\xfe\x00", b"epoch,loss\n1,none\n"])
def test_a_damaged_history_is_no_fault(logs, content):
    (logs / RUN / "history.csv").write_bytes(content)
    assert autoencoder.show(RUN).epochs.get("best", {}).get("loss") is None


def test_files_are_listed_in_the_order_that_they_are_looked_at(logs):
    (logs / RUN / "loss.png").touch()
    (logs / RUN / "comparison_valid.png").touch()
    (logs / RUN / "of_a_person.txt").touch()
    files = autoencoder.show(RUN).files
    assert list(files)[:3] == ["comparison_valid.png", "loss.png", "autoencoder.keras"]
    assert list(files)[-1] == "of_a_person.txt" and files["of_a_person.txt"] == ""
    assert files["loss.png"] == FILES["loss.png"] and files["encoder.keras"] == "images to embeddings"


@pytest.mark.parametrize(
    "name",
    [
        "tiles.csv",
        "quality.csv",
        "report_new.html",
        "report_new.provenance.json",
        "assigned_new.csv",
        "assigned_new.strangest.png",
        "label_next_2",
        *("similar", "outliers", "duplicates", "suspects"),
    ],
)
def test_what_later_commands_leave_is_explained(logs, name):
    (logs / RUN / name).touch()
    assert autoencoder.show(RUN).files[name] != ""


def test_clusterings_are_told_the_best_first_and_used_next():
    found = autoencoder.show(RUN)
    assert [each.scores["method"] for each in found.clusterings] == ["kmeans", "gmm"]
    assert found.next == [f"flexae assign logs/{RUN}/clusters/kmeans_k3 --images=FOLDER"]


@pytest.mark.parametrize(
    ("run", "command"),
    [
        ("classifier_20261130_090000", "flexae predict classifier_20261130_090000 --images=FOLDER"),
        ("restorer_20261130_090000", "flexae restore restorer_20261130_090000 --images=FOLDER --out=FOLDER"),
        (f"{RUN}/clusters/gmm_k3", f"flexae assign logs/{RUN}/clusters/gmm_k3 --images=FOLDER"),
    ],
)
def test_what_to_do_next_depends_on_the_command(run, command):
    assert autoencoder.show(run).next == [command]


def test_a_run_without_clusters_is_to_be_clustered(logs):
    shutil.rmtree(logs / RUN / "clusters")
    assert autoencoder.show(RUN).next[0] == f"flexae cluster {RUN}"


def test_a_killed_run_is_to_go_on(logs):
    made = json.loads((logs / RUN / "provenance.json").read_text())
    (logs / RUN / "provenance.json").write_text(json.dumps(made | {"finished": False}))
    found = autoencoder.show(RUN)
    assert found.record.status == "killed" and found.next == [f"flexae run --resume={RUN}"]


def test_an_interrupted_run_is_to_go_on_while_its_state_is_there(logs):
    (logs / RUN / "state_a.npz").write_bytes(b"")
    assert autoencoder.show(RUN).next == [f"flexae run --resume={RUN}"]


def test_a_killed_classifier_is_to_be_repeated(logs):
    run = "classifier_20261130_090000"
    made = json.loads((logs / run / "provenance.json").read_text())
    (logs / run / "provenance.json").write_text(json.dumps(made | {"finished": False}))
    assert autoencoder.show(run).next == [f"flexae classify --config=logs/{run}/settings.yml"]


def test_what_is_not_there_is_refused():
    with pytest.raises(UsageError, match="no such run"):
        autoencoder.show("none such")
