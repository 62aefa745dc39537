"""The screen, or what stands for it: a pipe whose reader may go, a file on a disk that may be full."""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import sys
from collections.abc import Iterator

from ..errors import DiskError
from ..progress import showing_progress

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
        print(record.getMessage())


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
