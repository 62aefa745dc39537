"""How fast a report's page opens, and how smoothly its map moves, in a headless browser that draws in software."""

from __future__ import annotations

import os
import shutil
import statistics
from pathlib import Path
from typing import Any

from made_report import made_report, write_made

from .measure import Figures, Part, Setup
from .page import at_least, at_most, table

#: How many images, in tiles of how many pixels, and in how many seconds the page must open.
SIZES = {10_000: (32, 2.0), 70_000: (24, 6.0)}
#: What draws, and what must stand in the address for it: where WebGL2 is drawn in software, the page takes canvas.
PAINTERS = {"canvas": "", "WebGL2": "?webgl"}
#: The map is pushed to and fro by the pointer, once a frame; the wheel takes it from the first view to the closest.
PUSH = """async seconds => {
  const over = document.querySelector('#map-one .over'), times = [], frame = () => new Promise(requestAnimationFrame);
  const box = over.getBoundingClientRect();
  const send = (kind, x, y) => over.dispatchEvent(new PointerEvent(kind,
    {pointerId: 7, pointerType: 'mouse', clientX: x, clientY: y,
      button: kind === 'pointermove' ? -1 : 0, bubbles: true}));
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  send('pointerdown', x, y);
  for (let at = 0; at < 10; at++) { send('pointermove', x + 10 * at, y); await frame(); }
  const began = performance.now();
  for (let at = 0; performance.now() - began < 1000 * seconds; at++) {
    send('pointermove', x + 120 * Math.sin(at / 9), y + 60 * Math.cos(at / 7));
    await frame();
    times.push(performance.now());
  }
  send('pointerup', x, y);
  return times.length / (times[times.length - 1] - began) * 1000;
}"""
ZOOM = """async size => {
  const map = document.querySelector('#map-one'), over = map.querySelector('.over'), box = over.getBoundingClientRect();
  for (let at = 0; at < 60 && Number(map.dataset.size) < size; at++) {
    over.dispatchEvent(new WheelEvent('wheel', {deltaY: -60, clientX: box.x + box.width / 2,
      clientY: box.y + box.height / 2, bubbles: true, cancelable: true}));
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
  }
}"""
#: How large images are drawn: as at first, where thumbnails begin, of which most are in view then, and up close.
VIEWS = {"first view": 0, "thumbnails begin": 12, "closest": 96}


def measure(setup: Setup) -> Figures:
    """Return the bytes of the page, the seconds until it is ready, and frames a second, for each size and painter."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        for count, (tile, _) in SIZES.items():
            count = count // 100 if setup.quick else count
            file = write_made(setup.place / f"{count}.html", made_report(count, tile))
            for name in PAINTERS:
                rounds = [_one(browser, file, name, 0.5 if setup.quick else 3) for _ in range(setup.rounds)]
                middle = {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
                rows.append({"images": count, "MB": file.stat().st_size / 1e6, "painter": name} | middle)
                print(rows[-1], flush=True)
        browser.close()
    return {"rows": rows}


def _one(browser: Any, file: Path, painter: str, seconds: float) -> dict[str, float]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(file.as_uri() + PAINTERS[painter])
    page.wait_for_selector("html[data-ready]")
    page.wait_for_selector("html[data-pictures]", timeout=60_000)
    said = page.evaluate("({...document.documentElement.dataset})")
    assert page.locator("#map-one").get_attribute("data-painter") == painter.lower()
    found = {"opens, s": float(said["ready"]) / 1000, "all thumbnails, s": float(said["pictures"]) / 1000}
    for view, size in VIEWS.items():
        page.evaluate(ZOOM, size)
        found[f"{view}, frames/s"] = page.evaluate(PUSH, seconds)
    page.close()
    return found


def page(figures: Figures) -> list[str]:
    """Return the table, and the bars."""
    rows = figures["rows"]
    lines = table(list(rows[0]), [list(row.values()) for row in rows])
    for row, (_, bar) in zip(rows[:: len(PAINTERS)], SIZES.values(), strict=True):
        lines.append(at_most(f"{row['images']:,} images: opens", row["all thumbnails, s"], bar, "s"))
    slowest = min(rows[0][f"{view}, frames/s"] for view in VIEWS)
    what = f"{rows[0]['images']:,} images: the map moves, {rows[0]['painter']}"
    lines.append(at_least(what, slowest, 30, "frames/s"))
    return [*lines, ""]


PART = Part("A report's page in headless Chromium at 1280 x 800, drawn in software", 3, measure, page)
