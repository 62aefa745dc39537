"""The processes of a search: started, watched, begun again when they are killed, and ended together."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import DiskError, Interrupted, UserError
from ..settings.space import combinations
from ..settings.sweep import Sweep
from ..signals import collected_signals
from .sweep_plan import Plan
from .sweep_results import line_of
from .sweep_study import is_gone
from .sweep_worker import STORAGE

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

log = logging.getLogger("autoencoder")

#: Processes that were killed are begun again, unless so many in turn were killed before a trial.
_DEATHS = 5
_PAUSE = 0.5
#: How long processes may take to keep their states when all is to end.
_GRACE = 60.0


class _Processes(NamedTuple):
    """What starts a process of a search: its command line, its environment, and where its output goes."""

    plan: Plan
    folder: Path
    asked: Sweep
    until: float

    def start(self, number: int) -> subprocess.Popen[bytes]:
        """Start a process, out of reach of the terminal's Ctrl-C: what it has to keep is asked of it."""
        command = [sys.executable, "-m", f"{__package__}.sweep_worker", str(self.folder)]
        numbers = [str(self.asked.trials), repr(self.until)]
        with (self.folder / f"process_{number + 1}.log").open("ab") as output:
            return subprocess.Popen(
                [*command, *numbers],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        threads = str(max(1, processors() // self.asked.processes))
        share = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), threads)
        paths = {"PYTHONPATH": os.pathsep.join(each or "." for each in sys.path)}
        address = {} if self.plan.storage is None else {STORAGE: self.plan.storage}
        return {**share, **os.environ, **paths, **address}


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def watch(plan: Plan, study: Study, folder: Path, asked: Sweep) -> None:
    """Keep the processes of a search going until its trials are done, and tell of each that ends.

    Raises
    ------
    Interrupted
        After Ctrl-C or SIGTERM, once the processes have kept their states.
    DiskError, UserError
        If a process ended by itself, or one after the other is killed.
    """
    until = float("inf") if asked.minutes is None else time.time() + 60 * asked.minutes
    processes = _Processes(plan, folder, asked, until)
    done = _ended(study)
    told = {trial.number for trial in done}
    if told:
        log.info(f"{len(told)} trials are there already")
    with _ended_together() as (running, signals):
        running += [processes.start(number) for number in range(asked.processes)]
        deaths = 0
        while not signals:
            time.sleep(_PAUSE)
            told |= _tell_new(plan, study, told, asked.trials)
            for number, process in enumerate(running):
                if process.poll() not in (None, 0):
                    deaths = _death(process, folder / f"process_{number + 1}.log", deaths)
                    running[number] = processes.start(number)
            deaths = 0 if _under_way(study) else deaths
            if all(process.poll() == 0 for process in running):
                if time.time() >= until or not _left(plan, study, asked.trials):
                    break
                running[0] = processes.start(0)  # for what a process on another machine left
    _tell_new(plan, study, told, asked.trials)
    if signals:
        ended = _ended(study)
        raise Interrupted(
            f"interrupted; {len(ended)} of {asked.trials} trials are done; to go on: flexae sweep --resume={plan.name}",
            signals[0],
        )


def _ended(study: Study) -> list[FrozenTrial]:
    """Return the trials that ended, well or not, and are not to be begun again."""
    return [each for each in study.get_trials(deepcopy=False) if each.state.name in ("COMPLETE", "PRUNED")]


def _left(plan: Plan, study: Study, most: int) -> bool:
    """Whether trials are still to be begun, now that no process here is at work."""
    trials = study.get_trials(deepcopy=False)
    every = combinations(plan.space, most)
    most = most if every is None else len(every)
    running = [each for each in trials if each.state.name == "RUNNING" and not is_gone(each)]
    return len(_ended(study)) + len(running) < most


def _under_way(study: Study) -> bool:
    running = [trial for trial in study.get_trials(deepcopy=False) if trial.state.name == "RUNNING"]
    return any(not is_gone(trial) for trial in running)


@contextlib.contextmanager
def _ended_together() -> Iterator[tuple[list[subprocess.Popen[bytes]], list[int]]]:
    """Give lists for processes and signals; whatever ends the block, the processes keep their states and end too."""
    running: list[subprocess.Popen[bytes]] = []
    with collected_signals() as signals:
        try:
            yield running, signals
        finally:
            for process in running:
                if process.poll() is None:
                    process.terminate()
            deadline = time.monotonic() + _GRACE
            for process in running:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.1, deadline - time.monotonic()))
                process.kill()
                process.wait()


def _death(process: subprocess.Popen[bytes], output: Path, deaths: int) -> int:
    """Count a process that was killed; raise the error of one that ended by itself."""
    last = (output.read_text(encoding="utf-8", errors="replace").strip().splitlines() or [""])[-1]
    code = process.returncode
    if code > 0 and code < 128:
        message = f"a process of the sweep ended: {last.removeprefix('error: ')} (all that it said is in {output})"
        raise DiskError(message) if code == DiskError.exit_status else UserError(message)
    if deaths + 1 >= _DEATHS:
        raise UserError(f"{deaths + 1} processes in turn were killed before a trial; all that they said is in {output}")
    log.warning(f"a process was killed (signal {abs(code)}); another takes its place, and goes on with its trial")
    return deaths + 1


def _tell_new(plan: Plan, study: Study, told: set[int], most: int) -> set[int]:
    """Tell of the trials that have ended since, those that were replaced aside; return their numbers."""
    done = _ended(study)
    new = [trial for trial in done if trial.number not in told]
    for count, trial in enumerate(new, start=len(done) - len(new) + 1):
        log.info(f"{count} of {most}: {line_of(plan, trial)}")
    return {trial.number for trial in new}
