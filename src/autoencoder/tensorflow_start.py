"""Import TensorFlow once, quietly and in half of the time."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator

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
    with _held_back_stderr(), _hidden(_NOT_NEEDED_BY_KERAS):
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
        except BaseException:
            notices.seek(0)
            os.write(screen, notices.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)


@contextlib.contextmanager
def _hidden(names: tuple[str, ...]) -> Iterator[None]:
    absent = [name for name in names if name not in sys.modules]
    # An entry of None makes `import` raise ImportError, as if the library were not installed.
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
