"""`runs`: all runs as one table, the best first."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ...settings.fields import Section
from ...workflows.runs import RunTable, count_by, run_table, write_runs_csv, write_runs_json
from ..command import Command
from ..table import terminal_width, text_table


class Options(Section):
    """Which runs, in which order, and where the table goes."""

    sort: str = Field("score", description="the column that decides the order, the best first")
    where: str | None = Field(
        None,
        description='only runs of which this holds: "dims == 10 and valid_mse < 0.02"; any setting or score is a name',
    )
    csv: Path | None = Field(None, description="also write the table, with all scores, as a CSV file")
    json_file: Path | None = Field(None, description="also write the table as a JSON file")
    plot: Path | None = Field(
        None, description="also draw the scores against time and size, and the curves, in one PNG file"
    )


def execute(options: Options) -> RunTable:
    """Show the table, and return it."""
    table = run_table(sort=options.sort, where=options.where)
    if not table.rows:
        print("no run fulfils --where")
        return table
    columns = [name for name in table.shown if name != "note" and any(row.get(name) is not None for row in table.rows)]
    # Seconds tell nothing that the order of the newest does not.
    rows = [{**row, "date": row["date"][:16]} for row in table.rows]
    lines, left_out = text_table(rows, columns, terminal_width(), spare="date")
    print("\n".join([*lines, *_remarks(table, left_out)]))
    if options.csv is not None:
        write_runs_csv(table, options.csv)
        print(f"the table is in {options.csv}")
    if options.json_file is not None:
        write_runs_json(table, options.json_file)
        print(f"the table is in {options.json_file}")
    if options.plot is not None:
        from ...workflows.plot_runs import plot_runs

        plot_runs(table, options.plot)
        print(f"the picture is in {options.plot}")
    return table


def _remarks(table: RunTable, left_out: list[str]) -> list[str]:
    """Say what the table has no room for."""
    lines = []
    if left_out:
        lines.append(f"no room for {', '.join(left_out)}: --csv=FILE has all columns")
    if "killed" in count_by(table.rows, "status"):
        lines.append("killed: a folder without the mark of being finished; flexae show NAME says how to go on")
    lines += [f"{row['name']}: {row['note']}" for row in table.rows if row["note"] and row["status"] == "damaged"]
    return lines


COMMAND = Command(
    "All runs as one table, the best first: scores, seconds, sizes, and the settings that differ.",
    sections=(Options,),
    execute=execute,
    aliases={"json": "json_file"},
)
