"""Go on with a training that was killed or interrupted, from Python."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..settings import Settings
from ..settings.restoration import RestoreSettings
from ..storage.lookup import under_logs
from ..storage.provenance import read_provenance
from ..storage.run import Run
from ..tensorflow_start import start_tensorflow
from .unfinished import Unfinished, unfinished, unfinished_run


def resume(
    run: str | os.PathLike[str] = "latest", *, train_epochs: int | None = None, save_every: float | None = None
) -> Run:
    """Go on with a training that was killed or interrupted, as `--resume` does.

    Parameters
    ----------
    run : str or path
        The folder of what `run`, `sort` or `restore_train` began, its name in logs/, or `latest`: the newest one of
        `run` or `sort`.
    train_epochs : int, optional
        More epochs than it began with; None: as many.
    save_every : float, optional
        Seconds from one kept state to the next; None: as `--save_every=auto`.

    Returns
    -------
    Run
        The same folder, complete.

    Raises
    ------
    UsageError
        If there is no such run, it is complete, or it is being trained.
    DataError
        If its images changed.

    Examples
    --------
    After a kill `resume("logs/ae_20260102_120000", train_epochs=200)` returns that run; where there is none:

    >>> resume("latest")
    Traceback (most recent call last):
    autoencoder.errors.UsageError: --resume=latest: no run of run in logs/ was killed or interrupted
    """
    name = str(run)
    made = None if name == "latest" else read_provenance(Run(under_logs(Path(name))).provenance_file)
    epochs = {} if train_epochs is None else {"train_epochs": train_epochs}
    if made is not None and made.command == "restore_train":
        found, _ = unfinished_run(name, "restore_train")
        pairs = {each: found.flags()[each] for each in ("modified", "original")}
        asked = RestoreSettings.from_flags({**pairs, **epochs})
        return _restorer(unfinished(name, "restore_train", asked), save_every)
    return _autoencoder(unfinished(name, "run", Settings.from_flags(epochs)), save_every)


def _autoencoder(going_on: Unfinished, save_every: float | None) -> Run:
    from .images import prepare

    settings, listings = prepare(going_on.settings)
    start_tensorflow()
    from .train import train

    return _left(train(settings, listings, save_every=save_every, going_on=going_on))


def _restorer(going_on: Unfinished, save_every: float | None) -> Run:
    from .pairs import load_splits, prepare_pairs

    settings, matched = prepare_pairs(going_on.settings)
    start_tensorflow()
    from .restore_train import restore_train

    splits = load_splits(settings, matched)
    return _left(restore_train(settings, splits, save_every=save_every, going_on=going_on))


def _left(trained: Any) -> Run:
    run: Run = trained.run
    return run
