"""The page's colours, computed from its style sheet; WCAG 2.2 AA, in both schemes."""

import itertools
import re
from importlib import resources

import pytest

STYLE = (resources.files("ncabench.report.page") / "web" / "page.css").read_text("utf-8")
TEXTS = ("ink", "quiet", "good", "bad", "open", "link")
GROUNDS = ("ground", "raised")


def colours(scheme):
    """Return the custom properties of a scheme: the light ones, and what the dark one sets."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.S)
    shown = blocks[:1] if scheme == "light" else blocks[:2]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", " ".join(shown)))


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts
    ]
    return sum(one * share for one, share in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_black_on_white_has_the_greatest_contrast():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_on_every_ground(scheme):
    found = colours(scheme)
    for text, ground in itertools.product(TEXTS, GROUNDS):
        assert contrast(found[text], found[ground]) >= 4.5, (text, ground)
    assert contrast(found["on-link"], found["link"]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_of_curves_and_edges_of_fields_can_be_seen(scheme):
    found = colours(scheme)
    for line, ground in itertools.product(("link", "bad", "good", "open", "quiet"), GROUNDS):
        assert contrast(found[line], found[ground]) >= 3.0, (line, ground)


def test_the_two_schemes_set_the_same_colours():
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.S)
    light, dark = (set(re.findall(r"--([\w-]+):", block)) for block in blocks[:2])
    assert light == dark
