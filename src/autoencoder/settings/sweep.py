"""How settings are searched: over what, judged by what, for how long, by how many processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from .fields import Section
from .types import PositiveInt, RunName, no_truth

#: The commands that can be searched over.
Searchable = Literal["run", "sort", "classify", "restore_train"]
By = Literal["valid_loss", "valid_mse", "agreement", "nmi", "valid_accuracy"]
#: By what each command's results can be judged; the first where nothing is said.
JUDGED_BY: dict[str, tuple[str, ...]] = {
    "run": ("valid_loss", "valid_mse"),
    "sort": ("valid_loss", "valid_mse", "agreement", "nmi"),
    "classify": ("valid_loss", "valid_accuracy"),
    "restore_train": ("valid_loss",),
}
#: Of these more is better.
MORE_IS_BETTER = frozenset({"agreement", "nmi", "valid_accuracy"})


class Begun(Section):
    """The encoder that classifiers are taught on."""

    run: RunName = Field(description="a run's folder, its name in logs/, `latest`, or the file of an encoder")


class Sweep(Section):
    """What is searched, and how; all other flags are those of the command, the same for every trial."""

    space: Mapping[str, Any] | str = Field(
        "auto",
        description='which values may be taken: "filters=[[16,32],[32,64]], learning_rate=1e-4..1e-2 (log), '
        'batch_size=16..128 (step 16)", a YAML file of such lines, or auto: knobs that often matter. A knob is any '
        "flag of the command that decides about its result",
    )
    command: Searchable = Field("run", description="the command that is searched over")
    by: By | None = Field(
        None,
        description="what decides which trial is the best: valid_loss; valid_mse (run, sort); agreement of seeds and "
        "methods, or nmi against the class folders (sort); valid_accuracy (classify). auto: valid_loss",
    )
    trials: PositiveInt = Field(50, description="how many settings are tried, in all")
    minutes: Annotated[float, Field(ge=1), BeforeValidator(no_truth)] | None = Field(
        None, description="no trial begins after so many minutes; none: trials alone decide"
    )
    processes: PositiveInt = Field(2, description="trials at once, each in a process with its share of the processors")
    resume: RunName | None = Field(
        None,
        description="go on with this sweep, which was killed or interrupted: its folder, its name in logs/, or latest; "
        "trials, minutes and processes may be given anew",
    )
    storage: str | None = Field(
        None,
        description="a database that several machines share, by its address: postgresql://user:password@host/name, or "
        "grpc://host:port of Optuna's proxy; each of them is given the same --name. none: a file in the sweep's folder",
    )
    name: Annotated[str, Field(pattern=r"^[^/\\\x00.][^/\\\x00]*$")] | None = Field(
        None, description="the sweep's folder in logs/, and what its trials begin with; auto: sweep_<date>_<time>"
    )
    verbose: Annotated[int, Field(ge=0, le=1)] = Field(1, description="0: silent; 1: a line per trial")
    fixed: Mapping[str, Any] = Field(
        {}, description="flags that are the same in all trials; each is given as itself: --train_dir=photos"
    )
