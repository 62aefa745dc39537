"""The command line: the table of commands, the class that python-fire sees, the exit statuses."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import fire
import yaml
from fire.decorators import SetParseFn

from ..errors import UsageError, UserError
from ..estimators import autoencoder as estimators
from ..settings.fields import canonical, read_flags
from .command import Command, Grid, Job, grid
from .commands import NAMES
from .config_path import config_path
from .help import help_asked
from .parse import read_arguments

#: Each is described by its own module.
COMMANDS: dict[str, Command] = {name: import_module(f".commands.{name}", __package__).COMMAND for name in NAMES}


# Values stay the text that was typed; the fields' types decide what they mean, not python-fire's guess.
@SetParseFn(str)
class Autoencoder(estimators.Autoencoder):
    """The command line's Autoencoder: `Autoencoder(filters=[16, 32], train_dir="photos").run()`.

    Every knob of settings.py is a keyword here and a flag on the command line; every command is a method, which
    takes the flags of its own and returns what it made. `config` names a YAML file of any of them; what is given
    here wins over it. What does not fit raises `UsageError` before anything is made.
    """

    def __init__(self, config: str | Path | None = None, **flags: Any) -> None:
        self._given = _canonical(flags)
        self._flags = {**({} if config is None else _read_config(config)), **self._given}
        self._grid = self._flags.pop("grid", {})

    def _plan(self, name: str, words: Sequence[Any], flags: Mapping[str, Any]) -> Job | Grid:
        given = {**self._given, **_canonical(flags)}
        values = self._grid
        if isinstance(values, Mapping):  # a flag that is given wins over several values of it in the file
            values = {canonical(str(key)): each for key, each in values.items() if canonical(str(key)) not in given}
        return grid(name, COMMANDS[name], words, {**self._flags, **_canonical(flags)}, values)

    def _finish(self, planned: Job | Grid) -> Any:
        return planned.execute()


def _method(name: str) -> Callable[..., Any]:
    def method(self: Autoencoder, *words: Any, **flags: Any) -> Any:
        return self._finish(self._plan(name, words, flags))

    method.__name__, method.__doc__ = name, COMMANDS[name].summary
    return method


for _name in COMMANDS:
    setattr(Autoencoder, _name, _method(_name))


class _Plan(Autoencoder):
    """The same class for python-fire, which must not start anything: each method returns its job."""

    def _finish(self, planned: Job | Grid) -> Any:
        return planned


def plan(argv: Sequence[str]) -> Job | Grid:
    """Read and check a whole command line; nothing is made and TensorFlow is not imported.

    Raises
    ------
    UsageError
        Lists everything that is wrong with it.
    """
    arguments = read_arguments(argv, COMMANDS)
    flags = [f"--{name}={text}" for name, text in arguments.flags.items() if name != "debug"]
    command = [*flags, arguments.command, *arguments.words]
    return fire.Fire(_Plan, command=command, serialize=lambda _: None)


def _canonical(flags: Mapping[str, Any]) -> dict[str, Any]:
    return {canonical(name): value for name, value in flags.items()}


def _read_config(config: str | Path) -> dict[str, Any]:
    path = config_path(config)
    try:
        return _canonical(read_flags(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"--config={path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"--config={path}: is not YAML: {' '.join(str(error).split())}") from error
    except ValueError as error:
        raise UsageError(f"--config={path}: {error}") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out a command line (`sys.argv` by default) and return the exit status.

    0 done, 1 a fault of this program, 2 usage, 3 data, 4 model file, 5 disk, 6 diverged, 130 and 143 for signals.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        text = _version() if "--version" in argv else help_asked(argv, COMMANDS)
        if text is None:
            plan(argv).execute()
        else:
            print(text)
    except UserError as error:
        return _refuse(error, argv)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except Terminated:
        print("interrupted", file=sys.stderr)
        return 128 + signal.SIGTERM
    except Exception as error:
        if "--debug" in argv:
            raise
        print(
            f"error: {type(error).__name__}: {error}\n(a fault of this program; --debug shows where)", file=sys.stderr
        )
        return 1
    return 0


class Terminated(SystemExit):
    """SIGTERM came."""


def _terminate(number: int, frame: Any) -> None:
    # An exception, so that files half written are removed on the way out.
    raise Terminated(128 + number)


def _refuse(error: UserError, argv: Sequence[str]) -> int:
    if error.exit_status == 0:
        print(error)
        return 0
    if "--debug" in argv:
        traceback.print_exc()
    lines = str(error).splitlines()
    print("\n".join([f"error: {lines[0]}", *(f"       {line}" for line in lines[1:])]), file=sys.stderr)
    return error.exit_status


def _version() -> str:
    try:
        return f"flexae {version('flexible-autoencoder')}"
    except PackageNotFoundError:
        return "flexae, from its source folder"
