"""The page as a whole: what it allows, that hostile text stays text, and that it is written whole."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from autoencoder.errors import DiskError
from autoencoder.page.template import escaped, page, write_page

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "a\"b'c.png",
    "line\nbreak.png",
    "\u2028\u2029",
    "not utf-8 \udcff.png",
    "\N{GRINNING FACE}.png",
    "{{script}}{{data}}",
    "=1+1.png",
    "&lt;b&gt;",
]


class Parts(HTMLParser):
    """The elements of a page, their attributes, and the text of each script, style and title."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict]] = []
        self.texts: list[tuple[str, str]] = []
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag in ("script", "style", "title"):
            self.texts.append((tag, ""))
            self.inside = tag

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside:
            tag, text = self.texts[-1]
            self.texts[-1] = tag, text + data


def policy_of(parts: Parts) -> str:
    (policy,) = [each["content"] for tag, each in parts.elements if each.get("http-equiv") == "Content-Security-Policy"]
    return policy


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_names_the_digests_of_exactly_what_stands_between_the_tags():
    text = page({"title": "ae"})
    parts = Parts(text)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert policy_of(parts) == (
        f"default-src 'none'; img-src data: blob:; script-src {digest(script)}; style-src {digest(style)}"
    )


def test_the_policy_comes_before_what_it_rules():
    text = page({"title": "ae"})
    assert text.index("Content-Security-Policy") < min(
        text.index("<style"), text.index("<script"), text.index("<title")
    )


def test_hostile_names_stay_text():
    data = {"title": HOSTILE[0], "paths": HOSTILE}
    parts, plain = Parts(page(data)), Parts(page({"title": "ae", "paths": []}))
    assert [tag for tag, _ in parts.elements] == [tag for tag, _ in plain.elements]
    kept = {tag: text for tag, text in parts.texts if tag == "title"}
    assert kept["title"] == HOSTILE[0]
    (held,) = [text for tag, text in parts.texts if tag == "script" and text.startswith('{"title"')]
    assert json.loads(held) == data


def test_data_are_ascii_without_signs_of_html():
    text = escaped({"paths": HOSTILE})
    assert text.isascii() and not set("<>&\n") & set(text)
    assert r"\udcff" in text and r"\u003c/script\u003e" in text
    assert json.loads(text) == {"paths": HOSTILE}


def test_the_page_asks_for_nothing_and_has_no_inline_style_or_handler():
    for tag, attributes in Parts(page({"title": "ae"})).elements:
        assert tag not in ("iframe", "object", "embed", "base", "form"), tag
        assert "style" not in attributes and not [name for name in attributes if name.startswith("on")], tag
        assert (attributes.get("src") or attributes.get("href") or "#").startswith(("#", "data:")), tag


def test_not_a_number_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        escaped({"score": float("nan")})


def test_it_is_written_whole_or_not_at_all(tmp_path):
    place = tmp_path / "report.html"
    place.write_text("former")
    with pytest.raises(ValueError):
        write_page({"title": "", "score": float("nan")}, place)
    assert place.read_text() == "former" and list(tmp_path.iterdir()) == [place]
    write_page({"title": "surrogate \udcff"}, place)
    assert place.read_bytes().decode("utf-8").startswith("<!doctype html>")
    with pytest.raises(DiskError, match="its folder does not exist"):
        write_page({"title": ""}, tmp_path / "none" / "report.html")
