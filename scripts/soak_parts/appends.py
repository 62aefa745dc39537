"""Many processes append to the table of runs at once, and are killed while they do."""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from checkout import ENVIRONMENT

from .part import Part, Setup

WRITERS, ROWS = 20, 20
KILLS = 300
#: Appends rows for ever, or so many, of one of ten sets of columns, and says the number of each once it is there.
_WRITER = """
import itertools, sys
from autoencoder.storage.runs_table import append
name, count = sys.argv[1], int(sys.argv[2])
print("begun", flush=True)
for number in range(count) if count else itertools.count():
    row = {"Time": "20260101_000000", "FolderName": f"{name}_{number}", "seconds": number, f"of_{name[-1]}": 1}
    append("aescore.csv", row)
    print(number, flush=True)
"""


def measure(setup: Setup) -> dict[str, Any]:
    """Return how many rows were appended and found."""
    writers = [_writer(setup.place, f"writer{number:02d}", ROWS) for number in range(min(WRITERS, setup.kills))]
    for each in writers:
        each.communicate()
    header, *rows = _rows(setup.place)
    figures = {
        "processes at once": len(writers),
        "rows appended": ROWS * len(writers),
        "rows found": len(rows),
        "headers": sum(row[:2] == header[:2] for row in [header, *rows]),
    }
    (setup.place / "aescore.csv").unlink()
    acknowledged: set[str] = set()
    kills = min(KILLS, 3 * setup.kills)
    for number in range(kills):
        acknowledged |= _killed(setup, f"killed{number:03d}")
    header, *rows = _rows(setup.place)
    names = [row[1] for row in rows]
    whole = [row for row in rows if len(row) == len(header) and row[0] == "20260101_000000"]
    return figures | {
        "kills while appending": kills,
        "rows acknowledged": len(acknowledged),
        "lost": len(acknowledged - set(names)),
        "torn": len(rows) - len(whole),
        "twice": len(names) - len(set(names)),
        "not all found": figures["rows appended"] - figures["rows found"],
        "more than one header": figures["headers"] - 1,
    }


def _writer(place: Path, name: str, count: int) -> subprocess.Popen:
    command = [sys.executable, "-c", _WRITER, name, str(count)]
    return subprocess.Popen(command, cwd=place, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE)


def _killed(setup: Setup, name: str) -> set[str]:
    """Return the rows that a process said it had appended before it was killed."""
    process = _writer(setup.place, name, 0)
    assert process.stdout is not None
    process.stdout.readline()
    lines, at = [], time.perf_counter()
    for _ in range(setup.draw.randint(1, 4)):
        began, line = at, process.stdout.readline()
        lines.append(line)
        at = time.perf_counter()
    # Within what the next row takes.
    time.sleep(setup.draw.uniform(0, 1.2) * (at - began))
    process.kill()
    said, _ = process.communicate()
    return {f"{name}_{line}" for line in "".join([*lines, said]).splitlines()}


def _rows(place: Path) -> list[list[str]]:
    with (place / "aescore.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


PART = Part(
    "The table of runs: 20 processes append at once, others are killed while they append; no row is lost or torn",
    measure,
    ("lost", "torn", "twice", "not all found", "more than one header"),
)
