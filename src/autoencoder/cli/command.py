"""What a command of the command line is: its flags, its words, and the function that executes it."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import Field

from ..errors import DivergedError, Interrupted, UsageError, UserError
from ..settings import Output
from ..settings.fields import ALIASES, Section, fields, parse
from ..settings.text import value_text
from .screen import shown

if TYPE_CHECKING:
    from ..workflows.series import Series


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
    what was changed, and gets the series of its runs; without it there is no `grid:`. `complete` adds to the flags
    what they leave to a run.
    """

    summary: str
    sections: tuple[type[Section], ...]
    execute: Callable[..., Any]
    words: tuple[str, ...] = ()
    aliases: Mapping[str, str] = ALIASES
    compare: Callable[[dict[str, Any], Any], Any] | None = None
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

    def flags(self) -> dict[str, Any]:
        """Return all flags as plain values."""
        return {name: value for section in self.settings for name, value in section.absolute().to_flags().items()}

    def deciding(self) -> dict[str, Any]:
        """Return the flags that decide about the result, as plain values."""
        from ..workflows.series import deciding

        return deciding(self.flags())

    def having(self, **values: Any) -> Job:
        """Return the same with other values of some flags."""
        changed = [
            section.model_copy(
                update={name: each for name, each in values.items() if name in type(section).model_fields}
            )
            for section in self.settings
        ]
        return replace(self, settings=tuple(changed))


@dataclass(frozen=True)
class Grid:
    """A command that is executed once for each combination of some values, by what is changed in each.

    `name` is the command's, and `resume` the grid that is gone on with.
    """

    command: Command
    jobs: dict[str, Job]
    name: str = ""
    resume: str | None = None

    def execute(self) -> Any:
        """Execute all jobs that are not done yet, and compare what they give; one that diverges is left out.

        Which runs there are is kept in the grid's folder, where the command is one that can be gone on with.
        """
        results: dict[str, Any] = {}
        series, failed = self._series(), None
        for number, (name, each) in enumerate(self.jobs.items(), start=1):
            print(f"\n{number} of {len(self.jobs)}: {name}")
            try:
                result = each.execute() if series is None else _in_series(series, name, each)
                results |= {} if result is None else {name: result}
            except DivergedError as error:
                failed = error
                print(f"{name}: {error}")
            except (UserError, KeyboardInterrupt, SystemExit) as error:
                if series is None:
                    raise
                self._show(results, series)
                if not isinstance(error, Interrupted):
                    raise
                left = f"{len(self.jobs) - number} of the grid are left"
                to_go_on = f"to go on: the same command with --resume={shlex.quote(str(series.folder))}"
                raise Interrupted(f"{error}; {left}; {to_go_on}", error.signal) from error
        if series is not None:
            series.complete = True
            series.write()
        shown_in = self._show(results, series) if results or series is not None else None
        if failed is not None and not results:
            raise failed
        return shown_in

    def _show(self, results: dict[str, Any], series: Series | None) -> Any:
        """Compare the results, with that of a job which was complete when a signal came."""
        assert self.command.compare is not None
        done = {} if series is None else {name: _there(series, name) for name in series.runs if name not in results}
        done = {name: each for name, each in done.items() if series is not None and series.status(name) == "done"}
        with shown():
            return self.command.compare({**results, **done}, series)

    def _series(self) -> Series | None:
        first = next(iter(self.jobs.values()))
        flags = first.flags()
        if "resume" not in flags or flags.get("dry_run"):
            return None
        from ..workflows.series import begin_series, unfinished_series

        if self.resume is None:
            return begin_series(Output(save_prefix="grid"), self.name)
        series = unfinished_series(self.resume, self.name)
        for name, each in self.jobs.items():
            series.check(name, each.deciding(), self.resume)
        return series


def _in_series(series: Series, name: str, each: Job) -> Any:
    """Return the result of a job that was done before, or execute it, in a folder that the series knows."""
    status = series.status(name)
    if status == "done":
        print(f"is there: {series.runs[name]}")
        return _there(series, name)
    if status == "diverged":
        raise DivergedError(f"diverged before; what is kept of it is in {series.runs[name]}", None)
    path = series.place(name, str(each.flags().get("save_prefix", "classifier")), each.deciding())
    begun = any(path.glob("[!.]*"))
    return (each.having(resume=str(path)) if begun else each.having(save_dir=path)).execute()


def _there(series: Series, name: str) -> Any:
    """Return the run that a series holds, or the folder of a curve."""
    from ..storage.run import Run
    from ..workflows.series import is_series

    path = series.runs[name]
    return path if is_series(str(path)) else Run(path)


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
    going_on = "resume" in fields(command.sections)
    resume = flags.get("resume") if going_on else None
    flags = {flag: value for flag, value in flags.items() if flag != "resume" or not going_on}
    if flags.get("save_dir") is not None:
        raise UsageError("--save_dir names one folder, but grid: makes several runs; leave one out")
    combinations = [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]
    jobs = {
        ", ".join(f"{flag}={value_text(value)}" for flag, value in one.items()): job(
            name, command, words, {**flags, **one}
        )
        for one in combinations
    }
    return Grid(command, jobs, name, None if resume is None else str(resume))


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
