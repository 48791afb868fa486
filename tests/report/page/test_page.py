"""The page in a real browser; skipped where there is none."""

import json
import time

import pytest

from ncabench.report.page import writing

SHOWN = "document.getElementById('shown').textContent"
CELL = "cells.find((one) => one.key === 'small-smoke/perceptions/1/1')"
DIALOG = "document.getElementById('opened').open"
TOLD = "dialog.querySelector('output').value"
PLAY = "dialog.querySelector('.player button')"
CONTRASTS = """(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
    .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (at) => {
    for (let one = at; one; one = one.parentElement) {
      const colour = parts(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    throw new Error("no background");
  };
  const texts = [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility()
    && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  return texts.map((one) => {
    const [a, b] = [light(parts(getComputedStyle(one).color)), light(ground(one))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  });
})()"""


def opened(browser):
    browser.run(f"{CELL}.at.querySelector('button').focus()")
    browser.press("Enter", code=13, text="\r")
    return browser


def eventually(browser, script, wanted):
    ends = time.monotonic() + 20
    while (got := browser.run(script)) != wanted and time.monotonic() < ends:
        time.sleep(0.05)
    return got == wanted


@pytest.mark.parametrize("width", [1280, 400])
def test_it_opens_without_an_error_and_does_not_scroll_sideways(browser, width):
    browser.size(width, 900)
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    opened(browser)
    assert browser.run("dialog.scrollWidth <= dialog.clientWidth")
    assert browser.errors == []


def test_a_filter_is_set_by_keyboard_and_stands_in_the_address(browser):
    browser.run("document.querySelector('#choices [value=reproduced]').focus()")
    browser.press(" ", code=32, text=" ")
    assert browser.run(SHOWN) == "3 of 30 cells shown, in 1 of 2 tables"
    assert browser.run("location.hash") == "#verdict=reproduced"
    buttons = "[...document.querySelectorAll('#suites td button')]"
    seen = f"{buttons}.filter((one) => getComputedStyle(one).visibility === 'visible')"
    assert browser.run(f"{seen}.length") == 3


def test_filters_come_back_from_the_address(browser):
    address = browser.run("location.href")
    browser.open(f"{address}#verdict=not+comparable&outcome=ok&search=conv")
    assert browser.run(SHOWN) == "3 of 30 cells shown, in 1 of 2 tables"
    assert browser.run("search.value") == "conv"
    assert browser.run("document.querySelectorAll('#choices :checked').length") == 2
    browser.run("document.querySelector('[type=reset]').click()")
    assert browser.run(SHOWN) == "30 of 30 cells shown, in 2 of 2 tables"
    assert browser.run("location.hash") == ""


def test_rows_without_a_cell_that_fits_are_hidden(browser):
    browser.run("search.value = 'sobel'; search.dispatchEvent(new Event('input'))")
    rows = "[...document.querySelectorAll('#suites tbody tr')].filter((one) => !one.hidden)"
    assert browser.run(f"{rows}.map((one) => one.firstChild.textContent)") == [
        "Sobel",
        "nca / sobel / mlp",
    ]
    browser.run("search.value = 'no such'; search.dispatchEvent(new Event('input'))")
    assert browser.run(SHOWN) == "0 of 30 cells shown, in 0 of 2 tables"


def test_a_run_is_found_by_its_id(browser):
    id = browser.run(
        "page.runs.find((one) => one.role === 'evaluation' && one.strips.length).id"
    )
    browser.run(f"search.value = '{id}'; search.dispatchEvent(new Event('input'))")
    found = browser.run("cells.filter(matches).map((one) => one.cell.runs.length > 0)")
    assert len(found) in range(1, 30)
    assert all(found)


def test_a_cell_opens_its_runs_and_gives_the_focus_back(browser):
    opened(browser)
    runs = (
        "[...dialog.querySelectorAll('h3 ~ details > summary')].map((one) => one.textContent)"
    )
    told = [one.split()[0] for one in browser.run(runs)]
    assert told == ["evaluation", "evaluation", "training", "training"]
    browser.press("Escape", code=27)
    assert eventually(browser, DIALOG, False)
    assert browser.run(f"document.activeElement === {CELL}.at.querySelector('button')")


def test_the_address_of_an_open_cell_opens_it_again(browser):
    address = opened(browser).run("location.href")
    browser.open(address)
    assert browser.run(DIALOG)
    assert browser.run("dialog.querySelector('h2').textContent").startswith("Conv 3x3, Damage")


def test_curves_of_all_rng_seeds_lie_over_each_other(browser):
    lines = "[...dialog.querySelectorAll('figure svg')].map((one) => one.querySelectorAll"
    opened(browser)
    assert browser.run(f"{lines}('polyline').length)") == [2, 2]
    assert browser.run(f"{lines}('.perturbed').length)") == [1, 0]
    captions = (
        "[...dialog.querySelectorAll('.curves figcaption')].map((one) => one.textContent)"
    )
    assert browser.run(captions) == ["perceptual, perturbed at 10", "loss"]


def test_rows_of_a_suite_are_drawn_with_their_bands(browser, built, tmp_path):
    built["suites"][0]["figures"][0]["lines"][0]["spreads"] = [0.1] * 5
    page = tmp_path / "bands.html"
    page.write_text(writing.fill(built), encoding="utf-8")
    browser.open(page.as_uri())
    browser.run("document.querySelector('.suite details').open = true")
    assert eventually(browser, "document.querySelectorAll('.rows').length", 2)
    found = "[...document.querySelectorAll('.rows figure svg')].map((one) => one"
    assert browser.run(f"{found}.querySelectorAll('polyline').length)") == [2, 2]
    assert browser.run(f"{found}.querySelectorAll('.band').length)") == [1, 0]
    caption = browser.run("document.querySelector('.rows figcaption').textContent")
    assert caption.endswith("perturbed at 10")


def test_figures_of_a_suite_are_loaded_when_they_are_asked_for(browser):
    assert browser.run("document.images.length") == 0
    pictures = "[...document.querySelectorAll('.suite summary')].find((one) => "
    browser.run(f"{pictures} one.textContent.startsWith('Pictures: ')).click()")
    assert eventually(browser, "document.images.length > 0", True)
    whole = "[...document.images].every((one) => one.complete && one.naturalWidth > 100)"
    assert eventually(browser, whole, True)
    assert browser.run("[...document.images].every((one) => one.alt.includes('emoji'))")


def test_lines_of_two_rng_seeds_differ_in_more_than_colour(browser):
    dash = "[...dialog.querySelectorAll('.curves polyline')].slice(0, 2)"
    opened(browser)
    found = browser.run(f"{dash}.map((one) => getComputedStyle(one).strokeDasharray)")
    assert found[0] != found[1]


def test_a_filmstrip_plays_once_through_and_tells_its_steps(browser):
    browser.prefer(prefers_reduced_motion="no-preference")
    opened(browser)
    assert eventually(browser, TOLD, "t = 10, frame 2 of 4")
    assert browser.run(f"{PLAY}.textContent") == "Pause"
    assert eventually(browser, TOLD, "t = 10, frame 3 of 4, perturbed")
    assert eventually(browser, f"{TOLD} + {PLAY}.textContent", "t = 15, frame 4 of 4Play")
    pixel = "getContext('2d').getImageData(9, 9, 1, 1).data[0]"
    assert browser.run(f"dialog.querySelector('canvas').{pixel}") == 120


def test_a_filmstrip_is_played_and_stopped_by_keyboard(browser):
    browser.prefer(prefers_reduced_motion="reduce")
    opened(browser).run(f"{PLAY}.focus()")
    browser.press(" ", code=32, text=" ")
    assert browser.run(f"{PLAY}.textContent") == "Pause"
    browser.press(" ", code=32, text=" ")
    assert browser.run(f"{PLAY}.textContent") == "Play"
    assert browser.run(TOLD) == "t = 0, frame 1 of 4"


def test_the_perturbation_is_marked_below_the_slider(browser):
    opened(browser)
    assert browser.run("dialog.querySelector('.marks i').style.left").startswith("66.6")
    caption = browser.run("dialog.querySelector('.film figcaption').textContent")
    assert caption.endswith("\u25b2 perturbed at t = 10")


def test_nothing_moves_by_itself_where_less_motion_is_asked_for(browser):
    browser.prefer(prefers_reduced_motion="reduce")
    opened(browser)
    time.sleep(1)
    assert browser.run(TOLD) == "t = 15, frame 4 of 4"
    browser.run("dialog.querySelector('.player input').focus()")
    browser.press("ArrowLeft", code=37)
    assert browser.run(TOLD) == "t = 10, frame 3 of 4, perturbed"


def test_a_run_says_where_its_numbers_come_from(browser):
    opened(browser)
    text = browser.run("dialog.querySelector('h3 ~ details dl').textContent")
    assert "Commitabc" in text
    assert "Sourcesnot recorded" in text
    assert f"SHA-256 {'d' * 64}" in text


def test_the_overview_counts_runs_by_whether_their_code_is_as_it_was(browser):
    text = browser.run("document.getElementById('overview').textContent")
    assert "Sources of the 21 runs here: 21 not recorded." in text


def test_a_reader_of_the_screen_is_told_what_a_table_shows(browser):
    tables = "[...document.querySelectorAll('#suites table')]"
    assert browser.run(f"{tables}.map((one) => one.caption.textContent)") == [
        "Perception ablation",
        "Cost: Emoji: two perceptions & a U-Net",
    ]
    scopes = "[...document.querySelectorAll('th')].filter((one) => !one.scope).length"
    assert browser.run(scopes) == 0
    assert browser.run("document.getElementById('shown').ariaLive") == "polite"
    assert browser.run("dialog.getAttribute('aria-labelledby')") == "opened-head"


def test_an_open_cell_keeps_the_focus_inside(browser):
    opened(browser)
    inside = (
        "dialog.contains(document.activeElement) || document.activeElement === document.body"
    )
    for _ in range(30):
        browser.press("Tab", code=9)
        assert browser.run(inside)


def test_a_suite_is_chosen_from_the_contents(browser):
    browser.run("search.value = 'no such'; search.dispatchEvent(new Event('input'))")
    browser.run("document.querySelector('#contents details').open = true")
    browser.run("document.querySelector('#contents button').focus()")
    browser.press("Enter", code=13, text="\r")
    assert (
        browser.run("document.activeElement.textContent") == "Emoji: two perceptions & a U-Net"
    )
    assert browser.run(SHOWN) == "30 of 30 cells shown, in 2 of 2 tables"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(browser, scheme):
    browser.prefer(prefers_color_scheme=scheme)
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = [*browser.run(CONTRASTS), *opened(browser).run(CONTRASTS)]
    assert len(found) > 200
    assert min(found) >= 4.5


def test_what_has_the_focus_is_seen_to_have_it(browser):
    ring = "getComputedStyle(document.activeElement).outlineStyle"
    kinds = set()
    for _ in range(60):
        browser.press("Tab", code=9)
        kinds.add(browser.run("document.activeElement.tagName"))
        assert (
            browser.run(ring) == "solid"
            or browser.run("document.activeElement.tagName") == "BODY"
        )
    assert {"A", "INPUT", "BUTTON", "SUMMARY"} <= kinds


def test_changes_of_sources_are_told_file_by_file(browser, built, tmp_path):
    run = built["runs"][built["suites"][0]["tables"][0]["rows"][1]["cells"][1]["runs"][0]]
    note = {"at": "2026-05-01T00:00:00+00:00", "made_with": {"a.py": "00"}}
    run |= {"state": "stale", "changed_since": ["b.py"], "accepted": note, "sources": "both"}
    built["sources"]["both"] = {"a.py": "11", "b.py": "22"}
    page = tmp_path / "changed.html"
    page.write_text(writing.fill(built), encoding="utf-8")
    browser.open(page.as_uri())
    opened(browser)
    table = "[...dialog.querySelectorAll('details details')].find((one) => one.textContent"
    text = browser.run(f"{table}.startsWith('Sources: 2 files')).textContent")
    assert 'a.py"11, accepted in place of 00"' in text
    assert 'b.py"22, changed since"' in text


def test_a_text_that_looks_like_markup_stays_a_text(browser, built, tmp_path):
    bad = "</script><img src=x onerror=alert(1)>"
    built["suites"][0]["title"] = bad
    page = tmp_path / "bad.html"
    page.write_text(writing.fill(json.loads(json.dumps(built))), encoding="utf-8")
    browser.open(page.as_uri())
    assert browser.run("document.querySelector('.suite h3').textContent") == bad
    assert browser.run("document.images.length") == 0
    assert browser.errors == []
