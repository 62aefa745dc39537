"""Many short runs in one process, and several commands on one run at once."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from checkout import ENVIRONMENT, ROOT

from .kills import FLAGS
from .life import live
from .part import Part, Setup

RUNS = 200
#: After so many runs a process holds what it needs.
FIRST = 10
#: Memory may be above that by this share: the allocator's pages come and go.
SLACK = 0.02
PAIRS = 10
#: What runs at once on one run.
TOGETHER = (
    ("cluster", "begun", "--k=3"),
    ("cluster", "begun", "--k=3"),
    ("cluster", "begun", "--method=gmm", "--k=3"),
    ("report", "begun"),
)

#: Says after each run how many files are open, how many threads live, and how many kB are in memory.
_RUNNER = """
import gc, os, sys
from autoencoder.cli.main import Autoencoder
flags = dict(each.removeprefix("--").split("=", 1) for each in sys.argv[2:])
def status(name):
    return next(line.split()[1] for line in open("/proc/self/status") if line.startswith(name))
for number in range(int(sys.argv[1])):
    Autoencoder(**flags, verbose=0).run()
    gc.collect()
    print("left", len(os.listdir("/proc/self/fd")), status("Threads:"), status("VmRSS:"), flush=True)
"""


def measure(setup: Setup) -> dict[str, Any]:
    """Return what a process held after its first runs and after its last, and what commands at once left."""
    count = max(FIRST + 5, min(RUNS, 2 * setup.kills))
    flags = [f"--train_dir={ROOT / 'data' / 'train'}", *FLAGS[:-2], "--train_epochs=1", "--precision=float32"]
    command = [sys.executable, "-c", _RUNNER, str(count), *flags]
    done = subprocess.run(command, cwd=setup.place, env=ENVIRONMENT, text=True, capture_output=True, check=True)
    held = [[int(each) for each in line.split()[1:]] for line in done.stdout.splitlines() if line.startswith("left ")]
    first, last = (list(map(max, zip(*part, strict=True))) for part in (held[:FIRST], held[-5:]))
    figures: dict[str, Any] = {"runs in one process": len(held)}
    for name, before, after in zip(("open files", "threads", "kB in memory"), first, last, strict=True):
        figures[name] = f"{before:,} after {FIRST}, {after:,} at the end"
    return figures | {
        "more open files": max(0, last[0] - first[0]),
        "more threads": max(0, last[1] - first[1]),
        "more memory, kB": max(0, last[2] - int((1 + SLACK) * first[2])),
        **_together(setup),
    }


def _together(setup: Setup) -> dict[str, Any]:
    begun = live(["run", f"--train_dir={ROOT / 'data' / 'train'}", *FLAGS, "--save_dir=begun"], setup.place)
    if begun.status != 0:
        raise RuntimeError("\n".join(line for _, line in begun.lines))
    live([*TOGETHER[0]], setup.place)
    alone = (setup.place / "begun" / "clusters" / "kmeans_k3" / "clusters.csv").read_bytes()
    figures = dict.fromkeys(("times several at once", "results", "failed", "not whole", "mixed"), 0)
    for _ in range(min(PAIRS, setup.kills)):
        figures["times several at once"] += 1
        begin = [[sys.executable, "-m", "autoencoder", *each] for each in TOGETHER]
        quiet: dict[str, Any] = {"cwd": setup.place, "env": ENVIRONMENT, "stdout": subprocess.DEVNULL}
        figures["failed"] += sum(each.wait() != 0 for each in [subprocess.Popen(each, **quiet) for each in begin])
        for folder in (setup.place / "begun" / "clusters").iterdir():
            figures["results"] += 1
            figures["not whole"] += not _is_whole(folder)
            table = folder / "clusters.csv"
            figures["mixed"] += folder.name.startswith("kmeans_k3") and table.read_bytes() != alone
    return figures


def _is_whole(folder: Path) -> bool:
    with (folder / "clusters.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    made = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    return bool(made["finished"]) and len(rows) == 1 + made["source"]["count"]


PART = Part(
    "200 short runs in one process hold no more than ten; several commands on one run at once, each result whole",
    measure,
    ("more open files", "more threads", "more memory, kB", "failed", "not whole", "mixed"),
)
