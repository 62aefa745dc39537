"""Sections of settings: groups of documented fields, read from flags, YAML or Python alike.

Every value is read and checked by its field's type (plain_text.py says how), and every problem is listed at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticUndefined

from ..errors import UsageError
from .text import expand_home, holds_names, holds_path, read_text, read_yaml, write_yaml

#: Names of the original program, and the field that each one means now.
ALIASES = {
    "imageShape": "image_shape",
    "dropRate": "drop_rate",
    "preTrain_verbose": "verbose",
    "AutoencoderMLP_switch": "mlp",
}
#: So much of a value is shown in a message.
_SHOWN = 400


class Section(BaseModel):
    """A frozen group of fields that are checked together."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _accept_auto(cls, values: Any) -> Any:
        return {name: _plain(value, cls.model_fields.get(name)) for name, value in dict(values).items()}

    def to_flags(self) -> dict[str, Any]:
        """Return plain values (str, int, float, bool, None, lists) by field."""
        every = type(self).model_fields
        return {
            name: [] if value is None and holds_names(every[name].annotation) else value
            for name, value in self.model_dump(mode="json").items()
        }

    def absolute(self) -> Self:
        """Return the section with every path as it is seen from everywhere."""
        paths = {name: value.absolute() for name, value in self if isinstance(value, Path)}
        return self.model_copy(update=paths)

    def changed(self, name: str) -> bool:
        """Whether the field has another value than its default."""
        return bool(getattr(self, name) != type(self).model_fields[name].default)


def _allows_none(annotation: Any) -> bool:
    return type(None) in getattr(annotation, "__args__", ())


def _plain(value: Any, field: Any) -> Any:
    """Let `auto` and `none` stand for None, wherever None is allowed, and `~` for the home folder."""
    if field is None:
        return value
    if holds_names(field.annotation):  # a folder may be called none: only an empty list stands for all
        return None if value in ([], ()) else value
    if field.default is None or _allows_none(field.annotation):
        absent = {"none", "null"} if _has_own_auto(field.annotation) else {"auto", "none", "null"}
        value = None if isinstance(value, str) and value.lower() in absent else value
    return expand_home(value) if holds_path(field.annotation) else value


def _has_own_auto(annotation: Any) -> bool:
    """Whether auto is a value of the field, and not one of the words for a field that is left open."""
    return "auto" in get_args(annotation) or any(_has_own_auto(each) for each in get_args(annotation))


def fields(sections: Iterable[type[Section]]) -> dict[str, Any]:
    """Return pydantic's description of every field, by name, in order."""
    return {name: field for section in sections for name, field in section.model_fields.items()}


def default_text(field: Any) -> str:
    """Say a field's default as a person would type it."""
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None:
        return "[]" if holds_names(field.annotation) else _left_open(field)
    return _typed(field.default)


def _typed(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{','.join(_typed(v[0] if isinstance(v, tuple) and v[0] == v[1] else v) for v in value)}]"
    return str(value)


def _left_open(field: Any) -> str:
    """How a person writes None: that the program shall choose, or that there is no such thing."""
    own = _has_own_auto(field.annotation)
    return "none" if own or "auto:" not in field.description else "auto"


class Sections(BaseModel):
    """Some sections together: all that a run follows from, as flat flags and as YAML."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_flags(self) -> dict[str, Any]:
        """Return plain values (str, int, float, bool, None, lists) by field, which `from_flags` reads back."""
        return {key: value for name in type(self).model_fields for key, value in getattr(self, name).to_flags().items()}

    def to_yaml(self) -> str:
        """Return the settings as YAML, one line a field, which `--config` reads back."""
        return write_yaml(self.to_flags())


def parse(
    flags: Mapping[str, Any], sections: Iterable[type[Section]], aliases: Mapping[str, str] = ALIASES
) -> list[Any]:
    """Share flat `flags` among `sections` and check each; every name must belong to one of them, or be an alias.

    Text is read by its field's type, so that `--filters=[16,32]`, `--save_dir=2024` and `--categories=01` all mean
    what they say.

    Raises
    ------
    UsageError
        Lists every problem: the flag, the value received and the rule.
    """
    known = fields(sections)
    checked, problems = [], []
    given = {aliases.get(name, name): value for name, value in flags.items()}
    problems += [unknown_flag(name, [*known, *aliases]) for name in given if name not in known]
    # Most often a variable of the shell that is not set; to go on would be to do something else than was meant.
    empty = [name for name, value in given.items() if isinstance(value, str) and not value and name in known]
    problems += [f"--{name}= is empty; give it a value or leave it out" for name in empty]
    for section in sections:
        own = {name: given[name] for name in section.model_fields if name in given and name not in empty}
        own = {name: read_text(value, known[name].annotation) for name, value in own.items()}
        try:
            checked.append(section(**own))
        except ValidationError as error:
            details = error.errors()
            # A list whose items are all refused is also called too short; the items' own complaints say more.
            items = {detail["loc"][0] for detail in details if len(detail["loc"]) > 1}
            explained = {*items, *empty}
            problems += [
                _problem(d, given, known) for d in details if len(d["loc"]) != 1 or d["loc"][0] not in explained
            ]
    if problems:
        raise UsageError("\n".join(dict.fromkeys(problems)))  # the two sides of a kernel have one complaint
    return checked


def read_flags(text: str) -> dict[str, Any]:
    """Read the flags in a YAML file, as text that `parse` understands.

    Raises
    ------
    yaml.YAMLError
        If it is no YAML.
    ValueError
        If it holds something else than lines of `flag: value`.
    """
    values = read_yaml(text) or {}
    if not isinstance(values, dict):
        raise ValueError(
            f"must hold lines of 'flag: value'; it holds a {'list' if isinstance(values, list) else 'word'}"
        )
    # Version 0.1 wrote null for all categories; since then null is the name of a folder, and [] stands for all.
    if values.get("categories") == "null" and "valid_split" in values and "background" not in values:
        values["categories"] = []
    return values


def canonical(name: str) -> str:
    """Return the field that `name` means: itself, or what a name of the original program stands for."""
    return ALIASES.get(name, name)


def unknown_flag(name: str, known: Iterable[str]) -> str:
    """Say that there is no flag `name`, and which known one is nearest."""
    return f"--{name}: no such flag{nearest(name, known)}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return '; did you mean ...?' with the nearest of the `known` names, or nothing where none is near."""
    names = list(known)
    words = {word: each for each in reversed(names) for word in each.split("_")}
    # Nearly a name, or nearly a word of one; only then whatever is nearest.
    for choices, cutoff in ((names, 0.75), (list(words), 0.75), (names, 0.5)):
        if found := difflib.get_close_matches(name, choices, n=1, cutoff=cutoff):
            return f"; did you mean {words[found[0]] if choices is not names else found[0]}?"
    return ""


def _problem(detail: Mapping[str, Any], flags: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """Say one of pydantic's complaints as: the flag, what it received, the rule."""
    if detail["type"] == "missing":
        name = str(detail["loc"][0])
        return f"--{name}: must be given: {known[name].description}"
    if detail["type"] == "too_short":
        least = detail["ctx"]["min_length"]
        needed = "one value" if least == 1 else f"{least} values"
        return f"--{detail['loc'][0]}={_shown(flags.get(str(detail['loc'][0])))}: needs at least {needed}"
    message = detail["msg"].removeprefix("Value error, ").replace("Input should", "should")
    if not detail["loc"]:
        return message
    name, *place = detail["loc"]
    numbers = [part + 1 for part in place if isinstance(part, int)]
    where = f" item {numbers[0]}" if numbers else ""
    if not place and type(None) in getattr(known[name].annotation, "__args__", ()):
        message += f"; or {_left_open(known[name])}"
    return f"--{name}={_shown(flags.get(str(name)))}:{where} {message}"


def _shown(value: Any) -> str:
    """Return what a message shows of a value; the middle of a long one is left out."""
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]} ... {text[-_SHOWN // 2 :]}"
