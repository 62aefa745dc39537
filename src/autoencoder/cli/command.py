"""What a command of the command line is: its flags, its words, and the function that executes it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from ..errors import DivergedError, Interrupted, UsageError
from ..settings.fields import ALIASES, Section, parse
from ..settings.text import value_text
from .screen import shown


class Common(Section):
    """Flags of every command."""

    config: Path | None = Field(
        None,
        description="a YAML file of any of these flags, or a recipe by its name (coco_vanilla); a flag given here wins "
        "over it",
    )
    debug: bool = Field(False, description="show the traceback of an error")


class DryRun(Section):
    """What is done with the settings."""

    dry_run: bool = Field(
        False, description="print settings, layers and an estimate of memory; train nothing, make nothing"
    )


class Command(NamedTuple):
    """A command: `execute` receives one checked section for each of `sections`, in order.

    `words` name the fields that may also be given without a flag, by their place: `cluster RUN`. `aliases` are other
    names of fields, those of the original programs. `compare` shows the results of a command that was repeated, by
    what was changed; without it there is no `grid:`. `complete` adds to the flags what they leave to a run.
    """

    summary: str
    sections: tuple[type[Section], ...]
    execute: Callable[..., Any]
    words: tuple[str, ...] = ()
    aliases: Mapping[str, str] = ALIASES
    compare: Callable[[dict[str, Any]], Any] | None = None
    complete: Callable[[dict[str, Any]], dict[str, Any]] = dict


@dataclass(frozen=True)
class Job:
    """A command whose flags have all been checked, ready to be executed."""

    command: Command
    settings: tuple[Section, ...]

    def execute(self) -> Any:
        """Do what the command does and return what it gives."""
        with shown(all(getattr(section, "verbose", True) for section in self.settings)):
            return self.command.execute(*self.settings)


@dataclass(frozen=True)
class Grid:
    """A command that is executed once for each combination of some values, by what is changed in each."""

    command: Command
    jobs: dict[str, Job]

    def execute(self) -> Any:
        """Execute all jobs and compare what they give; one that diverges is told of and left out."""
        assert self.command.compare is not None
        results: dict[str, Any] = {}
        for number, (name, each) in enumerate(self.jobs.items(), start=1):
            print(f"\n{number} of {len(self.jobs)}: {name}")
            try:
                results[name] = each.execute()
            except Interrupted as error:
                raise Interrupted(f"{error}; {len(self.jobs) - number} of the grid are left", error.signal) from error
            except DivergedError as error:
                if number == len(self.jobs) and not results:
                    raise
                print(f"{name}: {error}")
        made = {name: result for name, result in results.items() if result is not None}
        with shown():
            return self.command.compare(made) if made else None


def grid(
    name: str, command: Command, words: Sequence[Any], flags: Mapping[str, Any], values: Mapping[str, Any]
) -> Job | Grid:
    """Check the flags of a command as `job` does, for each combination of the `values` of some of them.

    Raises
    ------
    UsageError
        If `values` is no mapping from flags to lists, or the command cannot be repeated.
    """
    if not isinstance(values, Mapping) or not all(isinstance(each, list) and each for each in values.values()):
        raise UsageError(
            "grid: must hold lines of 'flag: [values]' in a --config file, as in filters: [[16, 32], [32, 64]]"
        )
    if not values:
        return job(name, command, words, flags)
    if command.compare is None:
        raise UsageError(f"grid: {name} leaves no losses to compare; it belongs to run and classify")
    if flags.get("resume") is not None:
        raise UsageError("--resume goes on with one run, and grid: makes several; leave the grid out, or begin it anew")
    if flags.get("save_dir") is not None:
        raise UsageError("--save_dir names one folder, but grid: makes several runs; leave one out")
    combinations = [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]
    jobs = {
        ", ".join(f"{flag}={value_text(value)}" for flag, value in one.items()): job(
            name, command, words, {**flags, **one}
        )
        for one in combinations
    }
    return Grid(command, jobs)


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
    return Job(command, tuple(parse(command.complete({**named, **flags}), command.sections, command.aliases)))
