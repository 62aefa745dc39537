"""The space of a search: for each knob the values that it may take, read as a person writes them."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

import yaml

from ..errors import UsageError
from .fields import Section, fields, nearest, parse, read_flags, unknown_flag
from .text import expand_home, read_yaml, value_text

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*(?:\(\s*(log|step\s+{_NUMBER})\s*\))?\s*")
#: A value that fits none of so many combinations with others is refused.
_COMBINATIONS = 50


class Knob(NamedTuple):
    """A flag that is searched over: some `choices`, as text, or else a range from `low` to `high`."""

    choices: tuple[str, ...] = ()
    low: float = 0
    high: float = 0
    log: bool = False
    step: float | None = None
    whole: bool = False

    @property
    def ends(self) -> tuple[str, ...]:
        """The choices, or both ends of the range."""
        return self.choices or (f"{self.low:.17g}", f"{self.high:.17g}")

    def __str__(self) -> str:
        if self.choices:
            return f"[{', '.join(self.choices)}]"
        how = " (log)" if self.log else "" if self.step is None else f" (step {self.step:g})"
        return f"{self.low:g}..{self.high:g}{how}"


Space = dict[str, Knob]


def combinations(space: Space, most: int) -> list[dict[str, str]] | None:
    """Return all combinations of a space; None where there are more than `most`, or any number."""
    if not all(knob.choices for knob in space.values()):
        return None
    if math.prod(len(knob.choices) for knob in space.values()) > most:
        return None
    return [dict(zip(space, each, strict=True)) for each in itertools.product(*(k.choices for k in space.values()))]


class Searched(NamedTuple):
    """A command as it is searched over: its sections, other names of its flags, and why some are no knobs."""

    sections: tuple[type[Section], ...]
    aliases: Mapping[str, str]
    no_knobs: Mapping[str, str]

    def read(self, flags: Mapping[str, Any]) -> list[Any]:
        """Check flags, and share them among the sections; errors are those of `parse`."""
        return parse(flags, self.sections, self.aliases)


def read_space(given: Mapping[str, Any] | str, searched: Searched) -> Space:
    """Read a space: text, a mapping, or the name of a YAML file.

    Raises
    ------
    UsageError
        Lists every knob that the command does not have, and everything that is neither a list nor a range.

    Examples
    --------
    >>> from autoencoder.settings import Training
    >>> known = Searched((Training,), {}, {})
    >>> space = read_space("learning_rate=1e-4..1e-2 (log), batch_size=[16, 32]", known)
    >>> {name: str(knob) for name, knob in space.items()}
    {'learning_rate': '0.0001..0.01 (log)', 'batch_size': '[16, 32]'}
    """
    lines = dict(_lines(given))
    if not lines:
        raise UsageError('--space: names no knob; as in --space="filters=[[16,32],[32,64]], batch_size=16..128"')
    known, problems, space = fields(searched.sections), [], {}
    for written, value in lines.items():
        name = searched.aliases.get(written, written)
        if name not in known:
            problems.append(f"--space: {written}: no such knob of the command{nearest(name, known)}")
        elif name in searched.no_knobs:
            problems.append(f"--space: {name} {searched.no_knobs[name]}: give one value as --{name}=...")
        else:
            try:
                space[name] = read_knob(value, known[name].annotation)
            except ValueError as error:
                problems.append(f"--space: {name}: {error}")
    if problems:
        raise UsageError("\n".join(problems))
    return space


def _lines(given: Mapping[str, Any] | str) -> Iterator[tuple[str, Any]]:
    if isinstance(given, Mapping):
        yield from given.items()
        return
    if "=" not in given:
        yield from _file(Path(expand_home(given))).items()
        return
    seen = set()
    for part in _parts(given):
        name, equals, text = (each.strip() for each in part.partition("="))
        if not equals or not text:
            raise UsageError(f"--space: {part.strip()!r} is no knob with its values; write name=[a, b] or name=1..10")
        if name in seen:
            raise UsageError(f"--space: {name} is there twice")
        seen.add(name)
        yield name, _value(text)


def _file(path: Path) -> dict[str, Any]:
    try:
        return read_flags(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"--space={path}: cannot be read ({error.strerror}); name a YAML file, auto, or write name=[a, b]"
        ) from error
    except (ValueError, yaml.YAMLError) as error:
        raise UsageError(f"--space={path}: {' '.join(str(error).split())}") from error


def _parts(text: str) -> list[str]:
    """Cut at the commas that stand in no brackets."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "[(") - (sign in "])")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part for part in parts if part.strip()]


def _value(text: str) -> Any:
    if not text.startswith("["):
        return text
    try:
        return read_yaml(text)
    except yaml.YAMLError:
        return text


def read_knob(value: Any, annotation: Any) -> Knob:
    """Read one knob's values, a list or a range, for a field of a type.

    Raises
    ------
    ValueError
        Says what is wrong with them.
    """
    if isinstance(value, list | tuple):
        choices = tuple(dict.fromkeys(map(value_text, value)))
        if not choices:
            raise ValueError("needs at least one value")
        return Knob(choices)
    found = _RANGE.fullmatch(str(value))
    if found is None:
        raise ValueError(f"{value!r} is neither a list, [a, b], nor a range, 1..10, 1e-4..1e-2 (log), 16..64 (step 16)")
    low, high, how = float(found[1]), float(found[2]), found[3] or ""
    step = float(how.removeprefix("step")) if how.startswith("step") else None
    whole = not _holds(annotation, float)
    if low >= high:
        raise ValueError(f"{value}: the first number must be smaller than the second")
    if how == "log" and low <= 0:
        raise ValueError(f"{value}: a logarithmic range begins above 0")
    if step is not None and not 0 < step <= high - low:
        raise ValueError(f"{value}: the step must be above 0, and at most the whole range")
    if whole and not all(number.is_integer() for number in (low, high, step or 1.0)):
        raise ValueError(f"{value}: takes whole numbers")
    return Knob((), low, high, how == "log", step, whole)


def _holds(annotation: Any, kind: type) -> bool:
    return annotation is kind or any(_holds(each, kind) for each in get_args(annotation))


def check_space(space: Space, searched: Searched, fixed: Mapping[str, Any]) -> dict[str, str]:
    """Refuse values that fit no combination with others; return one combination that fits.

    Raises
    ------
    UsageError
        What the fields say of the first such value, or of a flag that is both searched over and given.
    """
    given = {searched.aliases.get(name, name) for name in fixed}
    if both := [name for name in space if name in given]:
        raise UsageError(f"--{both[0]} is given, and is in --space too; leave one of them out")
    known = [*fields(searched.sections), *searched.aliases]
    if strange := [unknown_flag(name, known) for name in fixed if name not in known]:
        raise UsageError("\n".join(strange))
    draws, fitting = random.Random(0), {}
    for name, knob in space.items():
        for value in knob.ends:
            fitting = _fitting(name, value, _drawn(space, draws), searched, fixed)
    return fitting


def _drawn(space: Space, draws: random.Random) -> Iterator[dict[str, str]]:
    for _ in range(_COMBINATIONS):
        yield {name: draws.choice(knob.ends) for name, knob in space.items()}


def _fitting(
    name: str, value: str, drawn: Iterable[dict[str, str]], searched: Searched, fixed: Mapping[str, Any]
) -> dict[str, str]:
    first: UsageError | None = None
    for flags in drawn:
        flags[name] = value
        try:
            searched.read({**fixed, **flags})
        except UsageError as error:
            first = first or error
        else:
            return flags
    raise UsageError(_blamed(name, value, str(first), searched, fixed)) from first


def _blamed(name: str, value: str, said: str, searched: Searched, fixed: Mapping[str, Any]) -> str:
    """Say what does not fit: a knob's value, or what is given for all trials."""
    try:
        searched.read(fixed)
    except UsageError as error:
        if set(str(error).splitlines()) >= set(said.splitlines()):
            return said
    return f"--space: {name} cannot be {value}:\n{said}"


def usual(space: Space, searched: Searched, fixed: Mapping[str, Any], fitting: Mapping[str, str]) -> dict[str, Any]:
    """Return the knobs' defaults, of those whose values hold theirs; none where they do not fit together.

    `fitting` is a combination that fits, of `check_space`.
    """
    known = fields(searched.sections)
    found: dict[str, Any] = {}
    for name, knob in space.items():
        default = _USUAL.get(name) if known[name].default is None and not knob.choices else known[name].default
        if knob.choices:
            same = [value for value in knob.choices if means(name, value, searched, {**fixed, **fitting}) == default]
            found |= {name: same[0]} if same else {}
        elif isinstance(default, int | float) and knob.low <= default <= knob.high and knob.step is None:
            found[name] = default
    try:
        searched.read({**fixed, **fitting, **found})
    except UsageError:
        return {}
    return found


#: What auto stands for.
_USUAL = {"learning_rate": 0.001}


def means(name: str, value: str, searched: Searched, fixed: Mapping[str, Any]) -> Any:
    """Return what a knob's text means beside other flags; the class `UsageError` where it does not fit them."""
    try:
        sections = searched.read({**fixed, name: value})
    except UsageError:
        return UsageError
    return next(getattr(section, name) for section in sections if name in type(section).model_fields)
