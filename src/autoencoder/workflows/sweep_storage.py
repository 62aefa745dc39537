"""Where the trials of a search are kept: a journal in its folder, or a database that several machines share."""

from __future__ import annotations

import re
import socket
import threading
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from ..errors import UsageError

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

#: A storage must answer within so many seconds: the first to a connection at all.
_CONNECTED, _ANSWERED = 4.0, 9.0
#: Where the servers of databases listen.
_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "grpc": 13000}
JOURNAL = "journal.log"


def check_optuna() -> None:
    """Refuse a search where Optuna is not installed.

    Raises
    ------
    UsageError
        Says how it is installed.
    """
    if find_spec("optuna") is None:
        raise UsageError(
            "sweep: the package optuna is not installed; install it with: pip install 'flexible-autoencoder[sweep]', "
            "in a checkout pip install '.[sweep]'"
        )


def without_password(address: str) -> str:
    """Return an address as it may be shown.

    Examples
    --------
    >>> without_password("postgresql://ann:se@cret@host:5432/sweeps")
    'postgresql://ann:***@host:5432/sweeps'
    """
    return re.sub(r"(://[^:/@]*):.*@", r"\1:***@", address)


def open_storage(address: str | None, folder: Path) -> BaseStorage:
    """Open the database of an address, or the journal of a sweep's folder.

    Raises
    ------
    UsageError
        If the database cannot be reached within ten seconds, or a package for it is missing.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)  # what it says belongs to no command of this program
    if address is None:
        return _journal(folder / JOURNAL)
    _check_connection(address)
    try:
        for each in ("grpc",) if address.startswith("grpc:") else ("sqlalchemy", "alembic"):
            import_module(each)  # whose time is not the server's
        if urlsplit(address).hostname is not None:
            _answered(address)
        return _database(address)
    except UsageError:
        raise
    except ImportError:
        raise UsageError(
            f"--storage={without_password(address)}: needs the Python package of such a database, as psycopg of "
            "postgresql:// or pg8000 of postgresql+pg8000://; install it with pip"
        ) from None
    except Exception as error:  # whatever a driver raises, and its cause may hold the password
        raise _unreachable(address, _reason(error, address)) from None


def _journal(file: Path) -> BaseStorage:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    return JournalStorage(JournalFileBackend(str(file), cast(Any, _Lock(file))))


class _Lock:
    """A lock as Optuna's journal asks for one: the kernel's, which a killed process does not hold on to."""

    def __init__(self, file: Path) -> None:
        from filelock import FileLock

        self._file, self._lock = file, FileLock(f"{file}.lock")

    def acquire(self) -> bool:
        """Wait for the lock, and cut off a line that a killed process left half written."""
        self._lock.acquire()
        cut_half_line(self._file)
        return True

    def release(self) -> None:
        """Let go of the lock."""
        self._lock.release()


def cut_half_line(file: Path) -> None:
    """Cut off what a process that was killed left of a line, behind the last whole one; hold the lock."""
    if not file.is_file() or not file.stat().st_size:
        return
    with file.open("rb+") as stream:
        stream.seek(-1, 2)
        if stream.read(1) != b"\n":
            stream.seek(0)
            stream.truncate(stream.read().rfind(b"\n") + 1)


def _check_connection(address: str) -> None:
    """Refuse a server that does not take a connection; its host and port say so sooner than any driver."""
    try:
        parts = urlsplit(address)
        scheme, host = parts.scheme.split("+")[0], parts.hostname
        port = parts.port or _PORTS.get(scheme)
    except ValueError as error:
        raise UsageError(
            f"--storage={without_password(address)}: is no address; as in postgresql://user:password@host/name"
        ) from error
    if not scheme or "://" not in address:
        raise UsageError(
            f"--storage={without_password(address)}: is no address; as in postgresql://user:password@host/name, "
            "sqlite:///file.db or grpc://host:13000"
        )
    if host is None or port is None:
        return
    try:
        socket.create_connection((host, port), timeout=_CONNECTED).close()
    except OSError as error:
        raise _unreachable(address, str(error.strerror or error)) from error


def _unreachable(address: str, why: str) -> UsageError:
    return UsageError(
        f"--storage={without_password(address)}: cannot be reached ({why}); start its server, correct the address, or "
        "leave it out for a file in the sweep's folder"
    )


def _answered(address: str) -> None:
    """Refuse a database that does not answer within some seconds."""
    found: list[Exception | None] = []

    def ask() -> None:
        try:
            _ask(address)
            found.append(None)
        except Exception as error:  # whatever a driver raises
            found.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_ANSWERED - _CONNECTED)
    if not found:
        raise _unreachable(address, "no answer")
    if found[0] is not None:
        raise found[0]


def _ask(address: str) -> None:
    if address.startswith("grpc:"):
        _database(address).get_all_studies()
        return
    from sqlalchemy import create_engine

    engine = create_engine(address)
    engine.connect().close()
    engine.dispose()


def _database(address: str) -> BaseStorage:
    from optuna.storages import GrpcStorageProxy, RDBStorage

    parts = urlsplit(address)
    if parts.scheme == "grpc":
        return GrpcStorageProxy(host=parts.hostname or "localhost", port=parts.port or _PORTS["grpc"])
    # A connection that the server has closed meanwhile is opened anew, and not an error.
    return RDBStorage(address, engine_kwargs={"pool_pre_ping": True})


def _reason(error: Exception, address: str) -> str:
    text = " ".join(str(error).split("\n")[0].split())
    password = urlsplit(address).password
    return f"{type(error).__name__}: {text.replace(password, '***') if password else text}"[:300]
