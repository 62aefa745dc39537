"""Cells that a spreadsheet would take for a formula, which may run a command: written as plain text, read back exactly.

A path that begins with = + - @, a tab or a line end is written `./=...`; any other text, a name, `'=...`. One that
begins so already gets one sign more, so that nothing that is read can mean two things.
"""

import re

_SIGNS = "=+\\-@\t\r\n"
_FORMULA = re.compile(rf"(?:'|\./)*[{_SIGNS}]")
_GUARDED = re.compile(rf"(?:'|\./)+[{_SIGNS}]")
_NUMBER = re.compile(r"[+-](\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|[+-]inf|[+-]nan", re.ASCII | re.IGNORECASE)
#: The columns of paths; what is in all others is a name or a number.
_PATH_COLUMNS = {"path", "like", "known", "nearest", "run", "image", "picture"}


def guarded(cell: str, column: str = "path") -> str:
    """Return what is written for a cell of a column: itself, where no spreadsheet would take it for a formula.

    Examples
    --------
    >>> guarded("=1+1.png"), guarded("=1+1", "name"), guarded("-0.5", "score"), guarded("cat", "name")
    ('./=1+1.png', "'=1+1", '-0.5', 'cat')
    """
    path = column in _PATH_COLUMNS
    if not _FORMULA.match(cell) or (not path and _NUMBER.fullmatch(cell)):
        return cell
    return f"./{cell}" if path else f"'{cell}"


def unguarded(cell: str) -> str:
    """Return what a cell means that `guarded` wrote, of whichever column; others, of older files too, as they are.

    Examples
    --------
    >>> unguarded("./=1+1.png"), unguarded("'=1+1"), unguarded("'tis"), unguarded("./a.png")
    ('=1+1.png', '=1+1', "'tis", './a.png')
    """
    if not _GUARDED.match(cell):
        return cell
    return cell.removeprefix("'") if cell[0] == "'" else cell.removeprefix("./")
