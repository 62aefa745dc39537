"""How far long work has come, told to callbacks: on the command line a line or a bar, in a search each epoch's loss."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from contextvars import ContextVar

Advance = Callable[[int], None]
#: Called with what is done and the number of steps, if that is known, at the beginning of a stage.
Reporter = Callable[[str, int | None], AbstractContextManager[Advance]]

#: Called with the epoch, counted from 1, and its loss; says whether the training is to go on.
Judge = Callable[[int, float], bool]

_judge: ContextVar[Judge | None] = ContextVar("who is told of epochs", default=None)
_reporter: ContextVar[Reporter | None] = ContextVar("what is told of stages", default=None)


@contextlib.contextmanager
def reporting(reporter: Reporter | None) -> Iterator[None]:
    """Tell the stages inside this block to a callback, or with None to nobody. Outside of any such block none is told.

    Parameters
    ----------
    reporter : function or None
        From what is done and its number of steps, or None, to a context manager that lasts as long as the stage; it
        gives a function that is called with the number of steps done since the last call.
    """
    before = _reporter.set(reporter)
    try:
        yield
    finally:
        _reporter.reset(before)


def progress_shown() -> bool:
    """Whether somebody is told of the stages here."""
    return _reporter.get() is not None


@contextlib.contextmanager
def stage(what: str, total: int | None = None) -> Iterator[Advance]:
    """Tell of a stage where `reporting` wants it. A stage inside another one is a part of that, and silent.

    Parameters
    ----------
    what : str
        What is done, without a dot: "choosing the number of clusters".
    total : int, optional
        Number of steps.

    Yields
    ------
    function
        To be called with the number of steps done since the last call.

    Examples
    --------
    >>> @contextlib.contextmanager
    ... def shown(what, total):
    ...     yield lambda steps: print(what, steps, "of", total)
    >>> with reporting(shown), stage("adding", total=3) as advance:
    ...     advance(2)
    adding 2 of 3
    """
    reporter = _reporter.get()
    if reporter is None:
        yield lambda steps: None
        return
    with reporting(None), reporter(what, total) as advance:
        yield advance


@contextlib.contextmanager
def judging(judge: Judge) -> Iterator[None]:
    """Tell the loss of every epoch inside this block to a function, which may end the training there.

    Parameters
    ----------
    judge : function
        From the epoch, counted from 1, and its loss, of validation images where there are any, to whether to go on.
    """
    before = _judge.set(judge)
    try:
        yield
    finally:
        _judge.reset(before)


def goes_on(epoch: int, loss: float) -> bool:
    """Tell of an epoch, and return whether the training is to go on; it does where nobody is told.

    Examples
    --------
    >>> goes_on(1, 0.5)
    True
    >>> with judging(lambda epoch, loss: loss < 0.4):
    ...     goes_on(1, 0.5)
    False
    """
    judge = _judge.get()
    return judge is None or judge(epoch, loss)
