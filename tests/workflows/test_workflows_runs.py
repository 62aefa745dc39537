"""The table of runs: its order, its columns, its files and its picture."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import pandas
import pytest

import autoencoder
from autoencoder.errors import DiskError, UsageError
from autoencoder.plots import runs as picture
from autoencoder.storage.records import Record
from autoencoder.workflows.plot_runs import plot_runs
from autoencoder.workflows.runs import (
    best_first,
    completed,
    differing,
    measure_of,
    more_is_better,
    run_table,
    write_runs_csv,
    write_runs_json,
)

FORMER = Path(__file__).parents[1] / "former"
RUN = "ae_20261130_090000"


@pytest.fixture
def logs(tmp_path, monkeypatch) -> Path:
    """What a run, two clusterings, a classifier and a restorer left, and three more runs: better, killed, wider."""
    monkeypatch.chdir(tmp_path)
    logs = Path(shutil.copytree(FORMER / "provenance" / "logs", tmp_path / "logs"))
    for name, dims, mse in (("better", 10, 0.05), ("killed", 10, None), ("worse", 20, 0.3)):
        copy(logs, name, dims, mse)
    return logs


def copy(logs: Path, name: str, dims: int, mse: float | None) -> None:
    folder = Path(shutil.copytree(logs / RUN, logs / name, ignore=shutil.ignore_patterns("clusters")))
    made, scores = (json.loads((folder / f"{each}.json").read_text()) for each in ("provenance", "scores"))
    made["settings"] |= {"dims": [dims]}
    if mse is None:
        (folder / "scores.json").unlink()
    else:
        scores = scores | {"valid_mse": mse, "seconds": 100 * mse, "valid_psnr": 1 / mse}
        (folder / "scores.json").write_text(json.dumps(scores))
    (folder / "provenance.json").write_text(json.dumps(made | {"finished": mse is not None}))


def names(**options) -> list[str]:
    return [row["name"] for row in run_table(**options).rows]


def test_each_command_has_its_best_first(logs):
    assert names() == [
        "better",
        RUN,
        "worse",
        "killed",
        "restorer_20261130_090000",
        "classifier_20261130_090000",
        f"{RUN}/clusters/kmeans_k3",
        f"{RUN}/clusters/gmm_k3",
    ]


def test_a_column_decides_the_order_the_best_first_and_missing_values_last(logs):
    runs_only = "command == 'run'"
    assert names(sort="valid_psnr", where=runs_only) == ["better", RUN, "worse", "killed"]  # more is better
    assert names(sort="seconds", where=runs_only) == [RUN, "better", "worse", "killed"]  # 2.05, 5, 30
    assert names(sort="dims", where=runs_only)[0] == RUN and names(sort="name", where=runs_only)[0] == RUN
    assert run_table(sort="valid_psnr").shown[8] == "valid_psnr"


def test_conditions_know_settings_that_do_not_differ(logs):
    assert names(where="dims == 10") == ["better", "killed", "restorer_20261130_090000"]
    assert names(where="dims == 10 and status == 'finished' and command == 'run'") == ["better"]
    assert names(where="loss == 'none such'") == []
    with pytest.raises(UsageError, match="no column dimms; did you mean dims"):
        names(where="dimms == 10")
    with pytest.raises(UsageError, match="no column secnds; did you mean seconds"):
        names(sort="secnds")


def test_of_the_settings_only_those_that_differ_are_shown(logs):
    table = run_table(where="command == 'run'")
    assert table.shown == ["name", "command", "status", "date", "score", "measure", "seconds", "parameters", "dims"]
    assert "valid_ssim" in table.columns and "loss" not in table.columns


def test_what_an_older_version_did_not_know_has_its_default():
    new = json.loads((FORMER / "provenance" / "logs" / RUN / "provenance.json").read_text())["settings"]
    old = {name: value for name, value in new.items() if name not in ("range", "fit", "background")}
    records = [Record("", None, "run", "finished", settings=each) for each in (new | {"fit": "pad"}, old)]
    assert completed(records[1])["fit"] == "stretch" and completed(records[1])["dims"] == [3]
    assert differing([replace(each, settings=completed(each)) for each in records]) == ["fit"]


def test_settings_of_two_commands_do_not_differ():
    records = [
        Record("a", None, "run", "", settings={"seed": 1}),
        Record("b", None, "classify", "", settings={"seed": 2}),
    ]
    assert differing(records) == []


@pytest.mark.parametrize(
    ("command", "scores", "measure"),
    [
        ("run", {"valid_loss": 0.1, "valid_mse": 0.2}, "valid_mse"),
        ("run", {"valid_loss": 0.1, "valid_mse": float("nan")}, "valid_loss"),
        ("run", {}, None),
        ("restore_train", {"hamming_before": 0.2, "hamming_after": 0.1, "mse_after": 0.3}, "hamming_after"),
        ("restore_train", {"hamming_before": 0, "hamming_after": 0.1, "mse_after": 0.3}, "mse_after"),
        ("cluster", {"silhouette": 0.2}, "silhouette"),
        ("cluster", {"silhouette": 0.2, "accuracy": 0.3}, "accuracy"),
        ("none such", {"accuracy": 1.0}, None),
    ],
)
def test_results_are_judged_by_the_score_of_their_command(command, scores, measure):
    assert measure_of(Record("", None, command, "finished", scores=scores)) == measure


def test_it_is_known_of_each_score_whether_more_is_better():
    assert all(map(more_is_better, ["valid_psnr", "ssim_after", "macro_f1", "nmi", "hamming_reduction", "silhouette"]))
    assert not any(
        map(more_is_better, ["valid_mse", "train_mae", "hamming_after", "seconds", "davies_bouldin", "dims"])
    )


def test_the_best_clustering_comes_first():
    scores = {"a": 0.2, "b": 0.9, "c": 0.5}
    records = [Record(name, None, "cluster", "finished", scores={"accuracy": each}) for name, each in scores.items()]
    assert [each.name for each in best_first(records)] == ["b", "c", "a"]
    records[1] = replace(records[1], status="diverged")
    assert [each.name for each in best_first(records)] == ["c", "a", "b"]


def test_the_library_returns_a_frame(logs):
    frame = autoencoder.runs(where="command == 'run'")
    assert isinstance(frame, pandas.DataFrame) and list(frame["name"]) == ["better", RUN, "worse", "killed"]
    assert frame["score"].isna().sum() == 1 and frame.loc[0, "score"] == 0.05
    assert list(autoencoder.runs(logs=FORMER / "logs")["command"]).count("cluster") == 2


def test_without_runs_it_is_said_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="no runs in logs/ yet; make one with: flexae run"):
        autoencoder.runs()


def test_files_hold_all_columns(logs, tmp_path):
    table = run_table()
    write_runs_csv(table, tmp_path / "all.csv")
    write_runs_json(table, tmp_path / "all.json")
    rows = list(csv.DictReader((tmp_path / "all.csv").read_text().splitlines()))
    values = json.loads((tmp_path / "all.json").read_text())
    assert [row["name"] for row in rows] == [row["name"] for row in values] == names()
    assert rows[0]["dims"] == "[10]" and values[0]["dims"] == [10]
    assert float(rows[0]["valid_mse"]) == values[0]["valid_mse"] == 0.05
    assert rows[3]["score"] == "" and values[3]["score"] is None
    with pytest.raises(DiskError):
        write_runs_csv(table, tmp_path / "none such" / "all.csv")


def test_the_picture_holds_the_runs_of_one_score(logs, tmp_path, monkeypatch):
    drawn = {}

    def draw(points, measure, remark, path):
        drawn.update(points=points, measure=measure, remark=remark)
        picture.runs_picture(points, measure, remark, path)

    monkeypatch.setattr("autoencoder.workflows.plot_runs.runs_picture", draw)
    plot_runs(run_table(sort="seconds"), tmp_path / "runs.png")
    assert drawn["measure"] == "valid_mse" and "lower is better" in drawn["remark"] and "5 without" in drawn["remark"]
    assert [point.score for point in drawn["points"]] == pytest.approx([0.05, 0.18107, 0.3], abs=1e-5)
    assert drawn["points"][0].name == "better (dims=[10])" and len(drawn["points"][0].curve) == 2
    assert cv2.imread(str(tmp_path / "runs.png")).shape == (28 * 3 + 905, 1200, 3)


def test_without_a_score_there_is_no_picture(logs, tmp_path):
    with pytest.raises(UsageError, match="none of these runs has a score"):
        plot_runs(run_table(where="status == 'killed'"), tmp_path / "runs.png")


@pytest.mark.slow
def test_runs_without_seconds_or_history_are_drawn(tmp_path):
    nan = float("nan")
    points = [picture.Point("a" * 300, 0.5, nan, 5.0), picture.Point("b", 0.6, nan, 500_000.0, [0.5, nan])]
    picture.runs_picture(points, "accuracy", "", tmp_path / "runs.png")
    assert cv2.imread(str(tmp_path / "runs.png")) is not None


def test_settings_of_any_bytes_are_in_the_frame(logs):
    made = json.loads((logs / "better" / "provenance.json").read_text())
    made["settings"] |= {"train_dir": "/photos/\udcff"}
    (logs / "better" / "provenance.json").write_text(json.dumps(made))
    found = autoencoder.runs()
    assert found["train_dir"][found["name"] == "better"].tolist() == ["/photos/\udcff"]
