"""HEIC and AVIF, made by the libraries that write them."""

import io
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from autoencoder.data.decode import decode, fit, quiet_codecs
from autoencoder.data.formats.common import BadImage
from autoencoder.data.formats.header import read_header
from autoencoder.data.load import load
from autoencoder.data.rules import AS_STORED
from autoencoder.data.scan import scan

pillow_heif = pytest.importorskip("pillow_heif", reason="the extra heif")
pillow_heif.register_heif_opener()
SMOOTH = np.add.outer(np.arange(0, 240, 5), np.arange(64))[..., None].repeat(3, 2).astype(np.uint8)


def saved(kind, array=SMOOTH, **options):
    out = io.BytesIO()
    Image.fromarray(array).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
class TestBoth:
    def test_it_is_read_as_it_is_shown(self, kind, tmp_path):
        data = saved(kind, quality=95)
        header = read_header(data)
        assert (header.kind, header.shape, header.alpha) == ("AVIF" if kind == "AVIF" else "HEIC", (48, 64), False)
        assert np.abs(decode(data).astype(int) - SMOOTH).mean() < 4
        (tmp_path / "IMG_1.HEIC").write_bytes(data)
        images = load(scan(tmp_path), (24, 32), "rgb")
        assert images.paths == ("IMG_1.HEIC",) and images.pixels.shape == (1, 24, 32, 3)

    def test_orientation_is_undone(self, kind):
        exif = Image.Exif()
        exif[274] = 6
        data = saved(kind, quality=95, exif=exif.tobytes())
        assert read_header(data).shape == (64, 48)
        assert np.abs(decode(data).astype(int) - np.rot90(SMOOTH, -1)).mean() < 4

    def test_transparency_is_drawn_on_the_background(self, kind):
        rgba = np.dstack([SMOOTH, np.zeros((48, 64), np.uint8)])
        data = saved(kind, rgba, quality=95)
        assert read_header(data).alpha
        assert (decode(data, rules=AS_STORED._replace(background=(255, 255, 255))) > 250).all()

    def test_half_a_file_is_refused_by_its_kind(self, kind):
        data = saved(kind)
        with pytest.raises(BadImage, match="HEIC" if kind == "HEIF" else "AVIF"):
            decode(data[: len(data) // 2])

    def test_a_large_one_is_refused_before_it_is_decoded(self, kind, monkeypatch):
        from autoencoder.data.formats import common

        monkeypatch.setattr(common, "MAX_SIDE", 50)
        with pytest.raises(BadImage, match="64x48 pixels: at most"):
            read_header(saved(kind))


def test_without_the_extra_the_message_says_how_to_get_it(monkeypatch):
    data = saved("HEIF")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(BadImage, match=r"needs the extra heif \(pip install pillow-heif\)"):
        read_header(data)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_turn_and_mirror_is_undone(kind, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    slope = np.dstack([SMOOTH[..., 0], SMOOTH[::-1, :, 0], SMOOTH[:, ::-1, 0]])
    data = saved(kind, slope, quality=95, exif=exif.tobytes())
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert read_header(data).shape == upright.size[::-1]
    assert np.abs(decode(data).astype(int) - np.asarray(upright.convert("RGB"))).mean() < 2


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(48, 64), (47, 63), (1, 1)])
def test_every_mode_and_size_is_read(kind, mode, size):
    rgba = Image.fromarray(np.dstack([SMOOTH, SMOOTH[..., 0]])[: size[0], : size[1]])
    data = saved(kind, np.asarray(rgba.convert(mode)), quality=95)
    header = read_header(data)
    assert (header.shape, header.alpha) == (size, mode.endswith("A"))
    pixels = fit(decode(data), size, "rgb")
    assert np.abs(pixels.astype(int) - np.asarray(rgba.convert("RGB"))).mean() < 8


def test_ten_bits_become_eight():
    out = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (64, 48), (SMOOTH.astype(np.uint16) * 257).tobytes()).save(out, quality=95)
    assert np.abs(decode(out.getvalue()).astype(int) - SMOOTH).mean() < 2


def test_of_several_images_the_primary_one_is_read():
    out = io.BytesIO()
    images = pillow_heif.from_pillow(Image.fromarray(SMOOTH))
    images.add_from_pillow(Image.fromarray(np.full((20, 30, 3), 200, np.uint8)))
    images.save(out, primary_index=1)
    assert read_header(out.getvalue()).shape == (20, 30)
    assert np.abs(decode(out.getvalue()).astype(int) - 200).max() < 6


def test_an_animation_is_refused():
    data = saved("AVIF", save_all=True, append_images=[Image.fromarray(255 - SMOOTH)])
    with pytest.raises(BadImage, match="animated AVIF: only still images are read"):
        read_header(data)


def test_the_header_is_in_the_first_bytes(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (400, 500, 3), np.uint8)
    for kind in ("HEIF", "AVIF"):
        data = saved(kind, noise, quality=90)
        assert len(data) > 2**16 and read_header(data[:4096]).shape == (400, 500)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_no_truncated_file_is_taken_for_an_image(kind):
    data = saved(kind)
    for length in {*range(0, len(data), 37), len(data) - 1}:
        with pytest.raises(BadImage):
            decode(data[:length])


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@given(changes=st.lists(st.tuples(st.integers(0, 399), st.integers(0, 255)), max_size=4))
def test_a_damaged_file_is_an_image_or_is_refused(kind, changes):
    damaged = bytearray(saved(kind))
    for place, value in changes:
        damaged[place] = value
    try:
        with quiet_codecs():
            pixels = decode(bytes(damaged))
    except BadImage as error:
        assert str(error)
    else:
        assert pixels.shape[:2] == read_header(bytes(damaged)).shape
