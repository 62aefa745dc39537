"""Sweep: search for the best settings of a command, by Optuna, in several processes."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import DiskError, Interrupted, UsageError, UserError
from ..settings.fields import nearest, parse
from ..settings.space import auto_space, check_space, combinations, read_space, usual
from ..settings.sweep import JUDGED_BY, Sweep
from ..settings.text import value_text
from ..storage import run as run_folder
from ..storage.lookup import under_logs
from ..storage.runs_table import TIME_FORMAT
from .sweep_results import Outcome, finish, line_of
from .sweep_storage import check_optuna
from .sweep_study import PLAN, Plan, is_gone, open_study, read_plan, write_plan
from .sweep_worker import STORAGE
from .trials import TRIALS

if TYPE_CHECKING:
    import pandas as pd
    from optuna import Study
    from optuna.trial import FrozenTrial

log = logging.getLogger("autoencoder")

#: Processes that were killed are begun again, unless so many in turn were killed before a trial.
_DEATHS = 5
_PAUSE = 0.5
#: How long processes may take to keep their states when all is to end.
_GRACE = 60.0
#: Flags of a command that name one result, where there are many.
_ONE_ONLY = frozenset({"save_dir", "save_prefix", "resume", "dry_run", "export", "verbose"})


def sweep(
    space: Mapping[str, Any] | str = "auto",
    command: str = "run",
    *,
    by: str | None = None,
    trials: int = 50,
    minutes: float | None = None,
    processes: int = 2,
    name: str | None = None,
    storage: str | None = None,
    **fixed: Any,
) -> pd.DataFrame:
    """Search for the best settings, as the command `sweep` does.

    Parameters
    ----------
    space : str or mapping
        As `--space`: text, the name of a YAML file, `auto`, or values by knob: `{"filters": [[16, 32], [32, 64]],
        "learning_rate": "1e-4..1e-2 (log)"}`.
    command : {"run", "sort", "classify", "restore_train"}
    by : str, optional
        What decides: valid_loss, valid_mse, agreement, nmi or valid_accuracy; None: valid_loss.
    trials, minutes, processes : int, float, int
        How many settings are tried in all, until when trials begin, and how many at once.
    name : str, optional
        The sweep's folder in logs/; one of that name and the same space is gone on with.
    storage : str, optional
        The address of a database that several machines share.
    **fixed
        Flags of the command that are the same in all trials: `train_dir="photos"`.

    Returns
    -------
    pandas.DataFrame
        A row a trial, the best first: its number, state, value, knobs, scores and folder.

    Raises
    ------
    UsageError
        If something is wrong with the space or a flag; Optuna is not installed; the storage cannot be reached.
    DataError
        If no trial could be carried out.

    Examples
    --------
    >>> sweep("filtres=[[4],[8]]", train_dir="photos")
    Traceback (most recent call last):
    autoencoder.errors.UsageError: --space: filtres: no such knob of the command; did you mean filters?
    """
    given = {"space": space, "command": command, "by": by, "minutes": minutes, "name": name, "storage": storage}
    wanted = {each: value for each, value in given.items() if value is not None}
    (asked,) = parse({**wanted, "trials": trials, "processes": processes}, [Sweep])
    return carry_out_sweep(asked.model_copy(update={"fixed": fixed})).table()


def carry_out_sweep(asked: Sweep) -> Outcome:
    """Carry out what a checked section asks for; parameters and errors are those of `sweep`."""
    check_optuna()
    plan, first = _resumed(asked) if asked.resume is not None else _planned(asked)
    folder = run_folder.LOGS / plan.name
    study = open_study(plan, folder, first)
    write_plan(plan, folder)
    log.info(f"the sweep is in {folder}; it is judged by {plan.by}, over:")
    for knob, values in plan.space.items():
        log.info(f"  {knob} {values}")
    _watch(plan, study, folder, asked)
    return finish(plan, study, folder)


def _planned(asked: Sweep) -> tuple[Plan, dict[str, Any]]:
    """Check all that is asked for, and return the search and the trial that it begins with."""
    by = asked.by or JUDGED_BY[asked.command][0]
    if by not in JUDGED_BY[asked.command]:
        raise UsageError(f"--by={by}: {asked.command} is judged by one of {', '.join(JUDGED_BY[asked.command])}")
    fixed, kind = dict(asked.fixed), TRIALS[asked.command]
    searched = kind.searched(by)
    fixed = {searched.aliases.get(name, name): value for name, value in fixed.items()}
    if one := [name for name in fixed if name in _ONE_ONLY]:
        raise UsageError(f"--{one[0]} is for one result, and a sweep makes many; leave it out (--name names the sweep)")
    given: Any = asked.space
    if given == "auto":
        base, given = auto_space(
            asked.command, fixed, value_text(fixed.get("dims", "10")).strip("[]").split(",")[-1].strip()
        )
        fixed = {**base, **({each: v for each, v in fixed.items() if not (each == "dims" and "dims" in given)})}
    space = read_space(given, searched)
    fitting = check_space(space, searched, fixed)
    begin = usual(space, searched, fixed, fitting)
    _check(asked.command, {**fixed, **fitting, **begin})
    seed = int(str(fixed.get("seed", 1)))
    name = asked.name or _free_name()
    return Plan(name, asked.command, by, space, _plain(fixed), seed, asked.storage), begin


def _plain(fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return flags as JSON and every process know them; folders wherever they are seen from."""
    return {
        name: list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value
        for name, value in fixed.items()
    }


def _check(command: str, flags: Mapping[str, Any]) -> None:
    """Let the command refuse what it cannot carry out."""
    kind = TRIALS[command]
    kind.check(parse(flags, kind.sections, kind.aliases))


def _free_name() -> str:
    """Return a name of the time that no other sweep has."""
    name = f"sweep_{datetime.now().strftime(TIME_FORMAT)}"
    number = 1
    while (run_folder.LOGS / (name if number == 1 else f"{name}_{number}")).exists():
        number += 1
    return name if number == 1 else f"{name}_{number}"


def _resumed(asked: Sweep) -> tuple[Plan, None]:
    """Return the search that `--resume` names."""
    given = sorted(asked.model_fields_set - {"resume", "trials", "minutes", "processes", "storage", "verbose", "fixed"})
    if given or asked.fixed:
        raise UsageError(
            f"--resume={asked.resume}: a sweep goes on as it began; leave out --{(given or list(asked.fixed))[0]}"
        )
    assert asked.resume is not None
    folder = _latest() if asked.resume == "latest" else under_logs(Path(asked.resume))
    if not (folder / PLAN).is_file():
        known = [each.parent.name for each in run_folder.LOGS.glob(f"*/{PLAN}")]
        raise UsageError(f"--resume={asked.resume}: there is no such sweep{nearest(folder.name, known)}")
    plan = read_plan(folder, asked.storage)
    if plan.storage is None and not (folder / "journal.log").is_file():
        raise UsageError(f"--resume={asked.resume}: its trials are in a database; name it again with --storage=...")
    return plan, None


def _latest() -> Path:
    found = [(file.stat().st_mtime_ns, file.parent) for file in run_folder.LOGS.glob(f"*/{PLAN}")]
    if not found:
        raise UsageError(f"--resume=latest: there is no sweep in {run_folder.LOGS}/ yet; begin one with: flexae sweep")
    return max(found)[1]


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


def _watch(plan: Plan, study: Study, folder: Path, asked: Sweep) -> None:
    """Keep the processes going until the trials are done, and tell of each that ends."""
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
            f"interrupted; {len(ended)} of {asked.trials} trials are done; to go on: flexae sweep --resume={plan.name}"
            + ("" if asked.trials == 50 else f" --trials={asked.trials}"),
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
    signals: list[int] = []
    former = {}
    with contextlib.suppress(ValueError):  # only the main thread may handle signals
        for number in (signal.SIGINT, signal.SIGTERM):
            former[number] = signal.signal(number, lambda number, frame: signals.append(number))
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
        for number, handler in former.items():
            signal.signal(number, handler)


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
