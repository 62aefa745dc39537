"""A process of a search: it carries out trial after trial until none is left, and ends."""

from __future__ import annotations

import logging
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError, DivergedError, ModelFileError, UsageError, UserError
from ..files import numbered
from ..progress import judging
from ..settings import Output
from ..storage.new_run import check_free
from ..storage.provenance import read_provenance
from ..storage.run import Run
from ..storage.state import has_state
from ..tensorflow_start import start_tensorflow
from .sweep_plan import Plan, read_plan
from .sweep_study import Worker, end_badly, heard_of, next_trial, open_study, tell
from .trials import TRIALS, Scores

if TYPE_CHECKING:
    from optuna import Study, Trial

log = logging.getLogger("autoencoder")

#: The variable that holds the address of the storage, whose password no list of processes is to show.
STORAGE = "FLEXAE_SWEEP_STORAGE"


def work(folder: Path, most: int, until: float) -> None:
    """Carry out trials of a search until `most` are done or under way, the time is up, or the parent is gone."""
    plan = read_plan(folder, os.environ.get(STORAGE))
    study, worker, parent = open_study(plan, folder), Worker(folder), os.getppid()
    start_tensorflow()
    import keras

    while time.time() < until and os.getppid() == parent:
        trial = next_trial(plan, study, folder, worker, most)
        if trial is None:
            break
        with heard_of(trial, worker):
            carry_out(plan, study, trial, lambda: os.getppid() == parent)
        keras.utils.clear_session()
    worker.end()


def carry_out(plan: Plan, study: Study, trial: Trial, wanted: Callable[[], bool] = lambda: True) -> None:
    """Carry out one trial, and tell how it ended; one that cannot be carried out or diverges ends badly.

    Raises
    ------
    UserError
        If it was interrupted, or the disk is full: the trial is left as if killed, and is gone on with later.
    """
    kind = TRIALS[plan.command]
    log.info(f"\ntrial {trial.number + 1}: {', '.join(f'{name}={value}' for name, value in trial.params.items())}")
    try:
        sections = kind.searched(plan.by).read({**plan.fixed, **trial.params})
        finished = _finished(plan, Path(trial.user_attrs["folder"]))
        if finished is None:
            folder, goes_on = _place(trial)
            with judging(_judge(trial, plan.pruned, goes_on, wanted)):
                finished = kind.carry_out(sections, folder, goes_on)
    except DivergedError as error:
        end_badly(study, trial, f"diverged: {error}")
    except (UsageError, DataError, ModelFileError) as error:
        end_badly(study, trial, str(error))
    else:
        _tell_scores(plan, study, trial, finished)


def _place(trial: Trial) -> tuple[Path, bool]:
    """Return the folder of a trial, and whether what was killed there is gone on with; else it stays as it is."""
    first = Path(trial.user_attrs["folder"])
    if has_state(Run(first)):
        return first, True
    folder = next(each for each in numbered(first) if not _is_taken(each))
    trial.set_user_attr("folder", str(folder))
    return folder, False


def _is_taken(folder: Path) -> bool:
    try:
        check_free(Output(save_dir=folder))
    except UsageError:
        return True
    return False


def _finished(plan: Plan, folder: Path) -> Scores | None:
    """Return the scores of a trial that was killed between its end and the telling of it."""
    made = read_provenance(Run(folder).provenance_file)
    whole = made is not None and made.finished and Run(folder).scores_file.is_file() and plan.command != "sort"
    return Run(folder).scores() if whole else None


def _judge(trial: Trial, pruned: bool, goes_on: bool, wanted: Callable[[], bool]) -> Callable[[int, float], bool]:
    """Return what is told of each epoch: it keeps the loss, and says whether the trial is worth its time."""
    before = {int(epoch): loss for epoch, loss in trial.user_attrs.get("reported", {}).items()} if goes_on else {}
    for epoch, loss in before.items():
        trial.report(loss, epoch)
    last, passed = 0, 0

    def judge(epoch: int, loss: float) -> bool:
        nonlocal last, passed
        if epoch <= last:  # a classifier counts its two steps anew
            passed += last
        last = epoch
        if not wanted():
            os.kill(os.getpid(), signal.SIGTERM)  # who asked for it is gone: keep the state, and end
        if passed + epoch in before:
            return True
        trial.report(loss, passed + epoch)
        return not (pruned and trial.should_prune())

    return judge


def _tell_scores(plan: Plan, study: Study, trial: Trial, scores: Scores) -> None:
    from optuna.trial import TrialState

    kept = {name: value for name, value in scores.items() if isinstance(value, int | float | str | bool)}
    trial.set_user_attr("scores", {name: value for name, value in kept.items() if value == value})
    value = scores.get(plan.by)
    if scores.get("status") == "pruned":
        end_badly(study, trial, f"pruned after epoch {scores.get('epochs')}")
    elif value is None or not math.isfinite(value):
        end_badly(study, trial, f"has no {plan.by}" + ("; it needs class folders" if plan.by == "nmi" else ""))
    else:
        tell(study, trial.number, TrialState.COMPLETE, float(value))


def main(argv: list[str]) -> int:
    """Work on the search in a folder: `FOLDER TRIALS UNTIL`; return the exit status of the error that ended it."""
    shown: Any = logging.StreamHandler(sys.stdout)
    shown.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(shown)
    log.setLevel(logging.INFO)
    try:
        work(Path(argv[0]), int(argv[1]), float(argv[2]))
    except UserError as error:
        print(f"error: {error}", flush=True)
        return error.exit_status or 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
