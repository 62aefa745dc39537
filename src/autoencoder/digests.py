"""What binds a model's file to what was written: its SHA-256, in a file beside it that `sha256sum -c` reads as well."""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import ModelFileError, UserError
from .files import replacing, write_text

log = logging.getLogger("autoencoder")

#: So many digests of a file are kept. The new one is written before the file takes its place, so that a process that
#: is killed between the two leaves a file that is known, the old one or the new one.
_KEPT = 2
#: What lies in a folder that this program filled.
_OURS = ("provenance.json", "settings.yml", "clustering.json")


def digest_file(path: Path) -> Path:
    """Return where the digest of a file lies: `.encoder.keras.sha256` beside `encoder.keras`."""
    return path.with_name(f".{path.name}.sha256")


@contextmanager
def replacing_bound(path: Path) -> Iterator[Path]:
    """Give a temporary path as `replacing` does, and write the digest of what takes the place of `path` beside it.

    Raises
    ------
    DiskError
        As `replacing`.
    """
    with replacing(path) as temporary:
        yield temporary
        if temporary.is_file():
            written = [digest_of(temporary), *_digests(path)]
            lines = [f"{each}  {path.name}\n" for each in dict.fromkeys(written)]
            write_text(digest_file(path), "".join(lines[:_KEPT]))


def check_digest(path: Path, content: bytes | None = None) -> None:
    """Refuse a file that is not as it was written; one without a digest passes, with a note in a folder of ours.

    Parameters
    ----------
    path : Path
    content : bytes, optional
        What is in it, where it was read already.

    Raises
    ------
    ModelFileError
        If its SHA-256 is not the one that was written beside it.
    """
    known = _digests(path)
    if not digest_file(path).exists():
        if any((path.parent / name).is_file() for name in _OURS):
            log.info(f"note: {path}: no digest says what was written, so a change in it would not be seen")
        return
    found = digest_of(path) if content is None else hashlib.sha256(content).hexdigest()
    if found not in known:
        raise ModelFileError(
            f"{path}: was changed or damaged since it was written, so it is not read; restore a copy or train it "
            f"again, or, if the change was meant, remove {digest_file(path)}"
        )


def digest_of(path: Path, fault: type[UserError] = ModelFileError) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    Raises
    ------
    UserError
        The `fault`, if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise fault(f"{path}: can't be read: {(error.strerror or str(error)).lower()}") from error


def _digests(path: Path) -> list[str]:
    """Return the digests that were written of a file, the newest first; none where nothing can be read."""
    try:
        lines = digest_file(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [line.split()[0] for line in lines if line.strip()]
