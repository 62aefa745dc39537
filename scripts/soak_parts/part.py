"""What a part of the soak is."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple


class Setup(NamedTuple):
    """How much is done: so many `kills`, drawn by `draw`, with all that is made in the folder `place`.

    Of what has a name, only that is done in which the regular expression `only` is found.
    """

    kills: int
    draw: random.Random
    place: Path
    only: str = ""


class Part(NamedTuple):
    """A part: what must hold, and the function that returns figures by name; of those in `faults` none may count."""

    title: str
    measure: Callable[[Setup], dict[str, Any]]
    faults: tuple[str, ...]
