"""Where a run is kept, and what is said on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from .fields import Section
from .types import RunName


class Output(Section):
    """Where a run is kept, and what is said on the way."""

    save_dir: Path | None = Field(None, description="the run's folder; auto: logs/<save_prefix>_<date>_<time>")
    save_prefix: Annotated[str, Field(pattern=r"^[^/\\\x00]+$")] = Field(
        "ae", description="first part of the folder's name"
    )
    h5: bool = Field(False, description="also write ae_weights.h5 and en_weights.h5, the original's names")
    tensorboard: bool = Field(
        False, description="also write the course into the run's folder for TensorBoard; the extra `tensorboard`"
    )
    mlflow: bool = Field(
        False,
        description="also log settings, losses, scores and pictures to MLflow, in logs/mlflow.db; the extra `mlflow`",
    )
    verbose: Annotated[int, Field(ge=0, le=1)] = Field(1, description="0: silent; 1: a line per epoch")


class Resuming(Section):
    """How a training that may be killed is gone on with."""

    resume: RunName | None = Field(
        None,
        description="go on with the training of this run, which was killed or interrupted: its folder, its name in "
        "logs/, or latest. It keeps its settings and images; --train_epochs may be raised",
    )
    save_every: Annotated[float, Field(ge=0)] | None = Field(
        None,
        description="seconds from one state of the training that is kept, for --resume, to the next; auto: 30 at the "
        "ends of epochs and 300 within long ones, less often where keeping takes more than 2% of the time",
    )
