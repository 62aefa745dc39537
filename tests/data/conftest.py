import struct
import zlib

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def ramp() -> np.ndarray:
    """24 x 32 pixels in three channels, all different; without noise, so that lossy formats keep it well."""
    rows, columns = np.mgrid[:24, :32]
    return np.dstack([rows * 10, columns * 8, 255 - rows * 5 - columns * 4]).astype(np.uint8)


@pytest.fixture(scope="session")
def png_chunk():
    """Make one chunk of a PNG file."""

    def make(name: bytes, body: bytes = b"") -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return make


@pytest.fixture(scope="session")
def png(png_chunk):
    """Make a PNG file: bits a sample, colour type, rows of packed samples, and chunks in front of the image."""

    def make(size: tuple[int, int], depth: int, color: int, rows: list[bytes], front: bytes = b"") -> bytes:
        header = struct.pack(">IIBBBBB", *size, depth, color, 0, 0, 0)
        body = zlib.compress(b"".join(b"\0" + row for row in rows))
        chunks = (png_chunk(b"IHDR", header), front, png_chunk(b"IDAT", body), png_chunk(b"IEND"))
        return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)

    return make


@pytest.fixture(scope="session")
def exif():
    """Make an EXIF block that says nothing but the orientation."""

    def make(orientation: int) -> bytes:
        return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)

    return make


@pytest.fixture
def save(tmp_path):
    """Write files below a folder of the test's own and return that folder."""

    def write(files: dict[str, bytes]):
        for name, content in files.items():
            path = tmp_path / "images" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return tmp_path / "images"

    return write


@pytest.fixture(scope="session")
def image():
    """Make a gray PNG file of one value."""

    def make(value: int = 0, height: int = 2, width: int = 3) -> bytes:
        return cv2.imencode(".png", np.full((height, width), value, np.uint8))[1].tobytes()

    return make
