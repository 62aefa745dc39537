"""Learn in a run's folder: states are kept, a signal or a loss gone wrong ends it, and what is there is saved."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from ..errors import DiskError, DivergedError, Interrupted
from ..files import remove_stale
from ..settings import Output
from ..signals import stop_at_next_batch
from ..storage import run as run_folder
from ..storage.provenance import Provenance
from ..storage.run import Run
from ..training.state import Keeping
from .mlflow import log_run
from .resume import forget_states, keeping
from .unfinished import Unfinished

Fit = TypeVar("Fit")
Result = TypeVar("Result")

_INTERRUPTED = "interrupted; the best weights so far and the scores are"


class Learning(NamedTuple, Generic[Fit, Result]):
    """What is done in a run's folder.

    `begin` writes what is known before anything is learned; `fit` learns, and `finish` saves and evaluates what that
    gave, also where it diverged or was `interrupted`, which marks it so. `advice` is told where it diverged.
    """

    begin: Callable[[Run], None]
    fit: Callable[[Callable[[], bool], Keeping], Fit]
    interrupted: Callable[[Fit], Fit]
    finish: Callable[[Run, Fit], Result]
    advice: str = ""


def learn_in_run(
    run: Run,
    made: Provenance,
    output: Output,
    learning: Learning[Fit, Result],
    save_every: float | None = None,
    going_on: Unfinished | None = None,
) -> Result:
    """Learn in a run's folder, and return what `finish` does.

    Parameters
    ----------
    run : Run
    made : Provenance
    output : Output
    learning : Learning
    save_every : float, optional
        Seconds from one kept state to the next.
    going_on : Unfinished, optional
        The run, where it is gone on with.

    Raises
    ------
    UserError
        Of any kind; see the exit statuses. After an `Interrupted` or a `DivergedError` the run is there all the same.
    """
    to_go_on = f"to go on: flexae {made.command} --resume={shlex.quote(str(run.path))}"
    with keeping(run, made.command, save_every, going_on) as states, stop_at_next_batch() as stopping:
        for folder in (run.path, run_folder.LOGS, run_folder.CACHE):
            remove_stale(folder)
        learning.begin(run)
        try:
            fitted = learning.fit(stopping, states)
        except DivergedError as error:
            learning.finish(run, error.fitted)
            run.write_provenance(made)
            forget_states(run)  # it would only diverge again
            log_run(run.path, output)
            raise DivergedError(f"{error}; they are in {run.path}{learning.advice}", error.fitted) from error
        interrupted = stopping.signal is not None  # also where it came after the last batch
        try:
            result = learning.finish(run, learning.interrupted(fitted) if interrupted else fitted)
            run.write_provenance(made)
        except DiskError as error:
            raise DiskError(f"{error}; once there is room, {to_go_on}") from error
        if not interrupted:
            forget_states(run)
        log_run(run.path, output)
    if stopping.signal is not None:
        said = _INTERRUPTED if interrupted else "the training was complete when the signal came; it is"
        more = f"; {to_go_on}" if interrupted else ""
        raise Interrupted(f"{said} in {run.path}{more}", stopping.signal, complete=not interrupted)
    return result
