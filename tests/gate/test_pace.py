from dataclasses import replace

import pytest

from ncabench.gate.baseline import Machine, Pace, Timing
from ncabench.gate.pace import base_for, compare, disagreement, joined, least_change

RATIOS = (1.00, 1.01, 0.99, 1.02, 0.98, 1.005, 0.995)
PACE = Pace(id="p", reference_version=1, wall=(RATIOS, RATIOS), ms=((2.0,) * 7, (2.0,) * 7))
ON_CPU = replace(PACE, cpu=(RATIOS, RATIOS), quiet=((1.0,) * 7,) * 2)
HERE = Machine(device_class="cpu", device="A", cores=2, threads=1, torch="2.11")


def scaled(factor: float) -> Pace:
    return replace(PACE, wall=(tuple(factor * one for one in RATIOS),), ms=((3.0,) * 7,))


@pytest.mark.parametrize(
    ("factor", "like", "word"),
    [
        (1.0, True, "ok"),
        (1.07, True, "ok"),  # sure, but too little
        (1.15, True, "slower"),
        (0.85, True, "faster"),
        (1.15, False, "ok"),  # another processor
        (1.6, False, "slower"),
    ],
)
def test_slower_is_sure_and_more_than_the_least_change(factor, like, word):
    found = compare("x", PACE, scaled(factor), like=like)
    assert (found.word, found.n) == (word, 7)
    assert found.change == pytest.approx(factor - 1)


def times(factor: float) -> tuple[tuple[float, ...], ...]:
    return (tuple(factor * one for one in RATIOS),)


@pytest.mark.parametrize(
    ("cpu", "wall", "quiet", "word"),
    [
        (1.15, 1.15, 1.0, "slower"),
        (1.15, 0.9, 0.5, "slower"),  # the wall clock of a crowded machine says nothing
        (1.0, 1.5, 0.5, "ok"),
        (1.0, 1.15, 1.0, "slower"),  # it sleeps
        (1.0, 1.0, 1.0, "ok"),
    ],
)
def test_processor_time_decides_and_the_wall_clock_of_a_quiet_machine(cpu, wall, quiet, word):
    now = replace(ON_CPU, cpu=times(cpu), wall=times(wall), quiet=((quiet,) * 7,))
    assert compare("x", ON_CPU, now, like=True).word == word


def test_a_measure_that_one_capture_lacks_is_dropped():
    one = replace(ON_CPU, wall=times(1), cpu=times(1), quiet=((1.0,),), ms=((1.0,),))
    pair = [Timing(machine=HERE, cells={"a": each}) for each in (one, replace(one, cpu=()))]
    (merged,) = joined(pair)
    assert (merged.cells["a"].cpu, len(merged.cells["a"].wall)) == ((), 2)


def test_one_slow_process_of_seven_is_no_regression():
    ratios = (*RATIOS[:6], 3.0)
    assert compare("x", PACE, replace(PACE, wall=(ratios,)), like=True).word == "ok"


def test_a_large_change_that_is_not_sure_is_no_regression():
    assert compare("x", PACE, replace(PACE, wall=((1.5, 0.9),)), like=True).word == "ok"


def test_captures_that_differ_teach_a_wider_tolerance():
    wide = replace(PACE, wall=(RATIOS, tuple(1.2 * one for one in RATIOS)))
    assert least_change(wide.wall, like=True) == pytest.approx(0.2)
    assert disagreement("x", wide) == (
        "x: the second capture took +20.0% of the reference's time"
    )
    assert disagreement("x", PACE) == ""


@pytest.mark.parametrize(
    ("changed", "what"), [({"id": "q"}, "profile"), ({"reference_version": 2}, "reference")]
)
def test_another_profile_or_reference_is_outdated(changed, what):
    found = compare("x", PACE, replace(scaled(1.0), **changed), like=True)
    assert found.word == "outdated"
    assert what in found.reason


def test_absolute_time_is_told_on_like_hardware_alone():
    told = [compare("x", PACE, scaled(1.0), like=like).reason for like in (True, False)]
    assert told == [
        "ms: 2.000 before, 3.000 now (+50%)",
        "ms: not compared (other hardware)",
    ]


def test_like_hardware_is_preferred_and_another_device_class_never_taken():
    other = replace(HERE, device="B")
    gpu = replace(HERE, device_class="nvidia-h200")
    timings = [Timing(machine=one, cells={}) for one in (other, HERE)]
    assert base_for(HERE, timings) == (timings[1], True)
    assert base_for(HERE, timings[:1]) == (timings[0], False)
    assert base_for(gpu, timings) == (None, False)


def test_captures_are_joined_where_both_have_the_cell():
    one = replace(PACE, wall=(RATIOS,), ms=((1.0,),))
    two = [
        Timing(machine=HERE, cells={"a": one, "b": one}),
        Timing(machine=HERE, cells={"a": one}),
    ]
    (merged,) = joined(two)
    assert list(merged.cells) == ["a"]
    assert merged.cells["a"].wall == (RATIOS, RATIOS)
    assert joined([]) == ()
