"""Write every file whole or not at all, and say plainly why a place cannot be written to."""

import contextlib
import errno
import itertools
import os
import re
import secrets
import shutil
import stat
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from .errors import DiskError, UsageError

_ELSEWHERE = "choose another place"
_ROOM = "free some space or choose another place"
# What the operating system says, in the user's words: (what is wrong, what to do).
_REASONS = {
    errno.ENOSPC: ("the disk is full", _ROOM),
    errno.EDQUOT: ("the disk quota is used up", _ROOM),
    errno.EFBIG: ("the file is larger than this disk or account allows", _ROOM),
    errno.EROFS: ("the disk is read-only", _ELSEWHERE),
    errno.EACCES: ("permission is denied", f"change its permissions or {_ELSEWHERE}"),
    errno.EPERM: ("permission is denied", f"change its permissions or {_ELSEWHERE}"),
    errno.EIO: ("the disk reports an input/output error", f"check the disk or {_ELSEWHERE}"),
    errno.ENOENT: ("its folder does not exist", f"make the folder or {_ELSEWHERE}"),
    errno.ENOTDIR: ("part of its path is a file, not a folder", _ELSEWHERE),
    errno.EISDIR: ("it is a folder", "choose another name"),
    errno.EEXIST: ("something else has that name", "choose another name"),
    errno.ELOOP: ("its links lead in a circle", _ELSEWHERE),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter name"),
}
# These speak of the disk whichever file they name; the others could be about any file that the writer reads.
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}


#: Seconds after which what is half written belongs to no process any more.
_STALE = 24 * 60 * 60
#: Seconds after which it belongs to none whose process has ended here; another machine may write into the same folder.
_QUIET = 60 * 60
_TEMPORARY = re.compile(r"\.([0-9a-f]{6})[0-9a-f]{6}-")

#: A name that a person gives to a folder may have so many bytes: file systems allow 255, and a number may be added.
_MOST_BYTES = 200


def name_fault(name: str) -> str | None:
    """Say why no folder can have a name that a person gave, on whichever system; None where one can.

    Returns
    -------
    str or None
        What the name does, as in "a name that begins with a dot": "begins with a dot".
    """
    if not name:
        return "is empty"
    if {"/", "\\"} & set(name):
        return "holds a slash"
    if not is_plain(name):
        return "holds signs that are no text in UTF-8"
    if name.startswith("."):
        return "begins with a dot, as those of hidden folders do"
    if name.strip() != name or name.endswith("."):
        return "begins or ends with a blank, or ends with a dot"
    return f"is longer than {_MOST_BYTES} bytes" if len(name.encode()) > _MOST_BYTES else None


def is_plain(text: str) -> bool:
    """Whether text has no control characters, and none that stand for bytes that are no UTF-8."""
    return not any(unicodedata.category(sign) in ("Cc", "Cs") for sign in text)


def disk_error(error: OSError, path: str | os.PathLike[str]) -> DiskError:
    """The sentence for a user whose `path` could not be written to because of `error`."""
    said = (error.strerror or str(error)).lower()
    reason, advice = _REASONS.get(error.errno or 0, (said, _ELSEWHERE))
    return DiskError(f"cannot write {os.fspath(path)}: {reason}; {advice}")


@contextlib.contextmanager
def disk_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn the `OSError` of anything done to `path` inside the block into a `DiskError` about it."""
    try:
        yield
    except OSError as error:
        raise disk_error(error, path) from error


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], ending: str = "") -> Iterator[Path]:
    """Give a temporary path beside `path`; what is written there takes the place of `path` when the block ends well.

    The new file is synced to the disk, renamed over the old one and keeps the old one's permissions; a link is
    followed. When the block raises, nothing is left beside and the old file is untouched.

    Parameters
    ----------
    path : path
        The file to make or to replace; its folder must exist.
    ending : str
        Appended to the temporary name, which otherwise ends as `path` does. For writers that insist on a
        suffix: Keras saves weights only to ``.weights.h5``.

    Raises
    ------
    DiskError
        If the place cannot be written to, or the disk is full. Any other error of the block passes unchanged.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():  # said before the block runs: some writers make missing folders by themselves
        raise disk_error(OSError(errno.ENOENT, ""), path)
    temporary = _beside(target, ending)
    try:
        yield temporary
        if not temporary.exists():
            raise ValueError(f"nothing was written to {temporary}, which was to become {target}")
        _sync(temporary)
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        if _concerns(error, temporary, target):
            raise disk_error(error, path) from error
        raise
    finally:
        with contextlib.suppress(OSError):  # gone after the rename; on a dead disk the first error is the one to tell
            temporary.unlink()


def write_bytes(path: str | os.PathLike[str], content: bytes | memoryview) -> None:
    """Write a whole file of bytes; see `replacing` for the promise and the errors."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a whole file of UTF-8 text with its line ends as they are; see `replacing`.

    Names of files that are no UTF-8 arrive from Python as lone surrogates and leave as the bytes they were.
    """
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def probe(folder: str | os.PathLike[str], bytes_needed: int = 0) -> None:
    """Check, leaving nothing behind, that files of `bytes_needed` bytes in all can be written into `folder`.

    A folder that does not exist yet is judged by its nearest existing parent.

    Raises
    ------
    DiskError
        If the place is no folder, cannot be written to or has less free space than `bytes_needed`.
    """
    place = Path(folder).absolute()
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise DiskError(f"cannot write to {os.fspath(folder)}: {place} is not a folder; {_ELSEWHERE}")
    with disk_errors(folder):
        sample = _beside(place / "probe", "")
        try:
            sample.write_bytes(b"probe")
        finally:
            sample.unlink(missing_ok=True)
        free = shutil.disk_usage(place).free
    if free < bytes_needed:
        raise DiskError(
            f"cannot write to {os.fspath(folder)}: {_megabytes(bytes_needed)} are needed and "
            f"{_megabytes(free)} are free; {_ROOM}"
        )


def numbered(wanted: Path, suffix: str = "") -> Iterator[Path]:
    """Yield a path and those that follow it, with a number before the suffix: photos.csv, photos_2.csv, ..."""
    yield wanted
    for number in itertools.count(2):
        yield wanted.with_name(f"{wanted.name.removesuffix(suffix)}_{number}{suffix}")


def is_temporary(name: str) -> bool:
    """Whether a file or folder has the name of one that `replacing` and its like fill beside its place."""
    return _TEMPORARY.match(name) is not None


def temporary_prefix() -> str:
    """Return the beginning of a name that nothing else has, and that tells which process fills the file or folder."""
    return f".{os.getpid() & 0xFFFFFF:06x}{secrets.token_hex(3)}-"


def is_abandoned(path: Path) -> bool:
    """Whether a process that has ended left a temporary file or folder: none is of a process that may write to it."""
    made = _TEMPORARY.match(path.name)
    if made is None:
        return False
    quiet = time.time() - path.lstat().st_mtime
    return quiet > _STALE or (quiet > _QUIET and not _is_alive(int(made[1], 16)))


def _is_alive(process: int) -> bool:
    if os.name == "nt" or process == 0:  # there, asking would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def remove_stale(folder: Path) -> None:
    """Remove what processes that were killed left unfinished in a folder.

    That is what has a temporary name and was not written to for a day: a process that lives would have done so. What
    cannot be removed stays.
    """
    with contextlib.suppress(OSError):
        for path in list(folder.iterdir()):
            if is_temporary(path.name) and time.time() - path.lstat().st_mtime > _STALE:
                remove_whole(path)


def remove_whole(path: Path) -> None:
    """Remove a file, a link, or a folder and all that is in it, where that is possible."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        path.unlink()


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _beside(target: Path, ending: str) -> Path:
    # 50 characters of UTF-8 and the token stay under the 255 bytes that a name may have; the end keeps every suffix.
    return target.with_name(f"{temporary_prefix()}{target.name[-50:]}{ending}")


def _concerns(error: OSError, temporary: Path, target: Path) -> bool:
    if error.errno in _OF_THE_DISK or str(temporary) in str(error):  # h5py names its file in the message only
        return True
    return bool({str(error.filename), str(error.filename2)} & {str(temporary), str(target), str(target.parent)})


def _sync(path: Path) -> None:
    with path.open("rb+") as file:  # Windows syncs only what is open for writing
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # no folder can be opened there, and the rename is journalled
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems have no sync for folders
            raise
    finally:
        os.close(handle)


def check_new(out: Path) -> None:
    """Refuse a folder that already holds something.

    Raises
    ------
    UsageError
        Nothing is ever overwritten.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"--out={out}: already holds something, and nothing is overwritten; name a new folder")
