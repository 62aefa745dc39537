"""The trials of a search as Optuna keeps them: which is next, which was killed, how each ended."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import UsageError
from ..files import disk_errors
from ..settings.space import Knob, Space, combinations
from ..settings.sweep import MORE_IS_BETTER
from .sweep_plan import Plan
from .sweep_storage import open_storage
from .trials import folder_of

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

#: A trial of another machine that was not heard of for so many seconds is taken for dead.
_SILENT, _HEARTBEAT = 300.0, 60.0
#: So often in turn a trial is killed before its next epoch; then it is taken for the cause.
_ATTEMPTS = 3
#: So often in turn a search may propose what it has tried; then it is tried again.
_REPEATED = 20
#: This machine.
_HOST = socket.gethostname()


def open_study(plan: Plan, folder: Path, usual: Mapping[str, Any] | None = None) -> Study:
    """Open the study of a search, or begin it with a trial of the `usual` values.

    Raises
    ------
    UsageError
        If it is one of another space, command or measure; the storage cannot be reached.
    """
    import optuna

    with disk_errors(folder):
        if plan.storage is None:
            folder.mkdir(parents=True, exist_ok=True)
        storage = open_storage(plan.storage, folder)
        folder.mkdir(parents=True, exist_ok=True)
    direction: Literal["minimize", "maximize"] = "maximize" if plan.by in MORE_IS_BETTER else "minimize"
    median = optuna.pruners.MedianPruner(n_warmup_steps=plan.warm_up)
    pruner = median if plan.pruned else optuna.pruners.NopPruner()
    with _held(folder / ".begin.lock"):
        study = optuna.create_study(
            storage=storage, study_name=plan.name, direction=direction, load_if_exists=True, pruner=pruner
        )
        if (begun := study.user_attrs.get("sweep")) is not None:
            _check_same(plan, begun)
            return study
        study.set_user_attr("sweep", plan.told())
        if usual:
            study.enqueue_trial(dict(usual), user_attrs={"usual": True})
    return study


def _check_same(plan: Plan, begun: Mapping[str, str]) -> None:
    now = plan.told()
    for name in [*now, *begun]:
        if now.get(name) != begun.get(name):
            raise UsageError(
                f"the sweep {plan.name} was begun with {name} {begun.get(name, 'not given')}, and this is one with "
                f"{name} {now.get(name, 'not given')}: name this one otherwise, --name=..."
            )


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """Return a space as Optuna knows it."""
    return {name: _distribution(knob) for name, knob in space.items()}


def _distribution(knob: Knob) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if knob.choices:
        return CategoricalDistribution(knob.choices)
    if knob.whole:
        step = 1 if knob.step is None else int(knob.step)
        return IntDistribution(int(knob.low), int(knob.high), log=knob.log, step=step)
    return FloatDistribution(knob.low, knob.high, log=knob.log, step=knob.step)


class Worker:
    """A process that carries out trials: a lock that it holds while it lives, by which others know."""

    def __init__(self, folder: Path) -> None:
        from filelock import FileLock

        self.file = (folder / f".worker_{os.getpid()}_{time.time_ns()}.lock").absolute()
        self._lock = FileLock(self.file)
        self._lock.acquire()

    def claim(self) -> dict[str, Any]:
        """Return what a trial says of who carries it out."""
        return {"host": _HOST, "lock": str(self.file), "seen": time.time()}

    def end(self) -> None:
        """Let go of the lock, and remove it."""
        self._lock.release()
        self.file.unlink(missing_ok=True)


def is_gone(trial: FrozenTrial) -> bool:
    """Whether the process that carried out a running trial is no more."""
    claim = trial.user_attrs.get("claim")
    if claim is None:  # one that was begun at this moment
        begun = trial.datetime_start
        return begun is not None and time.time() - begun.timestamp() > _SILENT
    if claim["host"] != _HOST:
        return time.time() - float(claim["seen"]) > _SILENT
    from filelock import FileLock, Timeout

    if not Path(claim["lock"]).exists():
        return True
    lock = FileLock(claim["lock"])
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    lock.release()
    return True


def next_trial(plan: Plan, study: Study, folder: Path, worker: Worker, most: int) -> Trial | None:
    """Return the next trial, one that was killed before any other; None where `most` are done or under way.

    Trials of one machine are begun one after the other, so that no two see the same and none is begun too many.
    """
    from optuna.trial import TrialState

    with _held(folder / ".next.lock"):
        replace_gone(study)
        trials = study.get_trials(deepcopy=False)
        states = [trial.state for trial in trials]
        if sum(state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING) for state in states) >= most:
            return None
        if TrialState.WAITING not in states and (every := combinations(plan.space, most)) is not None:
            unseen = [each for each in every if not any(trial.params == each for trial in trials)]
            if not unseen:
                return None
            study.enqueue_trial(random.Random(plan.seed).choice(unseen))
        trial = _asked(plan, study, most)
        trial.set_user_attr("claim", worker.claim())
        if "folder" not in trial.user_attrs:
            trial.set_user_attr("folder", str(folder_of(plan.name, trial.number)))
        return trial


def _asked(plan: Plan, study: Study, most: int) -> Trial:
    """Ask for a trial; one that repeats another, and would end like it, is given up for one drawn at random."""
    from optuna.samplers import RandomSampler, TPESampler
    from optuna.trial import TrialState

    for attempt in range(_REPEATED):
        trials = study.get_trials(deepcopy=False)
        seed = plan.seed * 10_000 + len(trials)  # its own for each: one that goes on draws nothing twice
        startup = max(5, min(10, most // 4))
        again = attempt > 0
        study.sampler = (
            RandomSampler(seed) if again else TPESampler(n_startup_trials=startup, multivariate=True, seed=seed)
        )
        trial = study.ask(distributions(plan.space))
        known = [each.params for each in trials if each.state not in (TrialState.FAIL, TrialState.WAITING)]
        if trial.params not in known or "folder" in trial.user_attrs or attempt == _REPEATED - 1:
            break
        tell(study, trial.number, TrialState.FAIL)
    return trial


def replace_gone(study: Study) -> None:
    """Put a trial whose process was killed into the queue again; three times at most without an epoch in between."""
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if not is_gone(trial):
            continue
        came_on = len(trial.intermediate_values) > len(trial.user_attrs.get("reported", {}))
        attempts = 0 if came_on else trial.user_attrs.get("attempts", 0) + 1
        if attempts >= _ATTEMPTS:
            tell(study, trial.number, TrialState.PRUNED)
            continue
        kept = {name: value for name, value in trial.user_attrs.items() if name != "claim"}
        kept |= {"attempts": attempts, "reported": {str(k): v for k, v in trial.intermediate_values.items()}}
        if tell(study, trial.number, TrialState.FAIL):
            study.enqueue_trial(trial.params, user_attrs=kept)


def tell(study: Study, number: int, state: Any, value: float | None = None) -> bool:
    """End a trial; False where another process did so before."""
    from optuna.exceptions import UpdateFinishedTrialError

    try:
        study.tell(number, value, state)
    except (UpdateFinishedTrialError, ValueError):
        return False
    return True


def end_badly(study: Study, trial: Trial, why: str) -> None:
    """End a trial that cannot win, and say why; the search learns to keep away from it, as from those it pruned."""
    from optuna.trial import TrialState

    trial.set_user_attr("why", why)
    tell(study, trial.number, TrialState.PRUNED)


@contextlib.contextmanager
def heard_of(trial: Trial, worker: Worker) -> Iterator[None]:
    """Say every minute within the block, to other machines, that a trial is under way."""
    ended = threading.Event()

    def say() -> None:
        while not ended.wait(_HEARTBEAT):
            with contextlib.suppress(Exception):  # a storage that is away for a minute
                trial.set_user_attr("claim", worker.claim())

    threading.Thread(target=say, daemon=True).start()
    try:
        yield
    finally:
        ended.set()


@contextlib.contextmanager
def _held(file: Path) -> Iterator[None]:
    from filelock import FileLock

    with FileLock(file):
        yield
