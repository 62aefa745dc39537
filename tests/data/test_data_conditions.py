"""Conditions on the rows of a table: what they select, and what they refuse."""

import pytest

from autoencoder.data.conditions import condition
from autoencoder.errors import UsageError

COLUMNS = ["dims", "loss", "valid_mse", "kernel_size", "mlp", "k"]
ROWS = {
    "a": {"dims": [10], "loss": "mse", "valid_mse": 0.01, "kernel_size": [[5, 5], [3, 3]], "mlp": True, "k": None},
    "b": {"dims": [64, 10], "loss": "ssim", "valid_mse": 0.03, "kernel_size": [[5, 5]], "mlp": False, "k": 3},
    "c": {"loss": "mse"},
}


def selected(text: str) -> str:
    holds = condition(text, COLUMNS)
    return "".join(name for name, row in ROWS.items() if holds(row))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("dims == 10", "a"),
        ("dims == [10]", "a"),
        ("dims == [64, 10]", "b"),
        ("dims != 10", "b"),
        ("kernel_size == 5", "b"),
        ("kernel_size == [5, 3]", "a"),
        ("loss == 'mse'", "ac"),
        ("not loss == 'mse'", "b"),
        ("valid_mse < 0.02 or loss == 'ssim'", "ab"),
        ("0.005 < valid_mse <= 0.01", "a"),
        ("valid_mse > -1 and loss in ['ssim', 'mae']", "b"),
        ("loss not in ('ssim',)", "ac"),
        ("'s' in loss and 'ss' not in loss", "ac"),
        ("mlp", "a"),
        ("mlp == false", "b"),
        ("k == none", "ac"),
        ("k != None", "b"),
        ("valid_mse < 'text'", ""),
        (' loss == "mse" ', "ac"),
    ],
)
def test_a_condition_selects_rows(text, rows):
    assert selected(text) == rows


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dimms == 10", "there is no column dimms; did you mean dims?"),
        ("loss == mse", "there is no column mse"),
        ("__import__('os').system('touch made')", "is no comparison"),
        ("dims == __import__('os')", "neither a column nor a value"),
        ("dims.__class__ == 1", "neither a column nor a value"),
        ("dims[0] == 1", "neither a column nor a value"),
        ("dims == 2 ** 99999999", "neither a column nor a value"),
        ("[x for x in dims] == 1", "neither a column nor a value"),
        ("dims is 10", "is no comparison"),
        ("10", "is no comparison"),
        ("dims = 10", "cannot be read"),
        ("dims ==", "cannot be read"),
        ("", "cannot be read"),
        ("(" * 300 + "dims == 1", "cannot be read"),
        ("not " * 400 + "mlp" + " " * 3000, "cannot be read"),
        ("dims == 10\x00", "cannot be read"),
    ],
)
def test_what_is_no_condition_is_refused_in_one_sentence(text, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"^--where=") as refused:
        condition(text, COLUMNS)
    assert said in str(refused.value) and "\n" not in str(refused.value)
    assert not list(tmp_path.iterdir())
