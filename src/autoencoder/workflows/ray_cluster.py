"""Ray: found, reached, asked what it has, and left again."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import UsageError
from .stations import RemoteStation, Station

log = logging.getLogger("autoencoder")

#: Within so many seconds an address answers, or is refused.
_ANSWER = 5.0
#: Of these all machines must have the same version.
_SAME = ("flexible-autoencoder", "tensorflow", "keras", "numpy")


def check_engine(engine: str) -> None:
    """Refuse an engine that is not installed, or whose address does not answer.

    Raises
    ------
    UsageError
        Says how it is installed, or which address does not answer.
    """
    if find_spec("ray") is None:
        raise UsageError(
            f"--engine={engine}: the package ray is not installed; install it with: pip install "
            "'flexible-autoencoder[ray]', in a checkout pip install '.[ray]'"
        )
    address = engine.partition(":")[2]
    if address in ("", "auto"):
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise UsageError(f"--engine={engine}: name the head of the cluster by host and port, as in ray:10.0.0.5:6379")
    try:
        socket.create_connection((host, int(port)), timeout=_ANSWER).close()
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"--engine={engine}: nothing answers at {address} ({error}); start Ray there: "
            f"ray start --head --port={port}"
        ) from None


@contextlib.contextmanager
def connected(engine: str) -> Iterator[None]:
    """Be connected to Ray inside this block, whose machines all have this program's version.

    Raises
    ------
    UsageError
        If it is not installed, not reached, or a machine has another version.
    """
    check_engine(engine)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray would let its processes wait for all others of the machine.
    os.environ.setdefault("RAY_worker_niceness", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    address = engine.partition(":")[2] or None
    own: dict[str, Any] = {} if address else {"include_dashboard": False}
    paths = {"env_vars": {"PYTHONPATH": os.pathsep.join(str(Path(each).resolve()) for each in sys.path)}}
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.FATAL, runtime_env=paths, **own)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UsageError(f"--engine={engine}: {' '.join(str(error).split())}") from None
    try:
        _check_versions(engine)
        yield
    finally:
        ray.shutdown()


def versions() -> dict[str, str]:
    """Return the versions of this program, and of what computes, on this machine."""
    found = {}
    for name in _SAME:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def machines() -> list[dict[str, Any]]:
    """Return what Ray says of the machines that are there."""
    import ray

    return [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]


def on_node(node: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Return Ray's options that keep something on one machine."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return {"scheduling_strategy": NodeAffinitySchedulingStrategy(node["NodeID"], soft=False), **options}


def _check_versions(engine: str) -> None:
    import ray

    asked, here = ray.remote(versions), versions()
    found = [(node, asked.options(**on_node(node, num_cpus=0)).remote()) for node in machines()]
    for node, promised in found:
        try:
            there = ray.get(promised, timeout=60)
        except ray.exceptions.RayError as error:
            why = str(error).strip().splitlines()[-1]
            raise UsageError(
                f"--engine={engine}: {node['NodeManagerAddress']} cannot start this program ({why})"
            ) from None
        for name in here:
            if there.get(name) != here[name]:
                raise UsageError(
                    f"--engine={engine}: {node['NodeManagerAddress']} has {name} {there.get(name, 'not at all')}, and "
                    f"this machine {here[name]}; install the same on all"
                )


def stations(count: int) -> Iterator[tuple[RemoteStation, int]]:
    """Yield stations, spread evenly over the machines, each with how many of its machine's processors are its own.

    Raises
    ------
    UsageError
        If there are fewer processors.
    """
    import ray

    there = machines()
    held = [len(range(number, count, len(there))) for number in range(len(there))]
    for node, many in zip(there, held, strict=True):
        if many > node["Resources"]["CPU"]:
            raise UsageError(
                f"--workers={count}: {node['NodeManagerAddress']} has {node['Resources']['CPU']:g} processors for "
                f"{many} of them; give fewer"
            )
    remote = ray.remote(Station)
    for number in range(count):
        node, many = there[number % len(there)], held[number % len(there)]
        processors = int(node["Resources"]["CPU"] // many)
        cards = node["Resources"].get("GPU", 0) // many
        options = on_node(node, num_cpus=processors, num_gpus=cards, max_restarts=0)
        yield RemoteStation(remote.options(**options).remote(node["NodeManagerAddress"])), processors
