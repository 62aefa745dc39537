"""Broken and hostile files are refused with a reason, before they cost memory or time."""

import base64
import json
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.data.decode import decode, quiet_codecs
from autoencoder.data.formats.common import BadImage
from autoencoder.data.formats.header import read_header

ANIMATED_WEBP = (
    "UklGRpQAAABXRUJQVlA4WAoAAAACAAAAAQAAAQAAQU5JTQYAAAAAAAAAAABBTk1GMAAAAAAAAAAAAAEAAAEAAAAAAAJWUDggGAAAADABAJ0BKgIA"
    "AgABQCYlpAADcAD+/TZoAEFOTUYwAAAAAAAAAAAAAQAAAQAAAAAAAFZQOCAYAAAANAEAnQEqAgACAAAAJiWkAANwAP73QgAA"
)

#: What each of `files`, below, is refused for; None where it is a good image in spite of all.
REASONS = {
    "nothing": "an empty file",
    "zeros": "not an image: it begins with 00 00 00 00 00 00 00 00",
    "text": "not an image",
    "HTML": "HTML, not an image",
    "Git LFS pointer": "git lfs pull",
    "PDF": "PDF",
    "gzip": "gzip",
    "GIF": "GIF: animations and other GIF images",
    "HEIC": "HEIC",
    "idx": "idx file",
    "newline in front": "not an image",
    "animated WebP": "animated WebP",
    "WebP cut": "damaged WebP",
    "WebP without an image": "WebP of an unknown kind",
    "PNG signature only": "truncated PNG",
    "PNG cut in a chunk": "truncated PNG",
    "PNG cut after the image": "truncated PNG",
    "PNG without IHDR": "does not begin with its header",
    "PNG without an image": "without image data",
    "PNG with a damaged image": "damaged PNG: its pixels",
    "PNG with a damaged text": "wrong checksum of its tEXt chunk",
    "PNG with a nameless chunk": "a chunk whose name is not made of letters",
    "PNG of no width": "an empty image of 0x1 pixels",
    "PNG of too few rows": "damaged PNG: its pixels",
    "PNG of 30000x30000": "at most 64 Mi pixels",
    "PNG of 1x2000000000": "32,768 a side",
    "PNG with a zTXt bomb": r"metadata \(zTXt\) inflate beyond 4 MiB",
    "PNG with an iCCP bomb": r"metadata \(iCCP\) inflate beyond 4 MiB",
    "PNG with many small bombs": r"metadata \(iTXt\) inflate beyond 4 MiB",
    "PNG with damaged metadata": None,
    "PNG with far too much image": None,
    "PNG of 100000 empty chunks": None,
    "PNG of 200001 empty chunks": "more than 200,000 chunks",
    "PNG with garbage behind": None,
    "JPEG signature only": "truncated JPEG",
    "JPEG cut": "truncated JPEG",
    "JPEG without its last byte": "truncated JPEG",
    "JPEG with half of it zeros": "truncated JPEG",
    "JPEG without a frame": "without a frame header",
    "JPEG of 12 bits": "JPEG of 12 bits",
    "JPEG of 65500x65500": "at most 64 Mi pixels",
    "JPEG of 200 scans": "JPEG of 17 or more scans over 8000x8000 pixels",
    "JPEG of 100001 segments": "more than 100,000 segments",
    "JPEG with garbage behind": None,
    "JPEG with stray bytes": None,
    "BMP cut": "damaged BMP",
    "BMP of 3000000x2000000": "at most 64 Mi pixels",
    "TIFF cut": "truncated TIFF",
    "TIFF with its pixels cut": "damaged TIFF",
    "TIFF of two pages": "multi-page TIFF",
    "TIFF with a thumbnail": None,
    "TIFF whose thumbnails go in a circle": "more than 16 directories",
    "TIFF of floats": "TIFF of 32-bit floats",
    "TIFF with a giant tile": "at most 64 Mi pixels",
    "BigTIFF": "BigTIFF",
    "PGM cut": "damaged PNM",
    "PGM without a size": "damaged header",
    "PGM of 99999 levels": "largest value of 99999",
    "PGM of 60000x60000": "at most 64 Mi pixels",
}


@pytest.fixture(scope="module")
def files(png, png_chunk, ramp) -> dict[str, bytes]:
    return {
        "nothing": b"",
        "zeros": bytes(4096),
        "text": b"this is no image",
        "HTML": b"\n<!DOCTYPE html><p>404",
        "Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\n",
        "PDF": b"%PDF-1.7",
        "gzip": b"\x1f\x8b\x08\0\0\0",
        "GIF": b"GIF89a\xff\xff\xff\xff\0\0\0",
        "HEIC": b"\0\0\0\x18ftypheic",
        "idx": b"\0\0\x08\x03\0\0\0\x01",
        **webp_files(ramp),
        **png_files(png, png_chunk),
        **jpeg_files(ramp),
        **tiff_files(),
        **plain_files(ramp),
    }


def webp_files(ramp) -> dict[str, bytes]:
    good = cv2.imencode(".webp", ramp)[1].tobytes()
    return {
        "animated WebP": base64.b64decode(ANIMATED_WEBP),
        "WebP cut": good[:-20],
        "WebP without an image": b"RIFF\x20\0\0\0WEBPABCD" + bytes(20),
    }


def png_files(png, chunk) -> dict[str, bytes]:
    good = png((3, 1), 8, 0, [b"\1\2\3"])
    end, image = chunk(b"IEND"), chunk(b"IDAT", zlib.compress(b"\0\1\2\3"))
    start = good[:33]
    bomb = zlib.compress(bytes(8 * 2**20))
    third = chunk(b"iTXt", b"k\0\1\0en\0\0" + zlib.compress(bytes(2**20 + 2**19)))
    damaged = bytearray(good)
    damaged[45] ^= 0xFF
    return {
        "newline in front": b"\n" + good,
        "PNG signature only": good[:8],
        "PNG cut in a chunk": good[:45],
        "PNG cut after the image": good[:-12],
        "PNG without IHDR": good[:8] + image + end + bytes(20),
        "PNG without an image": start + chunk(b"tEXt", b"k\0v") + end,
        "PNG with a damaged image": bytes(damaged),
        "PNG with a damaged text": start + chunk(b"tEXt", b"k\0v").replace(b"k", b"l") + image + end,
        "PNG with a nameless chunk": start + chunk(b"\0\1\2\3") + image + end,
        "PNG of no width": png((0, 1), 8, 0, [b""]),
        "PNG of too few rows": png((3, 9), 8, 0, [b"\1\2\3"]),
        "PNG of 30000x30000": png((30_000, 30_000), 1, 0, []),
        "PNG of 1x2000000000": png((1, 2_000_000_000), 1, 0, []),
        "PNG with a zTXt bomb": start + chunk(b"zTXt", b"k\0\0" + bomb) + image + end,
        "PNG with an iCCP bomb": start + chunk(b"iCCP", b"k\0\0" + bomb) + image + end,
        "PNG with many small bombs": start + 3 * third + image + end,
        "PNG with damaged metadata": start
        + chunk(b"zTXt", b"k\0\0no zlib stream")
        + chunk(b"iTXt", b"k")
        + image
        + end,
        "PNG with far too much image": start + chunk(b"IDAT", zlib.compress(b"\0\1\2\3" + bytes(2**25))) + end,
        "PNG of 100000 empty chunks": start + 100_000 * chunk(b"IDAT") + image + end,
        "PNG of 200001 empty chunks": start + 200_001 * chunk(b"IDAT") + image + end,
        "PNG with garbage behind": good + b"garbage" * 9,
    }


def jpeg_files(ramp) -> dict[str, bytes]:
    good = cv2.imencode(".jpg", ramp)[1].tobytes()
    frame, scan = good.index(b"\xff\xc0"), good.index(b"\xff\xda")
    large = resized(cv2.imencode(".jpg", ramp, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes(), b"\xff\xc2", 8000)
    first = large.index(b"\xff\xda")
    return {
        "JPEG signature only": good[:3],
        "JPEG cut": good[: len(good) // 2],
        "JPEG without its last byte": good[:-1],
        "JPEG with half of it zeros": good[: len(good) // 2] + bytes(len(good) // 2),
        "JPEG without a frame": good[:frame] + good[scan:],
        "JPEG of 12 bits": good[: frame + 4] + b"\x0c" + good[frame + 5 :],
        "JPEG of 65500x65500": resized(good, b"\xff\xc0", 65_500),
        "JPEG of 200 scans": large[:first] + 200 * large[first : large.index(b"\xff\xda", first + 2)] + b"\xff\xd9",
        "JPEG of 100001 segments": good[:2] + 100_001 * b"\xff\xfe\0\2" + good[2:],
        "JPEG with garbage behind": good + b"garbage" * 9,
        "JPEG with stray bytes": good[:frame] + b"stray" + good[frame:],
    }


def resized(data: bytes, frame: bytes, side: int) -> bytes:
    at = data.index(frame) + 5
    return data[:at] + struct.pack(">HH", side, side) + data[at + 4 :]


def tiff_files() -> dict[str, bytes]:
    good, thumbnail = tiff({}), tiff({254: 1})
    return {
        "TIFF cut": good[:-30],
        "TIFF with its pixels cut": tiff({279: 10_000, 278: 100, 257: 100}),
        "TIFF of two pages": tiff({}, pages=[{}]),
        "TIFF with a thumbnail": tiff({}, pages=[{254: 1}]),
        "TIFF whose thumbnails go in a circle": thumbnail[:130] + struct.pack("<I", 8) + thumbnail[134:],
        "TIFF of floats": tiff({258: 32, 339: 3}),
        "TIFF with a giant tile": tiff({322: 2**31, 323: 2**31}),
        "BigTIFF": b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0",
    }


def tiff(tags: dict[int, int], pages: list[dict[int, int]] | None = None) -> bytes:
    """Make an uncompressed TIFF of 4 x 4 pixels: one directory after the other, then the pixels that all share."""
    common = {256: 4, 257: 4, 258: 8, 259: 1, 262: 1, 277: 1, 278: 4, 279: 16}
    directories = [common | {273: 0} | one for one in (tags, *(pages or []))]
    pixels_at = 8 + sum(6 + 12 * len(one) for one in directories)
    data, at = b"II*\0" + struct.pack("<I", 8), 8
    for number, one in enumerate(directories):
        at += 6 + 12 * len(one)
        entries = sorted((one | {273: pixels_at}).items())
        data += struct.pack("<H", len(one)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
        data += struct.pack("<I", at if number + 1 < len(directories) else 0)
    return data + bytes(range(16))


def plain_files(ramp) -> dict[str, bytes]:
    bmp = cv2.imencode(".bmp", ramp)[1].tobytes()
    return {
        "BMP cut": bmp[:-200],
        "BMP of 3000000x2000000": bmp[:18] + struct.pack("<ii", 3_000_000, 2_000_000) + bmp[26:],
        "PGM cut": b"P5 100 100 255\n" + bytes(50),
        "PGM without a size": b"P5 wide high 255\n",
        "PGM of 99999 levels": b"P5 4 4 99999\n" + bytes(99),
        "PGM of 60000x60000": b"P5 60000 60000 255\n",
    }


@pytest.mark.parametrize("name", REASONS)
def test_every_class_of_trouble_has_its_reason(files, name, capfd):
    if REASONS[name] is None:
        with quiet_codecs():
            assert decode(files[name]).size > 0
    else:
        with quiet_codecs(), pytest.raises(BadImage, match=REASONS[name]):
            decode(files[name])
    assert capfd.readouterr() == ("", "")


def test_every_file_has_its_reason(files):
    assert set(files) == set(REASONS)


def test_nothing_hostile_takes_a_gigabyte(files, tmp_path):
    for number, content in enumerate(files.values()):
        (tmp_path / f"{number:03}").write_bytes(content)
    decode_all = """
import json, pathlib, resource, sys
from autoencoder.data.decode import decode, quiet_codecs
from autoencoder.data.formats.common import BadImage
verdicts = []
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        with quiet_codecs():
            decode(path.read_bytes())
        verdicts.append(True)
    except BadImage:
        verdicts.append(False)
status = pathlib.Path("/proc/self/status")
if status.exists():  # Linux counts in ru_maxrss what the process was before it became this program
    peak = int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps([verdicts, peak]))
"""
    command = [sys.executable, "-c", decode_all, str(tmp_path)]
    path = {"PYTHONPATH": str(next(p for p in sys.path if p.endswith("src")))}
    result = subprocess.run(command, capture_output=True, text=True, env=path, check=True)
    verdicts, peak = json.loads(result.stdout)
    assert verdicts == [REASONS[name] is None for name in files]
    assert peak < 10**9
    assert result.stderr == ""


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tiff", ".bmp", ".ppm"])
@given(data=st.data())
def test_a_damaged_file_is_an_image_or_is_refused(suffix, data):
    good = cv2.imencode(suffix, np.arange(12 * 9 * 3, dtype=np.uint8).reshape(12, 9, 3))[1].tobytes()
    damaged = bytearray(good[: data.draw(st.integers(0, len(good)), "length")])
    for _ in range(data.draw(st.integers(0, 4), "how many")):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1), "where")] = data.draw(st.integers(0, 255), "value")
    try:
        with quiet_codecs():
            pixels = decode(bytes(damaged))
    except BadImage as error:
        assert str(error)
    else:
        assert pixels.dtype == np.uint8 and pixels.shape[:2] == read_header(bytes(damaged)).shape


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tiff", ".bmp", ".ppm"])
def test_no_truncated_file_is_taken_for_an_image(suffix, ramp):
    good = cv2.imencode(suffix, ramp)[1].tobytes()
    for length in {*range(0, len(good), 7), len(good) - 1}:
        with quiet_codecs(), pytest.raises(BadImage):
            decode(good[:length])
