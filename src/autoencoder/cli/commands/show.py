"""`show`: one run, its settings, scores and files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from ...settings.fields import Section
from ...settings.types import RunName
from ...storage.records import Record
from ...workflows.runs import measure_of
from ...workflows.show import Shown
from ...workflows.show import show as shown_of
from ..command import Command
from ..table import cell_text

#: Scores that say what another line says.
_ASIDE = frozenset({"status", "seed", "method", "run"})


class Options(Section):
    """Which run."""

    run: RunName = Field(
        description="a run's folder, its name in logs/, `latest`, an encoder's file in it, or a clustering's folder"
    )


def execute(options: Options) -> Shown:
    """Show the run, and return what is known of it."""
    found = shown_of(options.run)
    print("\n".join(_lines(found)))
    return found


def _lines(found: Shown) -> list[str]:
    record = found.record
    made = f"made by {record.command}, " if record.command else ""
    lines = [f"{record.path}: {made}{record.status}, {record.date}"]
    if record.note:
        lines.append(f"be careful: {record.note}")
    rest = len(record.settings) - len(found.changed)
    lines += _block(f"settings ({rest} others are defaults)", found.changed)
    scores = {name: value for name, value in record.scores.items() if name not in _ASIDE and value is not None}
    first = {name: scores[name] for name in (found.measure,) if name is not None}
    lines += _block("scores", first | scores)
    lines += _block("epochs", {name: _joined(row) for name, row in found.epochs.items()})
    lines += _block("files", found.files)
    inside = {each.name.rpartition("/")[-1]: _summary(each) for each in found.clusterings}
    lines += _block("clusterings, in clusters/", inside)
    return lines + (["", *(f"next: {command}" for command in found.next)] if found.next else [])


def _block(title: str, values: Mapping[str, Any]) -> list[str]:
    if not values:
        return []
    width = max(map(len, values))
    lines = [f"  {cell_text(name):<{width}}  {_text(value)}".rstrip() for name, value in values.items()]
    return ["", title, *lines]


def _text(value: Any) -> str:
    """Return text whole, and anything else as in a table."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {cell_text(each)}" for name, each in value.items())
    return value if isinstance(value, str) and value.isprintable() else cell_text(value)


def _joined(row: Mapping[str, Any]) -> str:
    return "  ".join(f"{name} {cell_text(int(value) if name == 'epoch' else value)}" for name, value in row.items())


def _summary(record: Record) -> str:
    names = [measure_of(record), "silhouette", "nmi", "stability"]
    scores = {name: record.scores[name] for name in names if name is not None and record.scores.get(name) is not None}
    return f"{record.scores.get('k', '?')} clusters  {_joined(scores)}" if record.status == "finished" else record.note


COMMAND = Command(
    "One run: settings that are not defaults, scores, files with what each says, clusterings, and what to do next.",
    sections=(Options,),
    execute=execute,
    words=("run",),
)
