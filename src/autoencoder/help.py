"""The help texts and the table of flags, made from the fields themselves."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Mapping

from .command import Command, Common
from .flags import ALIASES, Section, default_text


def overview(commands: Mapping[str, Command]) -> str:
    """Return the help of the whole program."""
    width = max(map(len, commands))
    listed = [f"  {name:<{width}}  {command.summary}" for name, command in commands.items()]
    return "\n".join(
        [
            "From a folder of images to embeddings, clusters and pictures that a person can judge.",
            "",
            "usage: flexae COMMAND [--flag=value ...]   (python -m src.autoencoder COMMAND in a checkout)",
            "",
            *listed,
            "",
            "flexae COMMAND --help lists the flags of a command.",
        ]
    )


def command_help(name: str, command: Command) -> str:
    """Return the help of one command: its words, and every flag with its default."""
    words = "".join(f" {word.upper()}" for word in command.words)
    lines = [command.summary, "", f"usage: flexae {name}{words} [--flag=value ...]"]
    sections: list[type[Section]] = [*command.sections, Common]
    for section in sections:
        lines += ["", (section.__doc__ or "").splitlines()[0], *_flag_lines(section, command.aliases)]
    return "\n".join(lines)


def _flag_lines(section: type[Section], aliases: Mapping[str, str]) -> Iterable[str]:
    columns = min(shutil.get_terminal_size((100, 24)).columns, 120)
    former = {field: alias for alias, field in aliases.items()}
    for name, field in section.model_fields.items():
        also = f"; also --{former[name]}" if name in former else ""
        text = f"{field.description} [{default_text(field)}]{also}"
        head = f"  --{name}"
        first, *rest = textwrap.wrap(text, columns - 28) or [""]
        yield f"{head:<27} {first}" if len(head) < 27 else f"{head}\n{'':<28}{first}"
        yield from (f"{'':<28}{line}" for line in rest)


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
