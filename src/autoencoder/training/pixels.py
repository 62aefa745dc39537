"""Images as whatever is cut like an array of them."""

from __future__ import annotations

from typing import Any, Protocol


class Pixels(Protocol):
    """Images as rows of one uint8 array of shape (n, height, width, channels): an array, or what is cut like one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Images, height, width, channels."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Any: ...
