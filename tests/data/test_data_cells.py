"""Cells that a spreadsheet would execute."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.data.cells import guarded, unguarded

texts = st.text(st.one_of(st.sampled_from("=+-@\t\r\n'./1e"), st.characters()), max_size=8)


@given(texts, st.sampled_from(["path", "like", "name", "label"]))
def test_what_is_guarded_means_what_was_meant_and_is_no_formula(text, column):
    written = guarded(text, column)
    assert unguarded(written) == text
    if column in ("path", "like"):
        assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))
    elif written.startswith(("=", "+", "-", "@", "\t", "\r")):
        float(written)  # a number executes nothing


@pytest.mark.parametrize(
    ("text", "path", "name"),
    [
        ("=cmd()", "./=cmd()", "'=cmd()"),
        ("-0.5", "./-0.5", "-0.5"),
        ("-1+cmd", "./-1+cmd", "'-1+cmd"),
        ("@a", "./@a", "'@a"),
        ("\ta", "./\ta", "'\ta"),
        ("'=a", "./'=a", "''=a"),
        ("./=a", "././=a", "'./=a"),
        ("'tis", "'tis", "'tis"),
        ("a=b", "a=b", "a=b"),
        ("", "", ""),
    ],
)
def test_paths_and_names_are_guarded_each_in_its_way(text, path, name):
    assert guarded(text) == path
    assert guarded(text, "name") == name


@pytest.mark.parametrize("text", ["a.png", "./a.png", "'tis", "''", "-1", "=old", "../=a"])
def test_what_older_files_hold_is_read_as_before(text):
    assert unguarded(text) == text
