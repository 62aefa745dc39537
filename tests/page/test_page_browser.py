"""The page in a real browser, opened as a file: what a person does there, and what comes out."""

import copy
import csv
import io
import os
import shutil

import pytest
from made_report import made_report, write_made

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome is installed")

HOSTILE = [
    "<img src=x onerror=alert(1)>.png",
    'a "quoted", name.png',
    "two\nlines.png",
    "cat 🐈.png",
    "=1+1.png",
    "b\udcff.png",
]
LONG = "folder/" + "very_" * 40 + "long.png"


@pytest.fixture(scope="module")
def browser():
    flags = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def made() -> dict:
    data = made_report(120)
    data["images"]["paths"][: len(HOSTILE) + 1] = [*HOSTILE, LONG]
    return data


@pytest.fixture(scope="module")
def file(made, tmp_path_factory):
    return write_made(tmp_path_factory.mktemp("report") / "report.html", made)


@pytest.fixture
def opened(browser, file):
    """Open the page; what it does wrong meanwhile, errors and requests, fails the test at its end."""
    contexts, faults = [], []

    def open_(address: str = "", path=file, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: faults.append(asked.url) if not own(asked.url, path) else None)
        page.goto(path.as_uri() + address)
        page.wait_for_selector("html[data-ready]")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert faults == []


def own(address: str, path) -> bool:
    return address.startswith(("data:", "blob:", path.as_uri()))


@pytest.fixture(params=["?webgl", "?canvas"], ids=["webgl2", "canvas"])
def page(request, opened):
    return opened(request.param)


def drawn(page) -> dict:
    """Return what the map says of itself, once it has drawn what it was last asked for."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("({...document.getElementById('map-one').dataset})")


def middle(page) -> tuple[float, float]:
    page.locator("#map-one").scroll_into_view_if_needed()
    box = page.locator("#map-one .over").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def saved(page, button: str) -> str:
    """Click what saves a file, and return its text with the line ends that it has."""
    with page.expect_download() as download:
        page.click(button)
    return download.value.path().read_bytes().decode("utf-8", "surrogateescape")


def group(page, number: int):
    return page.locator(f'.group[data-group="{number}"]')


def lasso_all(page):
    """Draw around the whole map with the shift key."""
    page.locator("#map-one").scroll_into_view_if_needed()
    box = page.locator("#map-one .over").bounding_box()
    left, top, right, low = box["x"] + 2, box["y"] + 2, box["x"] + box["width"] - 2, box["y"] + box["height"] - 2
    page.keyboard.down("Shift")
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, low), (left, low)):
        page.mouse.move(x, y, steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")


def test_a_report_opens_from_a_file_and_an_image_can_be_pinned_and_named(opened):
    page = opened()
    assert page.locator("#sentences p").count() == 3
    assert page.locator("#warnings li").inner_text().startswith("Cluster 5")
    page.fill("#search", "00100")
    page.press("#search", "Enter")
    assert "00100.png" in page.locator("#pinned .path").inner_text()
    assert page.locator("#pinned .tile").count() == 12
    group(page, 1).locator("input").fill("large disc")
    group(page, 1).locator("input").press("Enter")
    assert saved(page, "#save-names") == "cluster,name\r\n0,small disc\r\n1,large disc\r\n"


@pytest.mark.slow
def test_every_painter_draws_thumbnails_and_zooms(page, request):
    wanted = request.node.callspec.id
    before = drawn(page)
    assert before["painter"] == wanted
    assert int(before["drawn"]) == 120
    assert float(before["size"]) >= 12
    page.mouse.move(*middle(page))
    page.mouse.wheel(0, -400)
    assert float(drawn(page)["zoom"]) > 1.3
    page.click("#zoom-out")
    page.click("#zoom-fit")
    assert drawn(page)["zoom"] == "1.000"
    page.locator("#map-one .over").focus()
    page.keyboard.press("+")
    assert float(drawn(page)["zoom"]) == pytest.approx(1.4)
    page.keyboard.press("0")
    assert drawn(page)["zoom"] == "1.000"


@pytest.mark.slow
def test_the_painters_put_the_images_at_the_same_places(opened):
    """The two draw the same scene: where one has painted, the other has, but for edges."""
    import numpy as np
    from PIL import Image

    def painted(address: str, smaller: bool) -> np.ndarray:
        page = opened(address)
        page.wait_for_timeout(500)
        if smaller:
            page.locator("#filters summary").click()
            page.get_by_label("Size of the images on the map").fill("-100")
            page.wait_for_timeout(300)
            page.locator("#filters summary").click()
        drawn(page)
        shot = Image.open(io.BytesIO(page.locator("#map-one").screenshot())).convert("RGB")
        return (np.asarray(shot).astype(int) < 200).any(-1)

    for smaller in (False, True):
        ours, other = (painted(address, smaller) for address in ("?webgl", "?canvas"))
        assert ours.mean() > 0.01
        assert (ours & other).sum() / (ours | other).sum() > 0.9


@pytest.mark.slow
def test_hover_shows_the_path_and_a_click_pins(page):
    _, y = middle(page)
    box = page.locator("#map-one .over").bounding_box()
    for column in range(30):
        page.mouse.move(box["x"] + box["width"] * column / 30, y - 60)
        if page.locator(".hover").count():
            break
    assert ".png" in page.locator(".hover").inner_text()
    assert page.locator(".hover canvas").count() == 1
    page.mouse.down()
    page.mouse.up()
    assert page.locator("#pinned .tile").count() == 12
    path = page.locator("#pinned .path").inner_text()
    page.locator("#pinned .tile").first.click()
    assert page.locator("#pinned .path").inner_text() != path


@pytest.mark.slow
def test_dragging_moves_the_map_and_the_lasso_selects(page):
    x, y = middle(page)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -600)
    before = int(drawn(page)["drawn"])
    page.mouse.down()
    page.mouse.move(x + 250, y + 120, steps=4)
    page.mouse.up()
    assert int(drawn(page)["drawn"]) != before
    page.click("#zoom-fit")
    drawn(page)
    lasso_all(page)
    assert page.locator("#selection p").inner_text() == "120 images"
    rows = list(csv.reader(io.StringIO(saved(page, "#save-selection"), newline="")))
    assert rows[0] == ["path"]
    assert [row[0] for row in rows[1:7]] == [*HOSTILE[:4], "./=1+1.png", "b\udcff.png"]
    page.get_by_role("button", name="Clear").click()
    assert page.locator("#selection").is_hidden()
    page.click("#lasso")
    page.mouse.move(x - 300, y - 200)
    page.mouse.down()
    for place in ((x, y - 200), (x, y + 200), (x - 300, y + 200)):
        page.mouse.move(*place, steps=3)
    page.mouse.up()
    assert 0 < page.locator("#selection .tile").count() < 120


@pytest.mark.slow
def test_colours_and_legend_follow_the_choice(page):
    assert page.locator("#legend button").all_inner_texts()[0] == "small disc"
    page.select_option("#colour", "class")
    assert page.locator("#legend button").all_inner_texts() == ["disc", "square", "digit"]
    page.locator("#legend button").nth(1).click()
    assert page.locator("#selection p").inner_text() == "40 images"
    for value in ("error", "confidence", "sharpness"):
        page.select_option("#colour", value)
        assert page.locator("#legend .ramp").count() == 1


@pytest.mark.slow
def test_corrections_are_saved_and_loaded_again(opened, made, tmp_path):
    page = opened()
    rows = labels_of(made)
    group(page, 2).get_by_label("Merge with").select_option("0")
    group(page, 2).get_by_role("button", name="Merge").click()
    page.click("#picking")
    tiles = group(page, 4).locator(".tile")
    split = [int(tiles.nth(at).get_attribute("data-row")) for at in range(2)]
    for at in range(2):
        tiles.nth(at).click()
    page.click("#split")
    page.get_by_role("button", name="Clear").click()
    tiles = group(page, 5).locator(".tile")
    none = int(tiles.first.get_attribute("data-row"))
    tiles.first.click()
    group(page, 5).get_by_role("button", name="Does not belong").click()
    text = saved(page, "#save-corrections")
    wanted = {row: 0 for row, label in enumerate(rows) if label == 2} | dict.fromkeys(split, 6) | {none: -1}
    assert text == corrections_csv(made, wanted)
    assert group(page, -1).count() == 1
    assert group(page, 2).count() == 0

    (tmp_path / "corrections.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    (tmp_path / "names.csv").write_text('cluster,name\n0,"disc, and ""square"""\n6,\'=new\n', encoding="utf-8")
    fresh = opened()
    assert fresh.locator("#corrected").inner_text() == ""
    fresh.set_input_files("#load", [tmp_path / "corrections.csv", tmp_path / "names.csv"])
    sync_api.expect(fresh.locator("#said")).to_contain_text("names loaded")
    assert fresh.locator("#corrected").inner_text() == f"{len(wanted)} images corrected"
    assert saved(fresh, "#save-corrections") == text
    assert saved(fresh, "#save-names") == 'cluster,name\r\n0,"disc, and ""square"""\r\n6,\'=new\r\n'
    fresh.click("#undo")
    fresh.click("#undo")
    assert fresh.locator("#corrected").inner_text() == ""


def labels_of(made: dict) -> list[int]:
    import base64

    import numpy as np

    return np.frombuffer(base64.b64decode(made["clusterings"][0]["labels"]["data"]), "<i4").tolist()


def corrections_csv(made: dict, wanted: dict[int, int]) -> str:
    """Return the file that Python would write."""
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(["clustering", "path", "cluster"])
    for row in sorted(wanted):
        path = made["images"]["paths"][row]
        path = f"./{path}" if path[0] in "=+-@" else path
        table.writerow([made["clusterings"][0]["fingerprint"], path, wanted[row]])
    return out.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("clustering,path,cluster\nffffffffffffffff,disc/00009.png,1\n", "of another clustering"),
        ("clustering,path,cluster\n0123456789abcdef,nowhere.png,1\n", "nowhere.png"),
        ("clustering,path,cluster\n0123456789abcdef,disc/00009.png,one\n", "one"),
        ("file,cluster\na,1\n", "must have the columns"),
        ("cluster,name\n0,a/b\n", "no number of a cluster with a name"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_a_sentence(opened, tmp_path, text, reason):
    page = opened()
    (tmp_path / "some.csv").write_text(text)
    page.set_input_files("#load", tmp_path / "some.csv")
    sync_api.expect(page.locator("#said")).to_contain_text("not loaded")
    assert reason in page.locator("#said").inner_text()
    assert page.locator("#corrected").inner_text() == ""


@pytest.mark.slow
def test_work_is_kept_when_the_page_is_opened_again(opened):
    page = opened()
    group(page, 3).locator("input").fill("box")
    group(page, 3).locator("input").press("Enter")
    group(page, 4).get_by_label("Merge with").select_option("5")
    group(page, 4).get_by_role("button", name="Merge").click()
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert group(page, 3).locator("summary").inner_text().startswith("box")
    assert group(page, 5).count() == 0


@pytest.mark.slow
def test_work_that_is_kept_is_of_images_and_not_of_their_rows(browser, opened, made, tmp_path):
    """A page of the same clustering has fewer images once a file is gone."""
    page = opened()
    page.click("#picking")
    first = group(page, 4).locator(".tile").first
    path = made["images"]["paths"][int(first.get_attribute("data-row"))]
    first.click()
    group(page, 4).get_by_role("button", name="Does not belong").click()
    kept = page.evaluate("({...localStorage})")
    fewer = copy.deepcopy(made)
    fewer["images"]["paths"] = [*reversed(fewer["images"]["paths"])]
    other = opened(path=write_made(tmp_path / "report.html", fewer))
    other.evaluate("kept => Object.entries(kept).forEach(([name, text]) => localStorage.setItem(name, text))", kept)
    other.reload()
    other.wait_for_selector("html[data-ready]")
    (line,) = list(csv.reader(io.StringIO(saved(other, "#save-corrections"))))[1:]
    assert line == [made["clusterings"][0]["fingerprint"], path, "-1"]


@pytest.mark.slow
def test_hostile_names_stay_text(opened):
    page = opened()
    assert page.locator("main img[src='x']").count() == 0
    for text, shown in zip(HOSTILE, [*HOSTILE[:2], "two␊lines.png", *HOSTILE[3:5], "b\ufffd.png"], strict=True):
        page.fill("#search", text.split("\n")[0] if "\udcff" not in text else "b")
        page.press("#search", "Enter")
        if "\udcff" not in text:
            assert page.locator("#pinned .path").inner_text() == shown
    page.fill("#search", "very_")
    page.press("#search", "Enter")
    path = page.locator("#pinned .path").inner_text()
    assert len(path) == 60
    assert path.startswith("folder/")
    assert path.endswith("long.png")


@pytest.mark.slow
def test_the_tree_is_cut_by_the_slider(opened):
    page = opened()
    assert page.locator(".group").count() == 6
    page.locator("#cut-slider").fill("3")
    assert page.locator(".group").count() == 3
    assert page.locator("#cut-text").inner_text() == "3 of 6 groups"
    assert page.locator("#legend button").all_inner_texts() == ["small disc", "clusters 2, 3", "clusters 4, 5"]
    group(page, 2).locator("input").fill("square")
    group(page, 2).locator("input").press("Enter")
    assert saved(page, "#save-names") == "cluster,name\r\n0,small disc\r\n2,square\r\n3,square\r\n"


@pytest.mark.slow
def test_two_clusterings_side_by_side_say_who_moved(page, made):
    import base64

    import numpy as np

    one, other = (np.frombuffer(base64.b64decode(made["clusterings"][at]["labels"]["data"]), "<i4") for at in range(2))
    page.select_option("#beside", "1")
    assert page.locator("#map-two .over").is_visible()
    moved = int((one != other).sum())
    assert f"{moved} images moved" in page.locator("#moved-text").inner_text()
    page.click("#select-moved")
    assert page.locator("#selection p").inner_text() == f"{moved} images"


@pytest.mark.slow
def test_filters_leave_images_out_of_the_map(page):
    page.locator("#filters summary").click()
    page.get_by_label("sharpness, at least").fill("500")
    assert 40 < int(drawn(page)["drawn"]) < 80
    assert "shown" in page.locator("#filtered").inner_text()
    page.click("#filters-reset")
    assert drawn(page)["drawn"] == "120"


@pytest.mark.slow
def test_galleries_are_used_by_keys(opened):
    page = opened()
    tiles = group(page, 0).locator(".tile")
    tiles.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("s")
    assert page.locator("#selection p").inner_text() == "1 image"
    assert tiles.nth(1).get_attribute("aria-pressed") == "true"
    page.keyboard.press("Enter")
    assert "pinned" in tiles.nth(1).get_attribute("class")
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.nextSibling") is None
    page.locator("#map-one .over").focus()
    page.keyboard.press("Escape")
    assert page.locator("#pinned .tile").count() == 0


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 740)])
def test_no_width_scrolls_sideways(opened, scheme, width, height, tmp_path):
    page = opened(viewport={"width": width, "height": height}, color_scheme=scheme)
    for details in page.locator("details").all():
        details.evaluate("part => { part.open = true; }")
    page.fill("#search", "very_")
    page.press("#search", "Enter")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("#pinned .path").is_visible()
    light = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 250, 248)"
    assert light == (scheme == "light")
    everything = page.evaluate(
        "[...document.querySelectorAll('button, input, select, canvas.over')].filter(one => !one.hidden)"
        ".filter(one => !(one.labels?.length || one.getAttribute('aria-label') || one.textContent.trim())).length"
    )
    assert everything == 0


@pytest.mark.slow
def test_a_finger_pins_and_two_fingers_zoom(opened):
    page = opened(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page.locator("#map-one").scroll_into_view_if_needed()
    page.evaluate("""() => {
      const over = document.querySelector('#map-one .over'), box = over.getBoundingClientRect();
      const send = (kind, id, x, y) => over.dispatchEvent(new PointerEvent(kind, {pointerId: id, pointerType: 'touch',
        clientX: box.x + x, clientY: box.y + y, bubbles: true, button: kind === 'pointermove' ? -1 : 0}));
      send('pointerdown', 1, 100, 100); send('pointerdown', 2, 140, 100);
      send('pointermove', 2, 220, 100); send('pointerup', 2, 220, 100); send('pointerup', 1, 100, 100);
    }""")
    assert float(drawn(page)["zoom"]) == pytest.approx(3, rel=0.01)


@pytest.mark.slow
def test_parts_without_data_are_left_out(opened, tmp_path):
    data = made_report(30)
    for name in ("history", "walk", "numbers"):
        del data[name]
    data.update(
        {
            "clusterings": [],
            "worst": [],
            "duplicates": [],
            "outliers": [],
            "pictures": [],
            "warnings": [],
            "settings": {},
        }
    )
    data.update({"scores": {}, "left_out": {"count": 0, "files": []}})
    for name in ("classes", "error", "quality", "missing"):
        del data["images"][name]
    page = opened(path=write_made(tmp_path / "bare.html", data))
    visible = page.evaluate(
        "[...document.querySelectorAll('main > section')].filter(part => !part.hidden).map(part => part.id)"
    )
    assert visible == ["map"]
    assert page.locator("#colour option").all_inner_texts() == ["one colour"]
    assert page.locator("#clustering").is_hidden()
    assert drawn(page)["drawn"] == "30"


@pytest.mark.slow
def test_an_image_that_is_gone_is_shown_as_a_gap(opened):
    """Its tile holds the grey of a cross, and none of its neighbour's colours."""
    page = opened()
    page.fill("#search", "00119")
    colours = """() => new Promise(done => setTimeout(() => {
      const tile = document.querySelector('#found .tile canvas'); let sum = 0, grey = true;
      const found = tile.getContext('2d').getImageData(0, 0, tile.width, tile.height).data;
      for (let at = 0; at < found.length; at += 4) {
        if (found[at + 3] > 100) { sum++; grey &&= found[at] === found[at + 2]; }
      }
      done([sum, grey]); }, 500))"""
    page.wait_for_selector("#found .tile")
    count, grey = page.evaluate(colours)
    assert 0 < count < 400
    assert grey


@pytest.mark.slow
def test_canvas_draws_where_webgl_is_missing_or_lost(opened, browser, file):
    page = opened("?webgl")
    before = drawn(page)
    assert before["painter"] == "webgl2"
    context = "document.querySelector('#map-one canvas').getContext('webgl2')"
    page.evaluate(f"{context}.getExtension('WEBGL_lose_context').loseContext()")
    page.wait_for_selector("#map-one[data-painter='canvas']")
    assert drawn(page)["drawn"] == before["drawn"]

    bare = browser.new_page()
    bare.add_init_script(
        "const own = HTMLCanvasElement.prototype.getContext; HTMLCanvasElement.prototype.getContext = "
        "function (kind, ...more) { return kind.startsWith('webgl') ? null : own.call(this, kind, ...more); };"
    )
    bare.goto(file.as_uri() + "?webgl")
    bare.wait_for_selector("html[data-ready]")
    assert drawn(bare)["painter"] == "canvas"
    assert drawn(bare)["drawn"] == "120"
    bare.close()


@pytest.mark.slow
def test_images_of_which_no_thumbnail_is_left_are_dots(opened, tmp_path):
    data = made_report(30)
    data["images"]["atlas"]["sheets"] = []
    data["images"]["missing"] = list(range(30))
    page = opened(path=write_made(tmp_path / "gone.html", data))
    assert drawn(page)["drawn"] == "30"
    page.fill("#search", "00007")
    page.press("#search", "Enter")
    assert page.locator("#pinned .path").inner_text() == "square/00007.png"
