"""The rule for pixels, docs/images.md, pinned: by hashes of what is decoded, and by what the pixels must be."""

import base64
import hashlib
import os
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_sample_image

from autoencoder.data.decode import decode, fit, quiet_codecs
from autoencoder.data.formats.common import BadImage
from autoencoder.data.formats.header import read_header

# Written by Pillow: a ramp of 16 x 8 pixels without colour, in colour and progressive; four squares in CMYK.
JPEG = {
    "gray": "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hy"
    "c5PTgyPC4zNDL/wAALCAAQAAgBAREA/8QAFQABAQAAAAAAAAAAAAAAAAAABwj/xAAXEAADAQAAAAAAAAAAAAAAAAAAFmOh/9oACAEBAAA/ADdOn"
    "hQCdPD/2Q==",
    "rgb": "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc"
    "5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wAARCA"
    "AQAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAX/xAAYEAACAwAAAAAAAAAAAAAAAAAABAYhM//EABQBAQAAAAAAAAAAAAAAAAAAA"
    "AX/xAAaEQABBQEAAAAAAAAAAAAAAAAAAQUGISQC/9oADAMBAAIRAxEAPwCLC086BfhaedANkT3u6sOdo5pWj//Z",
    "progressive": "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDA"
    "xNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMj"
    "L/wgARCAAQAAgDAREAAhEBAxEB/8QAFAABAAAAAAAAAAAAAAAAAAAABP/EABUBAQEAAAAAAAAAAAAAAAAAAAUE/9oADAMBAAIQAxAAAAESMDx3/"
    "wD/xAAWEAADAAAAAAAAAAAAAAAAAAAAAgT/2gAIAQEAAQUCiQiQ/8QAFREBAQAAAAAAAAAAAAAAAAAABAD/2gAIAQMBAT8BYaYa/8QAFhEAAwAA"
    "AAAAAAAAAAAAAAAAAAMF/9oACAECAQE/Aabym8//xAAVEAEBAAAAAAAAAAAAAAAAAAAAAf/aAAgBAQAGPwKI/8QAFBABAAAAAAAAAAAAAAAAAAA"
    "AEP/aAAgBAQABPyEA/9oADAMBAAIAAwAAABB7/8QAFhEAAwAAAAAAAAAAAAAAAAAAACEx/9oACAEDAQE/ELIoj//EABYRAAMAAAAAAAAAAAAAAA"
    "AAAAAhMf/aAAgBAgEBPxCjKM//xAAVEAEBAAAAAAAAAAAAAAAAAAAAUf/aAAgBAQABPxCBA//Z",
    "CMYK": "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwPFx"
    "gWFBgSFBUU/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABQAAQAAAAAAAAAAAAAAAAAAAAj/xAAiEAABAwEJAQAAAAAAAAAAAAAUCBIWEQMTGCEmQ"
    "UVhYxX/2gAOBEMATQBZAEsAAD8AVK50MY0YTraHRo7iTiSB/eyY0furtqZqlDC58aM20TDo0DyxxJBHhZMaP3V21M1Shhc+NGbaJh0aB5Y4kgjw"
    "smNH7q7ambNVqrXC3FdKyb7pfIiXFzc+Vo5191Ru9cv/2Q==",
}

#: The beginnings of the SHA-1 of the decoded pixels of `files`, below.
HASHES = {
    "PNG of 16 bits": "70d7bf0c82e8",
    "PNG of 16 bits in colour": "9c2716c47fb0",
    "TIFF of 16 bits in colour": "9c2716c47fb0",
    "PPM of 16 bits": "9c2716c47fb0",
    "PGM of 4095": "2a35b74ad652",
    "PGM of 15 in text": "739e0e8490ea",
    "PNG of 1 bit": "12dac0aa2aaa",
    "PNG of 2 bits": "36acd294ac9a",
    "PNG with a palette": "9f743bd41cd2",
    "PNG with a palette and transparency": "9f743bd41cd2",
    "PNG of colour and alpha": "238dcd032ffc",
    "PNG of gray and alpha": "e5377b3a5ca0",
    "WebP with alpha": "238dcd032ffc",
    "BMP": "238dcd032ffc",
    "JPEG gray": "4c4beedcfc1d",
    "JPEG rgb": "a7e4060bebc1",
    "JPEG progressive": "d2f7dbef513e",
    "JPEG CMYK": "856bf1ea0bef",
    "JPEG turned": "649a999092c4",
    "PNG turned": "c92920944247",
    "TIFF": "238dcd032ffc",
}


def jpeg(name: str) -> bytes:
    return base64.b64decode(JPEG[name])


def encoded(suffix: str, pixels: np.ndarray, *options: int) -> bytes:
    """Encode RGB or gray pixels by OpenCV."""
    ordered = pixels if pixels.ndim == 2 else pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    return cv2.imencode(suffix, np.ascontiguousarray(ordered), options)[1].tobytes()


def turned_jpeg(data: bytes, exif: bytes) -> bytes:
    return data[:2] + b"\xff\xe1" + struct.pack(">H", 8 + len(exif)) + b"Exif\0\0" + exif + data[2:]


@pytest.fixture(scope="module")
def deep() -> np.ndarray:
    """Every value of 16 bits once."""
    return np.arange(2**16, dtype=np.uint16).reshape(256, 256)


@pytest.fixture(scope="module")
def files(ramp, deep, png, png_chunk, exif) -> dict[str, bytes]:
    """Make an image of every kind that the rule speaks of."""
    palette = png_chunk(b"PLTE", bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7]))
    alpha = np.dstack([ramp, np.arange(24 * 32).reshape(24, 32) % 255 + 1]).astype(np.uint8)
    gray_alpha = [bytes([0, 0, 77, 0, 77, 128, 255, 255])]
    return {
        "PNG of 16 bits": png((256, 256), 16, 0, [row.astype(">u2").tobytes() for row in deep]),
        "PNG of 16 bits in colour": encoded(".png", np.dstack([deep, deep.T, deep[::-1]])),
        "TIFF of 16 bits in colour": encoded(".tiff", np.dstack([deep, deep.T, deep[::-1]])),
        "PPM of 16 bits": b"P6 256 256 65535\n" + np.dstack([deep, deep.T, deep[::-1]]).astype(">u2").tobytes(),
        "PGM of 4095": b"P5\n# twelve bits\n64 64\n4095\n" + np.arange(4096).astype(">u2").tobytes(),
        "PGM of 15 in text": b"P2 16 1 15 " + b" ".join(b"%d" % value for value in range(16)),
        "PNG of 1 bit": png((8, 2), 1, 0, [b"\xaa", b"\x0f"]),
        "PNG of 2 bits": png((4, 1), 2, 0, [b"\x1b"]),
        "PNG with a palette": png((4, 1), 2, 3, [b"\x1b"], palette),
        "PNG with a palette and transparency": png((4, 1), 2, 3, [b"\x1b"], palette + png_chunk(b"tRNS", b"\0\x80")),
        "PNG of colour and alpha": encoded(".png", alpha),
        "PNG of gray and alpha": png((4, 1), 8, 4, gray_alpha),
        "WebP with alpha": encoded(".webp", alpha, cv2.IMWRITE_WEBP_QUALITY, 101),
        "BMP": encoded(".bmp", ramp),
        **{f"JPEG {name}": jpeg(name) for name in JPEG},
        "JPEG turned": turned_jpeg(jpeg("rgb"), exif(6)),
        "PNG turned": png((2, 1), 8, 0, [b"\1\2"], png_chunk(b"eXIf", exif(8))),
        "TIFF": encoded(".tiff", ramp),
    }


@pytest.mark.parametrize("name", HASHES)
def test_pixels_are_those_that_were_written_down(files, name):
    pixels = decode(files[name])
    assert pixels.dtype == np.uint8 and pixels.flags.c_contiguous
    assert hashlib.sha1(pixels).hexdigest()[:12] == HASHES[name]


def test_every_kind_has_a_hash(files):
    assert set(files) == set(HASHES)


@pytest.mark.parametrize("kind", ["PNG of 16 bits in colour", "TIFF of 16 bits in colour", "PPM of 16 bits"])
def test_of_16_bits_the_upper_8_stay_in_every_format(files, deep, kind):
    assert np.array_equal(decode(files[kind]), np.dstack([deep, deep.T, deep[::-1]]) >> 8)


def test_16_bits_without_colour(files, deep):
    assert np.array_equal(decode(files["PNG of 16 bits"]), deep >> 8)


def test_portable_maps_are_scaled_by_their_largest_value(files):
    assert np.array_equal(decode(files["PGM of 4095"]).ravel(), np.arange(4096) * 255 // 4095)
    assert np.array_equal(decode(files["PGM of 15 in text"]).ravel(), np.arange(16) * 17)


@pytest.mark.parametrize("largest", [1, 7, 100, 254, 300])
def test_portable_maps_of_text_and_of_bytes_agree(largest):
    values = np.arange(largest + 1)
    start = b"%d 1 %d " % (largest + 1, largest)
    text = b"P2 " + start + b" ".join(b"%d" % value for value in values)
    packed = b"P5 " + start + values.astype(">u2" if largest > 255 else np.uint8).tobytes()
    assert decode(text).tolist() == decode(packed).tolist() == [(values * 255 // largest).tolist()]


def test_few_bits_are_spread_and_palettes_expanded(files):
    assert decode(files["PNG of 1 bit"]).tolist() == [[255, 0] * 4, [0] * 4 + [255] * 4]
    assert decode(files["PNG of 2 bits"]).tolist() == [[0, 85, 170, 255]]
    assert decode(files["PNG with a palette"]).tolist() == [[[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 8, 7]]]


def test_transparency_is_dropped(files, ramp):
    plain, clear = (decode(files[f"PNG with a palette{end}"]) for end in ("", " and transparency"))
    assert np.array_equal(plain, clear)
    assert np.array_equal(decode(files["PNG of colour and alpha"]), ramp)
    assert decode(files["PNG of gray and alpha"]).tolist() == [[0, 77, 77, 255]]


def test_cmyk_is_converted(files):
    pixels = decode(files["JPEG CMYK"]).astype(int)
    corners = pixels[[1, 1, 6, 6], [1, 6, 1, 6]]
    white, cyan, red, dark = [255] * 3, [0, 255, 255], [255, 0, 0], [55] * 3
    assert abs(corners - [white, cyan, red, dark]).max() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_undone_in_every_format(orientation, png, png_chunk, exif):
    stored = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
    flips = {2: stored[:, ::-1], 3: stored[::-1, ::-1], 4: stored[::-1]}
    turns = {5: stored.T, 6: np.rot90(stored, -1), 7: np.rot90(stored, 2).T, 8: np.rot90(stored)}
    shown = {1: stored, **flips, **turns}[orientation]
    block = exif(orientation)
    image = png((3, 2), 8, 0, [row.tobytes() for row in stored], png_chunk(b"eXIf", block))
    assert np.array_equal(decode(image), shown)
    assert np.array_equal(decode(webp_with_exif(stored, block))[..., 0], shown)
    assert np.array_equal(decode(tiff(stored, orientation))[..., 0], shown)
    upright, turned = decode(jpeg("rgb")), decode(turned_jpeg(jpeg("rgb"), block))
    again = {1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1]}
    again |= {5: upright.swapaxes(0, 1), 6: np.rot90(upright, -1), 7: np.rot90(upright, 2).swapaxes(0, 1)}
    assert np.array_equal(turned, (again | {8: np.rot90(upright)})[orientation])


def webp_with_exif(pixels: np.ndarray, exif: bytes) -> bytes:
    plain = encoded(".webp", np.dstack([pixels] * 3), cv2.IMWRITE_WEBP_QUALITY, 101)
    size = [(side - 1).to_bytes(3, "little") for side in pixels.shape[::-1]]
    image = plain[plain.index(b"VP8L") :]
    chunks = b"VP8X" + struct.pack("<I", 10) + bytes([8, 0, 0, 0]) + b"".join(size) + image
    chunks += b"EXIF" + struct.pack("<I", len(exif)) + exif
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def tiff(pixels: np.ndarray, orientation: int, following: int = 0, **tags: int) -> bytes:
    """Make an uncompressed TIFF without colour; `tags` are further ones, by name "t" and number."""
    height, width = pixels.shape
    values = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 274: orientation, 277: 1, 278: height}
    values |= {279: pixels.size} | {int(name[1:]): value for name, value in tags.items()}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(values.items()))
    body = pixels.tobytes() + b"\0" * (pixels.size % 2)
    end = struct.pack("<H", len(values)) + entries + struct.pack("<I", following)
    return b"II*\0" + struct.pack("<I", 8 + len(body)) + body + end


@pytest.mark.parametrize(
    "damaged", [b"", b"MM\0*", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", b"no EXIF at all"]
)
def test_damaged_exif_leaves_the_image_as_it_is(damaged):
    assert np.array_equal(decode(turned_jpeg(jpeg("rgb"), damaged)), decode(jpeg("rgb")))


def test_an_orientation_that_does_not_exist_is_ignored(exif):
    assert np.array_equal(decode(turned_jpeg(jpeg("rgb"), exif(9))), decode(jpeg("rgb")))


def test_colour_becomes_gray_by_the_documented_weights(ramp):
    red, green, blue = (ramp[..., channel].astype(int) for channel in range(3))
    gray = fit(decode(encoded(".png", ramp)), (24, 32), "grayscale")
    assert gray.shape == (24, 32, 1)
    assert abs(gray[..., 0] - (0.299 * red + 0.587 * green + 0.114 * blue)).max() <= 0.51
    assert hashlib.sha1(gray).hexdigest()[:12] == "c1c568f88ff8"


def test_gray_becomes_colour_by_repetition(ramp):
    colored = fit(decode(encoded(".png", ramp[..., 0])), (24, 32), "rgb")
    assert np.array_equal(colored, np.repeat(ramp[..., :1], 3, axis=2))


def test_shrinking_averages_areas(ramp):
    halves = ramp.reshape(12, 2, 16, 2, 3).mean(axis=(1, 3))
    assert abs(fit(ramp, (12, 16), "rgb") - halves).max() <= 0.5


def test_growing_interpolates(ramp):
    row = np.array([[0, 100]], np.uint8)
    assert fit(row, (1, 4), "grayscale").ravel().tolist() == [0, 25, 75, 100]
    assert np.array_equal(fit(np.full((3, 3), 9, np.uint8), (50, 41), "grayscale"), np.full((50, 41, 1), 9))


def test_a_side_that_shrinks_is_averaged_before_the_other_one_grows():
    stripes = np.tile(np.array([[0], [200]], np.uint8), (2, 3))
    assert np.array_equal(fit(stripes, (2, 6), "grayscale"), np.full((2, 6, 1), 100))


@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    color=st.sampled_from(["grayscale", "rgb"]),
    channels=st.sampled_from([None, 3]),
)
def test_any_image_fits_any_shape(height, width, shape, color, channels):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, *([channels] if channels else [])), np.uint8)
    fitted = fit(pixels, shape, color)
    assert fitted.shape == (*shape, 1 if color == "grayscale" else 3) and fitted.dtype == np.uint8
    assert pixels.min() <= fitted.min() and fitted.max() <= pixels.max()


@pytest.fixture(scope="module")
def photo():
    return load_sample_image("china.jpg")


def test_a_large_jpeg_is_decoded_at_a_size_that_is_twice_the_wanted_one_at_least(photo):
    content = encoded(".jpg", photo)  # 427 x 640
    whole, half, quarter, eighth = (427, 640, 3), (214, 320, 3), (107, 160, 3), (54, 80, 3)
    sizes = {(427, 640): whole, (107, 160): whole, (50, 161): whole, (50, 160): half, (8, 81): half}
    # The eighth's 54 rows show 432, five more than there are: of 10 wanted ones that is .12, of 11 it is .13.
    sizes |= {(53, 80): quarter, (11, 11): quarter, (10, 40): eighth, (10, 41): quarter, (1, 1): eighth}
    assert {wanted: decode(content, wanted=wanted).shape for wanted in sizes} == sizes
    assert decode(encoded(".png", photo), wanted=(1, 1)).shape == whole


@pytest.mark.parametrize("color", ["grayscale", "rgb"])
@pytest.mark.parametrize("shape", [(100, 160), (53, 80), (26, 39), (8, 8)])
def test_a_jpeg_decoded_smaller_looks_as_if_it_were_not(photo, shape, color):
    content = encoded(".jpg", photo[..., 0] if color == "grayscale" else photo)
    small = fit(decode(content, wanted=shape), shape, color, shape=photo.shape[:2])
    difference = abs(small.astype(int) - fit(decode(content), shape, color))
    assert difference.mean() < 2.5 and np.quantile(difference, 0.99) < 16


@given(height=st.integers(1, 90), width=st.integers(1, 90), wanted=st.tuples(st.integers(1, 20), st.integers(1, 20)))
def test_a_jpeg_of_any_size_is_decoded_for_any_shape(height, width, wanted):
    pixels = np.full((height, width, 3), (200, 120, 40), np.uint8)
    decoded = decode(encoded(".jpg", pixels), wanted=wanted)
    assert all(side >= least for side, least in zip(decoded.shape, np.minimum(wanted, (height, width)), strict=False))
    assert abs(decoded.astype(int) - (200, 120, 40)).max() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_decoded_smaller_is_upright(photo, exif, orientation):
    content = encoded(".jpg", photo)
    turned = turned_jpeg(content, exif(orientation))
    wanted = (20, 30) if orientation < 5 else (30, 20)
    difference = abs(fit(decode(turned, wanted=wanted), wanted, "rgb").astype(int) - fit(decode(turned), wanted, "rgb"))
    assert difference.mean() < 2.5


def test_an_animated_png_is_its_default_image(png, png_chunk):
    animation = png_chunk(b"acTL", struct.pack(">II", 1, 0)) + png_chunk(b"fcTL", bytes(26))
    frame = png_chunk(b"fdAT", b"\0\0\0\1never to be looked at")
    rows = [b"\1\2\3"]
    assert np.array_equal(decode(png((3, 1), 8, 0, rows, animation + frame)), [[1, 2, 3]])


def test_codecs_are_silent_and_the_error_stream_comes_back(capfd, png):
    damaged = bytearray(png((3, 1), 8, 0, [b"\1\2\3"]))
    damaged[45] ^= 0xFF
    with quiet_codecs(), pytest.raises(BadImage, match="damaged PNG"):
        decode(bytes(damaged))
    os.write(2, b"back again")
    assert capfd.readouterr().err == "back again"


def test_a_bmp_of_gray_colours_is_gray_and_one_colour_more_makes_it_coloured():
    gray = np.random.default_rng(0).integers(0, 256, (7, 9), np.uint8)
    data = bytearray(cv2.imencode(".bmp", gray)[1].tobytes())
    assert read_header(bytes(data)).gray
    np.testing.assert_array_equal(decode(bytes(data)), gray)
    data[54 + 4 * int(gray[0, 0])] ^= 1  # the blue of one colour of the palette
    assert not read_header(bytes(data)).gray
    assert decode(bytes(data)).shape == (7, 9, 3)
    assert not read_header(cv2.imencode(".bmp", np.dstack([gray] * 3))[1].tobytes()).gray
