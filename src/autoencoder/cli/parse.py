"""Read a command line before python-fire does, so that a typo is refused before any work begins.

python-fire reports an unknown flag only after the command has run, and guesses the type of every value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import UsageError
from ..settings.fields import canonical, fields, nearest
from .command import Command, Common

_TRUTHS = {"true", "false", "yes", "no", "on", "off", "1", "0"}


class Arguments(NamedTuple):
    """A command line taken apart: the command's name, its words, and the text of each flag."""

    command: str
    words: tuple[str, ...]
    flags: dict[str, str]


def read_arguments(argv: Sequence[str], commands: Mapping[str, Command]) -> Arguments:
    """Take `argv` apart. Flags stand before or after the command, as `--a=1`, `--a 1`, or `--a` where a is yes or no.

    Raises
    ------
    UsageError
        Lists every word that is no flag and no command, with the nearest command.
    """
    words, flags, problems = [], {}, []
    known = fields([Common, *(section for command in commands.values() for section in command.sections)])
    known |= {
        alias: known[name] for command in commands.values() for alias, name in command.aliases.items() if name in known
    }
    tokens = list(argv)
    # A flag of one name may be a name for one command and yes or no for another: the named one's own counts.
    known |= fields(next((commands[token].sections for token in tokens if token in commands), ()))
    while tokens:
        token = tokens.pop(0)
        if not token.startswith("-"):
            words.append(token)
            continue
        if not re.match(r"--?[A-Za-z]", token):
            problems.append(f"{token!r} is neither a flag nor a word; write flags as --flag=value")
            continue
        name, equals, text = token.lstrip("-").partition("=")
        name = canonical(name.replace("-", "_"))
        if not equals:
            text = tokens.pop(0) if tokens and _takes(tokens[0], known.get(name)) else "true"
            if text == "true" and name in known and known[name].annotation is not bool:
                problems.append(f"--{name} needs a value: --{name}=...")
        if name in flags:
            problems.append(f"--{name} is given twice")
        flags[name] = text
    if words and words[0] not in commands:
        problems.append(f"no such command: {words[0]}{nearest(words[0], commands)}")
    if not words:
        problems.append(f"no command; choose from {', '.join(commands)}")
    if problems:
        raise UsageError("\n".join(problems))
    return Arguments(words[0], tuple(words[1:]), flags)


def _takes(token: str, field: Any) -> bool:
    """Whether the token after a flag without '=' is its value."""
    if field is not None and field.annotation is bool:
        return token.lower() in _TRUTHS
    return field is not None and not token.startswith("--")
