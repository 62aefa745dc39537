"""What a script measures, kept in logs/ as soon as it is known, so that a script goes on where it was stopped."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from checkout import ROOT

from autoencoder.errors import UserError
from autoencoder.files import write_text

RECIPES = ROOT / "recipes"
LOGS = Path("logs")


class Kept(NamedTuple):
    """The figures of a script, in logs/NAME.json: for each question that it was asked, figures by their key.

    A question names all that the figures hang on (images, epochs, ...), so that none is shown as the answer to another.
    """

    name: str
    question: str

    @property
    def file(self) -> Path:
        """Where the figures are."""
        return LOGS / f"{self.name}.json"

    @property
    def found(self) -> dict[str, Any]:
        """What is known so far."""
        return self._all().get(self.question, {})

    def once(self, key: str, measure: Callable[[], Any]) -> Any:
        """Return a figure that is known, or measure it, keep it and say it."""
        if key not in self.found:
            self.keep(key, measure())
        return self.found[key]

    def keep(self, key: str, value: Any) -> None:
        """Keep a figure."""
        LOGS.mkdir(exist_ok=True)
        write_text(self.file, json.dumps({**self._all(), self.question: {**self.found, key: value}}, indent=1))
        print(f"<!-- {key}: {value} -->", flush=True)

    def _all(self) -> dict[str, Any]:
        return json.loads(self.file.read_text()) if self.file.exists() else {}


def question(**asked: Any) -> str:
    """Return a question as one line."""
    return ", ".join(f"{name} {value}" for name, value in asked.items())


def line(cells: Iterable[Any]) -> str:
    """Return a row of a table in Markdown."""
    return f"| {' | '.join(map(str, cells))} |"


def head(cells: Sequence[str]) -> str:
    """Return the first two lines of a table."""
    return f"{line(cells)}\n{'|---' * len(cells)}|"


def spread(values: Sequence[float]) -> str:
    """Return the mean and, of more than one value, the deviation."""
    return f"{np.mean(values):.3f}" + (f" ± {np.std(values):.3f}" if len(values) > 1 else "")


def told(main: Callable[[], None]) -> None:
    """Do the work of a script; what is refused ends it with one sentence."""
    try:
        main()
    except UserError as error:
        raise SystemExit(f"error: {error}") from None
