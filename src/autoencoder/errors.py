"""The errors that a user can cause or meet; each carries the process's exit status.

Wrong parameters and wrong data are also `ValueError`, as scikit-learn raises it.
"""

from typing import Any


class UserError(Exception):
    """A clear message for the user: what, where, the rule, and what to do. Shown without a traceback."""

    exit_status = 1


class UsageError(UserError, ValueError):
    """A flag or a command that cannot be carried out as it was written."""

    exit_status = 2


class DataError(UserError, ValueError):
    """Images, labels or tables that cannot be used."""

    exit_status = 3


class ModelFileError(UserError):
    """A saved model that is missing, damaged or does not fit the images."""

    exit_status = 4


class DiskError(UserError):
    """A place that cannot be written to, or a disk that is full."""

    exit_status = 5


class DivergedError(UserError):
    """Training whose loss is no longer a number; `fitted` holds what came of it until then."""

    exit_status = 6

    def __init__(self, message: str, fitted: Any) -> None:
        super().__init__(message)
        self.fitted = fitted


class LostError(UserError):
    """Work of several processes of which one was killed, or its machine lost; what was kept is whole."""

    exit_status = 7


class Interrupted(UserError):
    """Work that a signal ended, after all was saved; `complete` says that nothing was left to do when it came."""

    def __init__(self, message: str, signal: int, *, complete: bool = False) -> None:
        super().__init__(message)
        self.signal = signal
        self.exit_status = 0 if complete else 128 + signal
