"""Sections of settings: groups of documented fields, read from flags, YAML or Python alike.

Text is read as YAML, every value is checked by its field's type, and every problem is listed at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticUndefined

from .errors import UsageError

#: Names of the original program, and the field that each one means now.
ALIASES = {
    "imageShape": "image_shape",
    "dropRate": "drop_rate",
    "preTrain_verbose": "verbose",
    "AutoencoderMLP_switch": "mlp",
}


class Section(BaseModel):
    """A frozen group of fields that are checked together."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _accept_auto(cls, values: Any) -> Any:
        fields = cls.model_fields
        optional = {name for name, field in fields.items() if field.default is None or _allows_none(field.annotation)}
        return {key: _optional(value) if key in optional else value for key, value in dict(values).items()}

    def changed(self, name: str) -> bool:
        """Whether the field has another value than its default."""
        return bool(getattr(self, name) != type(self).model_fields[name].default)


def _allows_none(annotation: Any) -> bool:
    return type(None) in getattr(annotation, "__args__", ())


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.lower() in {"auto", "none", "null", ""})


def _optional(value: Any) -> Any:
    """Let `auto` and `none` stand for None, wherever None is allowed."""
    return None if _is_missing(value) else value


def fields(sections: Iterable[type[Section]]) -> dict[str, Any]:
    """Return pydantic's description of every field, by name, in order."""
    return {name: field for section in sections for name, field in section.model_fields.items()}


def default_text(field: Any) -> str:
    """Say a field's default as a person would write it."""
    if field.default is PydanticUndefined:
        return "required"
    value = field.default
    if isinstance(value, tuple):
        return "[" + ", ".join(str(v[0] if isinstance(v, tuple) and v[0] == v[1] else v) for v in value) + "]"
    return str(value) if value is not None else _left_open(field)


def _left_open(field: Any) -> str:
    """How a person writes None: that the program shall choose, or that there is no such thing."""
    return "auto" if "auto:" in field.description else "none"


class Sections(BaseModel):
    """Some sections together: all that a run follows from, as flat flags and as YAML."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_flags(self) -> dict[str, Any]:
        """Return plain values (str, int, float, bool, None, lists) by field, which `from_flags` reads back."""
        return {
            key: value
            for name in type(self).model_fields
            for key, value in getattr(self, name).model_dump(mode="json").items()
        }

    def to_yaml(self) -> str:
        """Return the settings as YAML, one line a field, which `--config` reads back."""
        return str(yaml.safe_dump(self.to_flags(), sort_keys=False, allow_unicode=True, default_flow_style=None))


def parse(
    flags: Mapping[str, Any], sections: Iterable[type[Section]], aliases: Mapping[str, str] = ALIASES
) -> list[Any]:
    """Share flat `flags` among `sections` and check each; every name must belong to one of them, or be an alias.

    Text is read as YAML where the field is not text itself, so that `--filters=[16,32]` and `--save_dir=2024` both
    mean what they say.

    Raises
    ------
    UsageError
        Lists every problem: the flag, the value received and the rule.
    """
    known = fields(sections)
    checked, problems = [], []
    given = {aliases.get(name, name): value for name, value in flags.items()}
    problems += [unknown_flag(name, [*known, *aliases]) for name in given if name not in known]
    for section in sections:
        own = {name: read_text(given[name], known[name]) for name in section.model_fields if name in given}
        try:
            checked.append(section(**own))
        except ValidationError as error:
            details = error.errors()
            # A list whose items are all refused is also called too short; the items' own complaints say more.
            items = {detail["loc"][0] for detail in details if len(detail["loc"]) > 1}
            problems += [_problem(d, given, known) for d in details if len(d["loc"]) != 1 or d["loc"][0] not in items]
    if problems:
        raise UsageError("\n".join(problems))
    return checked


def canonical(name: str) -> str:
    """Return the field that `name` means: itself, or what a name of the original program stands for."""
    return ALIASES.get(name, name)


def unknown_flag(name: str, known: Iterable[str]) -> str:
    """Say that there is no flag `name`, and which known one is nearest."""
    return f"--{name}: no such flag{nearest(name, known)}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return '; did you mean ...?' with the nearest of the `known` names, or nothing where none is near."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {found[0]}?" if found else ""


def read_text(value: Any, field: Any) -> Any:
    """Turn the text of a flag into the value that YAML sees in it, unless the field holds text or a path."""
    if not isinstance(value, str) or _is_text(field.annotation):
        return value
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError:
        return value


def _is_text(annotation: Any) -> bool:
    return annotation in (str, Path) or bool({str, Path} & set(getattr(annotation, "__args__", ())))


def _problem(detail: Mapping[str, Any], flags: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """Say one of pydantic's complaints as: the flag, what it received, the rule."""
    if detail["type"] == "too_short":
        return f"--{detail['loc'][0]}={flags.get(str(detail['loc'][0]))}: needs at least one value"
    message = detail["msg"].removeprefix("Value error, ").replace("Input should", "should")
    if not detail["loc"]:
        return message
    name, *place = detail["loc"]
    numbers = [part + 1 for part in place if isinstance(part, int)]
    where = f" item {numbers[0]}" if numbers else ""
    if not place and type(None) in getattr(known[name].annotation, "__args__", ()):
        message += f"; or {_left_open(known[name])}"
    return f"--{name}={flags.get(str(name))}:{where} {message}"
