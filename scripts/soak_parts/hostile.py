"""Give the program hostile and damaged files of every format that it reads, each in a process that is measured."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from checkout import ENVIRONMENT

from . import hostile_models as models
from . import hostile_tables as tables
from .kills import live
from .part import Part, Setup

MOST_SECONDS, MOST_BYTES = 20.0, 2**30
_PATIENCE = 180
#: A process counts the memory of the one that starts it, so a small one is between.
_MEASURED = """
import json, os, sys
_, status, used = os.wait4(os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ), 0)
with open(sys.argv[1], "w") as file:
    json.dump([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss], file)
"""
_SMALL = ("--filters=[4]", "--dims=[3]", "--batch_size=8", "--precision=float32", "--verbose=0")
_RUN, _FOUND, _UNFINISHED = Path("logs/r"), Path("logs/r/clusters/kmeans_k2"), Path("logs/k")


class Case(NamedTuple):
    """A file, what is done to it, the command that reads it, and the exit statuses that are right."""

    name: str
    file: Path
    make: Callable[[Path], None]
    command: tuple[str, ...]
    right: tuple[int, ...]


class Ended(NamedTuple):
    """How a process ended: its exit status, what it said of its error, seconds of the processor, bytes at most."""

    status: int
    said: str
    seconds: float
    most: int


def cases() -> Iterator[Case]:
    """Yield every case; each begins with the folder that `prepare` fills."""
    images = "--images=pictures"
    for suffix, makes in ((".keras", models.KERAS), (".h5", models.H5), (".onnx", models.ONNX)):
        for name, make in makes.items():
            pixels = ("--preprocess=unit",) * (suffix == ".onnx")  # of a network that is made elsewhere
            command = ("encode", f"model{suffix}", images, *pixels)
            yield Case(f"{suffix} {name}", Path(f"model{suffix}"), make, command, (4,))
    for file in ("encoder.keras", "encoder.onnx", "en_weights.h5"):
        for seed in range(models.FLIPS):
            place = _RUN / file
            command = ("encode", str(place), images)
            yield Case(f"{file} bit {seed}", place, lambda path, seed=seed: models.flip(path, seed), command, (4,))
    for suffix, makes in ((".npz", tables.NPZ), (".npy", tables.NPY), ("", tables.IDX), (".gz", tables.IDX_GZ)):
        for name, make in makes.items():
            right = (0, 3) if name == "climbing" else (3,)
            file = f"images{suffix}"
            yield Case(f"{suffix or 'idx'} {name}", Path(file), make, ("import_data", file, "--out=made"), right)
    for name, make in tables.PARQUET.items():
        command = ("run", "--train_dir=pictures", "--contrast=0.1", "--neighbours_from=table.parquet", *_SMALL)
        yield Case(f".parquet {name}", Path("table.parquet"), make, command, (3,))
    for name, make in tables.CSV.items():
        command = ("classify", "r", "--train_dir=pictures", "--labels=labels.csv", "--epochs=1", *_SMALL[-1:])
        yield Case(f"labels.csv {name}", Path("labels.csv"), make, command, (3,))
    for name, make in tables.NAMES.items():
        command = ("assign", str(_FOUND), images, "--export=made", "--names=names.csv")
        yield Case(f"names.csv {name}", Path("names.csv"), make, command, (2, 3))
    for name, make in tables.YAML.items():
        yield Case(f"config.yml {name}", Path("config.yml"), make, ("run", "--config=config.yml"), (2,))
        yield Case(f"settings.yml {name}", _RUN / "settings.yml", make, ("encode", "r"), (4,))
    for name, make in tables.JSON.items():
        command = ("predict", "c", images)
        yield Case(f"classes.json {name}", Path("logs/c/classes.json"), make, command, (4,))
        yield Case(f"provenance.json {name}", _UNFINISHED / "provenance.json", make, ("run", "--resume=k"), (0, 2, 4))
        yield Case(f"scores.json {name}", _RUN / "scores.json", make, ("show", "r"), (0, 4))
        yield Case(f"aescore.csv {name}", Path("logs/aescore.csv"), make, ("runs",), (0, 3))
        yield Case(f"clustering.json {name}", _FOUND / "clustering.json", make, ("assign", str(_FOUND), images), (4,))
    for name, make in tables.CLUSTERING.items():
        command = ("assign", str(_FOUND), images)
        yield Case(f"clustering {name}", _FOUND / "clustering.json", make, command, (4,))
    for name, make in tables.STATES.items():
        yield Case(f"states {name}", _UNFINISHED / "provenance.json", make, ("run", "--resume=k"), (0, 4))


def prepare(place: Path) -> None:
    """Fill a folder with images, a run and its exports, a clustering, a classifier, and a run that was killed."""
    draw = np.random.default_rng(0)
    for number in range(24):
        folder = place / "pictures" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number // 2}.png"), draw.integers(0, 256, (8, 8), np.uint8))
    train = ("run", "--train_dir=pictures", *_SMALL)
    for command in (
        (*train, "--train_epochs=1", "--h5", "--save_dir=logs/r"),
        ("export", "r", "--format=onnx"),
        ("encode", "r"),
        ("cluster", "r", "--k=2"),
        ("classify", "r", "--train_dir=pictures", "--epochs=1", "--save_dir=logs/c", "--verbose=0"),
    ):
        ended = live(list(command), place)
        if ended.status:
            raise RuntimeError("\n".join(line for _, line in ended.lines))
    live([*train[:-1], "--train_epochs=300", "--save_every=0", "--save_dir=logs/k"], place, 0.3, after="epoch")
    if not any((place / _UNFINISHED).glob("state_?.npz")):
        raise RuntimeError("the training that was to be killed has ended, or left no state")
    for name, suffix in (("encoder.keras", ".keras"), ("en_weights.h5", ".h5"), ("encoder.onnx", ".onnx")):
        shutil.copy(place / _RUN / name, place / f"model{suffix}")
    shutil.copy(place / _RUN / "embeddings" / "pictures.parquet", place / "table.parquet")


def put(command: tuple[str, ...], place: Path, patience: int = _PATIENCE) -> Ended:
    """Run the program, and return how it ended; it is killed after so many seconds."""
    environment, figures = {**ENVIRONMENT, models.MARK: str(place / "ran")}, place / "figures"
    with (place / "said").open("w+b") as said:
        program = [sys.executable, "-c", _MEASURED, str(figures), sys.executable, "-m", "autoencoder", *command]
        process = subprocess.Popen(
            program, cwd=place, env=environment, stdout=said, stderr=said, start_new_session=True
        )
        end = threading.Timer(patience, lambda: os.killpg(process.pid, signal.SIGKILL))
        end.start()
        process.wait()
        end.cancel()
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    status, seconds, most = json.loads(figures.read_text()) if figures.exists() else (-signal.SIGKILL, patience, 0)
    for file in (figures, place / "said"):
        file.unlink(missing_ok=True)
    return Ended(status, text, seconds, most * 1024)


def outside(place: Path) -> set[str]:
    """Return what lies where the program has nothing to write: beside its logs/ and the folder that it was told."""
    own = ("logs", "made", "embeddings", "ran")
    found = {str(path) for path in place.parent.iterdir()}
    found |= {str(path) for path in place.rglob("*") if path.relative_to(place).parts[0] not in own}
    return found | {str(path) for path in Path("/tmp").glob("soak_climbed*")}


def measure(setup: Setup) -> dict[str, Any]:
    """Return how many files were given, and what came of it."""
    good = setup.place / "good"
    good.mkdir()
    prepare(good)
    nothing = max(put(("encode", "r"), good).most, put(("run", "--help"), good).most)
    figures: dict[str, Any] = {"files": 0, "refused": 0, "passed over": 0}
    figures |= dict.fromkeys(("code ran", "written outside", "above 1 GiB", "above 20 s", "another exit status"), 0)
    figures |= {"more than one line": 0, "a fault of the program": 0, "MB of a good file": nothing // 10**6}
    slowest, most = 0.0, 0
    for case in cases():
        if not re.search(setup.only, case.name):
            continue
        place = setup.place / "case" / "inner"
        shutil.copytree(good, place)
        case.make(place / case.file)
        before = outside(place)
        ended = put(case.command, place)
        errors = [line for line in ended.said.splitlines() if line.startswith("error:")]
        one = ended.status == 0 or (len(errors) == 1 and ended.said.rstrip().endswith(errors[0]))
        found = {
            "code ran": (place / "ran").exists(),
            "written outside": bool(outside(place) - before),
            "above 1 GiB": ended.most > nothing + MOST_BYTES,
            "above 20 s": ended.seconds > MOST_SECONDS,
            "another exit status": ended.status not in case.right,
            "more than one line": not one or "Traceback" in ended.said,
            "a fault of the program": ended.status == 1 or ended.status < 0,
        }
        figures["files"] += 1
        figures["refused"] += ended.status > 1
        figures["passed over"] += ended.status == 0
        for name, wrong in found.items():
            figures[name] += wrong
        slowest, most = max(slowest, ended.seconds), max(most, ended.most)
        told = " ".join(ended.said.split())[-300:]
        marks = [name for name, wrong in found.items() if wrong]
        print(
            f"{case.name}: {ended.status}, {ended.seconds:.1f} s, {ended.most // 10**6:,} MB {marks or ''} {told}",
            flush=True,
        )
        shutil.rmtree(setup.place / "case")
    return figures | {"most MB": most // 10**6, "most seconds": round(slowest, 1)}


PART = Part(
    "Hostile and damaged files run no code, write nothing elsewhere, take little, and are refused in one line",
    measure,
    (
        *("code ran", "written outside", "above 1 GiB", "above 20 s", "another exit status"),
        *("more than one line", "a fault of the program"),
    ),
)
