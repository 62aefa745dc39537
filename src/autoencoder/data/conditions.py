"""Conditions on the rows of a table, as a person types them: `dims == 10 and valid_mse < 0.02`.

Python's own grammar is read, and of it only comparisons joined by and, or, not; nothing of the text is ever executed.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..errors import UsageError
from ..settings.fields import nearest

Row = Mapping[str, Any]
#: How a person writes the values that have no sign of their own.
_WORDS = {"true": True, "false": False, "none": None}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, several: value in several,
    ast.NotIn: lambda value, several: value not in several,
}
#: So many signs of a condition are read at most, and so many of it are shown in a message.
_LONGEST, _SHOWN = 2_000, 60
_FORM = 'write comparisons joined by and, or, not, with text in quotes: dims == 10 and loss == "mse"'


def condition(text: str, columns: Collection[str], flag: str = "where") -> Callable[[Row], bool]:
    """Read a condition on a row.

    A value that a row lacks, or that cannot be compared, fulfils no comparison but `== none` and `!= none`. A list of
    one value is that value.

    Parameters
    ----------
    text : str
        Comparisons (`==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `not in`) of columns, numbers, quoted text, true, false,
        none and lists of these, joined by `and`, `or`, `not` and parentheses.
    columns : collection of str
        The names that may stand in it.
    flag : str
        The flag that it was given by, for messages.

    Returns
    -------
    function from a row, which may lack columns, to bool

    Raises
    ------
    UsageError
        If it is no such condition, or names a column that is not there.

    Examples
    --------
    >>> wide = condition("dims > 8 and not loss == 'mse'", ["dims", "loss"])
    >>> wide({"dims": 10, "loss": "ssim"}), wide({"loss": "ssim"})
    (True, False)
    """
    try:
        tree = ast.parse(text.strip() if len(text) <= _LONGEST else "", mode="eval").body
        return _boolean(tree, columns)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        # The columns' own complaints say what to do; the parser's do not.
        what = str(error) if isinstance(error, _Refused) else f"cannot be read; {_FORM}"
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        raise UsageError(f"--{flag}={shown}: {what}") from error


class _Refused(ValueError):
    """A part of a condition that has no meaning here."""


def _boolean(node: ast.expr, columns: Collection[str]) -> Callable[[Row], bool]:
    if isinstance(node, ast.BoolOp):
        parts = [_boolean(each, columns) for each in node.values]
        joined = all if isinstance(node.op, ast.And) else any
        return lambda row: joined(part(row) for part in parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        part = _boolean(node.operand, columns)
        return lambda row: not part(row)
    if isinstance(node, ast.Compare):
        return _comparison(node, columns)
    if isinstance(node, ast.Name):
        value = _value(node, columns)
        return lambda row: value(row) is True
    raise _Refused(f"{_source(node)} is no comparison; {_FORM}")


def _comparison(node: ast.Compare, columns: Collection[str]) -> Callable[[Row], bool]:
    parts = (node.left, *node.comparators)
    if any(type(sign) not in _COMPARE for sign in node.ops):
        raise _Refused(f"{_source(node)} is no comparison; {_FORM}")
    values = [_value(each, columns) for each in parts]
    steps = list(zip([_COMPARE[type(sign)] for sign in node.ops], values, values[1:], strict=False))
    asks_for_none = any(_is_none(each) for each in parts)
    return lambda row: all(_holds(sign, left(row), right(row), asks_for_none) for sign, left, right in steps)


def _value(node: ast.expr, columns: Collection[str]) -> Callable[[Row], Any]:
    if isinstance(node, ast.Name) and node.id in columns:
        name = node.id
        return lambda row: _single(row.get(name))
    if isinstance(node, ast.Name) and node.id in _WORDS:
        word = _WORDS[node.id]
        return lambda _: word
    if isinstance(node, ast.Name):
        raise _Refused(f"there is no column {node.id}{nearest(node.id, columns)} (text stands in quotes)")
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | None):
        constant = node.value
        return lambda _: constant
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and _is_number(node.operand):
        positive = _value(node.operand, columns)
        return lambda row: -positive(row)
    if isinstance(node, ast.List | ast.Tuple):
        parts = [_value(each, columns) for each in node.elts]
        return lambda row: _single([part(row) for part in parts], keep_list=True)
    raise _Refused(f"{_source(node)} is neither a column nor a value; {_FORM}")


def _holds(sign: Callable[[Any, Any], Any], left: Any, right: Any, asks_for_none: bool) -> bool:
    if (left is None or right is None) and not asks_for_none:
        return False
    if isinstance(right, list) and len(right) == 1 and sign in (operator.eq, operator.ne):
        right = right[0]
    try:
        return bool(sign(left, right))
    except TypeError:  # values of two kinds
        return False


def _single(value: Any, *, keep_list: bool = False) -> Any:
    """Return a list of one value as that value, and a pair of equal sides, such as a kernel's, as one side."""
    if not isinstance(value, list | tuple):
        return value
    sides = [each[0] if isinstance(each, list | tuple) and each and each[0] == each[-1] else each for each in value]
    return sides[0] if len(sides) == 1 and not keep_list else sides


def _is_none(node: ast.expr) -> bool:
    return (isinstance(node, ast.Constant) and node.value is None) or (isinstance(node, ast.Name) and node.id == "none")


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _source(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
