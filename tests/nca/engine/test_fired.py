"""The rollout of firing cells is the definition's, in float64, for all that it takes."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.engine.cells import Firing, Grid
from ncabench.nca.engine.fired import FiredRollout
from ncabench.nca.rollout import rollout

ONE_STEP, MANY_STEPS = 1e-13, 1e-9  # relative errors; rounding grows over 64 steps


def fired(model, *, state, condition, masks):
    assert FiredRollout.refused(model) == ""
    roll = FiredRollout(model, lambda step: step)
    return roll(state, condition=condition, masks=masks, operands=state.dtype)


def taken(kind):
    return kind not in ("residual", "stencil")


KINDS = [kind for kind in catalog.kinds("perception") if taken(kind)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("steps", "limit"), [(1, ONE_STEP), (64, MANY_STEPS)])
def test_ends_and_descends_as_the_definition(
    automaton, scene, outcome, error, kind, steps, limit
):
    model = automaton(kind, clamp=True)
    given = scene(model, steps=steps)
    assert error(outcome(fired, model, given), outcome(rollout, model, given)) < limit


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "conv", "perception": {"padding": "zeros"}, "layout": {"condition": 0}},
        {"kind": "sobel", "perception": {"padding": "zeros"}, "layout": {"condition": 0}},
        {"kind": "conv", "perception": {"kernel_size": 5, "dilation": 1}, "update": "resnet"},
        {"kind": "conv", "perception": {"kernel_size": 3, "dilation": 2}, "step_size": 0.3},
        {"kind": "conv", "layout": {"frozen": 1, "alive": None, "classes": 3}},
        {"kind": "conv", "layout": {"frozen": 2, "alive": 1}},
        {"kind": "deformable", "layout": {"condition": 0}, "fire_rate": 0.2},
        {"kind": "combined", "clamp": True, "fire_rate": 0.8},
        {
            "kind": "attention",
            "perception": {"relative_bias": False},
            "layout": {"condition": 0},
        },
        {"kind": "attention", "perception": {"kernel_size": 5, "heads": 1}},
        {"kind": "transformer", "perception": {"relative_bias": True, "heads": 4}},
        {
            "kind": "transformer",
            "perception": {"input_residual": False},
            "layout": {"frozen": 1},
        },
    ],
)
def test_every_setting_means_the_same(automaton, scene, outcome, error, given):
    model = automaton(**given)
    made = scene(model)
    assert error(outcome(fired, model, made), outcome(rollout, model, made)) < 1e-12


@pytest.mark.parametrize(
    "given",
    [
        {"batch": 1},
        {"height": 5, "width": 13},
        {"height": 1, "width": 3},
        {"state": 0.0},  # all cells are dead
        {"state": 1.0},  # all live
    ],
)
@pytest.mark.parametrize("kind", ["conv", "sobel", "deformable"])
def test_every_scene_ends_the_same(automaton, scene, outcome, error, kind, given):
    model = automaton(kind)
    made = scene(model, **given)
    assert error(outcome(fired, model, made), outcome(rollout, model, made)) < 1e-12


def test_taps_that_begin_on_cells_move_as_the_definitions(automaton, scene, outcome, error):
    model = automaton("deformable")
    with torch.no_grad():
        for placing in (model.perception.offset, model.perception.modulator):
            placing.weight.zero_()
            placing.bias.zero_()
    given = scene(model)
    assert error(outcome(fired, model, given), outcome(rollout, model, given)) < 1e-12


@pytest.mark.parametrize("condition", [0, 2])
@pytest.mark.parametrize("hidden", [4, 3])  # 8 channels, and 7 that fit no aligned product
@pytest.mark.parametrize("kind", KINDS)
def test_a_rollout_without_gradients_ends_the_same(
    automaton, scene, error, kind, hidden, condition
):
    model = automaton(kind, layout={"hidden": hidden, "condition": condition})
    made = scene(model, steps=9)
    with torch.no_grad():
        ends = [roll(model, **made) for roll in (fired, rollout)]
    assert error(ends[:1], ends[1:]) < 1e-12


def test_states_and_masks_may_lie_in_any_order(automaton, scene, outcome, error):
    model = automaton()
    made = scene(model)
    expected = outcome(rollout, model, made)
    turned = made["state"].detach().transpose(2, 3).contiguous().transpose(2, 3)
    masks = made["masks"].transpose(0, 1).contiguous().transpose(0, 1)
    given = {**made, "state": turned.requires_grad_(), "masks": masks}
    assert not given["state"].is_contiguous()
    assert error(outcome(fired, model, given), expected) < 1e-12


def test_a_step_that_no_cell_or_every_cell_takes_is_the_same(automaton, scene, outcome, error):
    model = automaton()
    made = scene(model, steps=1)
    none = {**made, "masks": torch.zeros_like(made["masks"])}
    assert error(outcome(fired, model, none)[:1], outcome(rollout, model, none)[:1]) == 0.0


def test_more_cells_than_fit_make_the_state_nan(automaton, scene):
    model = automaton(fire_rate=0.05)
    made = scene(model)
    last = fired(model, **{**made, "masks": torch.ones_like(made["masks"])})
    assert bool(last.isnan().any())


def test_the_table_holds_the_cells_that_fire_and_where_each_stands():
    masks = torch.tensor([[0, 1, 1], [1, 0, 0]], dtype=torch.bool).view(1, 2, 1, 1, 3)
    firing = Firing.of(masks, capacity=4)
    assert firing.rows.tolist() == [[1, 2, 3, 0]]
    assert firing.place.tolist() == [[4, 0, 1, 2, 4, 4]]
    assert firing.valid.tolist() == [[True, True, True, False]]
    assert float(firing.excess) == 0.0


@pytest.mark.parametrize(
    ("grid", "rate", "rows"),
    [((18, 80, 80), 0.5, 59_392), ((1, 4, 4), 0.5, 16), ((8, 32, 32), 1.0, 8192)],
)
def test_the_table_leaves_room_for_eight_standard_deviations(grid, rate, rows):
    batch, height, width = grid
    assert Grid(batch=batch, height=height, width=width).capacity(rate) == rows


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"kind": "residual"}, "no row form of the perception Residual"),
        ({"noise": 0.1}, "noise and normalising touch every cell"),
        ({"normalise": True}, "noise and normalising touch every cell"),
        ({"fire_rate": 1.0}, "all cells fire"),
        (
            {"perception": {"padding": "zeros"}},
            "a condition is not the same at the border of a grid that is no torus",
        ),
    ],
)
def test_what_is_not_taken_is_refused_with_the_reason(automaton, given, reason):
    assert FiredRollout.refused(automaton(**given)) == reason


def test_half_of_the_cells_cost_half_the_arithmetic(automaton, scene):
    from torch.utils.flop_counter import FlopCounterMode

    model = automaton(perception={"out_channels": 64})
    made = scene(model, batch=8, height=32, width=32)
    counts = []
    for roll in (rollout, fired):
        with FlopCounterMode(display=False) as counter:
            roll(model, **made)
        counts.append(counter.get_total_flops())
    assert (
        0.4 < counts[1] / counts[0] < 0.6
    )  # the table has room; the condition's part is shared
