"""`sweep`: search for the best settings of a command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...settings.sweep import Sweep
from ..command import Command
from ..table import terminal_width, text_table

if TYPE_CHECKING:
    from ...workflows.sweep_results import Outcome

#: So many trials are shown; the table has all.
_SHOWN = 10


def execute(asked: Sweep) -> Outcome:
    """Search, show the best trials, and return what was found."""
    from ...workflows.sweep import carry_out_sweep

    outcome = carry_out_sweep(asked)
    if asked.verbose:
        best = [row for row in outcome.rows if row["state"] == "complete"][:_SHOWN]
        columns = [name for name in outcome.columns if name not in ("state", "why", "folder", "epochs")]
        print("\n" + "\n".join(text_table(best, columns, terminal_width())[0]))
    return outcome


def complete(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the flags with those of the command that is searched over put together."""
    own = {name: value for name, value in flags.items() if name in Sweep.model_fields}
    others = {name: value for name, value in flags.items() if name not in own}
    return {**own, "fixed": {**dict(own.get("fixed", {})), **others}}


COMMAND = Command(
    "Search for the best settings of a command, by Optuna, in several processes; all other flags are the command's.",
    sections=(Sweep,),
    execute=execute,
    complete=complete,
)
