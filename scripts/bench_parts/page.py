"""Pieces of the page docs/performance.md: tables, and a plain word beside each bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return the lines of a table, and an empty one after it."""
    lines = [list(map(str, head)), ["---"] * len(head), *[list(map(shown, row)) for row in rows]]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


def shown(value: Any) -> str:
    """Return a figure with three digits that count, and thousands apart; anything else as it is."""
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    if abs(value) >= 100 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def at_least(what: str, value: float, bar: float, unit: str = "times") -> str:
    """Return a line that says whether `value` reaches a bar from below."""
    return _verdict(what, value >= bar, f"{shown(value)} {unit}, at least {shown(bar)} wanted")


def at_most(what: str, value: float, bar: float, unit: str) -> str:
    """Return a line that says whether `value` stays under a bar."""
    return _verdict(what, value <= bar, f"{shown(value)} {unit}, at most {shown(bar)} wanted")


def _verdict(what: str, reached: bool, figures: str) -> str:
    return f"- {'Reached' if reached else '**Missed**'}: {what}: {figures}."
