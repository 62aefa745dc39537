"""Print what `sweep` gains, how two processes share it, and what kills cost: `python scripts/reproduce_sweep.py`.

1. 20 trials in two processes on the sample, data/train, with the loss and the epochs of the defaults, the space `auto`.
   The best and the defaults are then judged by data/valid, which no trial saw.
2. Four trials of one thread each, one after the other and two at a time: how long both take.
3. A sweep whose processes are killed five times: which of the trials that had ended are lost.

Each figure is kept in logs/reproduce_sweep.json as soon as it is known.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import kept
from checkout import ENVIRONMENT, ROOT

from autoencoder.cli.main import Autoencoder
from autoencoder.data.load import load
from autoencoder.metrics.reconstruction import score
from autoencoder.storage.run import CACHE, Run
from autoencoder.tensorflow_start import start_tensorflow
from autoencoder.workflows.sweep import sweep

NAME = "reproduce_sweep"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
#: Fewer trials than the pruner begins with: all are trained to their end.
TIMED = 4


def main() -> None:
    """Measure, and print the table."""
    asked = arguments()
    figures = kept.Kept(NAME, kept.question(train=asked.train, epochs=asked.train_epochs, trials=asked.trials))
    flags = {"train_dir": asked.train, "train_epochs": asked.train_epochs}
    best = figures.once("best", lambda: best_of(flags, asked.trials))
    plain = figures.once("defaults", lambda: str(Autoencoder(**flags).run().path))
    losses = {
        name: figures.once(f"{name}: loss, mse on unseen images", lambda run=run: unseen(run, asked.valid))
        for name, run in (("defaults", plain), ("best", best["folder"]))
    }
    seconds = [figures.once(f"{number} at once, seconds", lambda n=number: timed(flags, n)) for number in (1, 2)]
    lost = figures.once("killed", lambda: killed(flags))
    print(kept.head(("on data/valid", "binary cross-entropy", "mse")))
    for name, (loss, error) in losses.items():
        print(kept.line((name, f"{loss:.5f}", f"{error:.5f}")))
    print(f"\n{best['command']}\n")
    print(f"two processes take {seconds[1] / seconds[0]:.2f} of one's time ({seconds[1]:.0f} s, {seconds[0]:.0f} s)")
    print(f"killed {lost['kills']} times; of {lost['ended']} trials that had ended before one, {lost['lost']} are lost")


def arguments() -> argparse.Namespace:
    """Read where the images are, and how much is tried."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--train", default=str(ROOT / "data" / "train"))
    parser.add_argument("--valid", default=str(ROOT / "data" / "valid"), help="images that no trial sees")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--train_epochs", type=int, default=40)
    return parser.parse_args()


def best_of(flags: dict[str, Any], trials: int) -> dict[str, Any]:
    """Search, and return the best trial's folder, the command that trains it, and how the trials ended."""
    table = sweep("auto", trials=trials, processes=2, name=f"{NAME}_{trials}_{flags['train_epochs']}", **flags)
    best = table.iloc[0]
    knobs = [f"{name}={best[name]}" for name in table.columns[3 : list(table.columns).index("valid_mse")]]
    return {"folder": best["folder"], "command": ", ".join(knobs), "states": table["state"].value_counts().to_dict()}


def unseen(folder: str, root: str) -> tuple[float, float]:
    """Return the binary cross-entropy and the mean squared error of a run on images that it did not see."""
    start_tensorflow()
    from autoencoder.losses.binary_crossentropy import binary_crossentropy
    from autoencoder.model.apply import applied
    from autoencoder.model.saved import load as load_model

    settings = Run(Path(folder)).settings()
    source = Run(Path(folder)).source()
    assert source is not None and settings.data.color is not None
    listing = source.__class__.of(Path(root), settings.data).scan()
    images = load(listing, settings.image_shape, settings.data.color, max_bad=0.5, cache_dir=CACHE)
    found = score(images.pixels, applied(load_model(Run(Path(folder)).autoencoder)), binary_crossentropy)
    return found.loss, found.mse


def command(flags: dict[str, Any], name: str, processes: int, space: str, trials: int) -> list[str]:
    """Return a command line of `sweep`."""
    given = {**flags, "name": name, "processes": processes, "space": space, "trials": trials}
    return [sys.executable, "-m", "autoencoder", "sweep", *(f"--{flag}={value}" for flag, value in given.items())]


def timed(flags: dict[str, Any], processes: int) -> float:
    """Return the seconds of a sweep of networks that are all of one size, one thread a process."""
    name = f"{NAME}_{processes}_at_once_{int(time.time())}"
    words = command({**flags, "precision": "float32"}, name, processes, "learning_rate=5e-4..2e-3 (log)", TIMED)
    start = time.perf_counter()
    subprocess.run(words, env={**ENVIRONMENT, **ONE_THREAD}, check=True)
    return time.perf_counter() - start


def killed(flags: dict[str, Any], kills: int = 5) -> dict[str, int]:
    """Kill a process of a sweep five times, and return how many ended trials there were, and are lost."""
    name = f"{NAME}_killed_{int(time.time())}"
    few = {**flags, "max_images": 20, "train_epochs": 20}
    words = command(few, name, 2, "learning_rate=5e-4..2e-3 (log), batch_size=[16,32]", 2 * kills)
    begun = subprocess.Popen(words, env=ENVIRONMENT)
    before: dict[int, float] = {}
    done = 0
    while begun.poll() is None:
        time.sleep(1)
        ended = finished(kept.LOGS / name)
        if done < kills and len(ended) > done:  # one after each trial that ended
            children = Path(f"/proc/{begun.pid}/task/{begun.pid}/children").read_text().split()
            if children:
                before |= ended
                os.kill(int(children[done % len(children)]), signal.SIGKILL)
                done += 1
                time.sleep(15)
    after = finished(kept.LOGS / name)
    lost = [number for number, value in before.items() if after.get(number) != value]
    return {"kills": done, "ended": len(before), "lost": len(lost), "in the end": len(after)}


def finished(folder: Path) -> dict[int, float]:
    """Return the values of the trials that came to their end, by number, read from the journal itself."""
    file = folder / "journal.log"
    lines = file.read_bytes().splitlines() if file.exists() else []
    found = {}
    for line in lines:
        if line.startswith(b"{") and line.endswith(b"}"):
            entry = json.loads(line)
            if entry.get("state") == 1 and entry.get("values"):
                found[entry["trial_id"]] = entry["values"][0]
    return found


if __name__ == "__main__":
    kept.told(main)
