"""Log finished runs to MLflow, which keeps them in one SQLite file: settings, losses, scores and pictures."""

from __future__ import annotations

import csv
import logging
import math
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..settings import Output
from ..storage import run as run_folder
from ..storage.records import Record, read_record
from ..storage.run import Run

log = logging.getLogger("autoencoder")

EXPERIMENT = "flexible-autoencoder"
#: What MLflow takes at once, and the longest value of a parameter.
_METRICS, _PARAMS, _LONGEST = 1_000, 100, 6_000
#: How a run ended, in MLflow's words.
_ENDED = {"finished": "FINISHED", "interrupted": "KILLED"}


def log_run(folder: Path, output: Output) -> None:
    """Log the folder of a run or a clustering to logs/mlflow.db, if that is wanted; a failure is only told of."""
    if not output.mlflow:
        return
    record = read_record(folder)
    assert record is not None
    try:
        _log(record)
    except Exception as error:  # whatever MLflow and its database raise: the run itself is saved, and stays good
        reason = " ".join(str(error).split())
        log.warning(f"be careful: the run is saved, but MLflow did not take it ({type(error).__name__}: {reason})")
    else:
        log.info(f"logged to MLflow; look with: mlflow ui --backend-store-uri {_store()}")


def _store() -> str:
    return f"sqlite:///{run_folder.LOGS / 'mlflow.db'}"


def _log(record: Record) -> None:
    # A program for a person's own images tells nobody that it is used.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    assert record.path is not None
    client = MlflowClient(tracking_uri=_store())
    tags = {"command": record.command, "status": record.status, "folder": str(record.path.absolute())}
    run = client.create_run(_experiment(client), run_name=record.name, tags=tags).info.run_id
    params = [Param(name, str(value)[:_LONGEST]) for name, value in record.settings.items()]
    now = int(time.time() * 1000)
    metrics = [Metric(name, value, now, step) for name, value, step in _metrics(record)]
    for first in range(0, len(params), _PARAMS):
        client.log_batch(run, params=params[first : first + _PARAMS])
    for first in range(0, len(metrics), _METRICS):
        client.log_batch(run, metrics=metrics[first : first + _METRICS])
    for picture in sorted(record.path.glob("*.png")):
        client.log_artifact(run, str(picture))
    client.set_terminated(run, _ENDED.get(record.status, "FAILED"))


def _experiment(client: Any) -> str:
    """Return the experiment that all runs belong to; their pictures are kept beside the database."""
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    place = (run_folder.LOGS / "mlflow").absolute().as_uri()
    return str(client.create_experiment(EXPERIMENT, artifact_location=place))


def _metrics(record: Record) -> Iterator[tuple[str, float, int]]:
    """Yield every number: a step an epoch of the history, then the final scores, named so, as losses have the name."""
    assert record.path is not None
    with suppress(FileNotFoundError), Run(record.path).history_file.open(encoding="utf-8", newline="") as file:
        for step, row in enumerate(csv.DictReader(file), start=1):
            yield from ((name, value, step) for name, cell in row.items() if (value := _number(cell)) is not None)
    for name, score in record.scores.items():
        if (value := _number(score)) is not None:
            yield f"final_{name}", value, 0


def _number(value: Any) -> float | None:
    """Return a finite number as such; None for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
