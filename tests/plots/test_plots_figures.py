import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

import autoencoder.plots
from autoencoder.errors import DiskError
from autoencoder.model.geometry import Layer
from autoencoder.plots import diagram as diagram_module
from autoencoder.plots import figures
from autoencoder.plots.diagram import diagram
from autoencoder.plots.figures import comparison, loss_curve
from autoencoder.plots.style import STYLE

DIGITS = np.rint(load_digits().images[:12] * 255 / 16).astype(np.uint8)[..., None]
HISTORY = {
    "epoch": [1, 2, 3, 4],
    "loss": [0.3, 0.2, 0.15, 0.12],
    "val_loss": [0.32, 0.21, 0.19, 0.2],
    "learning_rate": [0.001] * 4,
}
LAYERS = [
    Layer("image", "InputLayer", (8, 8, 1), 0),
    Layer("conv_0", "Conv2D", (4, 4, 16), 160),
    Layer("conv_0_norm", "BatchNormalization", (4, 4, 16), 64),
    Layer("conv_0_activation", "Activation", (4, 4, 16), 0),
    Layer("flatten", "Flatten", (256,), 0),
    Layer("dense_embedding", "Dense", (2,), 514),
    Layer("embedding", "Activation", (2,), 0),
    Layer("dense", "Dense", (64,), 192),
    Layer("image", "Reshape", (8, 8, 1), 0),
]


def picture(path):
    """RGB pixels of a PNG."""
    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGB)


def holds(page, part):
    x, y = cv2.minMaxLoc(cv2.matchTemplate(page, part, cv2.TM_SQDIFF))[2]
    return np.array_equal(page[y : y + part.shape[0], x : x + part.shape[1]], part)


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are drawn, before they are written."""
    seen = []
    for module in (figures, diagram_module):
        monkeypatch.setattr(module, "save", lambda figure, path: seen.append(figure))
    return seen


def sized(text):
    return text.replace(" x ", " \N{MULTIPLICATION SIGN} ")


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def all_three(folder):
    loss_curve(HISTORY, folder / "loss.png")
    comparison(DIGITS, DIGITS / 255 * 0.9, folder / "comparison.png", [f"class {i}" for i in range(12)])
    diagram(LAYERS, folder / "model.png")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_input_gives_the_same_bytes_and_nothing_else_is_left(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = all_three(tmp_path / "a")
    assert sorted(first) == ["comparison.png", "loss.png", "model.png"]
    assert first == all_three(tmp_path / "b")
    for content in first.values():
        assert content.startswith(b"\x89PNG") and b"tEXt" not in content


def test_a_missing_folder_is_an_error_of_the_disk(tmp_path):
    with pytest.raises(DiskError, match="its folder does not exist"):
        loss_curve(HISTORY, tmp_path / "none" / "loss.png")


def test_drawing_changes_nothing_global(tmp_path):
    code = (
        "import sys, matplotlib, numpy\n"
        "before = dict(matplotlib.rcParams)\n"
        "from autoencoder.plots.figures import comparison, loss_curve\n"
        "loss_curve({'loss': [1, 2]}, 'loss.png')\n"
        "comparison(numpy.zeros((1, 4, 4, 1), 'u1'), numpy.zeros((1, 4, 4, 1)), 'comparison.png')\n"
        "assert 'matplotlib.pyplot' not in sys.modules and before == dict(matplotlib.rcParams)\n"
    )
    source = Path(autoencoder.plots.__file__).parents[2]
    program = [sys.executable, "-W", "error", "-c", f"import sys; sys.path.insert(0, {str(source)!r})\n{code}"]
    # Without a named backend, reading the parameters imports pyplot to find one.
    environment = {**os.environ, "MPLBACKEND": "agg"}
    done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


# loss_curve


def test_the_best_epoch_is_that_of_the_validation_loss(drawn):
    loss_curve(HISTORY, "loss.png")
    assert "best: epoch 3, 0.19" in texts(drawn[0])
    assert {"training", "validation"} <= set(texts(drawn[0]))
    loss_curve({"loss": [0.3, 0.2, 0.25]}, "loss.png")
    assert "best: epoch 2, 0.2" in texts(drawn[1])
    assert "validation" not in texts(drawn[1])


def test_the_scale_is_logarithmic_only_where_the_range_asks_for_it(drawn):
    for losses in ([0.3, 0.2], [0.3, 0.02], [0.3, -0.01], [0.3, 0.0]):
        loss_curve({"loss": losses}, "loss.png")
    assert [figure.axes[1].get_yscale() for figure in drawn] == ["linear", "log", "linear", "linear"]


def test_the_learning_rate_is_drawn_only_where_it_changed(drawn):
    loss_curve(HISTORY, "loss.png")
    loss_curve({**HISTORY, "learning_rate": [0.001, 0.001, 0.0005, 0.0005]}, "loss.png")
    assert [len(figure.axes) for figure in drawn] == [2, 3]
    assert "learning rate" in texts(drawn[1]) and "learning rate" not in texts(drawn[0])
    np.testing.assert_array_equal(drawn[1].axes[2].lines[0].get_ydata(), [0.001, 0.001, 0.0005, 0.0005])


def test_sizes_are_parted_by_lines_and_the_best_epoch_can_be_given(drawn):
    history = {"loss": [0.3, 0.1, 0.25, 0.2], "val_loss": [0.3, 0.1, 0.25, 0.2], "image_side": [8.0, 8.0, 16.0, 16.0]}
    loss_curve(history, "loss.png", 4)
    assert {"8 px", "16 px", "best: epoch 4, 0.2"} <= set(texts(drawn[0]))
    assert [2.5, 2.5] in [list(line.get_xdata()) for line in drawn[0].axes[1].lines]
    loss_curve({**history, "image_side": [8.0] * 4}, "loss.png", 0)  # no epoch was any good
    assert not [text for text in texts(drawn[1]) if text.startswith(("8 px", "best"))]


def test_losses_that_are_not_numbers_leave_gaps(drawn):
    loss_curve({"loss": [0.3, np.nan, 0.1], "val_loss": [0.4, 0.2, np.inf]}, "loss.png")
    loss_curve({"loss": [np.nan], "val_loss": [np.nan]}, "loss.png")
    assert "best: epoch 2, 0.2" in texts(drawn[0])
    assert "no finite loss was recorded" in texts(drawn[1])


@pytest.mark.parametrize("history", [{}, {"loss": []}, {"loss": [0.5]}, {"loss": [0.0] * 50, "epoch": range(5, 55)}])
def test_short_and_flat_histories_are_drawn(tmp_path, history):
    loss_curve(history, tmp_path / "loss.png")
    assert picture(tmp_path / "loss.png").shape == (640, 1200, 3)


# comparison


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("count", [1, 12])
def test_every_pixel_of_a_small_image_is_a_sharp_square(tmp_path, count, channels):
    images = np.repeat(DIGITS[:count], channels, axis=-1)
    images[..., -1] //= 2
    comparison(images, 1 - images / 255, tmp_path / "c.png")
    page = picture(tmp_path / "c.png")
    factor = figures._cell((8, 8), count)[0] // 8
    assert factor >= 14
    for image in images[: figures.COLUMNS : 9]:  # the first and the last that are shown
        large = np.kron(np.broadcast_to(image, (8, 8, 3)), np.ones((factor, factor, 1), np.uint8))
        assert holds(page, large) and holds(page, 255 - large)


def test_the_difference_is_dark_where_there_is_none_and_light_at_the_end_of_its_scale(tmp_path):
    original = np.zeros((1, 2, 2, 1), np.uint8)
    restored = np.array([0.0, 0.0, 0.5, 0.5]).reshape(1, 2, 2, 1)
    comparison(original, restored, tmp_path / "c.png")
    size = figures._cell((2, 2), 1)[0] // 2
    dark, light = ((0, 0, 4), (252, 253, 191))
    expected = np.array([[dark, dark], [light, light]], np.uint8).repeat(size, 0).repeat(size, 1)
    assert holds(picture(tmp_path / "c.png"), expected)


def test_errors_titles_and_the_scale_are_written(drawn):
    restored = DIGITS / 255.0
    restored[0] += 0.1
    restored[1] += 0.01
    comparison(DIGITS, restored, "c.png", ["seven", "$x$ \u65e5\n", "w" * 200])
    words = texts(drawn[0])
    assert {"original", "reconstruction", "difference", "MSE", "0.0100", "1.0e-04", "0.0e+00"} <= set(words)
    assert {"seven", "$x$ □□"} <= set(words)
    assert any(word.startswith("www") and "…" in word for word in words)
    assert any(word.startswith("0.1 or more") or word.startswith("0.2 or more") for word in words)


def test_the_scale_is_the_same_for_similar_errors_and_grows_with_them():
    random = np.random.default_rng(0).random(10_000)
    assert [figures._scale(random * size) for size in (0.001, 0.04, 0.09, 0.15, 0.25, 0.45, 0.8, 3)] == [
        0.05,
        0.05,
        0.1,
        0.2,
        0.3,
        0.5,
        1,
        1,
    ]
    assert figures._scale(np.array([np.nan])) == 1


@given(st.integers(1, 40), st.integers(1, 400), st.booleans(), st.integers(1, 11), st.sampled_from([1, 3]))
@settings(deadline=None, max_examples=12)
def test_any_shape_is_drawn(tmp_path_factory, short, long, tall, count, channels):
    shape = (count, *((long, short) if tall else (short, long)), channels)
    path = tmp_path_factory.getbasetemp() / "any.png"
    comparison(np.full(shape, 200, np.uint8), np.full(shape, 1.5), path)
    assert 300 <= picture(path).shape[1] <= 4000


def test_reconstructions_outside_the_range_and_not_a_number_are_drawn(tmp_path, drawn):
    comparison(DIGITS[:2], np.stack([DIGITS[0] * np.nan, DIGITS[1] / 255.0 + 2]), "c.png")
    assert {"nan", "4.0000"} <= set(texts(drawn[0]))


def test_no_images_and_other_shapes_are_refused(tmp_path):
    for originals, restored in ((DIGITS[:0], DIGITS[:0]), (DIGITS, DIGITS[..., 0])):
        with pytest.raises(ValueError, match="images and reconstructions of one shape"):
            comparison(originals, restored, tmp_path / "c.png")


# diagram


def test_layers_that_finish_anothers_work_share_its_box(drawn):
    diagram(LAYERS, "model.png")
    words = texts(drawn[0])
    assert sized("8 x 8 x 1 to 2 and back") in words
    assert "64 values become 2 (32 to 1); 930 parameters" in words
    assert "Conv2D, BatchNorm, Activation, Flatten" in words and "224" in words
    assert "embedding: Dense, Activation" in words
    assert words.count("64") == 3 and words.count("256") == 1 and words.count("2") == 2
    boxes = drawn[0].axes[0].patches
    colors = [tuple(np.round(np.array(box.get_facecolor()[:3]) * 255).astype(int)) for box in boxes]
    assert len(boxes) == 4 + 3
    hexes = ["#{:02x}{:02x}{:02x}".format(*color) for color in colors]
    assert [color for color in hexes if color != STYLE["rule"]] == [
        STYLE["encoder"],
        STYLE["encoder"],
        STYLE["accent"],
        STYLE["decoder"],
    ]


def test_boxes_are_wider_the_more_values_they_hold():
    widths = [diagram_module._width(values, 1_000_000) for values in (1, 2, 10, 1000, 1_000_000)]
    assert widths == sorted(set(widths))
    assert widths[-1] - widths[-2] == pytest.approx(widths[-2] - widths[0])  # 1,000 is halfway from 1 to 1,000,000
    assert diagram_module._width(1, 1) == widths[0]


def test_without_a_layer_of_that_name_the_narrowest_is_the_embedding(drawn):
    diagram(
        [Layer("a", "Conv2D", (4, 4, 1), 1), Layer("b", "Conv2D", (2, 2, 1), 1), Layer("c", "x", (4, 4), 1)], "m.png"
    )
    assert sized("4 x 4 x 1 to 2 x 2 x 1 and back") in texts(drawn[0])


def test_a_linear_path_is_drawn_beside_the_network_and_its_parameters_count(drawn):
    layers = [
        Layer("image", "InputLayer", (4, 4, 1), 0),
        Layer("conv", "Conv2D", (4, 4, 2), 20),
        Layer("linear_flatten", "Flatten", (16,), 0, beside=True),
        Layer("linear_embedding", "Dense", (3,), 51, beside=True),
        Layer("embedding", "Dense", (3,), 99),
        Layer("linear_sum", "Add", (3,), 0, "image"),
        Layer("linear_pixels", "Dense", (16,), 64, beside=True),
        Layer("image", "Dense", (16,), 64),
        Layer("linear_image_sum", "Add", (16,), 0, "linear_sum"),
    ]
    diagram(layers, "model.png")
    words, page = texts(drawn[0]), drawn[0].axes[0]
    assert words.count("linear path") == 2 and {"51", "64"} <= set(words) and "linear_flatten" not in words
    assert "16 values become 3 (5.3 to 1); 298 parameters" in words
    ways = [line.get_ydata() for line in page.lines if len(line.get_ydata()) == 4]
    rows = [[round((y - diagram_module._TOP) // diagram_module._ROW) for y in (way[0], way[-1])] for way in ways]
    assert rows == [[0, 2], [2, 3]]


def test_skips_lead_around_the_narrowest_and_do_not_cross(drawn):
    layers = [
        Layer("image", "InputLayer", (8, 8, 1), 0),
        Layer("conv_0", "Conv2D", (8, 8, 4), 40),
        Layer("conv_1", "Conv2D", (4, 4, 4), 148),
        Layer("conv_2", "Conv2D", (2, 2, 16), 592),
        Layer("deconv_2", "Conv2DTranspose", (4, 4, 8), 1160),
        Layer("skip_1", "Concatenate", (4, 4, 12), 0, "conv_1"),
        Layer("deconv_1", "Conv2DTranspose", (8, 8, 4), 436),
        Layer("skip_0", "Concatenate", (8, 8, 8), 0, "conv_0"),
        Layer("deconv_0", "Conv2DTranspose", (8, 8, 1), 73),
    ]
    diagram(layers, "model.png")
    words, page = texts(drawn[0]), drawn[0].axes[0]
    assert sized("8 x 8 x 1 to 4 x 4 x 4 and back") in words  # 64 values, as the image, which is not taken for it
    assert "narrowest: Conv2D" in words and not any(word.startswith("embedding") for word in words)
    inner, outer = sorted(
        (line for line in page.lines if len(line.get_ydata()) == 4), key=lambda line: line.get_xdata()[1]
    )
    assert inner.get_xdata()[1] < outer.get_xdata()[1]
    assert outer.get_ydata()[0] < inner.get_ydata()[0] < inner.get_ydata()[-1] < outer.get_ydata()[-1]


@pytest.mark.parametrize("count", [1, 3, 25])
def test_no_text_runs_into_another(count, drawn):
    layers = [Layer(f"layer_{i}_" + "m" * i, "SeparableConv2D", (1024, 1024, 2 * i + 1), 10**9) for i in range(count)]
    diagram(layers, "model.png")
    (page,) = drawn[0].axes
    boxes = [text.get_window_extent() for text in page.texts]
    width, height = drawn[0].bbox.size
    for number, box in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
        assert not any(box.overlaps(other) for other in boxes[:number])


def test_no_layers_are_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one layer"):
        diagram([], tmp_path / "model.png")
