import io
import threading

import pytest

from autoencoder.cli import screen
from autoencoder.cli.command import Command, Job
from autoencoder.cli.screen import showing_progress
from autoencoder.progress import stage
from autoencoder.settings.fields import Section


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Closed(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


@pytest.fixture
def out(monkeypatch):
    """Put another standard output in place; rich must judge by that alone, and stages are told of at once."""

    def put(stream):
        for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "NO_COLOR"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr("sys.stdout", stream)
        monkeypatch.setattr(screen, "_DELAY", 0.0)
        return stream

    return put


def timers():
    return [each for each in threading.enumerate() if isinstance(each, threading.Timer)]


def work(what="choosing", total=None, steps=2):
    """A stage that goes on until its time is up, however slow the machine."""
    with stage(what, total) as advance:
        for timer in timers():
            timer.join(timeout=30)
        for _ in range(steps):
            advance(1)
    assert not timers()


def test_a_long_stage_gives_plain_output_one_line(out):
    stream = out(io.StringIO())
    with showing_progress():
        work("choosing the number of [clusters]", 2)
    assert stream.getvalue() == "choosing the number of [clusters] ...\n"


def test_a_short_stage_prints_nothing(out, monkeypatch):
    for kind in (io.StringIO, Terminal):
        stream = out(kind())
        monkeypatch.setattr(screen, "_DELAY", 60.0)
        with showing_progress(), stage("choosing", 2) as advance:
            advance(1)
        assert stream.getvalue() == ""


@pytest.mark.parametrize("total", [None, 2])
def test_a_terminal_gets_a_bar_that_is_removed(out, total):
    stream = out(Terminal())
    with showing_progress():
        work("choosing [clusters]", total)
    text = stream.getvalue()
    assert "choosing [clusters]" in text and "━" in text
    assert text.endswith("\x1b[2K")  # the line is cleared


def test_a_terminal_that_cannot_move_its_cursor_gets_the_line(out, monkeypatch):
    stream = out(Terminal())
    monkeypatch.setenv("TERM", "dumb")
    with showing_progress():
        work()
    assert stream.getvalue() == "choosing ...\n"


def test_nothing_is_told_of_unless_it_is_wanted(out):
    stream = out(io.StringIO())
    work()
    with showing_progress(), showing_progress(False):
        work()
    assert stream.getvalue() == ""


def test_stages_inside_a_stage_are_parts_of_it(out):
    stream = out(io.StringIO())
    with showing_progress():
        with stage("outer"):
            work("inner")
        work("next")
    assert "inner" not in stream.getvalue()
    assert "next ..." in stream.getvalue()


def test_an_error_passes_and_ends_the_stage(out):
    stream = out(Terminal())
    with pytest.raises(KeyError), showing_progress(), stage("choosing"):
        raise KeyError
    assert not timers()
    with showing_progress():
        work("after an error")
    assert "after an error" in stream.getvalue()


def test_a_reader_that_has_gone_breaks_no_work(out):
    out(Closed())
    with showing_progress():
        work()


class Loudness(Section):
    verbose: int = 1


@pytest.mark.parametrize(("verbose", "told"), [(0, ""), (1, "choosing ...\n")])
def test_commands_tell_of_their_stages_unless_they_are_silent(out, verbose, told):
    stream = out(io.StringIO())
    command = Command("About.", (Loudness,), lambda options: work())
    Job(command, (Loudness(verbose=verbose),)).execute()
    assert stream.getvalue() == told
