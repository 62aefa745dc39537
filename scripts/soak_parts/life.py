"""Start the program, and end it at a chosen moment."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from checkout import ENVIRONMENT

#: Seconds that a line may take from the training to this program.
JITTER = 0.1
EPOCH = re.compile(r"^epoch +(\d+)/")
_BEGIN = re.compile(r"^going on after epoch (\d+)")


class Life(NamedTuple):
    """How a process lived: its exit status (negative: killed), what it said, and when, in seconds from its start."""

    status: int
    lines: list[tuple[float, str]]
    seconds: float
    #: Seconds from what was done to it, if that was done, to its end; of the clock, and of the processor.
    ending: float = 0.0
    working: float = 0.0

    @property
    def phase(self) -> str:
        """What was under way at the end."""
        said = [line for _, line in self.lines]
        if self.status == 0:
            return "complete"
        if not any(EPOCH.match(line) for line in said):
            return "starting"
        return "saving" if any(line.startswith("epoch 40/40") for line in said) else "training"

    def epoch_begun_with(self) -> int:
        """Return after which epoch it went on."""
        return max((int(found[1]) for _, line in self.lines if (found := _BEGIN.match(line))), default=0)

    def epoch_due(self, every: float) -> int:
        """Return the last epoch whose state must be there: one was due between its end and the last line."""
        ends = [(at, int(found[1])) for at, line in self.lines if (found := EPOCH.match(line))]
        late = every + JITTER if every else 0.0
        return max((epoch for at, epoch in ends if ends[-1][0] - at >= late), default=self.epoch_begun_with())


def live(
    arguments: list[str],
    place: Path,
    kill_at: float | None = None,
    after: str = "",
    act: Callable[[subprocess.Popen], None] = subprocess.Popen.kill,
) -> Life:
    """Run the program, and act on it so many seconds after its start, or after its first line that begins so."""
    command = [sys.executable, "-m", "autoencoder", *arguments]
    start, lines, seen = time.perf_counter(), [], threading.Event()
    process = subprocess.Popen(
        command,
        cwd=place,
        env={**ENVIRONMENT, "PYTHONUNBUFFERED": "1"},
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=hear_signals,
    )

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append((time.perf_counter() - start, line.rstrip()))
            if line.startswith(after):
                seen.set()
        seen.set()

    listener = threading.Thread(target=listen)
    listener.start()
    sent, worked = None, 0.0
    if kill_at is not None:
        if after:
            seen.wait()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(kill_at)
        sent = time.perf_counter()
        if process.poll() is None:
            worked = _worked(process.pid)
            act(process)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process.wait()
    ended = time.perf_counter()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    listener.join()
    if sent is None:
        return Life(process.returncode, lines, ended - start)
    total = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Life(process.returncode, lines, ended - start, ended - sent, max(0.0, total - worked))


def hear_signals() -> None:
    """Undo what a shell does for what runs in its background, which ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def signals(*numbers: int) -> Callable[[subprocess.Popen], None]:
    """Return what sends signals, each a fifth of a second after the one before."""

    def act(process: subprocess.Popen) -> None:
        for number in numbers:
            if process.poll() is None:
                process.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.2)

    return act


def _worked(process: int) -> float:
    """Return the seconds of the processor that a process has had."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
