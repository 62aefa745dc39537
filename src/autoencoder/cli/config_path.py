"""Where the file is that `--config` names: a path, or the bare name of a recipe that comes with the program."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import UsageError
from ..settings.fields import nearest
from ..settings.text import expand_home

_HERE = Path(__file__).resolve().parents[1]
#: Inside the package where it is installed, at the top of a checkout.
_PLACES = (_HERE / "recipes", _HERE.parents[1] / "recipes")


def config_path(value: str | Path) -> Path:
    """Return the file that a value of `--config` means.

    A file of that name comes first, so that a recipe can be copied and changed; then the recipe of that name.

    Raises
    ------
    UsageError
        If the value is empty, or a bare name of neither a file nor a recipe.
    """
    if str(value) == "":
        raise UsageError("--config= is empty; give it a value or leave it out")
    try:
        path = Path(expand_home(value))
    except ValueError as error:
        raise UsageError(f"--config={error}") from error
    if os.path.isfile(path):  # noqa: PTH113 - pathlib's raises an error where the name is too long
        return path
    known = recipes()
    if str(value) in known:
        return known[str(value)]
    if path.stem in known:
        raise UsageError(f"--config={value}: there is no such file; the recipe of that name is --config={path.stem}")
    if len(path.parts) == 1 and not path.suffix and not os.path.exists(path):  # noqa: PTH110
        hint = nearest(path.name, known) or f"; the recipes are {', '.join(known)}"
        raise UsageError(f"--config={value}: there is no such file or recipe{hint}")
    return path


def recipes() -> dict[str, Path]:
    """Return the recipes that come with the program, by name."""
    place = next((each for each in _PLACES if each.is_dir()), _PLACES[0])
    return {path.stem: path for path in sorted(place.glob("*.yml"))}
