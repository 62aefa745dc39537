"""Decode a corpus of odd, broken and hostile images and compare with its manifest.

    python scripts/check_corpus.py FOLDER

FOLDER holds the images and manifest.csv with the columns `file`, `expected` (accept or reject), `reason` and
`strict_rgb_sha1` (the beginning of a hash of the pixels, as stored). The files are decoded in a process of their own,
so that a crash is noticed. Exits with 1 after a crash, a file that takes over 10 seconds, a gigabyte of memory, or a
verdict other than the manifest's.
"""

import argparse
import csv
import hashlib
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import checkout  # noqa: F401 - finds the package
import numpy as np

from autoencoder.data.decode import decode, quiet_codecs
from autoencoder.data.formats.common import BadImage
from autoencoder.data.formats.header import read_header

MOST_SECONDS, MOST_BYTES = 10.0, 10**9
#: The manifest calls everything rejected that is neither PNG nor JPEG; these are read all the same.
READ_ALL_THE_SAME = ("WebP", "BMP", "TIFF", "PNM")


def main() -> int:
    """Judge the corpus; the exit status says whether all is well."""
    parser = argparse.ArgumentParser(description="Compare the verdicts on a corpus of images with its manifest.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--judge", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.judge:
        return judge(asked.folder)
    with (asked.folder / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    verdicts = judge_apart(asked.folder, [row["file"] for row in rows])
    return report(rows, verdicts)


def judge(folder: Path) -> int:
    """Decode the files whose names come in; answer each with a line of JSON."""
    for line in sys.stdin:
        name = json.loads(line)
        began = time.perf_counter()
        answer = verdict((folder / name).read_bytes())
        answer |= {"seconds": time.perf_counter() - began, "bytes": peak()}
        print(json.dumps(answer), flush=True)
    return 0


def verdict(data: bytes) -> dict[str, str]:
    """Say whether one file is accepted, and hash its pixels unless EXIF's orientation turned them."""
    try:
        header = read_header(data)
        with quiet_codecs():
            pixels = decode(data)
    except BadImage as error:
        return {"got": "reject", "reason": str(error)}
    rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    digest = hashlib.sha1(np.ascontiguousarray(rgb)).hexdigest() if header.orientation == 1 else ""
    return {"got": "accept", "kind": header.kind, "sha1": digest}


def peak() -> int:
    """Return the most memory that this process ever had, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def judge_apart(folder: Path, names: list[str]) -> dict[str, dict]:
    """Have another process decode the files, and start a new one where a file kills it."""
    verdicts: dict[str, dict] = {}
    while len(verdicts) < len(names):
        command = [sys.executable, __file__, str(folder), "--judge"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            for name in names[len(verdicts) :]:
                process.stdin.write(json.dumps(name) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
                verdicts[name] = json.loads(line) if line else {"got": "crash", "seconds": 0.0, "bytes": 0}
                if not line:
                    break
            process.stdin.close()
    return verdicts


def report(rows: list[dict], verdicts: dict[str, dict]) -> int:
    """Print how verdicts, pixels, time and memory compare; 1 where something is wrong."""
    failures, allowed, turned, other_pixels = [], [], 0, []
    for row in rows:
        name, found = row["file"], verdicts[row["file"]]
        if found["got"] != row["expected"]:
            foreign = found["got"] == "accept" and found["kind"] in READ_ALL_THE_SAME
            told = f"{name}: manifest {row['expected']} ({row['reason']}), got {found['got']} {found.get('reason', '')}"
            (allowed if foreign else failures).append(told)
        elif found["got"] == "accept" and row["strict_rgb_sha1"]:
            turned += not found["sha1"]
            if found["sha1"] and not found["sha1"].startswith(row["strict_rgb_sha1"]):
                other_pixels.append(name)
    slowest = max(verdicts, key=lambda name: verdicts[name]["seconds"])
    seconds, most = verdicts[slowest]["seconds"], max(found["bytes"] for found in verdicts.values())
    same = sum(found["got"] == "accept" for found in verdicts.values()) - len(allowed) - turned - len(other_pixels)
    print(f"{len(rows)} files: {len(rows) - len(failures) - len(allowed)} verdicts as in the manifest")
    print(f"{same} accepted images have the manifest's pixels, {turned} were turned by EXIF's orientation")
    for title, lines in (
        ("verdicts that differ", failures),
        ("accepted beyond PNG and JPEG, as the manifest allows", allowed),
        ("other pixels than the manifest's", other_pixels),
    ):
        print(f"\n{title}: {len(lines)}", *lines, sep="\n  ")
    print(f"\nslowest: {slowest}, {seconds:.2f} s; peak memory of the process: {most / 1e6:,.0f} MB")
    return int(bool(failures) or seconds > MOST_SECONDS or most > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
