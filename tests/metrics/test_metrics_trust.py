import pytest

from autoencoder.metrics.trust import MEANING, trust


@pytest.mark.parametrize(
    ("stability", "methods", "structure", "word"),
    [
        (0.95, 0.9, 3.0, "strong"),
        (0.8, 0.8, 1.3, "strong"),
        (0.95, 0.79, 3.0, "fair"),
        (0.6, 0.9, 3.0, "fair"),
        (0.59, 0.9, 3.0, "weak"),
        (0.99, 0.99, 1.29, "none"),
        (0.99, 0.99, None, "strong"),
        (None, 0.7, 2.0, "fair"),
        (None, None, 2.0, None),
        (None, None, 1.0, "none"),
    ],
)
def test_the_smaller_agreement_decides_unless_chance_is_as_clear(stability, methods, structure, word):
    assert trust({"stability": stability, "method_agreement": methods, "structure": structure}) == word


def test_every_word_has_a_meaning():
    assert set(MEANING) == {"strong", "fair", "weak", "none"}
    assert trust({}) is None
