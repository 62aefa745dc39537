import runpy
from pathlib import Path

import numpy as np
import pytest

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "make_letters.py"))
SIDE, MARGIN = SCRIPT["SIDE"], SCRIPT["MARGIN"]


@pytest.mark.parametrize("shape", [(130, 65), (26, 52), (300, 3)])
def test_a_letter_is_centred_and_touches_the_margin(shape):
    image = SCRIPT["fit"](np.full(shape, 255, np.uint8))
    assert image.shape == (SIDE, SIDE)
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    long = max(rows.size, columns.size)
    assert long == SIDE - 2 * MARGIN
    for found in (rows, columns):
        assert abs(found[0] - (SIDE - 1 - found[-1])) <= 1


def test_fonts_that_draw_alike_are_kept_once():
    image = np.random.default_rng(1).integers(0, 256, (10, SIDE, SIDE), np.uint8)
    other = image.copy()
    other[3] = 255 - other[3]  # one letter differs: another font
    kept = SCRIPT["unlike"]({"b": image, "a": image.copy(), "c": other})
    assert list(kept) == ["a", "c"]


def test_what_is_no_font_is_left_out(tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert SCRIPT["letters"](tmp_path / "broken.ttf") is None
