"""What memory training takes: above TensorFlow's own, and for a folder of many more images than the memory holds."""

from __future__ import annotations

import sys
from pathlib import Path

from .measure import Figures, Part, Setup, flexae, new_folder, run, sampled
from .page import at_least, at_most, table

LIMIT = 3 * 2**30
SIDE = 128
#: Ways to see one image, so that CIFAR-10's 50,000 make 200,000: as it is, and mirrored (OpenCV's codes of flips).
FLIPS = (None, 0, 1, -1)
#: A network so light that the feed, not the arithmetic, is put to the test.
LIGHT = ("--filters=[16,32,64]", "--strides=[4,4,2]", "--batch_size=64", "--valid_split=0.01")
STAGE = (sys.executable, "-m", "bench_parts.stage")


def measure(setup: Setup) -> Figures:
    """Return bytes and images per second."""
    train = setup.mnist / "train"
    if setup.quick:
        train = sampled(train, new_folder(setup.place) / "images", 10)
    begin = run([*STAGE, "one_batch"], setup.place).peak
    trained = flexae(setup.place, "run", f"--train_dir={train}", "--train_epochs=1").peak
    return {"one_batch": begin, "mnist": trained} | _large(setup)


def _large(setup: Setup) -> Figures:
    folder = new_folder(setup.place) / "large"
    count = make_images(setup.cifar10 / "train", folder, 20 if setup.quick else 5000)
    command = ["run", f"--train_dir={folder}", *LIGHT, "--train_epochs=2"]
    mapped = run([*STAGE, "limited", LIMIT, *command], setup.place)
    part = sampled(folder, folder.with_name("part"), 40 if setup.quick else 2000)
    held = flexae(setup.place, "run", f"--train_dir={part}", *LIGHT, "--train_epochs=3")
    return {
        "images": count,
        "mapped": any("lie in a file" in line for _, line in mapped.lines),
        "took": int(mapped.lines[-1][1].split()[-1]),
        "wall": mapped.wall,
        "mapped_rate": count / mapped.later_epoch(),
        "held_rate": (40 if setup.quick else 2000) * 10 / held.later_epoch(),
    }


def make_images(source: Path, target: Path, per_class: int) -> int:
    """Write the first images of each class of `source`, enlarged and mirrored, as JPEG files; return how many."""
    import cv2

    count = 0
    for folder in sorted(path for path in source.iterdir() if path.is_dir()):
        (target / folder.name).mkdir(parents=True)
        for file in sorted(folder.iterdir())[:per_class]:
            large = cv2.resize(cv2.imread(str(file)), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
            for number, flip in enumerate(FLIPS):
                seen = large if flip is None else cv2.flip(large, flip)
                cv2.imwrite(
                    str(target / folder.name / f"{file.stem}_{number}.jpg"), seen, [cv2.IMWRITE_JPEG_QUALITY, 80]
                )
                count += 1
    return count


def page(figures: Figures) -> list[str]:
    """Return the table, and the bars."""
    above = figures["mnist"] - figures["one_batch"]
    rows = [
        ["TensorFlow, and one batch of 28 x 28", figures["one_batch"] / 1e6],
        ["run over MNIST's 60,000 files", figures["mnist"] / 1e6],
        [f"run over {figures['images']:,} JPEG files of {SIDE} x {SIDE} x 3", figures["took"] / 1e6],
    ]
    decoded = figures["images"] * SIDE * SIDE * 3 / 1e9
    return [
        *table(["what", "peak memory, MB"], rows),
        f"The large folder is {decoded:.1f} GB decoded. It was trained on as if 3 GiB were all there is, "
        f"{'from a mapped file' if figures['mapped'] else '**but not from a mapped file**'}; its memory leaves out the "
        "pages of that file, which the system takes back where it needs them (and which no limit kept from staying in "
        f"memory here). Two epochs, decoding included, took {figures['wall']:.0f} s.\n",
        at_most("60,000 images above TensorFlow's own", above / 1e6, 400.0, "MB"),
        at_most(f"{figures['images']:,} images", figures["took"] / 2**30, 3.0, "GiB"),
        at_least(
            "its images per second against a tenth of them in memory",
            figures["mapped_rate"] / figures["held_rate"],
            0.9,
        ),
        "",
    ]


PART = Part("Memory", 10, measure, page)
