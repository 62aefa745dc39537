"""What made a result, and whether it is finished: `provenance.json` in its folder, or beside its table.

A result of the same command, settings, images and encoder takes the place of the former one; any other gets a name of
its own. A folder is filled beside its place and renamed as a whole, so that two that are made at once never mix.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from ..digests import digest_of
from ..errors import DataError
from ..files import disk_error, disk_errors, numbered, remove_stale, temporary_prefix, write_text

NAME = "provenance.json"
#: What a person may have written into the folder of a result, by the name that the README and messages use.
_NAMES = "names*.csv"
#: What a source says that decides about the pixels; where its folder lies does not.
_PIXELS = ("fingerprint", "background", "range", "fit")


def version() -> str:
    """Return this program's version; 'source' where it is not installed."""
    try:
        return installed_version("flexible-autoencoder")
    except PackageNotFoundError:
        return "source"


@dataclass(frozen=True)
class Provenance:
    """What made a result.

    Attributes
    ----------
    command : str
    settings : mapping
        The flags that decide about the result, as plain values.
    source : mapping or None
        The images: `ImageSource.to_flags`, with their number and fingerprint.
    encoder : mapping or None
        The file of the encoder that was used, and its SHA-256.
    finished : bool
        Whether all of the result is there.
    """

    command: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] | None = None
    encoder: Mapping[str, Any] | None = None
    finished: bool = True
    version: str = field(default_factory=version)

    def same_result(self, other: Provenance | None) -> bool:
        """Whether the other was made by the same command, settings, images and encoder."""
        return other is not None and self._deciding() == other._deciding()

    @property
    def key(self) -> str:
        """Sixteen digits that differ where `same_result` does: a name for what is kept once for many results."""
        return hashlib.sha256(json.dumps(self._deciding()).encode()).hexdigest()[:16]

    def _deciding(self) -> Any:
        source = None if self.source is None else {name: self.source.get(name) for name in _PIXELS}
        encoder = None if self.encoder is None else self.encoder.get("sha256")
        # Through JSON, in which a tuple and the list that is read back are the same.
        return json.loads(json.dumps([self.command, self.settings, source, encoder], sort_keys=True))


def encoder_record(path: Path) -> dict[str, str]:
    """Say which encoder is used: its file and the SHA-256 of its content."""
    return {"file": str(path.absolute()), "sha256": file_digest(path)}


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    return digest_of(path, DataError)


def write_provenance(made: Provenance, path: Path) -> None:
    """Write what made a result.

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    write_text(path, json.dumps(asdict(made), indent=2) + "\n")


def read_provenance(path: Path) -> Provenance | None:
    """Read what made a result; None where nothing says so, or nothing that can be read."""
    try:
        known = Provenance(**json.loads(path.read_text(encoding="utf-8")))
        kinds = (known.command, str), (known.settings, dict), (known.finished, bool)
        whole = all(isinstance(value, kind) for value, kind in kinds)
        whole &= all(value is None or isinstance(value, dict) for value in (known.source, known.encoder))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return known if whole else None


def keep_folder(
    wanted: Path,
    made: Provenance,
    fill: Callable[[Path], None],
    *,
    overwrite: bool = False,
    filled_in: Collection[str] = (),
) -> Path:
    """Make the folder of a result, and return where it lies.

    Parameters
    ----------
    wanted : Path
        Its place, where that is free, holds the same result, or may be overwritten; else the next free name:
        `wanted_2`.
    made : Provenance
        Written into it.
    fill : function
        Writes the result into an empty folder.
    overwrite : bool
        Whether another result may be replaced. Of what is replaced, only names.csv stays, which a person wrote.
    filled_in : collection of str
        Names of files in it that a person fills in; they stay too.

    Raises
    ------
    DiskError
        If it cannot be made; what lay there before is as it was.
    """
    building = _hidden(wanted)
    try:
        with disk_errors(wanted):
            building.mkdir(parents=True)
        remove_stale(wanted.parent)
        fill(building)
        write_provenance(made, building / NAME)
        return _take_place(building, wanted, made, overwrite, filled_in)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _take_place(building: Path, wanted: Path, made: Provenance, overwrite: bool, filled_in: Collection[str]) -> Path:
    for place in numbered(wanted):
        while True:
            taken = _is_taken(place)
            if taken and not overwrite and not made.same_result(read_provenance(place / NAME)):
                break
            _keep_names(place, building, filled_in)
            former = _move_aside(place) if taken else None
            try:
                building.rename(place)
            except OSError as error:
                if _is_taken(place):
                    continue  # another process was faster: look at what it left
                if former is not None:
                    former.rename(place)
                raise disk_error(error, place) from error
            if former is not None:
                shutil.rmtree(former, ignore_errors=True)
            return place
    raise AssertionError("names never end")


def _keep_names(place: Path, building: Path, filled_in: Collection[str]) -> None:
    """Copy the names of clusters, and what else a person wrote, into the folder of a result, which they outlive."""
    with disk_errors(building):
        for file in [*place.glob(_NAMES), *(place / name for name in filled_in)]:
            if file.is_file() and (file.name in filled_in or not (building / file.name).exists()):
                shutil.copy2(file, building / file.name)


def _move_aside(place: Path) -> Path | None:
    former = _hidden(place)
    with disk_errors(place), contextlib.suppress(FileNotFoundError):
        place.rename(former)
        return former
    return None


def _is_taken(place: Path) -> bool:
    return os.path.lexists(place) and not (place.is_dir() and not any(place.iterdir()))


def _hidden(place: Path) -> Path:
    return place.with_name(f"{temporary_prefix()}{place.name[-50:]}")


def keep_table(wanted: Path, made: Provenance, write: Callable[[Path], None], *, overwrite: bool = False) -> Path:
    """Write a table, with what made it beside it, and return where it lies; as `keep_folder` does with folders.

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    with disk_errors(wanted):
        wanted.parent.mkdir(parents=True, exist_ok=True)
    place = _free_table(wanted, made, overwrite)
    beside = provenance_of_table(place)
    write_provenance(replace(made, finished=False), beside)
    write(place)
    write_provenance(made, beside)
    return place


def provenance_of_table(table: Path) -> Path:
    """Return the file that says what made a table."""
    return table.with_name(f"{table.stem}.{NAME}")


def _free_table(wanted: Path, made: Provenance, overwrite: bool) -> Path:
    for place in numbered(wanted, wanted.suffix):
        beside = provenance_of_table(place)
        if overwrite or made.same_result(read_provenance(beside)):
            return place
        if os.path.lexists(place):
            continue
        try:
            beside.open("x").close()
        except FileExistsError:
            continue  # another process is about to write a table of that name
        except OSError as error:
            raise disk_error(error, place) from error
        return place
    raise AssertionError("names never end")
