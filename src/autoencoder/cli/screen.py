"""The screen, or what stands for it: a pipe whose reader may go, a file on a disk that may be full."""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

from ..errors import DiskError
from ..progress import Advance, reporting

log = logging.getLogger("autoencoder")

#: What writing into a pipe gives after its reader has gone; Windows says the second.
_GONE = (errno.EPIPE, errno.EINVAL)


class Screen(io.TextIOWrapper):
    """A stream that goes on silently after its reader has gone: `flexae run | head -3` still trains to the end."""

    def write(self, text: str) -> int:
        """Write text; as `io.TextIOWrapper`."""
        try:
            return super().write(text)
        except OSError as error:
            self._meet(error)
            return len(text)

    def flush(self) -> None:
        """Flush; as `io.TextIOWrapper`."""
        try:
            super().flush()
        except OSError as error:
            self._meet(error)

    def _meet(self, error: OSError) -> None:
        if sys.stdout is self or sys.stderr is self:
            # What is still in the buffer has to go somewhere; the stream is closed once more at the end.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
        if error.errno not in _GONE:
            raise DiskError(f"the output cannot be written: {error.strerror}") from error


def outlive_readers() -> None:
    """Make `Screen`s of standard output and standard error, which show every line at once."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and not isinstance(stream, Screen):
            encoding, errors = stream.encoding, stream.errors
            screen = Screen(stream.detach(), encoding=encoding, errors=errors, line_buffering=True)
            setattr(sys, name, screen)
            setattr(sys, f"__{name}__", screen)


class _Printed(logging.Handler):
    """Print what the library says; what goes wrong with the screen is raised, as by any print."""

    def emit(self, record: logging.LogRecord) -> None:
        print(record.getMessage(), file=sys.stderr if record.levelno >= logging.WARNING else sys.stdout)


@contextlib.contextmanager
def shown(verbose: bool = True) -> Iterator[None]:
    """Show within the block what the library says, and its stages; if not `verbose`, warnings alone."""
    printed, level = _Printed(), log.level
    log.addHandler(printed)
    log.setLevel(logging.INFO if verbose else logging.WARNING)
    try:
        with showing_progress(verbose):
            yield
    finally:
        log.removeHandler(printed)
        log.setLevel(level)


#: A shorter stage prints nothing.
_DELAY = 2.0


@contextlib.contextmanager
def on_screen(what: str, total: int | None) -> Iterator[Advance]:
    """Tell of a stage once it has taken two seconds.

    Plain output gets one line. A terminal gets a bar with the time left, or a moving one where the total is unknown;
    it is removed at the end.
    """
    display = _Display(what, total)
    display.wait()
    try:
        yield display.advance
    finally:
        display.end()


def showing_progress(wanted: bool = True) -> contextlib.AbstractContextManager[None]:
    """Tell of the stages inside a block on the screen, or do not, whatever an outer block wants."""
    return reporting(on_screen if wanted else None)


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
