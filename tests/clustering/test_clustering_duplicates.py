import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.clustering.duplicates import groups

ROWS = st.integers(0, 11)


def test_no_pair_makes_no_group():
    assert groups(np.empty((0, 2), int), 3).tolist() == [-1, -1, -1]


@given(st.lists(st.tuples(ROWS, ROWS), max_size=12))
def test_groups_are_what_walking_from_pair_to_pair_reaches(pairs):
    found = groups(np.array(pairs, int).reshape(-1, 2), 12)
    reached = {row: {row} for pair in pairs for row in pair}
    for _ in range(12):
        for first, second in pairs:
            together = reached[first] | reached[second]
            reached[first] = reached[second] = together
    for row in range(12):
        assert set(np.flatnonzero(found == found[row])) == reached[row] if row in reached else found[row] == -1
    named = [number for number in found.tolist() if number >= 0]
    assert list(dict.fromkeys(named)) == sorted(set(named))
