"""Files that are not read are named as what they are, with what can be done; the first bytes decide."""

import gzip
import io
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from autoencoder.data.formats.common import BadImage
from autoencoder.data.formats.header import read_header
from autoencoder.data.scan import scan
from autoencoder.errors import DataError, UsageError


def zipped(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, b"content")
    return out.getvalue()


def tarred(mode: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        archive.addfile(tarfile.TarInfo("images/a.png"), io.BytesIO(b""))
    return out.getvalue()


def arrays(save, *values) -> bytes:
    out = io.BytesIO()
    save(out, *values)
    return out.getvalue()


def brand(name: bytes) -> bytes:
    return b"\0\0\0\x18ftyp" + name + b"\0\0\0\0mp42isom" + bytes(200)


#: What is said of files that begin so: what they are, and what to do.
SAID = {
    "zip": (zipped("a.png"), "a zip archive: unpack it first \\(unzip FILE\\)"),
    "tar": (tarred("w"), "a tar archive: unpack it first \\(tar -xf FILE\\)"),
    "tar.gz": (tarred("w:gz"), "a tar archive \\(gzipped\\): unpack it first \\(tar -xf FILE\\)"),
    "tar.bz2": (tarred("w:bz2"), "a bzip2 file: unpack it first"),
    "tar.xz": (tarred("w:xz"), "an xz file: unpack it first"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(40), "a 7z archive: unpack it first \\(7z x FILE\\)"),
    "rar": (b"Rar!\x1a\x07\x01\0" + bytes(40), "a rar archive: unpack it first"),
    "gz": (gzip.compress(b"anything"), "a gzip file: unpack it first \\(gunzip FILE\\)"),
    "npy": (arrays(np.save, np.zeros((2, 2))), "NumPy file of arrays: flexae import_data"),
    "npz": (arrays(np.savez, np.zeros((2, 2))), "NumPy file of arrays: flexae import_data"),
    "idx": (struct.pack(">BBBB3I", 0, 0, 8, 3, 1, 1, 1) + b"\0", "an idx file: give the file itself"),
    "idx.gz": (gzip.compress(struct.pack(">BBBB3I", 0, 0, 8, 3, 1, 1, 1)), "an idx file \\(gzipped\\): give the file"),
    "nii": (struct.pack("<I", 348).ljust(344, b"\0") + b"n+1\0" + bytes(9), "NIfTI, a medical volume"),
    "nii.gz": (gzip.compress(bytes(344) + b"n+1\0" + bytes(9)), "NIfTI \\(gzipped\\), a medical volume"),
    "dcm": (bytes(128) + b"DICM" + bytes(99), "DICOM, a medical image: save it as PNG or TIFF of 16 bits"),
    "gif": (b"GIF89a\1\0\1\0", "GIF: .* save it as PNG"),
    "pdf": (b"%PDF-1.7\n", "a PDF: save its pages as PNG"),
    "eps": (b"%!PS-Adobe", "PostScript"),
    "ico": (b"\0\0\1\0\1\0\x10\x10", "an icon"),
    "jp2": (bytes.fromhex("0000000c6a5020200d0a870a"), "JPEG 2000: save it as PNG"),
    "j2k": (bytes.fromhex("ff4fff51"), "JPEG 2000"),
    "jxl": (bytes.fromhex("ff0a") + bytes(9), "JPEG XL: save it as PNG"),
    "jxl in boxes": (bytes.fromhex("0000000c4a584c200d0a870a"), "JPEG XL"),
    "psd": (b"8BPS\0\1" + bytes(40), "Photoshop"),
    "xcf": (b"gimp xcf v011\0", "GIMP"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG, a drawing of lines: draw it as PNG"),
    "svg with a head": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- by hand -->\n<svg/>', "SVG"),
    "html": (b"\n<!DOCTYPE html><p>404", "HTML, not an image: .* download it again"),
    "xml": (b"<annotation><object/></annotation>", "XML text"),
    "text": ("Größe: 3\n".encode(), "text, not an image"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:aa", "a Git LFS pointer, .*: run git lfs pull"),
    "empty": (b"", "an empty file"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(40), "HDF5: save its images as PNG or TIFF"),
    "mat": (b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "a MATLAB file"),
    "fits": (b"SIMPLE  =                    T", "FITS, .*: save it as TIFF of 32-bit numbers and give --range"),
    "exr": (b"v/1\x01" + bytes(40), "OpenEXR"),
    "hdr": (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", "Radiance HDR"),
    "parquet": (b"PAR1" + bytes(40), "a Parquet table"),
    "pickle": (b"\x80\x04\x95" + bytes(40), "a pickle of Python"),
    "mp4": (brand(b"isom"), "a film \\(MP4 or its kin\\): save its frames"),
    "mov": (brand(b"qt  "), "a film"),
    "old mov": (b"\0\0\0\x08wide\0\0\0\0mdat", "a film \\(QuickTime\\)"),
    "webm": (b"\x1aE\xdf\xa3" + bytes(40), "a film \\(Matroska or WebM\\)"),
    "avi": (b"RIFF\0\0\0\0AVI LIST", "a film \\(AVI\\)"),
    "wav": (b"RIFF\0\0\0\0WAVEfmt ", "sound"),
    "cr3": (brand(b"crx "), "a camera's raw file \\(CR3\\): develop it"),
    "cr2": (
        b"II*\0\x10\0\0\0CR\2\0" + bytes(90),
        "a camera's raw file \\(NEF, CR2, .*\\): develop it",
    ),
    "raf": (b"FUJIFILMCCD-RAW 0201", "a camera's raw file: develop it"),
    "rw2": (b"IIU\0" + bytes(40), "a camera's raw file"),
    "orf": (b"IIRO" + bytes(40), "a camera's raw file"),
    "appledouble": (b"\0\5\x16\7" + bytes(40), "AppleDouble"),
    "zeros": (bytes(99), "not an image: it begins with 00 00"),
}


@pytest.mark.parametrize(("data", "said"), SAID.values(), ids=SAID.keys())
def test_a_foreign_file_is_named_and_its_owner_told_what_to_do(data, said, tmp_path, save):
    with pytest.raises(BadImage, match=said):
        read_header(data)
    root = save({"photo.jpg": data})
    assert len(scan(root).bad) == 1
    if not said.startswith("an idx"):
        with pytest.raises(DataError, match=f"photo.jpg: .*{said}"):
            scan(root / "photo.jpg")


def tagged(**tags: int) -> bytes:
    """Make a TIFF of one directory, little-endian, with these tags, by name "t" and number."""
    entries = sorted((int(name[1:]), value) for name, value in tags.items())
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + table + bytes(4) + bytes(400)


@pytest.mark.parametrize(
    "data",
    [
        tagged(t254=1, t256=160, t257=120, t330=8),  # NEF and ARW: a thumbnail first, the rest in further directories
        tagged(t256=160, t257=120, t50706=1),  # DNG
        tagged(t256=160, t257=120, t262=32_803),  # numbers behind colour filters
        tagged(),
    ],
)
def test_raw_files_are_not_taken_for_their_thumbnails(data):
    with pytest.raises(BadImage, match=r"camera's raw file .*: develop it to JPEG, PNG or TIFF"):
        read_header(data)


def test_a_tiff_that_calls_its_only_image_a_reduced_one_is_read():
    assert read_header(tagged(t254=1, t256=4, t257=3, t258=8, t259=1, t262=1, t273=200, t277=1)).shape == (3, 4)


def test_one_image_is_a_source(save, image):
    root = save({"-odd name [1].png": image(7), "other.png": image(8)})
    listing = scan(root / "-odd name [1].png")
    assert (listing.root, listing.paths, listing.labels) == (root, ("-odd name [1].png",), None)
    assert (listing.files, listing.bad, listing.shapes.tolist()) == (1, (), [[2, 3]])
    with pytest.raises(UsageError, match=r"--categories chooses class folders, and .* is one image; leave it out"):
        scan(root / "other.png", categories=["a"])


def test_a_number_beyond_all_images_takes_no_longer(save, image):
    root = save({f"{label}/{number}.png": image() for label in "ab" for number in range(3)})
    assert len(scan(root, max_images=10**15).paths) == 6


@pytest.mark.parametrize(
    "name",
    [
        *("@eaDir", "#recycle", "@Recycle", "__MACOSX", "$RECYCLE.BIN", "System Volume Information", "lost+found"),
        *(".ipynb_checkpoints", "#snapshot"),
    ],
)
def test_folders_that_machines_make_are_passed_over_at_every_level(save, image, name):
    root = save({f"{place}a.png": image() for place in ("cat/", f"{name}/", f"cat/{name}/", f"cat/{name}/deep/")})
    listing = scan(root)
    assert (listing.paths, listing.labels, listing.files) == (("cat/a.png",), ("cat",), 1)
    with pytest.raises(UsageError, match="there is no class folder"):
        scan(root, categories=[name])
    assert scan(root / name).paths == ("a.png",)  # it was asked for by name
