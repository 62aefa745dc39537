"""Sweep: search for the best settings of a command, by Optuna, in several processes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..files import numbered
from ..settings.auto_space import auto_space
from ..settings.fields import nearest, parse
from ..settings.space import check_space, read_space, usual
from ..settings.sweep import JUDGED_BY, Sweep
from ..storage import run as run_folder
from ..storage.runs_table import TIME_FORMAT
from .sweep_plan import PLAN, Plan, kept_trials, read_plan, write_plan
from .sweep_processes import watch
from .sweep_results import Outcome, finish
from .sweep_storage import JOURNAL, check_optuna
from .sweep_study import open_study
from .trials import TRIALS

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("autoencoder")

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
    if asked.resume is not None and "trials" not in asked.model_fields_set:
        asked = asked.model_copy(update={"trials": kept_trials(folder)})
    study = open_study(plan, folder, first)
    write_plan(plan, folder, asked.trials)
    log.info(f"the sweep is in {folder}; it is judged by {plan.by}, over:")
    for knob, values in plan.space.items():
        log.info(f"  {knob} {values}")
    watch(plan, study, folder, asked)
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
        fixed, given = auto_space(asked.command, searched, fixed)
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
    wanted = run_folder.LOGS / f"sweep_{datetime.now().strftime(TIME_FORMAT)}"
    return next(folder.name for folder in numbered(wanted) if not folder.exists())


def _resumed(asked: Sweep) -> tuple[Plan, None]:
    """Return the search that `--resume` names."""
    given = sorted(asked.model_fields_set - {"resume", "trials", "minutes", "processes", "storage", "verbose", "fixed"})
    if given or asked.fixed:
        raise UsageError(
            f"--resume={asked.resume}: a sweep goes on as it began; leave out --{(given or list(asked.fixed))[0]}"
        )
    assert asked.resume is not None
    folder = _latest() if asked.resume == "latest" else run_folder.LOGS / Path(asked.resume).name
    if not (folder / PLAN).is_file():
        known = [each.parent.name for each in run_folder.LOGS.glob(f"*/{PLAN}")]
        raise UsageError(f"--resume={asked.resume}: there is no such sweep{nearest(folder.name, known)}")
    plan = read_plan(folder, asked.storage)
    if plan.storage is None and not (folder / JOURNAL).is_file():
        raise UsageError(f"--resume={asked.resume}: its trials are in a database; name it again with --storage=...")
    return plan, None


def _latest() -> Path:
    found = [(file.stat().st_mtime_ns, file.parent) for file in run_folder.LOGS.glob(f"*/{PLAN}")]
    if not found:
        raise UsageError(f"--resume=latest: there is no sweep in {run_folder.LOGS}/ yet; begin one with: flexae sweep")
    return max(found)[1]
