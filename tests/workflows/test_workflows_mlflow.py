"""Logging to MLflow, with a stand-in for it that keeps what it is given."""

import json
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from autoencoder.settings import Output
from autoencoder.workflows.mlflow import log_run

FORMER = Path(__file__).parents[1] / "former"
RUN = "ae_20261130_090000"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(FORMER / "provenance" / "logs", tmp_path / "logs")
    (tmp_path / "logs" / RUN / "loss.png").touch()
    return Path("logs") / RUN


@pytest.fixture
def mlflow(monkeypatch) -> SimpleNamespace:
    """A module `mlflow` that keeps all that a client is told."""
    kept = SimpleNamespace(metrics=[], params={}, artifacts=[], runs=[], ended=[], experiments=[], uri=None)

    class Client:
        def __init__(self, tracking_uri):
            kept.uri = tracking_uri

        def get_experiment_by_name(self, name):
            return SimpleNamespace(experiment_id="7") if name in kept.experiments else None

        def create_experiment(self, name, artifact_location):
            assert artifact_location.startswith("file:///")
            kept.experiments.append(name)
            return "7"

        def create_run(self, experiment, run_name, tags):
            kept.runs.append((experiment, run_name, tags["command"], tags["status"]))
            return SimpleNamespace(info=SimpleNamespace(run_id="1"))

        def log_batch(self, run, metrics=(), params=()):
            assert run == "1" and len(metrics) <= 1000 and len(params) <= 100
            kept.metrics += metrics
            kept.params |= dict(params)

        def log_artifact(self, run, path):
            kept.artifacts.append(Path(path).name)

        def set_terminated(self, run, status):
            kept.ended.append(status)

    module, entities = ModuleType("mlflow"), ModuleType("mlflow.entities")
    module.MlflowClient = Client
    entities.Metric, entities.Param = lambda *values: values, lambda *values: values
    monkeypatch.setitem(sys.modules, "mlflow", module)
    monkeypatch.setitem(sys.modules, "mlflow.entities", entities)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    return kept


def test_settings_losses_scores_and_pictures_are_logged(folder, mlflow):
    log_run(folder, Output(mlflow=True))
    assert mlflow.uri == "sqlite:///logs/mlflow.db" and mlflow.ended == ["FINISHED"]
    assert mlflow.runs == [("7", RUN, "run", "finished")]
    assert mlflow.params["dims"] == "[3]" and mlflow.params["train_epochs"] == "2"
    losses = [(value, step) for name, value, _, step in mlflow.metrics if name == "val_loss"]
    assert [step for _, step in losses] == [1, 2] and losses[1][0] == pytest.approx(0.69289, abs=1e-4)
    final = {name: value for name, value, _, step in mlflow.metrics if step == 0}
    assert final["final_parameters"] == 656 and "final_status" not in final
    assert mlflow.artifacts == ["loss.png"]


def test_a_second_run_and_a_clustering_join_the_experiment(folder, mlflow):
    log_run(folder, Output(mlflow=True))
    log_run(folder / "clusters" / "gmm_k3", Output(mlflow=True))
    assert len(mlflow.experiments) == 1
    assert mlflow.runs[1] == ("7", f"{RUN}/clusters/gmm_k3", "cluster", "finished")


@pytest.mark.parametrize(("ended", "said"), [("interrupted", "KILLED"), ("diverged", "FAILED")])
def test_how_a_run_ended_is_logged(folder, mlflow, ended, said):
    scores = json.loads((folder / "scores.json").read_text())
    (folder / "scores.json").write_text(json.dumps(scores | {"status": ended, "valid_loss": float("nan")}))
    log_run(folder, Output(mlflow=True))
    assert mlflow.ended == [said] and "final_valid_loss" not in {name for name, *_ in mlflow.metrics}


def test_nothing_is_logged_unasked(folder, mlflow):
    log_run(folder, Output())
    assert mlflow.runs == []


def test_a_failure_of_mlflow_is_told_of_and_harms_no_run(folder, mlflow, monkeypatch, caplog):
    def fail(self, *_, **__):
        raise RuntimeError("the database\nis locked")

    monkeypatch.setattr(sys.modules["mlflow"].MlflowClient, "create_run", fail)
    log_run(folder, Output(mlflow=True))
    assert "MLflow did not take it (RuntimeError: the database is locked)" in caplog.text
