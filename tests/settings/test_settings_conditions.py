"""Conditions on columns: what they mean, and what is refused."""

import numpy as np
import pytest

from autoencoder.errors import UsageError
from autoencoder.settings.conditions import condition

COLUMNS = {
    "size": np.array([1.0, 2.0, 3.0, np.nan]),
    "loss": ["mse", "mae", "", "mse"],
    "mixed": [0.5, "find", None, 2],
}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("size > 1", [1, 2]),
        ("2 <= size", [1, 2]),
        ("1 < size < 3", [1]),
        ("size != 2", [0, 2]),
        ("size > -1 and loss == 'mse'", [0]),
        ('size == 2 or loss == "mse"', [0, 1, 3]),
        ("not (size == 2 or loss == 'mse')", [2]),
        ("loss != 'mse'", [1]),
        ("mixed >= .5", [0, 3]),
        ("mixed == 'find'", [1]),
        ("size >= mixed", [0]),
        (" size>1\tand  size<3 ", [1]),
    ],
)
def test_a_condition_tells_rows_apart(text, rows):
    assert np.flatnonzero(condition(text, COLUMNS)(COLUMNS)).tolist() == rows


def test_a_condition_between_constants_and_columns_is_one_value_a_row():
    assert condition("not size > 1", COLUMNS)({"size": [0, 5]}).tolist() == [True, False]
    assert condition("size > 1", COLUMNS)({"size": []}).shape == (0,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("siez > 1", "there is no column siez; did you mean size?"),
        ("width > 1", "there is no column width; there are: size, loss, mixed"),
        ("loss == huber", "there is no column huber; there are: size, loss, mixed; text stands in quotes"),
        ("size = 1", "cannot be read as a condition: write comparisons"),
        ("size >", "cannot be read as a condition"),
        ("", "cannot be read as a condition"),
        ("size && loss", "cannot be read as a condition"),
        ("size > 1\nloss", "cannot be read as a condition"),
        ("size\0 > 1", "cannot be read as a condition"),
        ("(" * 900 + "size > 1", "cannot be read as a condition"),
        ("size > 1 and " * 100 + "size > 1", "1,308 characters, and a condition has 1,000 at most"),
        ("size", "'size' is no comparison"),
        ("size + 1 > 2", "'size + 1' is no column, number or text in quotes"),
        ("size > True", "'True' is no column"),
        ("-loss > 1", "'-loss' is no column"),
        ("size in (1, 2)", "'size in (1, 2)' is no comparison"),
        ("1 < 2", "'1 < 2' names no column"),
        ("__import__('os').system('true') > 1", "is no column, number or text"),
        ("(size := 3) > 1", "is no column, number or text"),
        ("size.real > 1", "is no column, number or text"),
    ],
)
def test_what_is_no_condition_is_refused_in_one_sentence(text, said):
    with pytest.raises(UsageError) as refused:
        condition(text, COLUMNS)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
