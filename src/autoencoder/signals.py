"""Ctrl-C and SIGTERM while work goes on: they are remembered, so that it ends where nothing is lost."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Iterator
from typing import Any

log = logging.getLogger("autoencoder")


class Stopping:
    """Remembers the first signal. Calling it tells whether one came."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __call__(self) -> bool:
        """Whether a signal came."""
        return self.signal is not None


@contextlib.contextmanager
def collected_signals() -> Iterator[list[int]]:
    """Give a list into which each SIGINT and SIGTERM goes that comes within the block; of the main thread alone."""
    came: list[int] = []
    former = {}
    with contextlib.suppress(ValueError):  # only the main thread may handle signals
        for number in (signal.SIGINT, signal.SIGTERM):
            former[number] = signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield came
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def stop_at_next_batch() -> Iterator[Stopping]:
    """Within the block the first SIGINT or SIGTERM is only remembered; a second one acts at once."""
    stopping = Stopping()
    if threading.current_thread() is not threading.main_thread():
        yield stopping  # only the main thread may handle signals
        return

    def remember(number: int, frame: Any) -> None:
        stopping.signal = number
        log.warning("\nstopping after this batch; what was learned is saved (again to stop at once)")
        for name, former in before.items():
            signal.signal(name, former)

    before = {name: signal.signal(name, remember) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for name, former in before.items():
            signal.signal(name, former)
