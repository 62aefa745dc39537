"""Clusters as folders of files: copies or links, which never touch what they are made from."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..data.listing import Listing, printable
from ..errors import DataError, UsageError
from ..files import disk_error, disk_errors, replacing
from ..storage.clustering import folder_name

if TYPE_CHECKING:
    import numpy as np

    from .embeddings import Embeddings

log = logging.getLogger("autoencoder")

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
        If the folder is, holds or lies in that of the images, is a file, or is not empty.
    """
    if folder is None:
        return
    if listing.pixels is not None:
        raise DataError(
            f"--export: {listing.root} is no folder, so its images cannot be copied; import it into a folder first"
        )
    root = listing.root if listing.root.is_dir() else listing.root.parent
    met = _meets(folder, source_folders(root, listing.paths))
    if met is not None:
        raise UsageError(
            f"--export={folder}: is, holds or lies in the folder of the images, {met}, which nothing may change; "
            "name a folder elsewhere"
        )
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"--export={folder}: is a file; name a new folder")
    if any(folder.iterdir()) and not overwrite:
        raise UsageError(f"--export={folder}: is not empty; name a new folder, or give --overwrite to write into it")
    linked = next((each for each in sorted(folder.iterdir()) if each.is_symlink() and each.is_dir()), None)
    if linked is not None:
        raise UsageError(f"--export={folder}: {linked.name} in it is a link to another folder; remove it")


def source_folders(root: Path, paths: Sequence[str]) -> set[Path]:
    """Return every folder that holds an image, and the root: where they really are, of links where these lead."""
    folders = {(root / path).parent for path in paths}
    links = (os.path.realpath(root / path) for path in paths if (root / path).is_symlink())
    return {folder.resolve() for folder in {root, *folders, *(Path(link).parent for link in links)}}


def _meets(folder: Path, sources: set[Path]) -> Path | None:
    """Return the first of some folders that a folder is, holds or lies in, by whatever name; None where it is apart."""
    target = folder.resolve()
    known = {_identity(source): source for source in sorted(sources)}
    for above in (target, *target.parents):
        if above.exists() and _identity(above) in known:
            return known[_identity(above)]
    if not target.exists():
        return None
    own = _identity(target)
    return next((source for source in sorted(sources) if any(_identity(each) == own for each in source.parents)), None)


def _identity(folder: Path) -> tuple[int, int]:
    # A folder that is mounted twice, or written in other capitals where these do not count, is one by its number.
    status = folder.stat()
    return status.st_dev, status.st_ino


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
    taken: set[str] = set()
    count = 0
    missing: list[tuple[str, str]] = []
    for name, cluster in zip(paths, labels, strict=True):
        inside = folder / folder_name(int(cluster), names)
        with disk_errors(folder):
            inside.mkdir(parents=True, exist_ok=True)
        target = _free(inside, _short(name.replace("/", "_")), taken)
        try:
            _put(root / name, target, link)
            taken.add(_key(target))
            count += 1
        except FileNotFoundError:
            missing.append((name, "is gone"))
        except PermissionError as error:
            if os.access(root / name, os.R_OK):
                raise disk_error(error, target) from error
            missing.append((name, "can't be read"))
        except OSError as error:
            raise disk_error(error, target) from error
    return count, missing


def export_clusters(
    embeddings: Embeddings, labels: np.ndarray, names: dict[int, str], folder: Path, link: bool
) -> None:
    """Make a folder of files for each cluster, and say how many they are."""
    root = embeddings.source.root
    root = root if root.is_dir() else root.parent
    count, missing = export(root, embeddings.paths, labels.tolist(), names, folder, link)
    log.info(f"{count:,} files are in {folder}")
    for name, reason in missing:
        log.info(f"  not exported: {printable(name)}: {reason}")


def _put(source: Path, target: Path, link: bool) -> None:
    if not source.exists():
        raise FileNotFoundError(source)
    if link:
        # A link says where it leads from where it really is, so that links on the way there must not count.
        real = os.path.realpath(source.parent), os.path.realpath(target.parent)
        temporary = target.with_name(f".{secrets.token_hex(6)}")
        temporary.symlink_to(Path(os.path.relpath(*real)) / source.name)
        try:
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
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


def _key(target: Path) -> str:
    # Where capitals do not count, names that differ only in these would replace each other.
    return str(target).casefold()


def _free(folder: Path, name: str, taken: set[str]) -> Path:
    wanted = folder / name
    number, target = 2, wanted
    while _key(target) in taken:
        target = wanted.with_name(f"{wanted.stem}_{number}{wanted.suffix}")
        number += 1
    return target
