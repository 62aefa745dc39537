"""Give the program files with odd names, and what only looks like a file; each is processed or listed."""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from checkout import ROOT  # noqa: F401 - finds the package

from .hostile import Ended, put
from .part import Part, Setup

_PATIENCE = 1200
_FORMULA = tuple("=+-@\t\r")
#: Names of files, without the ending, as the system keeps them.
NAMES = (
    *(b"\xff\xfe", b"caf\xe9", b"new\nline", b"return\r", b"tab\there", "😀".encode(), "\u202egnp".encode()),
    *("e\u0301".encode(), b"-rf", b"--help", b"=cmd()", b"=1+1", b"+1", b"@SUM(A1)", b"<script>alert(1)<"),
    *(b"<img src=x onerror=alert(1)>", b'"quotes"', b"'apostrophe", b"comma, semicolon;", b"back\\slash", b"a#b?%41&"),
    *(b" blank ", b"x" * 246, "ü".encode() * 123, b"\x1b[31m", b"nul.tar", b"CON", b"$(touch ran)", b"{0}%s", b"~"),
)
FOLDERS = (b"plain", b"\xff", b"=cmd()", b"<b>bold", b"-rf", b"new\nline")


def draw(root: Path) -> int:
    """Make an image of each name, in folders of odd names in turn; return how many."""
    for number, name in enumerate(NAMES):
        folder = os.path.join(os.fsencode(root), FOLDERS[number % len(FOLDERS)])  # noqa: PTH118 - bytes
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8), np.uint8)
        with open(os.path.join(folder, name + b".png"), "wb") as file:  # noqa: PTH118, PTH123
            file.write(cv2.imencode(".png", pixels)[1].tobytes())
    return len(NAMES)


def oddities(root: Path) -> set[str]:
    """Make what looks like files and is none; return which must be listed as such."""
    plain = root / "plain"
    (plain / "loop").symlink_to(root, target_is_directory=True)
    (plain / "itself.png").symlink_to("itself.png")
    (plain / "nowhere.png").symlink_to("not_there.png")
    os.mkfifo(plain / "pipe.png")
    listed = {"plain/itself.png", "plain/nowhere.png", "plain/pipe.png"}
    if os.geteuid() != 0:
        locked = plain / "locked.png"
        locked.write_bytes(b"\x89PNG")
        locked.chmod(0)
        listed.add("plain/locked.png")
    return listed


def in_csv(table: Path, column: str = "path") -> tuple[set[str], bool]:
    """Return the names in a column of a CSV as the program means them, and whether a cell would be executed."""
    from autoencoder.data.cells import unguarded

    with table.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = list(csv.DictReader(file))
    cells = [cell for row in rows for cell in row.values() if cell]
    run = any(cell.startswith(_FORMULA) and not re.fullmatch(r"-?[\d.e+-]+|-inf|-?nan", cell) for cell in cells)
    return {unguarded(row[column]) for row in rows}, run


def in_parquet(table: Path) -> set[str]:
    """Return the paths in a table of embeddings."""
    from autoencoder.data.vectors_table import read_vectors

    return set(read_vectors(table).paths)


def in_page(page: Path) -> tuple[set[str], bool]:
    """Return the paths in a report, and whether a name in it is more than text."""
    text = page.read_text(encoding="utf-8")
    data = re.search(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)
    paths = set(json.loads(data[1])["images"]["paths"]) if data else set()
    return paths, any(each in text for each in ("<script>alert", "<img src=x", "<b>bold"))


def below(root: Path) -> set[str]:
    """Return the images in a folder, by their names below it."""
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and path.suffix == ".png"}


def measure(setup: Setup) -> dict[str, Any]:
    """Return how many names were given, and what came of them."""
    place = setup.place / "place"
    root = place / "pictures"
    count = draw(root)
    names = below(root)
    listed = oddities(root)
    ends: dict[str, Ended] = {}
    for name, command in {
        "run": (
            *("run", "--train_dir=pictures", "--filters=[4]", "--dims=[3]", "--train_epochs=1", "--verbose=0"),
            *("--save_dir=logs/r", "--precision=float32"),
        ),
        "encode": ("encode", "r"),
        "cluster": ("cluster", "r", "--k=2", "--export=exported"),
        "report": ("report", "r"),
        "outliers": ("outliers", "r"),
    }.items():
        ends[name] = put(command, place, _PATIENCE)
        print(f"{name}: {ends[name].status} {' '.join(ends[name].said.split())[-300:]}", flush=True)
    run = place / "logs" / "r"
    figures: dict[str, Any] = {"names": count, "folders": len(FOLDERS), "no files": len(listed)}
    figures["commands that failed"] = sum(bool(each.status) for each in ends.values())
    figures["unreadable file"] = "skipped: root reads everything" if os.geteuid() == 0 else "listed"
    lost = {"run": listed - in_csv(run / "bad_files.csv")[0]}
    executed = in_csv(run / "bad_files.csv")[1]
    for name, file in {
        "clusters.csv": run / "clusters" / "kmeans_k2" / "clusters.csv",
        "outliers.csv": run / "outliers" / "pictures" / "outliers.csv",
    }.items():
        found, executes = in_csv(file)
        lost[name], executed = names - found, executed or executes
    lost["parquet"] = names - in_parquet(run / "embeddings" / "pictures.parquet")
    found, shows = in_page(run / "report.html")
    lost["report"] = names - found
    figures["lost"] = sum(len(each) for each in lost.values())
    figures["lost in exports"] = count - len(below(place / "exported"))
    figures["executed by a spreadsheet"] = int(executed)
    figures["more than text in a page"] = int(shows)
    figures["code ran"] = int((place / "ran").exists())
    for name, each in lost.items():
        if each:
            print(f"{name} lost {sorted(map(ascii, each))}", flush=True)
    return figures | {"changed between scan and decode, and neither read nor listed": changed(setup.place / "moving")}


def changed(root: Path) -> int:
    """Return how many files were neither read nor listed that vanished or changed after they were found."""
    from autoencoder.data.load import load
    from autoencoder.data.scan import scan

    root.mkdir()
    for number in range(8):
        cv2.imwrite(str(root / f"{number}.png"), np.full((8, 8), 20 * number, np.uint8))
    listing = scan(root)
    (root / "1.png").unlink()
    (root / "2.png").write_bytes(b"no image any more")
    (root / "3.png").write_bytes((root / "4.png").read_bytes() + b"more")
    (root / "5.png").unlink()
    (root / "5.png").mkdir()
    (root / "6.png").unlink()
    os.mkfifo(root / "6.png")
    images = load(listing, (8, 8), "grayscale", max_bad=1.0)
    told = {*images.paths, *(file.path for file in images.bad)}
    return 8 - len(told & {f"{number}.png" for number in range(8)})


PART = Part(
    "Every name is kept in every table, page and export, and none is more than text; no file stops the work",
    measure,
    (
        *("commands that failed", "lost", "lost in exports", "executed by a spreadsheet", "more than text in a page"),
        *("code ran", "changed between scan and decode, and neither read nor listed"),
    ),
)
