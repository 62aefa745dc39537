"""`flexae` and `python -m autoencoder` where installed, `python -m src.autoencoder` in a checkout."""

from __future__ import annotations

import os
import signal
import sys


def main() -> int:
    """Carry out the command line; ready for Ctrl-C before anything takes time, the program's own imports too."""
    own = {number: _leave for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) != signal.SIG_IGN}
    former = {number: signal.signal(number, handler) for number, handler in own.items()}
    from .cli.main import main as execute
    from .cli.screen import outlive_readers

    outlive_readers()
    for number, handler in former.items():
        signal.signal(number, handler)
    try:
        return execute()
    finally:
        for number in former:
            signal.signal(number, _leave)


def _leave(number: int, frame: object) -> None:
    # At once: where nothing has begun or all is done there is nothing to clean up, and an exception within an import
    # would be shown with a traceback, or be taken for a library that is missing.
    os.write(2, b"interrupted\n")
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
