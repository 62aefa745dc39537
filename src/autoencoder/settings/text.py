"""What the text of a flag or of a YAML file means, by the type of its field.

YAML 1.1, which PyYAML reads, takes `010` for 8, `no` for false, `12:30` for 750 and `2020-01-01` for a date. So names
and paths are never read as YAML at all, and numbers by the rules of YAML 1.2's core schema, in which `010` is ten.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import yaml

# libyaml, where PyYAML has it, reads a hundred thousand values in a second.
_BASE = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_MOST_TEXT, _MOST_DEEP, _MOST_VALUES = 10**6, 20, 100_000


class NameList:
    """Marks the type of a field that holds names: text, whatever it looks like."""


class _Core(yaml.SafeLoader):
    """YAML 1.2's core schema, but for hexadecimal and octal numbers."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own name and type


#: Each kind of scalar, by what it must match as a whole, and the characters that it may begin with.
_SCALARS = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+", list("-+0123456789")),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
}
for _kind, (_pattern, _first) in _SCALARS.items():
    _Core.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(f"(?:{_pattern})$"), _first)
_Core.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(str(node.value)))


def write_yaml(values: Mapping[str, Any]) -> str:
    """Return plain values as YAML, one line a flag."""
    return str(yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, default_flow_style=None))


def read_yaml(text: str) -> Any:
    """Read a YAML file, of which every word and number stays text.

    Raises
    ------
    yaml.YAMLError
        If it is none.
    """
    check_yaml(text)
    return yaml.load(text, _BASE)


def check_yaml(text: str) -> None:
    """Refuse YAML that would take long to read, or more memory than settings need, by a look at its marks alone.

    Raises
    ------
    yaml.YAMLError
        If it is none, longer than a million characters, nested deeper than 20 times, or an alias (`*name`) makes it
        hold more than 100,000 values or itself.
    """
    if len(text) > _MOST_TEXT:
        raise yaml.YAMLError(f"it is {len(text):,} characters long; settings have {_MOST_TEXT:,} at most")
    # The values below each collection that is open, and its anchor; the first is the whole text.
    open_ones: list[tuple[str | None, int]] = [(None, 0)]
    sizes: dict[str | None, int] = {}
    for event in yaml.parse(text, _BASE):
        anchor, count = getattr(event, "anchor", None), 0
        if isinstance(event, yaml.AliasEvent):
            count = sizes.get(anchor, _MOST_VALUES + 1)  # one that is still open holds itself
        elif isinstance(event, yaml.CollectionStartEvent):
            sizes.pop(anchor, None)
            open_ones.append((anchor, 1))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, count = open_ones.pop()
            sizes[anchor] = count
        elif isinstance(event, yaml.ScalarEvent):
            count = sizes[anchor] = 1
        if len(open_ones) > _MOST_DEEP + 1:
            raise yaml.YAMLError(f"it is nested deeper than {_MOST_DEEP} times; settings are flat")
        open_ones[-1] = open_ones[-1][0], open_ones[-1][1] + count
        if open_ones[-1][1] > _MOST_VALUES:
            raise yaml.YAMLError(
                f"an alias leads to itself, to nothing, or to more than {_MOST_VALUES:,} values; write it out"
            )


def read_text(value: Any, annotation: Any) -> Any:
    """Turn text into what a field of a type means by it; what is no text, or holds none, stays as it is."""
    if holds_names(annotation):
        return _names(value) if isinstance(value, str) else value
    if _is_text(annotation):
        return value
    if isinstance(value, list | tuple):
        return [read_text(each, annotation) for each in value]
    if isinstance(value, dict):
        return {name: read_text(each, annotation) for name, each in value.items()}
    if not isinstance(value, str):
        return value
    try:
        check_yaml(value)
        return yaml.load(value, _Core)
    except (yaml.YAMLError, ValueError):
        return value


def value_text(value: Any) -> str:
    """Return a value as a person writes it, whether it comes from a file, as text, or from Python."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_text, value))}]"
    return "none" if value is None else str(value)


def _names(text: str) -> list[str]:
    """Read `[a, b]`, `a,b` or `a` as names; a name with a comma stands in double quotes."""
    text = text.strip()
    inside = text[1:-1] if text[:1] + text[-1:] in ("[]", "()") else text
    if not inside.strip():
        return []
    return [name.strip() for name in next(csv.reader([inside], skipinitialspace=True))]


def holds_names(annotation: Any) -> bool:
    """Whether a field of this type holds names."""
    return any(isinstance(each, NameList) or holds_names(each) for each in get_args(annotation))


def _is_text(annotation: Any) -> bool:
    """Whether a field of this type is text or a path, or may be none; a list of such is not."""
    if get_origin(annotation) in (Union, UnionType, Annotated):
        return any(_is_text(each) for each in get_args(annotation))
    return annotation in (str, Path)


def holds_path(annotation: Any) -> bool:
    """Whether a field of this type is a path."""
    return annotation is Path or any(holds_path(each) for each in get_args(annotation))


def expand_home(value: Any) -> Any:
    """Replace a leading `~` by the home folder, as a shell does where it stands at the start of a word.

    Raises
    ------
    ValueError
        If there is no such user.
    """
    if not isinstance(value, str | Path) or not str(value).startswith("~"):
        return value
    expanded = os.path.expanduser(value)  # noqa: PTH111 - pathlib's raises an error of another kind
    if expanded.startswith("~"):
        raise ValueError(f"{value}: there is no such user; write ./{value} for a folder of that name")
    return expanded
