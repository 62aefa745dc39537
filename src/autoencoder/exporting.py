"""Clusters as folders of files: copies or links, which never touch what they are made from."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .cluster_folder import NOISE_NAME
from .data.listing import Listing, printable
from .errors import DataError, UsageError
from .files import disk_error, disk_errors, replacing

if TYPE_CHECKING:
    import numpy as np

    from .embeddings import Embeddings

#: A name may have so many bytes on every file system that is in use.
_MOST_BYTES = 255


def check_export(folder: Path | None, listing: Listing, overwrite: bool) -> None:
    """Refuse a folder to export to that lies where the images do, or holds something that may not be overwritten.

    Parameters
    ----------
    folder : Path or None
        Where clusters become folders; None: nowhere.
    listing : Listing
        The images.
    overwrite : bool
        Whether a folder that is not empty may be written into.

    Raises
    ------
    DataError
        If the images are in an idx file, so that there are no files.
    UsageError
        If the folder is, holds or lies in that of the images, or is not empty.
    """
    if folder is None:
        return
    if listing.pixels is not None:
        raise DataError(
            f"--export: {listing.root} is no folder, so its images cannot be copied; import it into a folder first"
        )
    source, target = listing.root.resolve(), folder.resolve()
    if target == source or source in target.parents or target in source.parents:
        raise UsageError(
            f"--export={folder}: is, holds or lies in the folder of the images, {source}, which nothing may change; "
            "name a folder elsewhere"
        )
    if overwrite or not folder.exists():
        return
    if not folder.is_dir() or any(folder.iterdir()):
        raise UsageError(f"--export={folder}: is not empty; name a new folder, or give --overwrite to write into it")


def export(
    root: Path, paths: Sequence[str], labels: Sequence[int], names: Mapping[int, str], folder: Path, link: bool
) -> tuple[int, list[tuple[str, str]]]:
    """Make one folder of files per cluster, as copies or as links.

    A file's folders become part of its name (`a/b.png` is exported as `a_b.png`), with a number where two meet, and
    shortened in its middle where it would be longer than file systems allow.

    Returns
    -------
    (int, list of (path, reason))
        How many files there are, and those that could not be exported because they are gone or cannot be read.

    Raises
    ------
    DiskError
        If the folder cannot be written to.
    """
    taken: set[Path] = set()
    missing: list[tuple[str, str]] = []
    for name, cluster in zip(paths, labels, strict=True):
        inside = folder / names.get(int(cluster), NOISE_NAME if cluster < 0 else f"cluster_{int(cluster):02d}")
        with disk_errors(folder):
            inside.mkdir(parents=True, exist_ok=True)
        target = _free(inside, _short(name.replace("/", "_")), taken)
        try:
            _put(root / name, target, link)
            taken.add(target)
        except FileNotFoundError:
            missing.append((name, "is gone"))
        except PermissionError as error:
            if os.access(root / name, os.R_OK):
                raise disk_error(error, target) from error
            missing.append((name, "can't be read"))
        except OSError as error:
            raise disk_error(error, target) from error
    return len(taken), missing


def export_clusters(
    embeddings: Embeddings, labels: np.ndarray, names: dict[int, str], folder: Path, link: bool
) -> None:
    """Make a folder of files for each cluster, and say how many they are."""
    root = embeddings.source.root
    root = root if root.is_dir() else root.parent
    count, missing = export(root, embeddings.paths, labels.tolist(), names, folder, link)
    print(f"{count:,} files are in {folder}")
    for name, reason in missing:
        print(f"  not exported: {printable(name)}: {reason}")


def _put(source: Path, target: Path, link: bool) -> None:
    if not source.exists():
        raise FileNotFoundError(source)
    if link:
        target.unlink(missing_ok=True)
        target.symlink_to(os.path.relpath(source, target.parent))
        return
    if target.is_symlink():
        target.unlink()  # what it leads to may be an image itself
    with replacing(target) as temporary:
        shutil.copy2(source, temporary)


def _short(name: str) -> str:
    """Return a name that is short enough, its beginning and end kept, with a digest of all of it between them."""
    whole = os.fsencode(name)
    if len(whole) <= _MOST_BYTES - 8:  # room for a number
        return name
    middle = f"-{hashlib.sha256(whole).hexdigest()[:12]}-"
    kept = (_MOST_BYTES - 8 - len(middle)) // 2
    start, end = whole[:kept], whole[-kept:]
    return start.decode("utf-8", "ignore") + middle + end.decode("utf-8", "ignore")


def _free(folder: Path, name: str, taken: set[Path]) -> Path:
    wanted = folder / name
    number, target = 2, wanted
    while target in taken:
        target = wanted.with_name(f"{wanted.stem}_{number}{wanted.suffix}")
        number += 1
    return target
