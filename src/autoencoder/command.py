"""What a command of the command line is: its flags, its words, and the function that carries it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from .errors import UsageError
from .flags import ALIASES, Section, parse


class Common(Section):
    """Flags of every command."""

    config: Path | None = Field(None, description="a YAML file of any of these flags; a flag given here wins over it")
    debug: bool = Field(False, description="show the traceback of an error")


class Command(NamedTuple):
    """A command: `carry_out` receives one checked section for each of `sections`, in order.

    `words` name the fields that may also be given without a flag, by their place: `cluster RUN`. `aliases` are other
    names of fields, those of the original programs.
    """

    summary: str
    sections: tuple[type[Section], ...]
    carry_out: Callable[..., Any]
    words: tuple[str, ...] = ()
    aliases: Mapping[str, str] = ALIASES


@dataclass(frozen=True)
class Job:
    """A command whose flags have all been checked, ready to be carried out."""

    command: Command
    settings: tuple[Section, ...]

    def carry_out(self) -> Any:
        """Do what the command does and return what it gives."""
        return self.command.carry_out(*self.settings)


def job(name: str, command: Command, words: Sequence[Any], flags: Mapping[str, Any]) -> Job:
    """Check `words` and `flags`, and put them into the command's sections.

    Raises
    ------
    UsageError
        Lists everything that does not fit.
    """
    if len(words) > len(command.words):
        raise UsageError(
            f"{name}: unexpected word {words[len(command.words)]!r}; write flags as --flag=value, and lists without "
            "spaces or in quotes: --filters=[16,32]"
        )
    named = dict(zip(command.words, words, strict=False))
    twice = [key for key in named if key in flags]
    if twice:
        raise UsageError(f"{name}: {twice[0]} is given twice, as a word and as --{twice[0]}")
    return Job(command, tuple(parse({**named, **flags}, command.sections, command.aliases)))
