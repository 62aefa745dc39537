"""Where a run is kept, and what is said on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from .fields import Section


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
