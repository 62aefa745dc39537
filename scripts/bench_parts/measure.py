"""Run programs and functions, in turns, and say what they took: what all parts of the benchmark share."""

from __future__ import annotations

import itertools
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

ROOT = Path(__file__).resolve().parents[2]
Result = TypeVar("Result")
Figures = dict[str, Any]


class Setup(NamedTuple):
    """What is measured with.

    `mnist` and `cifar10` hold folders `train` and `test` of class folders; `torch` is an interpreter that has PyTorch
    and OpenCV; `place` is a temporary folder. `quick` only checks that the scripts work, on tiny sizes.
    """

    mnist: Path
    cifar10: Path
    torch: str | None
    rounds: int
    epochs: int
    max_images: int | None
    quick: bool
    place: Path


class Part(NamedTuple):
    """A part of the benchmark: `measure` gives figures for a JSON file, `page` turns them into lines of Markdown.

    `minutes` is about what it takes on two quiet cores; `draw` makes pictures in a folder.
    """

    title: str
    minutes: float
    measure: Callable[[Setup], Figures]
    page: Callable[[Figures], list[str]]
    draw: Callable[[Figures, Path], None] | None = None


class Epoch(NamedTuple):
    """A line that `run` printed at the end of an epoch, and how many seconds after its start."""

    at: float
    seconds: float
    loss: float
    val_loss: float


class Ran(NamedTuple):
    """A program that ended: wall and CPU seconds (of its children too), most memory in bytes, and its lines.

    Each line stands beside the second in which it came. The memory is of the largest process alone.
    """

    wall: float
    cpu: float
    peak: int
    lines: list[tuple[float, str]]

    def when(self, beginning: str) -> float:
        """Return the second in which the last line came that begins so."""
        return [at for at, line in self.lines if line.startswith(beginning)][-1]

    def epochs(self) -> list[Epoch]:
        """Return the epochs of a training."""
        form = re.compile(r"epoch +\d+/\d+ +([\d.]+) s +loss ([\d.]+) +val_loss ([\d.]+)")
        found = [(at, form.match(line)) for at, line in self.lines]
        return [Epoch(at, *map(float, match.groups())) for at, match in found if match]

    def later_epoch(self) -> float:
        """Return the median seconds of the epochs after the first, in which TensorFlow traces the network."""
        ends = [epoch.at for epoch in self.epochs()]
        return statistics.median(after - before for before, after in itertools.pairwise(ends))


def run(command: Sequence[Any], place: Path, accepted: Sequence[int] = (0,)) -> Ran:
    """Run a program in folder `place`, with this project's source at hand.

    Raises
    ------
    RuntimeError
        If it ends with a status that is not accepted; the message holds what it wrote.
    """
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "scripts")])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    words = [str(word) for word in command]
    with tempfile.TemporaryFile("w+") as notices:
        began = time.perf_counter()
        process = subprocess.Popen(words, cwd=place, env=environment, stdout=subprocess.PIPE, stderr=notices, text=True)
        assert process.stdout is not None
        lines = [(time.perf_counter() - began, line.rstrip("\n")) for line in process.stdout]
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.stdout.close()
        process.returncode = os.waitstatus_to_exitcode(status)
        notices.seek(0)
        if process.returncode not in accepted:
            raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}:\n{notices.read()[-3000:]}")
    return Ran(wall, used.ru_utime + used.ru_stime, in_bytes(used.ru_maxrss), lines)


def in_bytes(maxrss: int) -> int:
    """Return what `getrusage` calls maxrss in bytes: macOS counts in bytes, others in KiB."""
    return maxrss if sys.platform == "darwin" else maxrss * 1024


def flexae(place: Path, *words: Any, accepted: Sequence[int] = (0,)) -> Ran:
    """Run this program's command line."""
    return run([sys.executable, "-m", "autoencoder", *words], place, accepted)


def new_folder(place: Path) -> Path:
    """Make an empty folder in `place` and return it."""
    return Path(tempfile.mkdtemp(dir=place))


def in_turns(contenders: dict[str, Callable[[], Result]], rounds: int) -> dict[str, list[Result]]:
    """Call each contender once a round, one after the other, so that a slow minute of the machine hits all."""
    results: dict[str, list[Result]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            results[name].append(work())
    return results


def seconds(work: Callable[[], Any]) -> float:
    """Return the wall seconds of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median_seconds(contenders: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return each contender's median wall seconds over alternating rounds, after one call each that is not counted."""
    for work in contenders.values():
        work()
    timed = {name: lambda work=work: seconds(work) for name, work in contenders.items()}
    return {name: statistics.median(taken) for name, taken in in_turns(timed, rounds).items()}


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Return the slope in a log-log picture between the two largest sizes: 1 is linear, 0 constant."""
    return math.log(values[-1] / values[-2]) / math.log(sizes[-1] / sizes[-2])


def sampled(source: Path, target: Path, per_class: int) -> Path:
    """Make `target`, class folders of links to the first files of each class of `source`, and return it."""
    for folder in sorted(path for path in source.iterdir() if path.is_dir()):
        (target / folder.name).mkdir(parents=True)
        for file in sorted(folder.iterdir())[:per_class]:
            (target / folder.name / file.name).symlink_to(file.resolve())
    return target


def count_files(folder: Path) -> int:
    """Return how many files lie in class folders."""
    return sum(1 for file in folder.glob("*/*"))
