"""HEIC and AVIF, made by the libraries that write them."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from autoencoder.data.decode import decode
from autoencoder.data.folder import scan
from autoencoder.data.formats.common import BadImage
from autoencoder.data.formats.header import read_header
from autoencoder.data.load import load
from autoencoder.data.rules import AS_STORED

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
