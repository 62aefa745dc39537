"""Background, range and fit: what they make of every kind of file that they speak of."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from autoencoder.data.decode import decode, fit
from autoencoder.data.fitting import ample
from autoencoder.data.formats.header import read_header
from autoencoder.data.load import is_grayscale, load
from autoencoder.data.rules import AS_STORED, Rules
from autoencoder.data.scan import scan
from autoencoder.errors import DataError

WHITE = AS_STORED._replace(background=(255, 255, 255))
RED = AS_STORED._replace(background=(255, 0, 0))
NOISE = np.random.default_rng(1).integers(0, 256, (5, 7, 4), np.uint8)


def saved(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def drawn(rgba, color):
    """Draw red, green, blue, alpha on a colour, in exact arithmetic."""
    alpha = rgba[..., 3:].astype(int)
    return ((rgba[..., :3].astype(int) * alpha + np.array(color) * (255 - alpha)) * 2 + 255) // 510


CLEAR = {
    "PNG, RGBA": saved(Image.fromarray(NOISE)),
    "PNG, gray and alpha": saved(Image.fromarray(NOISE[..., :2], "LA")),
    "PNG, a transparent colour": saved(Image.fromarray(NOISE[..., :3]), transparency=tuple(NOISE[0, 0, :3].tolist())),
    "PNG, a transparent gray": saved(Image.fromarray(NOISE[..., 0]), transparency=int(NOISE[0, 0, 0])),
    "PNG, palette": saved(Image.fromarray(NOISE[..., :3]).quantize(6), transparency=bytes([0, 60, 255, 255, 9, 1])),
    "WebP, lossless": saved(Image.fromarray(NOISE), "WEBP", lossless=True, exact=True),
}


@pytest.mark.parametrize("data", CLEAR.values(), ids=CLEAR.keys())
@pytest.mark.parametrize("color", [(255, 255, 255), (0, 0, 0), (255, 0, 10)], ids=str)
def test_transparent_images_are_drawn_on_the_background(data, color):
    assert read_header(data).alpha
    expected = drawn(np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")), color)
    pixels = fit(decode(data, rules=AS_STORED._replace(background=color)), (5, 7), "rgb")
    np.testing.assert_array_equal(pixels, expected)


def test_colours_of_tiff_that_were_multiplied_by_their_alpha_come_out_the_same():
    data = saved(Image.fromarray(NOISE), "TIFF")
    assert read_header(data).alpha
    # What libtiff multiplies it rounds, so that a level may be missing.
    np.testing.assert_allclose(decode(data, rules=WHITE).astype(int), drawn(NOISE, (255, 255, 255)), atol=1)


def test_16_bits_with_alpha_keep_their_upper_byte():
    data = cv2.imencode(".png", NOISE[..., [2, 1, 0, 3]].astype(np.uint16) * 257)[1].tobytes()
    np.testing.assert_array_equal(decode(data, rules=WHITE), drawn(NOISE, (255, 255, 255)))


def test_opaque_files_do_not_change_by_a_background():
    for data in (saved(Image.fromarray(NOISE[..., :3])), saved(Image.fromarray(NOISE[..., :3]), "JPEG")):
        assert not read_header(data).alpha
        np.testing.assert_array_equal(decode(data, rules=RED), decode(data))


def test_without_a_background_the_stored_colours_count():
    np.testing.assert_array_equal(decode(CLEAR["PNG, RGBA"]), NOISE[..., :3])


def test_gray_on_a_colour_is_no_longer_gray(tmp_path):
    (tmp_path / "a.png").write_bytes(CLEAR["PNG, gray and alpha"])
    assert is_grayscale(scan(tmp_path)) and is_grayscale(scan(tmp_path, rules=WHITE))
    assert not is_grayscale(scan(tmp_path, rules=RED))


def tiff(values):
    return cv2.imencode(".tiff", values)[1].tobytes()


COLORS = ["rgb", "grayscale"]
RAMP = np.linspace(0, 1020, 35).reshape(5, 7)
DEEP = {
    "uint16 PNG": cv2.imencode(".png", RAMP.astype(np.uint16))[1].tobytes(),
    "uint16 TIFF": tiff(RAMP.astype(np.uint16)),
    "float32 TIFF": tiff(RAMP.astype(np.float32)),
    "float64 TIFF": tiff(RAMP),
    "int32 TIFF": tiff(RAMP.astype(np.int32)),
    "PGM": b"P5 7 5 1020\n" + RAMP.astype(">u2").tobytes(),
}


@pytest.mark.parametrize("data", DEEP.values(), ids=DEEP.keys())
@pytest.mark.parametrize("ends", [(0.0, 1020.0), (100.0, 600.0), (-1000.0, 2000.0)], ids=str)
def test_a_range_is_spread_over_black_to_white(data, ends):
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED).astype(float)
    expected = np.clip((stored - ends[0]) / (ends[1] - ends[0]), 0, 1) * 255
    found = decode(data, read_header(data, deep=True), rules=AS_STORED._replace(range=ends))
    assert np.abs(found - expected).max() <= 0.501


def test_a_range_holds_for_colour_and_for_8_bits_too():
    color = cv2.imencode(".png", NOISE[..., :3].astype(np.uint16))[1].tobytes()
    halves = AS_STORED._replace(range=(0.0, 127.5))
    expected = np.minimum(NOISE[..., :3].astype(int) * 2, 255)[..., ::-1]
    np.testing.assert_array_equal(decode(color, rules=halves), expected)
    np.testing.assert_array_equal(decode(saved(Image.fromarray(NOISE[..., :3])), rules=halves), expected[..., ::-1])


def test_what_is_no_number_is_black():
    data = tiff(np.array([[np.nan, np.inf, -np.inf, 0.5]], np.float32))
    found = decode(data, read_header(data, deep=True), rules=AS_STORED._replace(range=(0.0, 1.0)))
    assert found.tolist() == [[0, 255, 0, 128]]


@pytest.mark.parametrize("name", ["float32 TIFF", "float64 TIFF", "int32 TIFF"])
def test_floats_are_refused_with_what_to_do_until_there_is_a_range(name, tmp_path):
    (tmp_path / "a.tif").write_bytes(DEEP[name])
    assert "--range=auto" in scan(tmp_path).bad[0].reason
    listing = scan(tmp_path, rules=AS_STORED._replace(range=(0.0, 1020.0)))
    assert load(listing, (5, 7), "grayscale").pixels.max() == 255
    with pytest.raises(DataError, match="--range"):
        scan(tmp_path / "a.tif")


def test_orientation_is_undone_by_rules_too():
    for kind in ("PNG", "TIFF"):
        exif = Image.Exif()
        exif[274] = 6
        data = saved(Image.fromarray(NOISE), kind, exif=exif)
        plain = decode(data)
        np.testing.assert_allclose(decode(data, rules=AS_STORED._replace(range=(0.0, 255.0))), plain)
        assert plain.shape[:2] == (7, 5)


class TestFit:
    def test_padding_keeps_proportions_and_shows_the_background(self):
        image = np.full((2, 8), 100, np.uint8)
        padded = fit(image, (8, 8), "grayscale", WHITE._replace(fit="pad"))[..., 0]
        assert (padded[3:5] == 100).all() and (padded[:3] == 255).all() and (padded[5:] == 255).all()
        assert fit(image, (8, 8), "grayscale", AS_STORED._replace(fit="pad"))[0, 0, 0] == 0

    def test_cropping_keeps_the_middle(self):
        image = np.arange(8, dtype=np.uint8)[None].repeat(4, 0)
        cropped = fit(image, (4, 4), "rgb", AS_STORED._replace(fit="crop"))
        np.testing.assert_array_equal(cropped[..., 0], image[:, 2:6])

    @given(
        *[st.integers(1, 60)] * 4, st.sampled_from(["stretch", "pad", "crop"]), st.sampled_from(["rgb", "grayscale"])
    )
    def test_every_image_gets_the_wanted_shape(self, height, width, tall, wide, how, color):
        image = np.full((height, width, 3), 7, np.uint8)
        found = fit(image, (tall, wide), color, Rules((9, 9, 9), None, how))
        assert found.shape == (tall, wide, 3 if color == "rgb" else 1)
        assert set(np.unique(found)) <= {7, 9} and (7 in found)
        assert how == "pad" or not (found == 9).any()

    def test_large_photographs_are_decoded_small_enough_and_no_smaller(self):
        image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (800, 1600, 3), np.uint8), (31, 31), 0)
        data = cv2.imencode(".jpg", image)[1].tobytes()
        for how in ("pad", "crop"):
            rules = AS_STORED._replace(fit=how)
            small = fit(decode(data, wanted=(100, 100), rules=rules), (100, 100), "rgb", rules)
            whole = fit(decode(data), (100, 100), "rgb", rules)
            assert np.abs(small.astype(int) - whole).mean() < 2
        assert ample((800, 1600), (100, 100), AS_STORED._replace(fit="crop")) == (100, 200)
        assert ample((800, 1600), (100, 100), AS_STORED._replace(fit="pad")) == (50, 100)


def test_the_rules_are_those_of_the_listing(tmp_path):
    (tmp_path / "a.png").write_bytes(CLEAR["PNG, RGBA"])
    listing = scan(tmp_path, rules=WHITE)
    np.testing.assert_array_equal(load(listing, (5, 7), "rgb").pixels[0], drawn(NOISE, (255, 255, 255)))
    again = load(listing, (5, 7), "rgb", memory_limit=0, cache_dir=tmp_path / "cache")
    np.testing.assert_array_equal(again.pixels[0], drawn(NOISE, (255, 255, 255)))
    stored = load(scan(tmp_path), (5, 7), "rgb", memory_limit=0, cache_dir=tmp_path / "cache")
    np.testing.assert_array_equal(stored.pixels[0], fit(decode(CLEAR["PNG, RGBA"]), (5, 7), "rgb"))
