"""The spaces of a search where none is given: for each command the knobs that often matter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import UsageError
from .budget import CHOSEN
from .fields import fields
from .space import Searched, means, read_knob
from .text import value_text


def auto_space(command: str, searched: Searched, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the flags of all trials, and the knobs that often matter: those that are not given, as far as they fit.

    The last of `dims` stays as it is: a wider embedding always rebuilds better.
    """
    lines = {name: values for name, values in _AUTO[command].items() if name not in given}
    fixed = {**_BASE.get(command, {}), **given}
    if command in ("run", "restore_train"):
        width = re.findall(r"\d+", value_text(fixed.pop("dims", "10")))[-1:] or ["10"]
        lines["dims"] = [f"[{first}{width[0]}]" for first in ("", "64, ", "256, ")]
    firsts = {
        name: read_knob(values, fields(searched.sections)[name].annotation).ends[0] for name, values in lines.items()
    }
    fitting: dict[str, Any] = {}
    for name, values in lines.items():
        ends = read_knob(values, fields(searched.sections)[name].annotation).ends
        fit = [end for end in ends if means(name, end, searched, {**fixed, **firsts}) is not UsageError]
        if len(fit) == len(ends):
            fitting[name] = values
        elif isinstance(values, list) and len(fit) > 1:
            fitting[name] = fit
    if "dims" in given and "dims" not in fitting:
        fixed["dims"] = given["dims"]
    return fixed, fitting


_REBUILDING: dict[str, Any] = {
    "filters": ["auto", "[16, 32]", "[32, 64]", "[32, 64, 128]", "[64, 128, 256]"],
    "kernel_size": ["[5, 5, 3]", "[3]", "[5]"],
    "learning_rate": "3e-4..1e-2 (log)",
    "schedule": ["constant", "cosine"],
    "batch_size": ["16", "32", "64"],
    "batch_norm": ["none", "before", "after"],
    "activation": ["relu", "elu", "leaky_relu:0.2", "silu"],
    "drop_rate": "0..0.3",
}
_AUTO: dict[str, dict[str, Any]] = {
    "run": _REBUILDING,
    "restore_train": _REBUILDING,
    "sort": {
        "contrast": "0.1..3 (log)",
        "neighbours": ["5", "10", "20"],
        "learning_rate": "5e-4..5e-3 (log)",
        "batch_size": ["64", "128", "256"],
        "filters": ["[32, 64, 128]", "[32, 64, 128, 256]", "[64, 128, 256]"],
        "method": ["umap_gmm", "gmm", "kmeans"],
    },
    "classify": {
        "units": ["64", "128", "256"],
        "learning_rate": "3e-4..1e-2 (log)",
        "fine_rate": "1e-4..3e-3 (log)",
        "batch_size": ["32", "64", "128"],
        "drop_rate": "0..0.5",
    },
}
#: What a search of `sort` begins with: most of what a budget chooses (settings/budget.py).
_BASE: dict[str, dict[str, Any]] = {"sort": {**CHOSEN, "contrast_with": "neighbours", "neighbours_from": "local"}}
