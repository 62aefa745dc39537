import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from autoencoder.data import cache, load, parallel
from autoencoder.data import scan as folder
from autoencoder.data.idx import write_idx
from autoencoder.data.listing import BadFile
from autoencoder.data.scan import scan
from autoencoder.errors import DataError, DiskError


@pytest.fixture(params=[1, 4], ids=["one thread", "four threads"])
def threads(request, monkeypatch) -> int:
    """Let images of any size be worth several threads."""
    monkeypatch.setattr(load, "_WORTH_A_THREAD", 1)
    monkeypatch.setattr(load, "processors", lambda: request.param)
    return request.param


@pytest.fixture
def nothing_kept(monkeypatch):
    """Read every file a second time, as large ones are."""
    monkeypatch.setattr(folder, "KEPT_BYTES", 0)


def values(images) -> list[int]:
    return images.pixels[:, 0, 0, 0].tolist()


def test_images_come_in_order_with_their_labels(save, image, threads):
    files = {f"{'odd' if value % 2 else 'even'}/{value:03}.png": image(value) for value in range(200)}
    images = load.load(scan(save(files)), (2, 3), "grayscale")
    assert images.pixels.shape == (200, 2, 3, 1) and images.pixels.dtype == np.uint8
    assert values(images) == [*range(0, 200, 2), *range(1, 200, 2)]
    assert images.labels == ("even",) * 100 + ("odd",) * 100
    assert (images.paths[1], images.bad) == ("even/002.png", ())


def test_many_small_pieces_of_work_keep_the_order(save, image, threads, monkeypatch):
    monkeypatch.setattr(load, "_IMAGES_AT_ONCE", 3)
    images = load.load(scan(save({f"{value:03}.png": image(value) for value in range(100)})), (2, 3), "rgb")
    assert values(images) == list(range(100))


def test_images_of_different_kinds_get_one_shape_and_colour(save, image, ramp):
    files = {"a.png": image(7, 1, 50), "b.png": cv2.imencode(".png", ramp)[1].tobytes()}
    images = load.load(scan(save(files)), (24, 32), "rgb")
    assert (images.pixels[0] == 7).all()
    assert np.array_equal(images.pixels[1], ramp[..., ::-1])


def test_what_only_decoding_shows_is_dropped_and_listed(save, image, threads):
    files = {"a.png": image(1), "b.png": image(2)[:-12], "c.png": image(3), "d.png": b"", "e.png": image(5)}
    images = load.load(scan(save(files)), (2, 3), "grayscale")
    assert (values(images), images.paths) == ([1, 3, 5], ("a.png", "c.png", "e.png"))
    assert images.bad == (BadFile("b.png", "truncated PNG"), BadFile("d.png", "an empty file"))


def test_too_many_bad_files_are_an_error_before_or_after_decoding(save, image):
    found_early = scan(save({"a.png": image(), "b.png": b"", "c.png": b"", "d.png": b"", "e.png": image()}))
    with pytest.raises(
        DataError, match=r"3 of 5 files can't be used, a share of 0\.60 where --max_bad=0\.5 .*b\.png: an empty"
    ):
        load.load(found_early, (2, 3), "grayscale")
    assert values(load.load(found_early, (2, 3), "grayscale", max_bad=0.6)) == [0, 0]
    found_late = scan(save({"b.png": image()[:-12], "c.png": image()[:-12], "d.png": image()[:-12]}))
    assert found_late.bad == ()
    with pytest.raises(DataError, match=r"3 of 5 files .*b\.png: truncated PNG"):
        load.load(found_late, (2, 3), "grayscale")


def test_not_one_usable_image_is_an_error(save, image):
    with pytest.raises(DataError, match=r"none of its 1 files can be used as an image \(a\.png: an empty file\)"):
        load.load(scan(save({"a.png": b""})), (2, 3), "grayscale", max_bad=1)
    with pytest.raises(DataError, match=r"none of its 1 files can be used as an image \(a\.png: truncated PNG\)"):
        load.load(scan(save({"a.png": image()[:-12]})), (2, 3), "grayscale", max_bad=1)


def test_a_file_that_changes_or_goes_after_the_scan_is_listed(save, image, nothing_kept):
    root = save({"a.png": image(1), "b.png": image(2), "c.png": image(3)})
    listing = scan(root)
    (root / "a.png").write_bytes(image(1) + b"more")
    (root / "b.png").unlink()
    images = load.load(listing, (2, 3), "grayscale", max_bad=1)
    assert values(images) == [3]
    assert images.bad == (
        BadFile("a.png", "changed while the program was running"),
        BadFile("b.png", "can't be read: no such file or directory"),
    )


@pytest.mark.parametrize("kept", [0, 10**6])
def test_large_images_are_decoded_one_at_a_time(save, image, monkeypatch, kept):
    class Door(contextlib.AbstractContextManager):
        entered = 0

        def __exit__(self, *error):
            self.entered += 1

    door = Door()
    monkeypatch.setattr(load, "_ONE_LARGE_AT_A_TIME", door)
    monkeypatch.setattr(load, "_LARGE_PIXELS", 100)
    monkeypatch.setattr(folder, "KEPT_BYTES", kept)
    files = {"a.png": image(9, 50, 40), "b.png": image(8), "c.png": image(7, 11, 10)}
    assert values(load.load(scan(save(files)), (5, 4), "grayscale")) == [9, 8, 7]
    assert door.entered == 2


@pytest.mark.parametrize("limit", [None, 0])
def test_idx_images_are_loaded_like_files(tmp_path, limit):
    pixels = np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4)
    write_idx(tmp_path / "images", pixels)
    listing = scan(tmp_path / "images")
    images = load.load(listing, (4, 4), "grayscale", memory_limit=limit, cache_dir=tmp_path)
    assert np.array_equal(images.pixels[..., 0], pixels)
    assert load.load(listing, (8, 2), "rgb").pixels.shape == (3, 8, 2, 3)
    assert load.is_grayscale(listing)


def test_is_grayscale_looks_at_the_pixels(save, image, ramp):
    gray_in_colour = cv2.imencode(".png", np.dstack([ramp[..., 0]] * 3))[1].tobytes()
    root = save({"a.png": image(), "b.png": gray_in_colour, "broken.png": gray_in_colour[:-12]})
    assert load.is_grayscale(scan(root))
    (root / "c.png").write_bytes(cv2.imencode(".png", ramp)[1].tobytes())
    assert not load.is_grayscale(scan(root))


def test_nothing_is_not_grayscale(save, image, ramp):
    colour = cv2.imencode(".png", ramp)[1].tobytes()
    assert not load.is_grayscale(scan(save({"a.png": colour[:-12]})))


# --- the mapped file ---


def mapped(listing, folder, shape=(2, 3)):
    return load.load(listing, shape, "grayscale", memory_limit=5, cache_dir=folder / "new" / "cache")


@pytest.fixture
def root(save, image):
    return save({"a.png": image(1), "b.png": image(2)[:-12], "c.png": image(3)})


def cache_files(folder: Path) -> list[Path]:
    return sorted((folder / "new" / "cache").glob("[!.]*.npy"))


def test_images_beyond_the_limit_are_mapped_from_a_file(root, tmp_path, threads):
    images = mapped(scan(root), tmp_path)
    assert isinstance(images.pixels, np.memmap) and not images.pixels.flags.writeable
    assert images.pixels.shape == (2, 2, 3, 1) and values(images) == [1, 3]
    assert images.bad == (BadFile("b.png", "truncated PNG"),)
    assert len(cache_files(tmp_path)) == 1


def test_images_within_the_limit_stay_in_memory(root, tmp_path):
    images = load.load(scan(root), (2, 3), "grayscale", memory_limit=18, cache_dir=tmp_path / "cache")
    assert not isinstance(images.pixels, np.memmap)
    assert not (tmp_path / "cache").exists()


def test_the_mapped_file_is_used_again(root, tmp_path, nothing_kept):
    listing = scan(root)
    first = mapped(listing, tmp_path)
    for path in root.iterdir():
        path.unlink()
    again = mapped(listing, tmp_path)
    assert np.array_equal(first.pixels, again.pixels)
    assert (first.paths, first.bad) == (again.paths, again.bad)


@pytest.mark.parametrize("change", ["time", "size", "name", "shape", "root"])
def test_another_source_gets_another_mapped_file(root, tmp_path, image, change):
    mapped(scan(root), tmp_path)
    if change == "time":
        os.utime(root / "a.png", (1, 1))
    elif change == "size":
        (root / "a.png").write_bytes(image(1) + b"x")
    elif change == "name":
        (root / "a.png").rename(root / "aa.png")
    elif change == "root":
        root = root.rename(tmp_path / "moved")
    assert values(mapped(scan(root), tmp_path, (2, 4) if change == "shape" else (2, 3))) == [1, 3]
    assert len(cache_files(tmp_path)) == 2


@pytest.mark.parametrize("length", [0, 50, 130, -1])
def test_a_damaged_mapped_file_is_written_again(root, tmp_path, length):
    mapped(scan(root), tmp_path)
    (path,) = cache_files(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:length])
    assert values(mapped(scan(root), tmp_path)) == [1, 3]
    assert path.read_bytes() == whole


@pytest.mark.parametrize("place", [20, 129, 135, 160, -40, -1])
@pytest.mark.parametrize("old_time", [False, True])
def test_a_mapped_file_of_which_a_byte_was_changed_is_written_again(root, tmp_path, place, old_time):
    mapped(scan(root), tmp_path)
    (path,) = cache_files(tmp_path)
    whole, about = path.read_bytes(), path.stat()
    changed = bytearray(whole)
    changed[place] ^= 1
    path.write_bytes(changed)
    if old_time:
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert values(mapped(scan(root), tmp_path)) == [1, 3]
    assert path.read_bytes() == whole


def test_a_mapped_file_without_its_stamp_or_copied_is_checked_and_used(root, tmp_path, nothing_kept):
    listing = scan(root)
    mapped(listing, tmp_path)
    (path,) = cache_files(tmp_path)
    cache.stamp_file(path).unlink()
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)
    for image in root.iterdir():
        image.unlink()
    for _ in range(2):
        assert values(mapped(listing, tmp_path)) == [1, 3]
    assert cache.stamp_file(path).is_file()


def test_of_caches_above_the_limit_the_one_used_longest_ago_is_removed(root, tmp_path, monkeypatch):
    listing = scan(root)
    for width in (3, 4):
        mapped(listing, tmp_path, (2, width))
    first, second = sorted(cache_files(tmp_path), key=lambda path: path.stat().st_size)
    os.utime(first, (1, 1))
    os.utime(cache.stamp_file(first), (3, 3))  # used after the other, though written before
    for path in (second, cache.stamp_file(second)):
        os.utime(path, (2, 2))
    monkeypatch.setattr(cache, "MOST_BYTES", 2 * second.stat().st_size + 10)
    mapped(listing, tmp_path, (2, 5))
    assert first in cache_files(tmp_path) and second not in cache_files(tmp_path)
    assert not cache.stamp_file(second).exists() and len(cache_files(tmp_path)) == 2
    monkeypatch.setattr(cache, "MOST_BYTES", 1)
    assert values(mapped(listing, tmp_path, (2, 6))) == [1, 3]
    assert len(cache_files(tmp_path)) == 1


def test_no_image_at_all_leaves_no_puzzle_in_the_cache(save, image, tmp_path):
    listing = scan(save({"a.png": image()[:-12]}))
    for _ in range(2):
        with pytest.raises(DataError, match="none of its 1 files"):
            mapped(listing, tmp_path)


def test_a_full_disk_is_an_error_and_nothing_is_left(root, tmp_path):
    write = """
import resource, sys
from pathlib import Path
from autoencoder.data.scan import scan
from autoencoder.data.load import load
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    load(scan(Path(sys.argv[1])), (400, 400), "rgb", memory_limit=0, cache_dir=Path(sys.argv[2]))
except Exception as error:
    print(type(error).__name__, error)
"""
    command = [sys.executable, "-c", write, str(root), str(tmp_path / "cache")]
    path = {"PYTHONPATH": str(next(p for p in sys.path if p.endswith("src")))}
    result = subprocess.run(command, capture_output=True, text=True, env=path, check=True)
    assert result.stdout.startswith("DiskError cannot write"), result.stderr
    assert list((tmp_path / "cache").iterdir()) == []


def test_too_little_room_is_noticed_before_decoding(root, tmp_path, monkeypatch):
    import shutil

    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 90, 10))
    with pytest.raises(DiskError, match="are needed and"):
        mapped(scan(root), tmp_path)
    assert cache_files(tmp_path) == []


def test_a_place_that_is_no_folder_is_an_error(root, tmp_path):
    (tmp_path / "new").write_bytes(b"")
    with pytest.raises(DiskError, match="cannot write"):
        mapped(scan(root), tmp_path)


# --- several threads ---


def test_results_come_in_order_whoever_is_first(threads):
    def slow_at_first(number: int) -> int:
        time.sleep(0.002 if number < 3 else 0)
        return number * number

    assert list(parallel.in_order(slow_at_first, range(50), threads)) == [number**2 for number in range(50)]


def test_only_a_few_items_are_begun_ahead():
    begun = []
    results = parallel.in_order(lambda number: number, (begun.append(number) or number for number in range(1000)), 2)
    assert next(results) == 0
    assert len(begun) < 10
    results.close()


def test_an_error_arrives_where_the_result_would(threads):
    results = parallel.in_order(lambda number: 1 // number, [1, 1, 0, 1], threads)
    assert [next(results), next(results)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_there_is_a_processor():
    assert parallel.processors() >= 1


# --- what is told meanwhile ---


@pytest.mark.parametrize("limit", [None, 0])
def test_looking_and_decoding_tell_how_far_they_are(save, image, tmp_path, monkeypatch, limit):
    told: dict[str, tuple[int | None, int]] = {}

    @contextlib.contextmanager
    def stage(what, total=None):
        told[what] = total, 0

        def advance(steps):
            told[what] = total, told[what][1] + steps

        yield advance

    monkeypatch.setattr(folder, "stage", stage)
    monkeypatch.setattr(load, "stage", stage)
    root = save({f"{number:03}.png": image()[: None if number else -12] for number in range(150)} | {"x.png": b""})
    load.load(scan(root), (2, 3), "grayscale", memory_limit=limit, cache_dir=tmp_path / "cache")
    assert told == {
        f"listing the files in {root}": (None, 0),
        f"looking at 151 files in {root}": (151, 151),
        "decoding 150 images": (150, 150),
    }
