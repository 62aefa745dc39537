"""Numbers and transparency as files store them: every format, against what was put into the file."""

import struct

import cv2
import numpy as np
import pytest

from autoencoder.data.decode import checked, decode
from autoencoder.data.formats.common import BadImage
from autoencoder.data.formats.header import read_header
from autoencoder.data.load import is_grayscale, load
from autoencoder.data.rules import AS_STORED
from autoencoder.data.scan import scan
from autoencoder.data.values import read_stored

RGBA = np.random.default_rng(3).integers(0, 256, (5, 6, 4)).astype(np.uint8)
RGBA[0, :3, 3] = 0, 255, 128
MULTIPLIED, STRAIGHT, UNSPECIFIED = 1, 2, 0


def tiff(values, extra=None, bits=None, kind=1, **tags):
    """Make an uncompressed TIFF of (h, w) or (h, w, channels); `tags` are further ones, by name "t" and number."""
    values = values if values.ndim == 3 else values[..., None]
    height, width, samples = values.shape
    bits = bits or 8 * values.dtype.itemsize
    shorts = {258: [bits] * samples, 339: [kind] * samples, 262: [2 if samples > 2 else 1], 277: [samples]}
    entries = {256: [width], 257: [height], 273: [0], 278: [height], 279: [values.nbytes]} | shorts
    entries |= {} if extra is None else {338: [extra]}
    entries |= {int(name[1:]): [value] for name, value in tags.items()}
    place, further, table = 8 + 2 + 12 * len(entries) + 4, b"", b""
    entries[273] = [place + sum(2 * len(numbers) for numbers in shorts.values() if len(numbers) > 2)]
    for tag, numbers in sorted(entries.items()):
        letter = "H" if tag in shorts or tag in (274, 338) else "I"
        packed = struct.pack(f"<{len(numbers)}{letter}", *numbers)
        if len(packed) > 4:
            packed, further = struct.pack("<I", place + len(further)), further + packed
        table += struct.pack("<HHI", tag, 3 if letter == "H" else 4, len(numbers)) + packed.ljust(4, b"\0")
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + table + bytes(4) + further + values.tobytes()


def on(background):
    return AS_STORED._replace(background=background)


def ranged(low, high):
    return AS_STORED._replace(range=(float(low), float(high)))


def drawn(colors, alpha, background, opaque=255):
    """Draw 8-bit colours on a background, in exact arithmetic, halves up."""
    alpha = alpha.astype(int)[..., None]
    return (2 * (colors.astype(int) * alpha + np.array(background) * (opaque - alpha)) + opaque) // (2 * opaque)


@pytest.mark.parametrize("background", [(255, 255, 255), (0, 0, 0), (200, 10, 60)])
class TestAlphaOfTiff:
    def test_straight_of_8_bits(self, background):
        pixels = decode(tiff(RGBA, STRAIGHT), rules=on(background))
        np.testing.assert_array_equal(pixels, drawn(RGBA[..., :3], RGBA[..., 3], background))

    def test_straight_of_16_bits(self, background):
        deep = RGBA.astype("<u2") * 256 + 99
        pixels = decode(tiff(deep, STRAIGHT), rules=on(background))
        np.testing.assert_array_equal(pixels, drawn(RGBA[..., :3], deep[..., 3], background, 65_535))

    @pytest.mark.parametrize("deep", [False, True])
    def test_multiplied(self, background, deep):
        opaque = 65_535 if deep else 255
        straight = RGBA.astype(np.int64) * (257 if deep else 1)
        stored = straight.copy()
        stored[..., :3] = (straight[..., :3] * straight[..., 3:] + opaque // 2) // opaque
        pixels = decode(tiff(stored.astype("<u2" if deep else "u1"), MULTIPLIED), rules=on(background))
        shown = drawn(RGBA[..., :3], straight[..., 3], background, opaque)
        np.testing.assert_allclose(pixels.astype(int), shown, atol=1)  # it was rounded when it was stored

    def test_gray(self, background):
        pixels = decode(tiff(RGBA[..., [0, 3]], STRAIGHT), rules=on(background))
        shown = drawn(RGBA[..., :1], RGBA[..., 3], background)
        assert pixels.ndim == (2 if len(set(background)) == 1 else 3)
        np.testing.assert_array_equal(pixels if pixels.ndim == 3 else pixels[..., None].repeat(3, 2), shown)

    def test_a_fourth_channel_that_is_no_alpha_is_left_out(self, background):
        data = tiff(RGBA, UNSPECIFIED)
        assert not read_header(data).alpha
        np.testing.assert_array_equal(decode(data, rules=on(background)), RGBA[..., :3])


def test_gray_and_alpha_of_16_bits():
    data = tiff(RGBA[..., [0, 3]].astype("<u2") * 257, STRAIGHT)
    np.testing.assert_allclose(decode(data)[..., 0].astype(int), RGBA[..., 0], atol=1)
    with pytest.raises(BadImage, match=r"TIFF of gray and transparency in more than 8 bits: save it as PNG"):
        decode(data, rules=on((1, 1, 1)))


def test_alpha_of_bmp():
    size = struct.pack("<IiiHHIIiiII", 124, 6, -5, 1, 32, 3, RGBA.nbytes, 0, 0, 0, 0)
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = (size + masks).ljust(124, b"\0")
    file = b"BM" + struct.pack("<IHHI", 14 + 124 + RGBA.nbytes, 0, 0, 14 + 124)
    data = file + header + RGBA[..., [2, 1, 0, 3]].tobytes()
    assert read_header(data).alpha
    np.testing.assert_array_equal(decode(data), RGBA[..., :3])
    np.testing.assert_array_equal(decode(data, rules=on((9, 8, 7))), drawn(RGBA[..., :3], RGBA[..., 3], (9, 8, 7)))


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_transparent_gray_of_png_is_background_and_all_others_are_not(png, png_chunk, bits):
    numbers = np.arange(2**bits if bits < 8 else 8) * (257 if bits == 16 else 1)
    packed = numbers.astype(">u2").tobytes() if bits == 16 else np.packbits(_bits(numbers, min(bits, 8))).tobytes()
    key = png_chunk(b"tRNS", struct.pack(">H", int(numbers[1])))
    image = png((len(numbers), 1), bits, 0, [packed], key)
    plain = decode(image).ravel()
    shown = decode(image, rules=on((77, 77, 77))).ravel()
    assert shown.tolist() == [plain[0], 77, *plain[2:]]


def _bits(numbers, bits):
    return (numbers[:, None] >> np.arange(bits)[::-1] & 1).astype(np.uint8)


def test_a_transparent_colour_of_16_bits_is_compared_in_all_of_them(png, png_chunk):
    colors = np.array([[[300, 400, 500], [300, 400, 501], [0, 0, 0]]], ">u2")
    image = png((3, 1), 16, 2, [colors.tobytes()], png_chunk(b"tRNS", colors[0, 0].tobytes()))
    assert decode(image, rules=on((9, 9, 9))).tolist() == [[[9, 9, 9], [1, 1, 1], [0, 0, 0]]]


def test_a_palette_whose_transparency_is_all_opaque_carries_none(png, png_chunk):
    palette = png_chunk(b"PLTE", bytes([1, 2, 3, 4, 5, 6]))
    one, other = (png((1, 1), 8, 3, [b"\0"], palette + png_chunk(b"tRNS", ends)) for ends in (b"\xff\xff", b"\x00"))
    assert not read_header(one).alpha and read_header(other).alpha


def test_range_comes_before_background(png):
    image = png((2, 1), 16, 4, [struct.pack(">4H", 500, 65_535, 500, 0)])
    rules = AS_STORED._replace(background=(10, 10, 10), range=(0.0, 1000.0))
    assert decode(image, rules=rules).tolist() == [[128, 10]]


def test_a_range_leaves_transparency_as_it_was_without_a_background():
    for data in (tiff(RGBA, STRAIGHT), tiff(RGBA, MULTIPLIED), cv2.imencode(".png", RGBA)[1].tobytes()):
        np.testing.assert_array_equal(decode(data, rules=ranged(0, 255)), decode(data))


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_tiff_of_few_bits_more_than_8(bits):
    numbers = np.linspace(0, 2**bits - 1, 8).astype(int)
    packed = np.packbits(_bits(numbers, bits))[None]
    data = tiff(packed, bits=bits)
    data = data.replace(struct.pack("<HHII", 256, 4, 1, packed.size), struct.pack("<HHII", 256, 4, 1, 8))
    assert read_header(data).levels_stored == 2**bits - 1
    assert decode(data)[0, :, 0].tolist() == (numbers >> bits - 8).tolist()
    assert read_stored(data, read_header(data)).values[0].tolist() == numbers.tolist()
    scaled = np.rint(np.clip(numbers - 100, 0, 500) * 255 / 500)
    assert decode(data, rules=ranged(100, 600))[0].tolist() == scaled.tolist()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array([[-300, 0, 300, 32_767]], "<i2"), 2),
        (np.array([[-100, 0, 100, 127]], "i1"), 2),
        (np.array([[-300, 0, 300, 2**31 - 1]], "<i4"), 2),
        (np.array([[0, 1, 300, 2**32 - 1]], "<u4"), 1),
        (np.array([[-0.5, 0, 0.5, 300]], "<f4"), 3),
        (np.array([[-0.5, 0, 0.5, 1e300]], "<f8"), 3),
        (np.arange(12).reshape(1, 4, 3).astype("<f4"), 3),
    ],
    ids=lambda each: str(each.dtype.name) + str(each.ndim) if isinstance(each, np.ndarray) else "",
)
def test_tiff_without_a_black_and_white_of_its_own(values, kind):
    data = tiff(values, kind=kind)
    with pytest.raises(BadImage, match=r"which do not say what is black and white.*--range=auto"):
        read_header(data)
    found = decode(data, rules=ranged(-150, 250)).astype(float)
    np.testing.assert_array_equal(found, np.rint(np.clip(values.astype(float) + 150, 0, 400) * 255 / 400))


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        (np.zeros((2, 2), "<f2"), 3, "TIFF of floating-point 16-bit numbers"),
        (np.zeros((2, 2), "<u8"), 1, "TIFF of 64-bit numbers"),
        (np.zeros((2, 2), "<i8"), 2, "TIFF of signed 64-bit numbers"),
    ],
)
def test_numbers_that_nothing_decodes_are_refused_by_name(values, kind, said):
    with pytest.raises(BadImage, match=said):
        read_header(tiff(values, kind=kind), deep=True)


@pytest.mark.parametrize("start", [b"P2 4 1 15\n0 5 10 15\n", b"P5 4 1 15\n" + bytes([0, 5, 10, 15])])
def test_a_range_is_in_the_numbers_of_a_portable_map(start):
    assert decode(start, rules=ranged(5, 15)).tolist() == [[0, 0, 128, 255]]
    assert decode(start, rules=ranged(0, 15)).tolist() == decode(start).tolist()


def test_jpeg_may_still_be_decoded_smaller_by_a_range():
    image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (400, 400, 3), np.uint8), (31, 31), 0)
    data = cv2.imencode(".jpg", image)[1].tobytes()
    small, whole = (decode(data, wanted=wanted, rules=ranged(100, 160)) for wanted in ((50, 50), None))
    assert small.shape == (100, 100, 3)
    assert np.abs(cv2.resize(whole, (100, 100), interpolation=cv2.INTER_AREA).astype(int) - small).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["u1", "<u2", "<f4"])
def test_tiff_is_upright_whatever_is_read_of_it(orientation, kind):
    values = np.arange(6).reshape(2, 3).astype(kind)
    data = tiff(values, kind=3 if kind == "<f4" else 1, t274=orientation)
    plain = decode(tiff(np.arange(6, dtype=np.uint8).reshape(2, 3), t274=orientation))[..., 0]
    assert decode(data, rules=ranged(0, 255)).tolist() == plain.tolist()


def test_an_idx_file_is_read_by_a_range(tmp_path):
    from autoencoder.data.idx import write_idx

    write_idx(tmp_path / "images", np.array([[[0, 10], [20, 200]]], np.uint8))
    images = load(scan(tmp_path / "images", rules=ranged(0, 20)), (2, 2), "grayscale")
    assert images.pixels[0, ..., 0].tolist() == [[0, 128], [255, 255]]
    assert not is_grayscale(scan(tmp_path / "images", rules=AS_STORED._replace(background=(9, 0, 0), fit="pad")))


def test_colour_of_floats_is_seen_whatever_the_range(tmp_path):
    (tmp_path / "a.tif").write_bytes(tiff(np.full((3, 3, 3), 0.5, "<f4"), kind=3))
    assert is_grayscale(scan(tmp_path, rules=ranged(5, 6)))
    (tmp_path / "b.tif").write_bytes(tiff(np.arange(27).reshape(3, 3, 3).astype("<f4") / 27, kind=3))
    assert not is_grayscale(scan(tmp_path, rules=ranged(5, 6)))


def test_a_damaged_file_is_refused_by_rules_too(png):
    image = png((3, 1), 8, 6, [bytes(12)])[:-12]
    with pytest.raises(BadImage, match="truncated PNG"):
        decode(image, rules=on((1, 2, 3)))
    with pytest.raises(BadImage, match="truncated PNG"):
        checked(image, read_header(image))
