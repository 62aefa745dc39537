"""Import TensorFlow once, quietly and in half of the time."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

#: What Keras imports where it is installed, for features that are not used here; half of the start would go there.
_NOT_NEEDED_BY_KERAS = ("matplotlib", "pandas", "sklearn")


def start_tensorflow() -> None:
    """Import TensorFlow and Keras; call it before the first import of a module that needs them.

    TensorFlow's C++ code writes notices to the screen while it is imported, whatever its log level. They are held
    back, and shown only if the import fails.
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    with _signals_as_they_are(), _held_back_stderr(), hidden(_NOT_NEEDED_BY_KERAS):
        import keras  # noqa: F401
        import tensorflow  # noqa: F401
    # Several networks in one program, as a grid trains them, are no fault, though TensorFlow warns of each.
    for name in ("tensorflow", "absl"):
        logging.getLogger(name).setLevel(logging.ERROR)


@contextlib.contextmanager
def _held_back_stderr() -> Iterator[None]:
    sys.stderr.flush()
    with tempfile.TemporaryFile() as notices:
        screen = os.dup(2)
        os.dup2(notices.fileno(), 2)
        try:
            yield
        except Exception:
            notices.seek(0)
            os.write(screen, notices.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)


@contextlib.contextmanager
def hidden(names: tuple[str, ...]) -> Iterator[None]:
    """Let libraries that are not imported yet seem not to be installed, within the block."""
    absent = [name for name in names if name not in sys.modules]
    # An entry of None makes `import` raise ImportError, as if the library were not installed.
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


@contextlib.contextmanager
def _signals_as_they_are() -> Iterator[None]:
    """Let what a signal raises within the block come out of it as it is.

    Within an import it may be taken for a library that is missing, or be swallowed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return
    raised: list[BaseException] = []

    def noting(number: int, frame: Any) -> None:
        try:
            former[number](number, frame)
        except BaseException as error:
            raised.append(error)
            raise

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    former = {int(number): handler for number, handler in handlers.items() if callable(handler)}
    for number in former:
        signal.signal(number, noting)
    try:
        yield
    except BaseException:
        if not raised:
            raise
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    if raised:
        raise raised[0].with_traceback(None) from None
