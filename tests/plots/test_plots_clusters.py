import re
import struct
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from autoencoder.errors import DiskError
from autoencoder.plots import clusters, confusion, curves, names, palette, plot, scatter, style
from autoencoder.plots.mosaic import GAP, cell, mosaic

CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


def images(count: int, side: int = 8, channels: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, channels), np.uint8)


def placed(labels, seed: int = 0) -> SimpleNamespace:
    random = np.random.default_rng(seed)
    distances, confidence = random.permutation(len(labels)) + 1.0, random.random(len(labels))
    return SimpleNamespace(labels=np.asarray(labels), distances=distances, confidence=confidence)


def read(path: Path) -> np.ndarray:
    return cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def cells(picture: np.ndarray, left: int, top: int, side: int, count: int) -> np.ndarray:
    """A row of images as they stand in a picture."""
    starts = left + (side + GAP) * np.arange(count)
    return np.stack([picture[top : top + side, x : x + side] for x in starts])


def enlarged(pixels: np.ndarray, side: int) -> np.ndarray:
    factor = side // pixels.shape[1]
    large = pixels.repeat(factor, axis=1).repeat(factor, axis=2)
    return np.broadcast_to(large, (*large.shape[:3], 3))


def said(figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def check_texts(figure) -> None:
    """No text stands on another or leaves the sheet."""
    figure.draw_without_rendering()
    ticks = [label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in shown_ticks(axes, axis)]
    texts = [text for axes in figure.axes for text in axes.texts] + ticks
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    for name, box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height, name
    for (one, first), (other, second) in combinations(boxes, 2):
        apart = first.x1 <= second.x0 or second.x1 <= first.x0 or first.y1 <= second.y0 or second.y1 <= first.y0
        assert apart, f"{one!r} stands on {other!r}"


def shown_ticks(axes, axis) -> list:
    if not axes.axison:
        return []
    low, high = sorted(axis.get_view_interval())
    return [
        tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high and tick.label1.get_visible()
    ]


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Draw, check that texts are apart, and return the figure instead of a file."""

    def call(function, *arguments, **options):
        kept = []
        module = {"cluster_picture": clusters, "overview": clusters, "sizes": clusters}.get(
            function.__name__,
            {"confusion": confusion, "scatter": scatter, "scatters": scatter}.get(function.__name__, curves),
        )
        with monkeypatch.context() as patch:
            patch.setattr(module, "save", lambda figure, path: kept.append(figure))
            function(*arguments, **options)
        check_texts(kept[0])
        return kept[0]

    return call


def every_picture(folder: Path):
    """(name, a call that draws it) of each kind."""
    found = placed(np.arange(100) % 4 - 1)
    pixels, points = images(100), np.random.default_rng(3).normal(size=(100, 2))
    table = np.arange(12).reshape(4, 3)
    history = {"epoch": [1, 2, 3], "loss": [3.0, 2, 1], "clustering": [0.3, 0.2, 0.01], "changed": [0.5, 0.1, 0]}
    return {
        "cluster": lambda path: clusters.cluster_picture(pixels, found, 0, path, "shoes"),
        "overview": lambda path: clusters.overview(pixels, found.labels, found.distances, path),
        "sizes": lambda path: clusters.sizes(found.labels, path),
        "scatter": lambda path: scatter.scatter(points, found.labels, ["a", "b"] * 50, path, "PCA"),
        "scatters": lambda path: scatter.scatters({"one": points, "two": -points}, ["a", "b"] * 50, path, "PCA"),
        "confusion": lambda path: confusion.confusion(table, "xyz", [2, 0, -1, 1], path),
        "k_curve": lambda path: curves.k_curve(
            [2, 3, 4], {"silhouette": [0.1, 0.5, 0.2], "spread": [2, 1, 3]}, (2, 3), 3, path
        ),
        "deep_curves": lambda path: curves.deep_curves(history, [[50, 50], [60, 40], [99, 1]], path),
    }


@pytest.mark.parametrize("name", every_picture(Path()))
def test_a_picture_is_one_file_of_the_same_bytes_every_time(tmp_path, name):
    draw, path = every_picture(tmp_path)[name], tmp_path / "picture.png"
    draw(path)
    first = path.read_bytes()
    draw(path)
    assert path.read_bytes() == first
    assert [each.name for each in tmp_path.iterdir()] == ["picture.png"]
    assert not re.search(rb"tEXt|iTXt|tIME", first)
    assert len(np.unique(read(path) @ np.array([1, 256, 65536]))) > 10


@pytest.mark.parametrize("name", every_picture(Path()))
def test_a_place_that_cannot_be_written_to_is_said(tmp_path, name):
    with pytest.raises(DiskError, match="folder does not exist"):
        every_picture(tmp_path)[name](tmp_path / "none" / "picture.png")


def test_a_cluster_shows_its_most_central_images_over_its_most_doubtful(tmp_path):
    pixels, found = images(300), placed(np.arange(300) % 2)
    clusters.cluster_picture(pixels, found, 1, tmp_path / "1.png")
    picture, members = read(tmp_path / "1.png"), np.flatnonzero(found.labels == 1)
    central = members[np.argsort(found.distances[members])]
    doubtful = members[np.argsort(found.confidence[members])]
    for row in range(4):
        shown = cells(picture, 30, 62 + 44 + GAP // 2 + row * (96 + GAP), 96, 12)
        np.testing.assert_array_equal(shown, enlarged(pixels[central[12 * row : 12 * row + 12]], 96))
    for row in range(2):
        shown = cells(picture, 30, 62 + 88 + GAP // 2 + (4 + row) * (96 + GAP), 96, 12)
        np.testing.assert_array_equal(shown, enlarged(pixels[doubtful[12 * row : 12 * row + 12]], 96))


@pytest.mark.parametrize("size", [1, 5, 12, 13, 72])
def test_a_small_cluster_is_shown_whole_and_once(drawn, tmp_path, size):
    pixels, found = images(100), placed(np.arange(100) >= 100 - size)
    figure = drawn(clusters.cluster_picture, pixels, found, 1, tmp_path / "1.png")
    assert figure.bbox.height == 62 + 44 + -(-size // 12) * (96 + GAP) + 24
    assert ("The only image" if size == 1 else f"All {size} images") in said(figure)
    clusters.cluster_picture(pixels, found, 1, tmp_path / "1.png")
    members = np.flatnonzero(found.labels)
    outward = members[np.argsort(found.distances[members])][:12]
    shown = cells(read(tmp_path / "1.png"), 30, 62 + 44 + GAP // 2, 96, 12)
    np.testing.assert_array_equal(shown[: len(outward)], enlarged(pixels[outward], 96))
    assert (shown[len(outward) :] == 255).all()


def test_noise_has_no_centre(drawn, tmp_path):
    figure = drawn(clusters.cluster_picture, images(100), placed(-np.ones(100, int)), -1, tmp_path / "noise.png")
    assert said(figure)[:2] == ["100 (100.0%) of the images", "noise"]
    assert {"Nearest to a cluster", "distance 1 to 48", "Farthest", "distance 100 to 77"} <= set(said(figure))


def test_a_cluster_without_images_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cluster 7 has no images"):
        clusters.cluster_picture(images(4), placed([0, 0, 1, 1]), 7, tmp_path / "7.png")


def test_only_the_rows_that_are_shown_are_read(tmp_path):
    class Pixels:
        shape = (1000, 8, 8, 1)
        read = 0

        def __getitem__(self, rows):
            self.read += len(rows)
            return images(len(rows))

    found, pixels = placed(np.arange(1000) % 3), Pixels()
    clusters.cluster_picture(pixels, found, 0, tmp_path / "0.png")
    assert pixels.read == 72
    clusters.overview(pixels, found.labels, found.distances, tmp_path / "overview.png")
    assert pixels.read == 72 + 36


def test_a_long_title_is_cut_before_it_meets_the_remark(drawn, tmp_path):
    figure = drawn(clusters.cluster_picture, images(9), placed(np.zeros(9, int)), 0, tmp_path / "0.png", "shoe " * 60)
    assert any(text.startswith("shoe") and text.endswith("shoe ") and "…" in text for text in said(figure))


def test_the_overview_goes_from_the_centre_to_the_edge(tmp_path):
    pixels, found = images(200), placed(np.arange(200) % 2 - 1)
    clusters.overview(pixels, found.labels, found.distances, tmp_path / "overview.png")
    picture = read(tmp_path / "overview.png")
    for row, cluster in enumerate((0, -1)):
        members = np.flatnonzero(found.labels == cluster)
        outward = members[np.argsort(found.distances[members])]
        shown = cells(picture, 220, 84 + GAP // 2 + row * (96 + GAP), 96, 12)
        np.testing.assert_array_equal(shown[[0, 11]], enlarged(pixels[outward[[0, -1]]], 96))
        np.testing.assert_array_equal(shown[1], enlarged(pixels[outward[9:10]], 96)[0])


@pytest.mark.parametrize("count", [2, 21, 60])
@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (256, 256, 3), (20, 256, 3)])
def test_an_overview_of_few_and_many_clusters(drawn, tmp_path, count, shape):
    pixels, found = np.zeros((180, *shape), np.uint8), placed(np.arange(180) % count)
    given = {0: "a name that a person gave and that is long", 1: "$x_1$"}
    figure = drawn(clusters.overview, pixels, found.labels, found.distances, tmp_path / "overview.png", given)
    assert f"{count} clusters" in said(figure) and "$x_1$" in said(figure)
    assert sum(text.endswith("%)") for text in said(figure)) == count
    assert figure.bbox.width < 1500 and figure.bbox.height < 85 + count * 103 + 25


@pytest.mark.parametrize("draw", ["overview", "sizes"])
def test_of_very_many_clusters_the_largest_and_noise_are_shown(drawn, tmp_path, draw):
    labels = np.concatenate([np.arange(-1, 70), np.arange(5, 70), np.full(3, 69)])
    if draw == "sizes":
        figure = drawn(clusters.sizes, labels, tmp_path / "sizes.png")
    else:
        figure = drawn(clusters.overview, images(len(labels)), labels, np.ones(len(labels)), tmp_path / "overview.png")
    shown = [text for text in said(figure) if text.startswith("cluster ") or text == "noise"]
    assert shown == [f"cluster {number}" for number in (*range(5, 64), 69)] + ["noise"]
    assert "The 60 largest of 70 clusters" in said(figure)


def test_bars_are_as_long_as_clusters_are_large(drawn, tmp_path):
    figure = drawn(clusters.sizes, np.repeat([-1, 0, 1, 2], [50, 400, 100, 1]), tmp_path / "sizes.png", {1: "boots"})
    widths = np.array([bar.get_width() for bar in figure.axes[0].patches])
    np.testing.assert_allclose(widths / widths[0], [1, 0.25, 1 / 400, 1 / 8])
    assert {"cluster 0", "boots", "noise", "100 (18.1%)", "1 (0.2%)"} <= set(said(figure))
    line = figure.axes[0].lines[0].get_xdata()[0]
    assert (line - figure.axes[0].patches[0].get_x()) / widths[0] == pytest.approx((501 / 3) / 400)


@pytest.mark.parametrize("labels", [np.zeros(3, int), -np.ones(3, int), np.repeat([0, 1], [1_234_567, 3])])
def test_bars_of_one_cluster_of_noise_alone_and_of_millions(drawn, tmp_path, labels):
    assert said(drawn(clusters.sizes, labels, tmp_path / "sizes.png"))


def test_large_images_are_averaged_and_small_ones_stay_sharp():
    board = np.indices((256, 256)).sum(axis=0)[None, ..., None] % 2 * 255
    shown = mosaic(board.astype(np.uint8), (64, 64), 1)[GAP // 2 : -(GAP // 2), GAP // 2 : -(GAP // 2)]
    assert shown.shape == (64, 64, 3) and (abs(shown.astype(int) - 128) <= 1).all()
    small = images(1)
    np.testing.assert_array_equal(mosaic(small, (24, 24), 1)[3:27, 3:27], enlarged(small, 24)[0])


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(8, 200))
@settings(deadline=None)
def test_a_cell_fits_its_room_and_keeps_whole_pixels(height, width, room):
    shown = cell((height, width, 3), room)
    assert min(shown) >= 1 and max(shown) <= room
    if max(height, width) <= room:
        assert shown[0] % height == shown[1] % width == 0 and shown[0] // height == shown[1] // width
        assert max(shown) + max(height, width) > room


@pytest.mark.parametrize("groups", [1, 10, 60])
def test_the_names_in_a_scatter_are_apart_and_complete(drawn, tmp_path, groups):
    random = np.random.default_rng(groups)
    labels = random.permutation(np.arange(2000) % groups)
    points = random.normal(size=(groups, 2))[labels] * 3 + random.normal(size=(2000, 2))
    classes = [f"class {label}" for label in labels]
    figure = drawn(scatter.scatter, points, labels, classes, tmp_path / "umap.png", "UMAP")
    written = said(figure)
    assert set(map(str, range(groups))) | {f"class {number}" for number in range(groups)} <= set(written)
    assert {"UMAP", "2,000 images", "by cluster", "by class"} <= set(written)


def test_groups_on_one_spot_are_still_named_apart(drawn, tmp_path):
    figure = drawn(scatter.scatter, np.zeros((40, 2)), np.arange(40), None, tmp_path / "pca.png", "PCA")
    assert set(map(str, range(40))) <= set(said(figure))
    assert len(figure.axes) == 2


def test_past_sixty_groups_the_largest_are_named(drawn, tmp_path):
    labels = np.concatenate([np.arange(70), np.arange(10, 70)])
    points = np.random.default_rng(0).normal(size=(130, 2))
    figure = drawn(scatter.scatter, points, labels, None, tmp_path / "pca.png", "PCA")
    assert "by cluster (the 60 largest of 70 are named)" in said(figure)
    assert {text for text in said(figure) if text.isdecimal()} == set(map(str, range(10, 70)))


def test_names_that_a_person_gave_stand_in_a_scatter(drawn, tmp_path):
    points = np.array([[0, 0], [5, 5], [9, 0]])
    figure = drawn(scatter.scatter, points, np.array([0, 3, -1]), None, tmp_path / "pca.png", "PCA", {3: "boots"})
    assert {"0", "boots", "by cluster (gray: noise, 1 image)"} <= set(said(figure)) and "-1" not in said(figure)


def test_no_class_hides_another_and_noise_lies_below(drawn, tmp_path):
    spots = np.random.default_rng(0).normal(size=(500, 2))
    points, labels = np.tile(spots, (3, 1)), np.repeat([0, 1, -1], 500)
    figure = drawn(scatter.scatter, points, labels, None, tmp_path / "pca.png", "PCA")
    dots = figure.axes[1].collections[0]
    colors, places = dots.get_facecolors()[:, :3], np.asarray(dots.get_offsets())
    gray = np.isclose(colors, to_rgb(palette.NOISE_GRAY)).all(axis=1)
    assert gray[:500].all() and not gray[500:].any()
    last = {tuple(place): tuple(color) for place, color in zip(places, colors, strict=True)}
    on_top = np.isclose(list(last.values()), to_rgb(palette.color(0))).all(axis=1).mean()
    assert 0.4 < on_top < 0.6


def test_strays_do_not_shrink_the_rest(drawn, tmp_path):
    points = np.concatenate([np.random.default_rng(0).normal(size=(1000, 2)), [[1e6, 0]]])
    figure = drawn(scatter.scatter, points, np.zeros(1001, int), None, tmp_path / "pca.png", "PCA")
    assert "1,001 images, 1 of them outside the frame and drawn at it" in said(figure)
    low, high = figure.axes[1].get_xlim()
    assert high - low < 20 and np.asarray(figure.axes[1].collections[0].get_offsets()).max() <= high


def test_a_unit_is_as_long_upward_as_across(drawn, tmp_path):
    points = np.random.default_rng(0).normal(size=(500, 2)) * (3, 2)
    axes = drawn(scatter.scatter, points, np.zeros(500, int), None, tmp_path / "pca.png", "PCA").axes[1]
    pixels = axes.transData.transform([[0, 0], [1, 0], [0, 1]])
    assert pixels[1, 0] - pixels[0, 0] == pytest.approx(pixels[2, 1] - pixels[0, 1], rel=0.01)


@pytest.mark.parametrize("counts", [(0, 0, None), (3, 2, None), (3, 3, 2)])
def test_a_scatter_needs_a_label_for_each_point(tmp_path, counts):
    points, labels, classes = counts
    with pytest.raises(ValueError, match="one label and one class for each"):
        known = None if classes is None else ["a"] * classes
        scatter.scatter(np.zeros((points, 2)), np.zeros(labels, int), known, tmp_path / "pca.png", "PCA")


def test_several_embeddings_have_a_square_panel_each_and_the_same_colors(drawn, tmp_path):
    points = np.random.default_rng(4).normal(size=(90, 2)) * (5, 1)
    classes = np.repeat(["cat", "plane", "ship"], 30)
    panels = {"one": points, "two": points[:, ::-1], "three": 9 * points}
    figure = drawn(scatter.scatters, panels, classes, tmp_path / "pca.png", "PCA")
    assert {"PCA", "90 images", "one", "two", "three", "cat", "plane", "ship"} <= set(said(figure))
    shown = figure.axes[1:]
    assert len(shown) == 3
    for axes, spots in zip(shown, panels.values(), strict=True):
        assert axes.bbox.width == pytest.approx(axes.bbox.height)
        assert np.ptp(axes.get_xlim()) == pytest.approx(np.ptp(axes.get_ylim()))
        dots = axes.collections[0]
        places, colors = np.asarray(dots.get_offsets()), dots.get_facecolors()[:, :3]
        for name, number in (("cat", 0), ("plane", 1), ("ship", 2)):
            own = np.isclose(colors, to_rgb(palette.color(number))).all(axis=1)
            np.testing.assert_allclose(np.sort(places[own], axis=0), np.sort(spots[classes == name], axis=0))
    assert shown[0].bbox.y0 == shown[1].bbox.y0 and shown[2].bbox.y1 < shown[0].bbox.y0


def test_scatters_need_a_class_for_each_point_of_every_panel(tmp_path):
    with pytest.raises(ValueError, match="one class for each point"):
        scatter.scatters({"one": np.zeros((3, 2)), "two": np.zeros((2, 2))}, ["a"] * 3, tmp_path / "pca.png", "PCA")


def test_past_twenty_groups_neighbours_have_other_colors(drawn, tmp_path):
    places = np.stack(np.divmod(np.arange(60), 8), axis=1).astype(float)
    figure = drawn(scatter.scatter, places, np.arange(60), None, tmp_path / "pca.png", "PCA")
    dots = figure.axes[1].collections[0]
    colors, spots = dots.get_facecolors(), np.asarray(dots.get_offsets())
    for one, other in combinations(range(60), 2):
        if np.abs(spots[one] - spots[other]).max() <= 1:
            assert not np.array_equal(colors[one], colors[other])


def test_a_match_that_is_none_has_no_frame(drawn, tmp_path):
    table, matched = np.array([[90, 4], [80, 6]]), np.array([0, 1])
    words = "Clusters and classes", "framed: a match that is one"
    options = (table, ["one", "two"], matched, tmp_path / "c.png", None, words, np.array([True, False]))
    figure = drawn(confusion.confusion, *options)
    frames = [patch for axes in figure.axes for patch in axes.patches if not patch.get_fill()]
    assert len(frames) == 1
    assert {"framed: a match that is one", "96 of 180 images (53.3%) lie in matched cells"} <= set(said(figure))


def test_pictures_say_which_image_is_where(tmp_path):
    pixels, found = images(30), placed(np.arange(30) % 2)
    tiles = clusters.overview(pixels, found.labels, found.distances, tmp_path / "overview.png")
    outward = np.flatnonzero(found.labels == 1)[np.argsort(found.distances[found.labels == 1], kind="stable")]
    assert [tile.image for tile in tiles if tile.line == 2][::11] == outward[[0, -1]].tolist()
    alone = clusters.cluster_picture(pixels, found, 0, tmp_path / "0.png")
    assert [tuple(tile)[:2] for tile in alone] == [(1 + at // 12, 1 + at % 12) for at in range(15)]
    assert {tile.image for tile in alone} == set(range(0, 30, 2))


@pytest.mark.parametrize(("rows", "columns"), [(10, 10), (30, 10), (5, 10), (10, 3), (1, 1), (45, 45)])
def test_matched_classes_lie_on_the_diagonal(drawn, tmp_path, rows, columns):
    random = np.random.default_rng(rows)
    table = random.integers(0, 9000, (rows, columns))
    matched = np.full(rows, -1)
    pairs = min(rows, columns)
    matched[random.permutation(rows)[:pairs]] = random.permutation(columns)[:pairs]
    class_names = CLASSES if columns == 10 else [f"class {number}" for number in range(columns)]
    figure = drawn(confusion.confusion, table, class_names, matched, tmp_path / "confusion.png")
    frames = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    corners = np.array([frame.get_xy() for frame in frames])
    steps = (corners - corners[0]) / (frames[0].get_width() + 2, frames[0].get_height() + 2)
    assert sorted(map(tuple, steps.tolist())) == [(each, each) for each in range(pairs)]
    held = table[matched >= 0, matched[matched >= 0]].sum()
    assert f"{held:,} of {table.sum():,} images ({held / table.sum():.1%}) lie there" in said(figure)[1]


def test_counts_stand_where_they_belong(drawn, tmp_path):
    table = np.array([[3, 7, 0], [1234, 0, 5], [1, 2, 60]])
    figure = drawn(confusion.confusion, table, ["a", "b", "c"], [1, 0, 2], tmp_path / "c.png", ["x", "y", "noise"])
    at = {text.get_text(): np.array(text.get_position()) for text in figure.axes[0].texts}
    assert at["1,234"][1] == at["y"][1] < at["x"][1] < at["noise"][1]
    assert at["1,234"][0] == at["a"][0] < at["7"][0] == at["b"][0] < at["5"][0] == at["60"][0] == at["c"][0]
    assert "0" not in at and {"10", "1,239", "63", "1,238", "9", "65"} <= at.keys()


def test_clusters_without_a_class_follow_by_their_most_frequent_class(drawn, tmp_path):
    table = np.array([[1, 9], [9, 1], [0, 5], [6, 0]])
    figure = drawn(confusion.confusion, table, ["a", "b"], [1, 0, -1, -1], tmp_path / "confusion.png")
    assert [text for text in said(figure) if text.startswith("cluster ")] == [f"cluster {n}" for n in (1, 0, 3, 2)]


def test_a_table_of_very_many_shows_the_largest(drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(confusion, "MOST", 4)
    table = np.diag(np.arange(1, 8))
    figure = drawn(confusion.confusion, table, list("abcdefg"), range(7), tmp_path / "confusion.png")
    assert [text for text in said(figure) if text in "abcdefg"] == list("defg")


@pytest.mark.parametrize("arguments", [(np.ones((2, 3)), "ab", [0, 1]), (np.ones((2, 2)), "ab", [0]), ([[]], "", [0])])
def test_a_table_that_does_not_fit_its_names_is_refused(tmp_path, arguments):
    with pytest.raises(ValueError, match="does not fit"):
        confusion.confusion(*arguments, tmp_path / "confusion.png")


def test_a_table_of_nothing_has_no_share(drawn, tmp_path):
    figure = drawn(confusion.confusion, np.zeros((2, 2), int), "ab", [0, 1], tmp_path / "confusion.png")
    assert "0 of 0 images lie there" in said(figure)[1]


def test_the_curve_over_k_shades_the_proposal_and_marks_the_best(drawn, tmp_path):
    ks = list(range(2, 21))
    silhouette = [float("nan"), *np.linspace(0.2, 0.5, 18)]
    shown = {"silhouette": silhouette, "spread": np.linspace(1.5, 0.7, 19), "agreement": np.linspace(1, 0.9, 19)}
    figure = drawn(curves.k_curve, ks, shown, (8, 11), 10, tmp_path / "k.png")
    assert {"shaded: proposed, 8 to 11; marked: best, 10", *shown} <= set(said(figure))
    for axes, values in zip(figure.axes[1:], shown.values(), strict=True):
        shade = axes.patches[0]
        assert (shade.get_x(), shade.get_x() + shade.get_width()) == (7.5, 11.5)
        ring = axes.lines[-1]
        assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (10, values[8])
        np.testing.assert_array_equal(axes.lines[1].get_ydata(), values)


@pytest.mark.parametrize("ks", [[2], [2, 3], list(range(2, 61))])
def test_a_curve_over_few_and_many_k(drawn, tmp_path, ks):
    shown = {"silhouette": [0.5] * len(ks), "spread": [float("nan")] * len(ks)}
    assert said(drawn(curves.k_curve, ks, shown, (2, 2), 2, tmp_path / "k.png"))


@pytest.mark.parametrize("epochs", [1, 3, 200])
@pytest.mark.parametrize("count", [2, 10, 40])
def test_the_course_of_deep_clustering(drawn, tmp_path, epochs, count):
    random = np.random.default_rng(count)
    history = {
        "epoch": list(range(1, epochs + 1)),
        "reconstruction": random.random(epochs),
        "clustering_loss": random.random(epochs) / 1000,
        "changed": random.random(epochs),
    }
    sizes = random.integers(0, 9000, (epochs, count))
    figure = drawn(curves.deep_curves, history, sizes, tmp_path / "deep.png")
    loss, changed, members = figure.axes[1:]
    assert {"reconstruction", "clustering loss"} <= set(said(figure)) and loss.get_yscale() == "log"
    np.testing.assert_allclose(changed.lines[0].get_ydata(), 100 * history["changed"])
    np.testing.assert_array_equal([line.get_ydata() for line in members.lines], sizes.T)
    named = [int(text) for text in said(figure) if text.isdecimal()]
    heights = [text.get_position()[1] for text in figure.axes[0].texts if text.get_text().isdecimal()]
    low, high = (figure.bbox.height - edge for edge in (members.bbox.y1, members.bbox.y0))
    assert low - 0.1 <= min(heights) and max(heights) <= high + 0.1
    assert len(named) == min(count, 18) and {sizes[-1, each] for each in named} >= {sizes[-1].min(), sizes[-1].max()}


def test_a_course_with_gaps_and_one_of_nothing(drawn, tmp_path):
    history = {"loss": [1, float("nan"), -3], "a name that is far too long": [1, 2, float("inf")], "changed": [0, 0, 0]}
    figure = drawn(curves.deep_curves, history, [[3, 4], [7, 0], [7, 0]], tmp_path / "deep.png")
    assert "nothing was recorded" not in said(figure)
    empty = drawn(curves.deep_curves, {}, [], tmp_path / "deep.png")
    assert said(empty).count("nothing was recorded") == 3


@given(st.lists(st.tuples(st.floats(0, 300), st.floats(0, 200)), min_size=1, max_size=30))
@settings(deadline=None, max_examples=30)
def test_spots_are_inside_the_frame_and_apart(places):
    taken = []
    for place in places:
        box = names.nearest_spot(place, (31, 11), (0, 0, 300, 200), taken)
        assert box is not None
        assert box[0] >= -1e-9 and box[1] >= -1e-9 and box[2] <= 300 + 1e-9 and box[3] <= 200 + 1e-9
        for other in taken:
            assert box[0] >= other[2] or box[2] <= other[0] or box[1] >= other[3] or box[3] <= other[1]
        taken.append(box)


def test_a_free_place_is_taken_as_it_is_and_none_where_there_is_no_room():
    assert names.nearest_spot((50, 50), (20, 10), (0, 0, 100, 100), []) == (40, 45, 60, 55)
    assert names.nearest_spot((50, 50), (120, 10), (0, 0, 100, 100), []) is None
    assert names.nearest_spot((50, 50), (20, 10), (0, 0, 100, 100), [(0, 0, 100, 100)]) is None


@given(st.text(max_size=40), st.integers(3, 30))
def test_a_shortened_name_keeps_both_ends(name, longest):
    short = names.shortened(name, longest)
    if len(name) <= longest:
        assert short == name
    else:
        start, end = (
            short.split("…", 1) if "…" not in name else (short[: longest - longest // 3 - 1], short[-(longest // 3) :])
        )
        assert len(short) == longest and name.startswith(start) and name.endswith(end)


def test_clusters_are_named_by_people_or_by_number():
    assert [names.name_of(each, {1: "boots", 2: ""}) for each in (-1, 0, 1, 2)] == [
        "noise",
        "cluster 0",
        "boots",
        "cluster 2",
    ]


def oklab(linear: np.ndarray) -> np.ndarray:
    cones = linear @ np.array([[0.41222, 0.53633, 0.05145], [0.21190, 0.68070, 0.10740], [0.08830, 0.28172, 0.62998]]).T
    turned = [[0.21045, 0.79362, -0.00407], [1.97800, -2.42859, 0.45059], [0.02590, 0.78277, -0.80868]]
    return np.cbrt(cones) @ np.array(turned).T


@pytest.mark.parametrize(
    "sight",
    [
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ],
    ids=["no red", "no green", "no blue"],
)
def test_the_palette_stays_apart_for_the_color_blind(sight):
    colors = np.array([to_rgb(each) for each in (*palette.PALETTE, palette.NOISE_GRAY)])
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    seen = oklab(np.clip(linear @ np.array(sight).T, 0, 1))
    apart = np.linalg.norm(seen[:, None] - seen, axis=-1) + 9 * np.eye(len(seen))
    ten_and_gray = [*range(10), 20]
    assert apart[np.ix_(ten_and_gray, ten_and_gray)].min() > 0.08
    assert apart[:20, :20].min() > 0.05


def test_colors_return_in_turns_and_noise_is_gray():
    assert palette.color(21) == palette.color(1) != palette.color(0)
    assert palette.color(-1) == palette.NOISE_GRAY


def test_nothing_global_is_touched():
    for module in (clusters, confusion, curves, names, palette, plot, scatter, style):
        text = Path(module.__file__).read_text(encoding="utf-8")
        assert "pyplot" not in text and "rcParams" not in text, module.__name__


def test_a_picture_is_drawn_in_its_own_size(tmp_path):
    clusters.sizes(np.arange(10) % 3, tmp_path / "sizes.png")
    width, height = struct.unpack(">II", (tmp_path / "sizes.png").read_bytes()[16:24])
    assert (width, height) == (1000, 84 + 3 * 34 + 30)
