"""How embeddings are written in parts: so many rows each, by several programs, and put together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from .fields import Section
from .types import PositiveInt


def _shard(value: Any) -> str:
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", str(value).strip())
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise ValueError("must be the number of a shard, counted from 1, and of all: 3/64")
    return f"{int(found[1])}/{int(found[2])}"


class Parts(Section):
    """How embeddings are written in parts."""

    rows_per_part: PositiveInt | None = Field(
        None,
        description="write a data set of Parquet files, each of the embeddings of so many files, as it goes: 10000; "
        "for folders of millions; none: one table",
    )
    out: Path | None = Field(
        None, description="of parts: the data set's folder; auto: embeddings/<images> in the run's folder"
    )
    resume: bool = Field(False, description="of parts: go on at the first that is missing")
    shard: Annotated[str, BeforeValidator(_shard)] | None = Field(
        None,
        description="of parts: only those of one shard, the third of 64: 3/64, each by a program of its own; none: all",
    )
    merge: bool = Field(
        False, description="of parts: check that those of all shards are there, and mark the data set as finished"
    )

    @model_validator(mode="after")
    def _check(self) -> Parts:
        if self.merge and (self.shard is not None or self.resume):
            other = "resume" if self.resume else "shard"
            raise ValueError(f"--merge makes no part, and --{other} makes some; leave one of them out")
        if self.out is not None and not self.wanted:
            raise ValueError("--out names the folder of a data set of parts; give --rows_per_part too, or leave it out")
        return self

    @property
    def wanted(self) -> bool:
        """Whether parts are meant, and not one table."""
        return self.rows_per_part is not None or self.resume or self.shard is not None or self.merge

    def mine(self, number: int) -> bool:
        """Whether a part, counted from 0, is this program's."""
        if self.shard is None:
            return True
        shard, shards = map(int, self.shard.split("/"))
        return number % shards == shard - 1
