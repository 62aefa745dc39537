"""The 256 x 256 default: one transposed convolution a level, against the mirrored decoder of the original program.

The mirrored decoder is trained by Keras' own `fit` of an array in memory, and by this program.
"""

from __future__ import annotations

import statistics
import sys
from typing import Any

from .measure import ROOT, Figures, Part, Ran, Setup, in_turns, new_folder, run, sampled
from .page import at_least, at_most, table

OWN, MIRRORED, KERAS = "transpose, bfloat16", "unpool_transpose, float32", "the same by Keras' fit"
RUN, FIT = ("-m", "autoencoder", "run"), ("-m", "bench_parts.stage", "keras_fit")
WAYS = {
    OWN: (*RUN, "--upsampling=transpose", "--precision=bfloat16"),
    MIRRORED: (*RUN, "--upsampling=unpool_transpose", "--precision=float32"),
    KERAS: (*FIT, "--upsampling=unpool_transpose"),
}
EPOCHS = {OWN: 18, MIRRORED: 10, KERAS: 9}


def measure(setup: Setup) -> Figures:
    """Return images per second, and the validation loss of ours and of Keras' by the same second of training."""
    per_class = 4 if setup.quick else 60
    place = new_folder(setup.place)
    train = sampled(setup.cifar10 / "train", place / "train", per_class)
    valid = sampled(setup.cifar10 / "test", place / "valid", 2 if setup.quick else 10)
    recipe = ROOT / "recipes" / "flexible.yml"
    flags = [f"--config={recipe}", f"--train_dir={train}", f"--valid_dir={valid}", "--period=none", "--augment=[]"]

    def trained(way: str) -> Ran:
        epochs = 2 if setup.quick else EPOCHS[way]
        return run([sys.executable, *WAYS[way], *flags, f"--train_epochs={epochs}"], setup.place)

    runs = in_turns({way: lambda way=way: trained(way) for way in WAYS}, setup.rounds)
    equal = [at_equal_time(*pair) for pair in zip(runs[OWN], runs[KERAS], strict=True)]
    losses = dict(zip((OWN, KERAS, "seconds"), map(statistics.median, zip(*equal, strict=True)), strict=True))
    rates = {way: 10 * per_class / statistics.median(ran.later_epoch() for ran in each) for way, each in runs.items()}
    return {"images": 10 * per_class, "rates": rates, "losses": losses}


def at_equal_time(own: Ran, other: Ran) -> tuple[float, float, float]:
    """Return the best validation losses by the second in which the shorter training ended, and that second.

    Seconds count from the first epoch's begin; they are at least those in which each has had an epoch.
    """
    courses = []
    for ran in (own, other):
        first, *_ = epochs = ran.epochs()
        courses.append([(epoch.at - first.at + first.seconds, epoch.val_loss) for epoch in epochs])
    end = max(min(course[-1][0] for course in courses), *(course[0][0] for course in courses))
    best = [min(loss for at, loss in course if at <= end) for course in courses]
    return best[0], best[1], end


def page(figures: Figures) -> list[str]:
    """Return the table, and the bars."""
    rates, losses = figures["rates"], figures["losses"]
    rows: list[list[Any]] = []
    for way in WAYS:
        rows.append([way, rates[way], 32 / rates[way], f"{losses[way]:.5f}" if way in losses else ""])
    return [
        f"recipes/flexible.yml, 9.1 million parameters, {figures['images']:,} images of CIFAR-10 in gray, batch 32.\n",
        *table(["decoder", "images/s", "seconds a step", f"loss after {losses['seconds']:.0f} s"], rows),
        at_least("images per second against Keras' fit", rates[OWN] / rates[KERAS], 1.6),
        at_least("images per second against the mirrored decoder here", rates[OWN] / rates[MIRRORED], 1.6),
        at_most("loss after equal time", 100 * losses[OWN] / losses[KERAS] - 100, 0.0, "% above Keras' fit"),
        "",
    ]


PART = Part("Images of 256 x 256", 9, measure, page)
