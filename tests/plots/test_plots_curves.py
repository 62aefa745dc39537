import cv2
import numpy as np
import pytest

from autoencoder.plots.curves import k_curve, rate_curve

RATES = np.geomspace(1e-6, 1, 7).tolist()
LOSSES = [1.0, 1.02, 0.9, 0.5, 0.3, 0.9, 30.0]


@pytest.mark.parametrize("chosen", [1e-3, 1e-8, None])
def test_the_curve_of_a_range_test_is_drawn(tmp_path, chosen):
    rate_curve(RATES, LOSSES, LOSSES, chosen, tmp_path / "rate.png")
    assert cv2.imread(str(tmp_path / "rate.png")).shape == (640, 1200, 3)


@pytest.mark.parametrize("count", [0, 1])
def test_a_test_that_ended_at_once_is_drawn_too(tmp_path, count):
    rate_curve(RATES[:count], LOSSES[:count], LOSSES[:count], None, tmp_path / "rate.png")
    assert (tmp_path / "rate.png").is_file()


def test_the_chosen_rate_is_the_one_that_is_marked(monkeypatch):
    drawn = []
    monkeypatch.setattr("autoencoder.plots.curves.save", lambda figure, path: drawn.append(figure))
    rate_curve(RATES, LOSSES, LOSSES, 1e-3, "rate.png")
    lines = [list(line.get_xdata()) for line in drawn[0].axes[1].lines]
    assert [1e-3, 1e-3] in lines and [1e-3] in lines


def test_the_curve_of_clusters_says_where_it_is_measured_and_why(monkeypatch):
    drawn = []
    monkeypatch.setattr("autoencoder.plots.curves.save", lambda figure, path: drawn.append(figure))
    k_curve([2, 3], {"silhouette": [0.2, 0.4]}, (2, 3), 3, "k.png", ("measured there", "3 is taken"))
    page = drawn[0].axes[0]
    assert {"measured there", "3 is taken"} <= {text.get_text() for text in page.texts}
    boxes = [text.get_window_extent() for text in page.texts]
    assert not any(one.overlaps(other) for at, one in enumerate(boxes) for other in boxes[:at])
