import base64
import json

import pytest

from ncabench.report import figures
from ncabench.report.lines import Drawing
from ncabench.report.page import pictures
from ncabench.report.page.gathered import gather

MANY = 10**7  # bytes


@pytest.fixture
def gathered(plan, filmed):
    return [gather(plan, filmed)]


def test_figures_that_are_no_curves_are_those_of_the_report(gathered):
    [one] = gathered
    every = figures.collect(one.plan, one.runs, judged=one.judged)
    wanted = [figures.picture(each, folder="x") for each in every if type(each) is not Drawing]
    [found] = pictures.collect(gathered, most_bytes=MANY).of
    assert len(found) > 0
    assert [each["caption"] for each in found] == [each.caption for each in wanted]
    assert base64.b64decode(found[0]["png"]) == wanted[0].data


def test_a_figure_that_does_not_fit_is_left_out_and_counted(gathered):
    whole = pictures.collect(gathered, most_bytes=MANY)
    part = pictures.collect(gathered, most_bytes=whole.bytes - 1)
    assert (part.kept, part.left_out) == (whole.kept, 1)
    assert part.bytes == sum(len(json.dumps(one)) + 2 for one in part.of[0])


def test_a_page_without_room_draws_none(gathered):
    assert pictures.collect(gathered, most_bytes=-5).of == [[]]
