"""A line for a stage of work that takes more than two seconds; on a terminal a bar with the time left."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

_DELAY = 2.0
_wanted: ContextVar[bool] = ContextVar("progress is shown", default=False)

Advance = Callable[[int], None]


@contextlib.contextmanager
def showing_progress(wanted: bool = True) -> Iterator[None]:
    """Show the stages inside this block, or do not. Outside of any such block nothing is shown.

    Parameters
    ----------
    wanted : bool
        False silences what an outer block shows.
    """
    before = _wanted.set(bool(wanted))
    try:
        yield
    finally:
        _wanted.reset(before)


def progress_shown() -> bool:
    """Whether this is within a block whose stages are shown."""
    return _wanted.get()


@contextlib.contextmanager
def stage(what: str, total: int | None = None) -> Iterator[Advance]:
    """Show a stage once it has taken two seconds, where `showing_progress` wants it; a shorter one prints nothing.

    Plain output gets one line. A terminal gets a bar with the time left, or a moving one where the total is unknown;
    it is removed at the end. A stage inside another one is a part of that, and silent.

    Parameters
    ----------
    what : str
        What is done, without a dot: "choosing the number of clusters".
    total : int, optional
        Number of steps.

    Yields
    ------
    function
        To be called with the number of steps done since the last call.

    Examples
    --------
    >>> with showing_progress(), stage("adding", total=3) as advance:
    ...     for number in range(3):
    ...         advance(1)
    """
    if not _wanted.get():
        yield lambda steps: None
        return
    display = _Display(what, total)
    with showing_progress(False):
        display.wait()
        try:
            yield display.advance
        finally:
            display.end()


class _Display:
    def __init__(self, what: str, total: int | None) -> None:
        self._what, self._out = what, sys.stdout
        self._bar = _bar(what, total, self._out)
        self._timer = threading.Timer(_DELAY, self._begin)
        self._timer.daemon = True

    def wait(self) -> None:
        self._timer.start()

    def advance(self, steps: int) -> None:
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0], steps)

    def end(self) -> None:
        self._timer.cancel()
        self._timer.join()
        if self._bar is not None:
            self._bar.stop()

    def _begin(self) -> None:
        # A reader that has closed its end is found by the next print of the work itself, in its own thread.
        with contextlib.suppress(OSError, ValueError):
            if self._bar is not None:
                self._bar.start()
            else:
                print(f"{self._what} ...", file=self._out, flush=True)


def _bar(what: str, total: int | None, out: Any) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    console = Console(file=out, highlight=False)
    if not console.is_interactive:
        return None
    clock = TimeElapsedColumn() if total is None else TimeRemainingColumn(compact=True)
    text = TextColumn("{task.description}", markup=False)
    bar = Progress(text, BarColumn(), clock, console=console, transient=True)
    bar.add_task(what, total=total)
    return bar
