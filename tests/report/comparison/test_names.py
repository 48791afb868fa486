from dataclasses import replace

import pytest

from ncabench.errors import SuiteError
from ncabench.report.comparison import names


def refused(plan, first, second="conv3x3"):
    with pytest.raises(SuiteError) as caught:
        names.sides(first, second, plan=plan, points=[], runs=[])
    return str(caught.value)


def test_an_unknown_name_is_refused_with_the_nearest(plan):
    assert refused(plan, "sobbel") == (
        "A: 'sobbel' is no name of the suite's grid, nor a results folder or a bundle\n"
        "  accepted: conv3x3, damage, emoji, mlp, mutation, nca, one_pass, sobel, unet\n"
        "  did you mean 'sobel'?"
    )


def test_two_names_of_one_axis_name_nothing(plan):
    assert refused(plan, "sobel & conv3x3", "unet") == (
        "A: nothing is sobel & conv3x3, since sobel and conv3x3 are both a perception"
    )


def test_the_same_twice_is_refused(plan):
    assert refused(plan, "nca & sobel", "sobel & nca") == (
        "A, B: 'nca & sobel' and 'sobel & nca' are the same"
    )


def test_an_axis_may_stand_before_a_name(plan):
    first, second = names.sides(
        "perception.sobel", "model.unet & one_pass", plan=plan, points=[], runs=[]
    )
    assert first.where == {"perception": "sobel"}
    assert second.where == {"model": "unet", "recipe": "one_pass"}


def test_a_name_of_two_axes_needs_its_axis(plan):
    entries = [
        replace(one, labels=tuple({**label, "task": "sobel"} for label in one.labels))
        for one in plan.entries
    ]
    assert refused(replace(plan, entries=tuple(entries)), "sobel") == (
        "A: 'sobel' is a name on several axes\n  accepted: perception.sobel, task.sobel"
    )
