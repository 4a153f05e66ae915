"""The page in a browser: what is there, what it looks like, and who can use it."""

from itertools import pairwise

import numpy as np
import pytest

from experiments.report.symbols import symbol_of
from tests.experiments.report.page.reader import Reader, wait_for
from tests.experiments.report.page.samples import HOSTILE
from tests.support.browser import REQUIRED, programs


def test_a_missing_browser_fails_where_one_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv(REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match="chromium"):
        programs()
    monkeypatch.delenv(REQUIRED)
    with pytest.raises(pytest.skip.Exception, match="apt-get install"):
        programs()


def test_texts_of_the_page_are_what_was_given(reader: Reader) -> None:
    assert reader.run("return document.querySelectorAll('b, x, it').length") == 0
    assert reader.run("return document.querySelectorAll('#figures img[src]').length") == 0
    reader.unfold("details:not(.facet):not(#filters)")
    assert HOSTILE in reader.find("#run").text
    image = reader.find("#figures img")
    wait_for(lambda: reader.run("return arguments[0].naturalWidth", image) == 30)
    assert image.get_attribute("alt") == "A red <picture>"
    assert reader.find("#badges .badge").text == "✓ reproduced"
    assert reader.find("#badges .ours").text == "97.1"
    unnamed = "return [...document.querySelectorAll('table')].filter((t) => !t.caption).length"
    assert reader.run(unnamed) == 0
    unscoped = "return document.querySelectorAll('th:not([scope])').length"
    assert reader.run(unscoped) == 0


def test_the_policy_forbids_every_request(reader: Reader) -> None:
    names = reader.run("return performance.getEntriesByType('resource').map((e) => e.name)")
    assert [name for name in names if not name.startswith("data:")] == []
    script = """
        const done = arguments[0];
        addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
        fetch("http://127.0.0.1:9/").catch(() => {});
    """
    assert reader.driver.execute_async_script(script) == "connect-src"
    assert reader.complaints() != []


def test_the_first_screen_is_the_outcome(reader: Reader) -> None:
    told = [item.text for item in reader.driver.find_elements("css selector", "#outcome strong")]
    assert told == [
        "The published score is won without skill.",
        "On rows that nobody touched no method helps on average.",
        "Where the calibrated step stands was not measured.",
    ]
    bottom = "return arguments[0].getBoundingClientRect().bottom"
    for selector in ("#outcome figure", "#outcome ol", "#main-table thead"):
        assert 0 < reader.run(bottom, reader.find(selector)) <= 900, selector
    folded = "return [...document.querySelectorAll('.part')].every((part) => !part.open)"
    assert reader.run(folded)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [420, 1400])
def test_what_it_looks_like(reader: Reader, width: int, scheme: str) -> None:
    reader.scheme(scheme)
    reader.open(width=width)
    picture = reader.screenshot()
    assert picture.size == (width, 900)
    # A blank one has one colour.
    assert len(picture.getcolors(width * 900)) > 50
    brightness = np.median(picture)
    assert brightness < 60 if scheme == "dark" else brightness > 200
    # The figure is drawn in the colours of the page.
    place = "return document.querySelector('#outcome img').getBoundingClientRect().toJSON()"
    box = reader.run(place)
    corner = picture.getpixel((int(box["x"]) + 1, int(box["y"]) + 1))
    assert corner == picture.getpixel((1, 1))


CONTRAST = """
    const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => parts(colour).slice(0, 3).map((of) => of / 255)
        .map((of) => (of <= 0.04045 ? of / 12.92 : ((of + 0.055) / 1.055) ** 2.4))
        .reduce((sum, of, i) => sum + of * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (node) => {
        for (; node; node = node.parentElement) {
            const colour = getComputedStyle(node).backgroundColor;
            if ((parts(colour)[3] ?? 1) > 0) return colour;
        }
    };
    const faint = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const node = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !node.checkVisibility()) continue;
        if (node.closest(":disabled")) continue;
        const [a, b] = [light(getComputedStyle(node).color), light(behind(node))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 4.5) faint.push([texts.currentNode.data, contrast]);
    }
    return faint;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out(reader: Reader, scheme: str) -> None:
    reader.scheme(scheme)
    reader.unfold("details")
    assert reader.run(CONTRAST) == []


@pytest.mark.parametrize("width", [420, 1400])
def test_who_cannot_see_or_point_finds_everything(reader: Reader, width: int) -> None:
    reader.open(width=width)
    once = "html[lang], title, header, main, h1, [role=search], meta[name=description]"
    for selector in once.split(", "):
        assert len(reader.driver.find_elements("css selector", selector)) == 1, selector
    reader.unfold("details")
    unnamed = """
        const name = (e) => e.ariaLabel || e.labels?.[0]?.textContent || e.textContent || e.alt;
        const named = "input, button, summary, img, [role=region], [tabindex='0']";
        return [...document.querySelectorAll(named)]
            .filter((e) => e.checkVisibility() && !name(e).trim()).map((e) => e.outerHTML);
    """
    assert reader.run(unnamed) == []
    levels = "return [...document.querySelectorAll('h1, h2, h3, h4')].map((h) => +h.tagName[1])"
    found = reader.run(levels)
    assert all(after - before <= 1 for before, after in pairwise(found))
    reader.open(width=width)
    reached = []
    focused = """
        const focused = document.activeElement;
        return [focused.className || focused.id, getComputedStyle(focused).outlineStyle];
    """
    for _ in range(12):
        reader.driver.switch_to.active_element.send_keys("\ue004")
        reached.append(reader.run(focused))
    assert reached[0] == ["skip", "solid"]
    assert ["search", "solid"] in reached
    assert all(outline == "solid" for _, outline in reached)
    summary = reader.find("#tables > summary")
    summary.send_keys("\ue007")
    assert reader.run("return document.getElementById('tables').open")


@pytest.mark.parametrize("width", [320, 420, 800, 1400])
def test_only_tables_scroll_sideways_and_names_stay_whole(reader: Reader, width: int) -> None:
    reader.open(width=width)
    reader.unfold("details")
    wide, window = reader.run("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window == width
    broken = """
        return [...document.querySelectorAll(".name")]
            .filter((name) => name.checkVisibility() && name.scrollWidth > name.clientWidth + 1)
            .map((name) => name.textContent);
    """
    assert reader.run(broken) == []


def test_a_denoiser_has_its_symbol_wherever_it_is_named(reader: Reader) -> None:
    reader.unfold("#results")
    for name in ("denograd", "kalman", "shrink_target"):
        symbol = symbol_of(name, "control" if name == "shrink_target" else "method")
        script = """
            const places = "#main-table tbody th, #explorer td, #facets label";
            return [...document.querySelectorAll(places)]
                .filter((e) => e.textContent.trim().split(" ")[0] === arguments[0])
                .map((e) => e.querySelector("svg path").getAttribute("stroke"));
        """
        found = reader.run(script, name)
        assert len(found) > 2
        assert set(found) == {symbol.colour}
