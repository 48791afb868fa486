import pytest

from ncabench.nca.draws import Draws
from ncabench.nca.protocol.recovery import Recovery
from ncabench.nca.protocol.regeneration import Regeneration

SHORT = {"perturb_at": 4, "stage_1": (1, 3), "rollouts": 4, "curve_every": 3}


@pytest.fixture
def measure(models, task, metrics, reset):
    def run(kind=Regeneration, **settings):
        protocol = kind(**{**SHORT, **settings})
        return protocol(models["Climb"](), task(2), reset, metrics, Draws(7))

    return run


def test_every_look_has_a_value(measure):
    found = measure(looks=(2, 3, 5))  # from 0 by 1 or 2 a step; the targets are 10 and 11
    looks = [found.values[f"error/after_{look}"] for look in (2, 3, 5)]
    assert looks == [(8 + 7) / 2, (7 + 5) / 2, (5 + 1) / 2]
    assert found.samples["error/after_5"] == [5, 1, 5, 1]


def test_all_else_is_what_recovery_measures_to_the_last_look(measure):
    found, plain = measure(looks=(2, 5)), measure(Recovery, horizon=5)
    later = {"error/after_2", "error/after_5"}
    assert {
        name: one for name, one in found.values.items() if name not in later
    } == plain.values
    assert found.values["error/after_5"] == found.values["error/final"]


def test_curve_and_filmstrips_have_every_look(measure):
    found = measure(looks=(1, 4))
    assert found.curves["error"].steps == [0, 1, 2, 3, 4, 4, 5, 6, 8]
    assert list(found.frame_steps.values()) == [[0, 4, 4, 5, 8]] * 2


@pytest.mark.parametrize("looks", [(), (0, 8), (8, 4)])
def test_looks_that_do_not_rise_are_refused(looks):
    with pytest.raises(ValueError) as caught:
        Regeneration(looks=looks)
    assert str(caught.value) == f"looks must rise from 1 or more, not {looks}"


def test_what_recovery_refuses_is_refused():
    with pytest.raises(
        ValueError, match=r"^curve_every must be from 1 to perturb_at, 96, not 97$"
    ):
        Regeneration(curve_every=97)
