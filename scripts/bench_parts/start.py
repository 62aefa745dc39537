"""How long the program takes to answer, and to begin training on the sample."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable

from .measure import ROOT, Figures, Part, Ran, Setup, flexae, in_turns, run
from .page import at_most, table

IMPORT = "from autoencoder.tensorflow_start import start_tensorflow as s; s()"


def measure(setup: Setup) -> Figures:
    """Return seconds: of help, of a refused flag, of TensorFlow's import, and until training on the sample runs."""
    sample = [f"--train_dir={ROOT / 'data' / 'train'}", f"--valid_dir={ROOT / 'data' / 'valid'}", "--train_epochs=1"]

    def wall(work: Callable[[], Ran]) -> float:
        return work().wall

    def first_epoch() -> float:
        return flexae(setup.place, "run", *sample).epochs()[0].at

    ways: dict[str, Callable[[], float]] = {
        "--help": lambda: wall(lambda: flexae(setup.place, "--help")),
        "a refused flag": lambda: wall(lambda: flexae(setup.place, "run", "--epocs=5", accepted=(2,))),
        "TensorFlow's import, plainly": lambda: wall(lambda: run([sys.executable, "-c", "import keras"], setup.place)),
        "TensorFlow's import, as here": lambda: wall(lambda: run([sys.executable, "-c", IMPORT], setup.place)),
        "run: to the end of the first epoch on the sample": first_epoch,
    }
    taken = in_turns(ways, 1 if setup.quick else 2 * setup.rounds + 1)
    return {way: statistics.median(each) for way, each in taken.items()}


def page(figures: Figures) -> list[str]:
    """Return the table, and the bars."""
    help_, refused, *_, first = figures
    return [
        *table(["what", "seconds"], [[way, seconds] for way, seconds in figures.items()]),
        at_most("--help", figures[help_], 0.4, "s"),
        at_most("a refused flag", figures[refused], 0.4, "s"),
        at_most("to the first training step, and the whole first epoch of 1,000 images", figures[first], 12.0, "s"),
        "",
    ]


PART = Part("Start", 3, measure, page)
