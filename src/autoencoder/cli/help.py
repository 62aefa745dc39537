"""The help texts and the table of flags, made from the fields themselves."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from ..errors import UsageError
from ..settings.fields import ALIASES, Section, default_text, nearest
from .command import Command, Common

#: Where what a flag means begins, and the longest line that is still read well.
_MARGIN, _WIDEST = 28, 120
#: Stands for a blank that no line may be broken at; no text has it.
_KEPT = "\0"


def help_asked(argv: Sequence[str], commands: Mapping[str, Command]) -> str | None:
    """Return the help that a command line asks for, in any of the usual ways, or None where it asks for none.

    These are `help`, `help COMMAND`, `COMMAND help`, and `--help` or `-h` anywhere.

    Raises
    ------
    UsageError
        If help is asked on a command that there is not.
    """
    words = [token for token in argv if not token.startswith("-")]
    if {"--help", "-h"} & set(argv):
        named = [word for word in words if word in commands]
        unknown = words[:1] if words and words[0] not in (*commands, "help") else []
    elif argv[:1] == ["help"] or list(argv[1:]) == ["help"]:
        named = [word for word in words if word != "help"][:1]
        unknown = [word for word in named if word not in commands]
    else:
        return None
    if unknown:
        raise UsageError(f"no such command: {unknown[0]}{nearest(unknown[0], commands)}")
    return command_help(named[0], commands[named[0]]) if named else overview(commands)


def overview(commands: Mapping[str, Command]) -> str:
    """Return the help of the whole program."""
    width = max(map(len, commands)) + 4
    listed = [_filled(command.summary, f"  {name}", width) for name, command in commands.items()]
    return "\n".join(
        [
            _filled("From a folder of images to embeddings, clusters and pictures that a person can judge."),
            "",
            "usage: flexae COMMAND [--flag=value ...]",
            "       python -m src.autoencoder COMMAND [--flag=value ...]   (in a checkout)",
            "",
            *listed,
            "",
            _filled("flexae COMMAND --help lists the flags of a command."),
        ]
    )


def command_help(name: str, command: Command) -> str:
    """Return the help of one command: its words, and every flag with its default."""
    words = "".join(f" {word.upper()}" for word in command.words)
    lines = [_filled(command.summary), "", f"usage: flexae {name}{words} [--flag=value ...]"]
    lines += ["", _filled("In brackets: the default, as it is typed.")]
    sections: list[type[Section]] = [*command.sections, Common]
    for section in sections:
        lines += ["", _filled((section.__doc__ or "").splitlines()[0]), *_flag_lines(section, command.aliases)]
    return "\n".join(lines)


def _flag_lines(section: type[Section], aliases: Mapping[str, str]) -> Iterable[str]:
    former = {field: alias for alias, field in aliases.items()}
    for name, field in section.model_fields.items():
        also = f"; also --{former[name]}" if name in former else ""
        default = default_text(field).replace(" ", _KEPT)
        yield _filled(f"{field.description} [{default}]{also}", f"  --{name}", _MARGIN)


def _filled(text: str, head: str = "", margin: int = 0) -> str:
    """Wrap `text` to the terminal behind a margin, with `head` in the margin, or above where it is too long for it."""
    columns = min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)
    width = max(columns - margin, 20)
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    above = len(head) >= margin > 0
    shown = [f"{'' if above or number else head:<{margin}}{line}" for number, line in enumerate(lines)]
    return "\n".join([head, *shown] if above else shown).replace(_KEPT, " ")


def flag_table(sections: Iterable[type[Section]], aliases: Mapping[str, str] = ALIASES) -> str:
    """Return the table of flags in Markdown, a row a field."""
    rows = ["| flag | default | meaning |", "|---|---|---|"]
    former = {field: alias for alias, field in aliases.items()}
    for section in sections:
        for name, field in section.model_fields.items():
            also = f", `{former[name]}`" if name in former else ""
            meaning = str(field.description).replace("|", "\\|")
            rows.append(f"| `{name}`{also} | `{default_text(field)}` | {meaning} |")
    return "\n".join(rows)
