"""Places where processes are started and watched: this machine, or any that Ray reaches."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import UsageError

#: By this a process that is started ends where who started it is gone.
_PARENT_SEEN = 1.0


class Station:
    """A place where one process runs at a time; Ray makes an actor of it."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self._process: subprocess.Popen[bytes] | None = None
        self._output: Any = None

    def address(self) -> str:
        """Return a host and a port that is free there."""
        with socket.socket() as taken:
            taken.bind(("", 0))
            return f"{self._host}:{taken.getsockname()[1]}"

    def start(self, module: str, words: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
        """Start a module of this program in a folder, out of reach of the terminal's Ctrl-C.

        Raises
        ------
        UsageError
            If the folder is not there.
        """
        if not Path(folder).is_dir():
            raise UsageError(f"{folder}: is not seen by {self._host}; all machines must see it by the same path")
        self._output = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(each or "." for each in sys.path), **environment},
            stdin=subprocess.DEVNULL,
            stdout=self._output.fileno(),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._read = 0

    def look(self) -> tuple[str, int | None]:
        """Return what the process has said since the last look, in whole lines, and its exit status once it ended."""
        assert self._process is not None
        status = self._process.poll()
        said = os.pread(self._output.fileno(), 2**20, self._read)
        if status is None:
            said = said[: said.rfind(b"\n") + 1]
        self._read += len(said)
        return said.decode(errors="replace"), None if len(said) == 2**20 else status

    def send(self, number: int) -> None:
        """Send the process a signal."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def end(self) -> None:
        """Kill the process, if it still runs."""
        self.send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._output.close()
            self._process = None


def end_with_parent() -> None:
    """End this process, from a thread of its own, soon after who started it is gone."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_SEEN)
        os._exit(128 + signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


class RemoteStation:
    """A station that is a Ray actor, used like one here; what is lost with its node raises `StationLost`."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def _call(self, method: str, *words: Any, timeout: float = 60.0) -> Any:
        import ray

        try:
            return ray.get(getattr(self._actor, method).remote(*words), timeout=timeout)
        except ray.exceptions.RayTaskError as error:
            cause = error.cause
            raise (cause if isinstance(cause, UsageError) else error) from None
        except (ray.exceptions.RayActorError, ray.exceptions.GetTimeoutError) as error:
            raise StationLost(type(error).__name__) from None

    def address(self) -> str:
        """As that of a station here."""
        return str(self._call("address"))

    def start(self, module: str, words: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
        """As that of a station here."""
        self._call("start", module, list(words), dict(environment), folder)

    def look(self) -> tuple[str, int | None]:
        """As that of a station here."""
        said, status = self._call("look")
        return said, status

    def send(self, number: int) -> None:
        """As that of a station here."""
        with contextlib.suppress(StationLost):
            self._call("send", number)

    def end(self) -> None:
        """As that of a station here."""
        with contextlib.suppress(StationLost):
            self._call("end", timeout=10.0)


class StationLost(Exception):
    """A station is gone: its process or its machine was killed."""


AnyStation = Station | RemoteStation
