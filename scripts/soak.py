"""Put the program under what may happen to it, and print what held: `python scripts/soak.py [PART ...] [--kills=100]`.

Exit status 1 where something did not hold. What is made on the way lies in a temporary folder (TMPDIR says where).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import checkout  # noqa: F401
from soak_parts import appends, command_lines, disk, diverged, hostile, kills, long, names, signals
from soak_parts.part import Setup

PARTS = {
    "kills": kills.PART,
    "appends": appends.PART,
    "disk": disk.PART,
    "signals": signals.PART,
    "diverged": diverged.PART,
    "hostile": hostile.PART,
    "command_lines": command_lines.PART,
    "names": names.PART,
    "long": long.PART,
}


def main() -> int:
    """Run the parts that are named, and print their tables."""
    parser = argparse.ArgumentParser(description="Put the program under what may happen to it.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all")
    parser.add_argument("--kills", type=int, default=100, help="how often trainings are killed (100)")
    parser.add_argument("--only", default="", help="of files and command lines, those that this expression finds")
    parser.add_argument("--seed", type=int, default=0, help="draws the moments (0)")
    asked = parser.parse_args()
    if unknown := [name for name in asked.parts if name not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    failed = False
    for name in asked.parts or PARTS:
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as place:
            figures = PARTS[name].measure(Setup(asked.kills, random.Random(asked.seed), Path(place), asked.only))
        lines = [f"| {key} | {value} |" for key, value in figures.items()]
        print("\n".join([f"\n{PARTS[name].title} ({time.perf_counter() - began:.0f} s)", "", *lines]), flush=True)
        failed |= any(figures[fault] for fault in PARTS[name].faults)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
