"""A process of a training by several: the first keeps the run, the others learn with it and write nothing."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

from ..errors import UserError
from ..settings import Settings
from ..tensorflow_start import start_tensorflow
from .stations import end_with_parent
from .unfinished import Unfinished, unfinished

log = logging.getLogger("autoencoder")

#: What the line begins with that says where the run is.
RUN = "the run's folder is\t"


def work(asked: dict[str, Any]) -> None:
    """Train with the other processes that TF_CONFIG names; `asked` are flags, and what is gone on with."""
    first = json.loads(os.environ["TF_CONFIG"])["task"]["index"] == 0
    settings = Settings.from_flags(asked["flags"])
    going_on: Unfinished | None = None
    if asked["resume"] is not None:
        going_on = unfinished(asked["resume"], "run", settings)
        settings = going_on.settings
    from .images import prepare

    settings, listings = prepare(settings)
    start_tensorflow()
    import tensorflow as tf

    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    from ..training.spread import spreading
    from .train import follow, train

    with spreading(strategy):
        if first:
            run = train(settings, listings, save_every=asked["save_every"], going_on=going_on).run
            assert run is not None
            print(f"{RUN}{run.path}", flush=True)
        else:
            follow(settings, listings, going_on)


def main(words: list[str]) -> int:
    """Train by what the JSON in the first word says; return the exit status."""
    end_with_parent()
    shown = logging.StreamHandler(sys.stdout)
    shown.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(shown)
    log.setLevel(logging.INFO)
    try:
        work(json.loads(words[0]))
    except UserError as error:
        print(f"error: {error}", flush=True)
        return error.exit_status
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    # TensorFlow would wait at its exit for processes that may be gone.
    os._exit(status)
