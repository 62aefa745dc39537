"""Train one network on all devices of a machine, or by processes on several."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError, DiskError, Interrupted, LostError, ModelFileError, UsageError, UserError
from ..settings import Resuming, Settings, Training
from ..settings.spread import Spread
from ..signals import collected_signals
from ..storage.run import Run
from .spread_worker import RUN
from .stations import AnyStation, StationLost
from .unfinished import unfinished

log = logging.getLogger("autoencoder")

_PAUSE = 0.2
#: With these a process ends together with all others: the loss diverged, or a signal came.
_TOGETHER = {0, 6, 128 + signal.SIGINT, 128 + signal.SIGTERM}
_ERRORS: dict[int, type[UserError]] = {
    each.exit_status: each for each in (UserError, UsageError, DataError, ModelFileError, DiskError)
}


@contextlib.contextmanager
def spread_over(asked: Spread, training: Training, validated: int) -> Iterator[None]:
    """Train on the devices that are asked for inside this block; `validated` images judge the epochs.

    Raises
    ------
    UsageError
        If a device would get no image.
    """
    if asked.devices is None:
        yield
        return
    from ..training.spread import copies, device_strategy, spreading

    with spreading(device_strategy()):
        log.info(f"devices: {copies()}, each with its share of a batch of {training.batch_size}")
        if min(training.batch_size, validated) < copies():
            raise UsageError(
                f"--devices=all: {copies()} devices, a batch of {training.batch_size} and {validated} images for "
                "validation: each needs an image of both; give more, or leave --devices out"
            )
        yield


def train_by_workers(asked: Settings, resuming: Resuming, spread: Spread) -> Run:
    """Train by the processes that Ray starts, and return the run.

    Raises
    ------
    UserError
        As `train` does; or if a process or its machine was killed, or Ray is not there.
    """
    from .ray_cluster import connected, stations

    assert spread.engine is not None and spread.workers is not None
    name = resuming.resume
    if name is not None:
        name = str(unfinished(name, "run", asked).run.path)
    words = _words(asked, name, resuming.save_every)
    again = f"flexae run --resume={name or 'latest'} --engine={spread.engine} --workers={spread.workers}"
    with connected(spread.engine):
        return together(list(stations(spread.workers)), words, again)


def _words(asked: Settings, resume: str | None, save_every: float | None) -> dict[str, Any]:
    """Return what the processes are told: the flags that were given, and what is gone on with."""
    sections = (asked.data, asked.architecture, asked.training, asked.output)
    flags = {
        name: value
        for each in sections
        for name, value in each.absolute().to_flags().items()
        if name in each.model_fields_set
    }
    return {"flags": flags, "resume": resume, "save_every": save_every}


def together(stations: Sequence[tuple[AnyStation, int]], words: dict[str, Any], again: str) -> Run:
    """Start a process at each station, tell what the first says, and return its run; all end with it.

    Raises
    ------
    UserError
        As `train` does; or if one was killed: `again` is the command that goes on.
    """
    try:
        with collected_signals() as came:
            _start(stations, words)
            return _watch([station for station, _ in stations], again, came)
    except StationLost:
        raise LostError(f"a machine was lost before training began; to begin again: {again}") from None
    finally:
        for station, _ in stations:
            station.end()


def _start(stations: Sequence[tuple[AnyStation, int]], words: dict[str, Any]) -> None:
    addresses = [station.address() for station, _ in stations]
    log.info(f"workers: {len(addresses)}, at {', '.join(addresses)}")
    alone = ("save_dir", "tensorboard", "mlflow", "h5")
    others = {**words, "flags": {name: value for name, value in words["flags"].items() if name not in alone}}
    for index, (station, processors) in enumerate(stations):
        place = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        threads = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"), str(processors))
        environment = {**threads, "TF_CONFIG": json.dumps(place), "PYTHONUNBUFFERED": "1"}
        told = json.dumps(others if index else words)
        station.start(f"{__package__}.spread_worker", [told], environment, os.fspath(Path.cwd()))


def _watch(stations: Sequence[AnyStation], again: str, came: list[int]) -> Run:
    """Wait for the first process, and tell what it says; end with it where another one falls."""
    said = [""] * len(stations)
    statuses: list[int | None] = [None] * len(stations)
    sent = 0
    while statuses[0] is None:
        time.sleep(_PAUSE)
        for number in came[sent : sent + 2]:
            stations[0].send(number)  # the others hear of it from the first
        sent = len(came)
        for index, station in enumerate(stations):
            if statuses[index] is None:
                said[index], statuses[index] = _look(station, said[index], tell=index == 0)
        fallen = [index for index, status in enumerate(statuses) if status not in (None, *_TOGETHER)]
        if fallen:
            raise _fallen(fallen[0], statuses, said[fallen[0]], again)
    return _ended(int(statuses[0]), said[0], came)


def _look(station: AnyStation, said: str, *, tell: bool) -> tuple[str, int | None]:
    """Return the last that a process said, and its exit status; 137 where it is lost with its machine."""
    try:
        new, status = station.look()
    except StationLost:
        return said, 128 + signal.SIGKILL
    lines = new.splitlines()
    for line in lines if tell else ():
        if not line.startswith(("error: ", RUN)):
            log.info(line)
    return (said + new)[-4000:], status


def _fallen(index: int, statuses: Sequence[int | None], said: str, again: str) -> UserError:
    status = int(statuses[index] or 0)
    if status in _ERRORS and "error: " in said:
        return _ERRORS[status](f"worker {index + 1} of {len(statuses)}: {said.rpartition('error: ')[2].strip()}")
    last = (said.strip().splitlines() or ["nothing was said"])[-1]
    killed = status < 0 or status > 128
    why = "was killed, or its machine was lost" if killed else f"ended by itself ({last})"
    error = LostError if killed else UserError
    return error(f"worker {index + 1} of {len(statuses)} {why}; to go on from the last state: {again}")


def _ended(status: int, said: str, came: Sequence[int]) -> Run:
    message = said.rpartition("error: ")[2].strip()
    if status == 0:
        return Run(Path(said.rpartition(RUN)[2].strip().splitlines()[0]))
    if status > 128:
        raise Interrupted(message, came[0] if came else status - 128)
    error = UserError(message)
    error.exit_status = status
    raise error
