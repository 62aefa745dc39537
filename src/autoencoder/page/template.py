"""One file of HTML that holds everything: its style, its program and its data."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..data.listing import printable
from ..files import write_text

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
#: What could end the script that holds the data, or a line of JavaScript, as escapes of JSON.
_ESCAPES = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})


def page(data: Mapping[str, Any]) -> str:
    """Return the whole page.

    It asks for nothing: a Content-Security-Policy allows images that are in it, and the one script and the one style
    whose digests it names. A file's name can therefore never be more than text.

    Parameters
    ----------
    data : mapping
        As `summary.summarize` returns it.
    """
    style, script = _asset("report.css"), _asset("report.js")
    policy = f"default-src 'none'; img-src data: blob:; script-src '{_digest(script)}'; style-src '{_digest(style)}'"
    parts = {
        "csp": policy,
        "title": html.escape(printable(str(data["title"]))),
        "style": style,
        "data": escaped(data),
        "script": script,
    }
    return _PLACEHOLDER.sub(lambda found: parts[found[1]], _asset("report.html"))


def escaped(data: Mapping[str, Any]) -> str:
    """Return data as JSON that can stand inside a script element of HTML; it is ASCII throughout."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


def write_page(data: Mapping[str, Any], path: Path) -> None:
    """Write the page whole or not at all.

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    write_text(path, page(data))


def _asset(name: str) -> str:
    # Bytes, so that no system changes the ends of lines, on which the digests depend.
    return files(__package__).joinpath("assets", name).read_bytes().decode("utf-8").replace("\r\n", "\n")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
