"""Encode the parts of a data set as tasks of Ray: what is killed, here or there, loses the parts in flight alone."""

from __future__ import annotations

import functools
import os
import pickle
from collections.abc import Sequence
from pathlib import Path

from ..errors import LostError, UserError
from ..files import remove_stale
from ..model.encoder import Encoder
from ..progress import stage
from ..storage.dataset import Part
from .encode_parts import encode_part
from .plan_parts import missing_parts
from .pretrained import Located, open_located
from .ray_cluster import connected

#: So often a part is begun again whose process or machine was killed.
_RETRIES = 5


def encode_by_ray(engine: str, located: Located, parts: Sequence[Part]) -> None:
    """Encode some parts of one data set, each as a task with one processor, and say how far it has come.

    Raises
    ------
    UserError
        As `encode_part`, or if Ray is not there; the parts that are done stay.
    """
    remove_stale(parts[0].folder)
    with connected(engine):
        import ray

        # One processor each: the same sums in the same order wherever a part is encoded.
        one = {"env_vars": {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}}
        task = ray.remote(encode_there).options(num_cpus=1, max_retries=_RETRIES, runtime_env=one)
        here, opened = os.fspath(Path.cwd()), ray.put(pickle.dumps(located))
        waiting = [task.remote(here, opened, part) for part in parts]
        files = sum(part.stop - part.start for part in parts)
        with stage(f"encoding {files:,} files in {len(parts):,} parts", files) as advance:
            while waiting:
                done, waiting = ray.wait(waiting)
                try:
                    advance(sum(ray.get(done)))
                except ray.exceptions.RayTaskError as error:
                    raise (error.cause if isinstance(error.cause, UserError) else error) from None
                except ray.exceptions.RayError as error:
                    raise LostError(
                        f"a part was begun {_RETRIES + 1} times, and its process or machine killed each time "
                        f"({type(error).__name__}); to go on: the same command with --resume"
                    ) from None


def encode_there(folder: str, located: bytes, part: Part) -> int:
    """Encode a part, where it is not whole yet, in a process of Ray that is put into a folder; return its files."""
    os.chdir(folder)
    if missing_parts([part]):
        encode_part(_opened(located), part)
    return part.stop - part.start


@functools.lru_cache(maxsize=1)
def _opened(located: bytes) -> Encoder:
    """Open an encoder once in a process, whichever parts it is given."""
    return open_located(pickle.loads(located)).encoder
