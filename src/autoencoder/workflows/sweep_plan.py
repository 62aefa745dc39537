"""What a search is, kept in its folder: all that must be the same when it goes on, and where its trials are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..files import write_text
from ..settings.fields import fields
from ..settings.space import Knob, Searched, Space
from ..settings.text import holds_path
from .trials import TRIALS, UNEVEN

PLAN = "sweep.json"


@dataclass(frozen=True)
class Plan:
    """What a search is: all that must be the same when it goes on, and where it is kept."""

    name: str
    command: str
    by: str
    space: Space
    fixed: Mapping[str, Any]
    seed: int
    storage: str | None = None

    @property
    def searched(self) -> Searched:
        """What the flags of a trial are read with."""
        return TRIALS[self.command].searched(self.by)

    @property
    def pruned(self) -> bool:
        """Whether the losses of an epoch compare, and say something of what decides."""
        return self.by in ("valid_loss", "valid_mse", "valid_accuracy") and not UNEVEN & self.space.keys()

    @property
    def warm_up(self) -> int:
        """Epochs in which no trial is pruned: a quarter, as a rate that falls late, or dropout, begins slowly."""
        name = "epochs" if self.command == "classify" else "train_epochs"
        return int(str(self.fixed.get(name, fields(self.searched.sections)[name].default))) // 4

    def record(self) -> dict[str, Any]:
        """Return it as plain values, without where it is kept."""
        plain = json.loads(json.dumps(dict(self.fixed), default=str))
        return {
            **{name: value for name, value in asdict(self).items() if name != "storage"},
            "space": {name: knob._asdict() for name, knob in self.space.items()},
            "fixed": plain,
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any], storage: str | None) -> Plan:
        """Read what `record` returned."""
        knobs = {name: Knob(**{**knob, "choices": tuple(knob["choices"])}) for name, knob in record["space"].items()}
        return cls(**{**record, "space": knobs, "storage": storage})

    def told(self) -> dict[str, str]:
        """Return what two searches of one study must agree on, in words, by flag; folders may lie elsewhere."""
        known = fields(self.searched.sections)
        own = {
            name: str(value)
            for name, value in self.record()["fixed"].items()
            if name in known and not holds_path(known[name].annotation)
        }
        return {"command": self.command, "by": self.by, **{k: str(v) for k, v in self.space.items()}, **own}


def write_plan(plan: Plan, folder: Path, trials: int) -> None:
    """Write what a search is and how many trials it has, to go on with it; passwords stay out."""
    shown = None if plan.storage is None or "@" in plan.storage else plan.storage
    write_text(folder / PLAN, json.dumps({**plan.record(), "storage": shown, "trials": trials}, indent=1) + "\n")


def read_plan(folder: Path, storage: str | None = None) -> Plan:
    """Read it back; a storage with a password must be named again."""
    record = _read(folder)
    record.pop("trials")
    kept = record.pop("storage")
    return Plan.of_record(record, storage or kept)


def kept_trials(folder: Path) -> int:
    """Return how many trials a search has."""
    return int(_read(folder)["trials"])


def _read(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / PLAN).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder / PLAN}: cannot be read; begin the sweep anew under another --name") from error
