"""Conditions on the columns of a table: comparisons joined by and, or, not. They are read and never run as Python."""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..errors import UsageError
from .fields import nearest

Columns: TypeAlias = Mapping[str, Sequence[Any] | np.ndarray]
Condition: TypeAlias = Callable[[Columns], np.ndarray]

_LONGEST = 1000
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_RULE = 'write comparisons (<, <=, >, >=, ==, !=) joined by and, or, not, as in "{} > 20 and not {} == 3"'


def condition(text: str, columns: Collection[str]) -> Condition:
    """Read a condition on the rows of a table.

    Parameters
    ----------
    text : str
        Comparisons of columns with numbers or with text in quotes, joined by and, or, not and brackets.
    columns : collection of str
        The names that it may use.

    Returns
    -------
    function
        Takes the columns, n values each, and returns a bool array of shape (n,): which rows meet the condition. A
        value that is missing, or no number where one is compared with a number, meets no comparison.

    Raises
    ------
    UsageError
        If it is no such condition, or names another column.

    Examples
    --------
    >>> dim = condition("brightness < 20 or 'night' == place", ["brightness", "place"])
    >>> dim({"brightness": [10, 200, 90], "place": ["day", "night", "day"]})
    array([ True,  True, False])
    """
    tree = _parsed(text, columns)
    _check(tree, columns)
    return lambda values: _mask(tree, values)


def _parsed(text: str, columns: Collection[str]) -> ast.expr:
    if len(text) > _LONGEST:
        raise UsageError(f"has {len(text):,} characters, and a condition has {_LONGEST:,} at most")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise UsageError(f"cannot be read as a condition: {_rule(columns)}") from None


def _rule(columns: Collection[str]) -> str:
    names = [*columns][:2] or ["column"]
    return _RULE.format(names[0], names[-1])


def _check(node: ast.expr, columns: Collection[str]) -> None:
    """Refuse all but comparisons of columns and constants."""
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            _check(value, columns)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _check(node.operand, columns)
    elif isinstance(node, ast.Compare) and all(type(sign) in _COMPARISONS for sign in node.ops):
        sides = [node.left, *node.comparators]
        for side in sides:
            _check_side(side, columns)
        if not any(isinstance(side, ast.Name) for side in sides):
            raise UsageError(f"'{ast.unparse(node)}' names no column; there are: {', '.join(columns)}")
    else:
        raise UsageError(f"'{ast.unparse(node)}' is no comparison: {_rule(columns)}")


def _check_side(node: ast.expr, columns: Collection[str]) -> None:
    if isinstance(node, ast.Name):
        if node.id not in columns:
            near = nearest(node.id, columns) or f"; there are: {', '.join(columns)}; text stands in quotes"
            raise UsageError(f"there is no column {node.id}{near}")
        return
    constant = _constant(node)
    if isinstance(constant, bool) or not isinstance(constant, int | float | str):
        raise UsageError(f"'{ast.unparse(node)}' is no column, number or text in quotes: {_rule(columns)}")


def _constant(node: ast.expr) -> Any:
    """Return the number or text that is written there, or None."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _constant(node.operand)
        if not isinstance(value, int | float):
            return None
        return -value if isinstance(node.op, ast.USub) else value
    return node.value if isinstance(node, ast.Constant) else None


def _mask(node: ast.expr, columns: Columns) -> np.ndarray:
    if isinstance(node, ast.BoolOp):
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return np.asarray(join.reduce([_mask(value, columns) for value in node.values]))
    if isinstance(node, ast.UnaryOp):
        return ~_mask(node.operand, columns)
    assert isinstance(node, ast.Compare)
    sides = [node.left, *node.comparators]
    pairs = zip(sides, node.ops, sides[1:], strict=False)
    return np.logical_and.reduce([_compared(left, sign, right, columns) for left, sign, right in pairs])


def _compared(left: ast.expr, sign: ast.cmpop, right: ast.expr, columns: Columns) -> np.ndarray:
    """Compare as text where one side is text in quotes or both are columns that hold text, else as numbers."""
    sides = [columns[side.id] if isinstance(side, ast.Name) else [_constant(side)] for side in (left, right)]
    quoted = any(isinstance(_constant(side), str) for side in (left, right))
    if quoted or all(map(_holds_text, sides)):
        first, second = map(_texts, sides)
        known = (first != "") & (second != "")
    else:
        first, second = map(_numbers, sides)
        known = ~(np.isnan(first) | np.isnan(second))
    return np.asarray(known & _COMPARISONS[type(sign)](first, second))


def _holds_text(values: Sequence[Any] | np.ndarray) -> bool:
    return any(isinstance(value, str) for value in values)


def _texts(values: Sequence[Any] | np.ndarray) -> np.ndarray:
    return np.array(["" if value is None or value != value else str(value) for value in values], dtype=np.str_)


def _numbers(values: Sequence[Any] | np.ndarray) -> np.ndarray:
    try:
        return np.asarray(values, float)
    except (TypeError, ValueError):
        return np.array([_number(value) for value in values])


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
