"""What a search found: its trials as a table, the best first, a picture, and the command that trains the best."""

from __future__ import annotations

import logging
import math
import shlex
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from ..plots.sweep import Dot, sweep_picture
from ..settings.sweep import MORE_IS_BETTER
from ..settings.text import value_text
from ..storage.csv_files import write_csv
from .sweep_plan import Plan

if TYPE_CHECKING:
    import pandas as pd
    from optuna import Study
    from optuna.trial import FrozenTrial

log = logging.getLogger("autoencoder")

#: Scores beside the one that decides.
_SCORES = ("valid_loss", "valid_mse", "valid_accuracy", "agreement", "nmi", "k", "parameters", "epochs", "seconds")
#: The importance of a knob cannot be told from fewer trials.
_FEWEST = 4
#: How the reason of a trial begins that ended by itself and cannot win.
_BADLY = ("diverged", "pruned")
TABLE, PICTURE = "trials.csv", "sweep.png"


@dataclass(frozen=True)
class Outcome:
    """The trials of a search, the best first; `rows` are plain values, `columns` those that any of them has."""

    plan: Plan
    folder: Path
    rows: list[dict[str, Any]]

    @property
    def columns(self) -> list[str]:
        """The columns of the table."""
        names = ("trial", "state", self.plan.by, *self.plan.space, *_SCORES, "folder", "why")
        return [name for name in dict.fromkeys(names) if any(row.get(name) is not None for row in self.rows)]

    def table(self) -> pd.DataFrame:
        """Return the rows as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=self.columns)

    @property
    def best_command(self) -> str:
        """The command that trains the best trial again."""
        best = {name: self.rows[0][name] for name in self.plan.space}
        flags = [
            f"--{name}={value_text(value).replace(', ', ',')}" for name, value in {**self.plan.fixed, **best}.items()
        ]
        return " ".join(["flexae", self.plan.command, *map(shlex.quote, flags)])


def finish(plan: Plan, study: Study, folder: Path) -> Outcome:
    """Write the table and the picture of a search, and say which trial is the best and how it is trained.

    Raises
    ------
    DataError
        If no trial came to its end.
    """
    trials = [each for each in study.get_trials(deepcopy=False) if each.state.name in ("COMPLETE", "PRUNED")]
    trials = sorted(trials, key=lambda trial: _rank(plan, trial))
    outcome = Outcome(plan, folder, [_row(plan, trial) for trial in trials])
    if not trials or trials[0].state.name != "COMPLETE":
        why = next((row["why"] for row in outcome.rows if row["why"]), "none was begun: more --minutes may do")
        raise DataError(f"no trial came to its end ({why})")
    write_csv(folder / TABLE, [outcome.columns, *([row.get(n) for n in outcome.columns] for row in outcome.rows)])
    dots = [_dot(trial) for trial in trials]
    importance = importances(study)
    sweep_picture(dots, importance, plan.by, plan.by in MORE_IS_BETTER, folder / PICTURE)
    if importance:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in importance.items())
        log.info(f"\nhow much each knob matters: {shares}")
    log.info(
        f"the best is trial {outcome.rows[0]['trial']}, {plan.by} {trials[0].value:.5g}: {outcome.rows[0]['folder']}\n"
        f"  look at {folder / PICTURE}; all trials are in {folder / TABLE}\n"
        f"to train it again: {outcome.best_command}"
    )
    return outcome


def _rank(plan: Plan, trial: FrozenTrial) -> tuple[bool, float]:
    value = math.inf if trial.value is None else trial.value
    return trial.state.name != "COMPLETE", -value if plan.by in MORE_IS_BETTER and trial.value is not None else value


def _row(plan: Plan, trial: FrozenTrial) -> dict[str, Any]:
    scores = trial.user_attrs.get("scores", {})
    complete = trial.state.name == "COMPLETE"
    why = trial.user_attrs.get("why", None if complete else "its process was killed again and again")
    return {
        **{name: scores.get(name) for name in _SCORES},
        "trial": trial.number + 1,
        "state": "complete" if complete else next((each for each in _BADLY if str(why).startswith(each)), "failed"),
        plan.by: trial.value if complete else None,
        **trial.params,
        "folder": trial.user_attrs.get("folder"),
        "why": why,
    }


def _dot(trial: FrozenTrial) -> Dot:
    scores = trial.user_attrs.get("scores", {})
    curve = [loss for _, loss in sorted(trial.intermediate_values.items())]
    value = trial.value if trial.state.name == "COMPLETE" and trial.value is not None else math.nan
    return Dot(f"trial {trial.number + 1}", value, float(scores.get("parameters", math.nan)), curve)


def importances(study: Study) -> dict[str, float]:
    """Return how much of what decides follows from each knob, the most first; empty where it cannot be told.

    References
    ----------
    Watanabe, Bansal & Hutter 2023, PED-ANOVA, arXiv:2304.10255: how the best trials differ from all.
    """
    from optuna.importance import get_param_importances

    complete = [each for each in study.get_trials(deepcopy=False) if each.state.name == "COMPLETE"]
    if len(complete) < _FEWEST or len({each.value for each in complete}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = get_param_importances(study)
    return found if sum(found.values()) > 0 else {}


def line_of(plan: Plan, trial: FrozenTrial) -> str:
    """Return one line on a trial that ended."""
    knobs = ", ".join(f"{name}={_short(value)}" for name, value in trial.params.items())
    seconds = trial.duration.total_seconds() if trial.duration is not None else 0
    if trial.state.name == "COMPLETE":
        ended = f"{plan.by} {trial.value:.5g}"
    else:
        ended = str(trial.user_attrs.get("why", "its process was killed again and again")).split("\n")[0]
    return f"trial {trial.number + 1}  {ended}  {seconds:.0f} s  {knobs}"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
