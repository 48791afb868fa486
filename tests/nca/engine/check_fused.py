"""The fused kernels against the definition, in Triton's interpreter.

Collected by test_fused.py in a process of its own, which Triton interprets kernels in. What
kernels are to write is poisoned: memory that PyTorch hands out is full of NaN.
"""

import numpy as np
import pytest
import torch

from ncabench.errors import EngineFailed
from ncabench.nca.draws import Draws
from ncabench.nca.engine.cells import Grid
from ncabench.nca.engine.eager import Eager
from ncabench.nca.engine.fused import Fused
from ncabench.nca.engine.kernels import chosen, loaded
from ncabench.nca.engine.kernels.chosen import CUTS
from ncabench.nca.engine.kernels.form import Form, Width
from ncabench.nca.engine.kernels.steps import Steps
from ncabench.nca.engine.kernels.tiling import Tiling
from ncabench.nca.fires import Fires
from ncabench.nca.model.nca import NCA
from ncabench.nca.optimiser.adam import Adam
from ncabench.nca.perception.combined import Combined
from ncabench.nca.perception.conv import Conv
from ncabench.nca.pool.fifo import Fifo
from ncabench.nca.rollout import rollout
from ncabench.nca.schedule.constant import Constant
from ncabench.nca.task.grow_image import GrowImage
from ncabench.nca.trainer.rollout import Rollout
from ncabench.nca.update.mlp import MLP
from ncabench.nca.weights import initialise

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def poison():
    torch.use_deterministic_algorithms(True)
    assert bool(torch.empty(3).isnan().all())
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture(autouse=True)
def tall(request, monkeypatch):
    """Tiles that hold most of these grids: the interpreter takes its time for each."""
    if request.function is not test_every_grid_ends_the_same:
        monkeypatch.setattr(chosen, "INTERPRETED", dict.fromkeys(CUTS, Tiling(rows=128)))


def fused(model, *, state, condition, masks):
    engine = Fused(CPU)
    last = engine.rollout(model, state, condition=condition, masks=masks)
    assert engine.notes == ["fused kernels: interpreted"]
    return last


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "conv", "clamp": True},
        {"kind": "conv", "perception": {"out_channels": 80}},
        {"kind": "conv", "perception": {"padding": "zeros"}, "layout": {"condition": 0}},
        {"kind": "conv", "perception": {"kernel_size": 5, "dilation": 2}, "step_size": 0.3},
        {"kind": "conv", "perception": {"kernel_size": 1}, "fire_rate": 1.0},
        {"kind": "conv", "layout": {"frozen": 1, "alive": None, "classes": 3}},
        {"kind": "conv", "layout": {"frozen": 2, "alive": 1}, "clamp": True},
        {"kind": "conv", "layout": {"hidden": 36}},
        {"kind": "conv", "perception": {"out_channels": 144}},
        {"kind": "sobel", "clamp": True},
        {"kind": "sobel", "perception": {"padding": "zeros"}, "layout": {"condition": 0}},
    ],
)
def test_ends_and_descends_as_the_definition(automaton, scene, outcome, error, given):
    model = automaton(**given)
    made = scene(model, steps=3, batch=2)
    assert error(outcome(fused, model, made), outcome(rollout, model, made)) < 1e-12


@pytest.mark.parametrize("size", [{"height": 1, "width": 3}, {"height": 5, "width": 13}])
@pytest.mark.parametrize("kind", ["conv", "sobel"])
def test_every_grid_ends_the_same(automaton, scene, outcome, error, kind, size):
    model = automaton(kind)
    made = scene(model, steps=2, batch=1, **size)
    assert error(outcome(fused, model, made), outcome(rollout, model, made)) < 1e-12


def two_branches(automaton):
    """An automaton of a 3x3 and a dilated 5x5 convolution, of layers of two parts."""
    layout = automaton().layout
    branches = (
        Conv(layout.perceived, out_channels=20),
        Conv(layout.perceived, kernel_size=5, dilation=2, out_channels=24, slope=0.1),
    )
    sensing = Combined(layout.perceived, branches=branches)
    model = NCA(layout, sensing, MLP(44, layout.channels, hidden=24))
    initialise(model, Draws(5))
    return model.double()


def test_branches_stand_side_by_side(automaton, scene, outcome, error):
    model = two_branches(automaton)
    made = scene(model, steps=2, batch=2)
    assert error(outcome(fused, model, made), outcome(rollout, model, made)) < 1e-12


def test_a_rollout_without_gradients_ends_the_same(automaton, scene, error):
    model = automaton(clamp=True)
    made = scene(model, steps=4)
    with torch.no_grad():
        ends = [roll(model, **made) for roll in (fused, rollout)]
    assert error(ends[:1], ends[1:]) < 1e-12


def test_a_step_that_no_cell_takes_changes_nothing_but_life(automaton, scene, outcome, error):
    model = automaton()
    made = scene(model, steps=1)
    none = {**made, "masks": torch.zeros_like(made["masks"])}
    assert error(outcome(fused, model, none)[:1], outcome(rollout, model, none)[:1]) == 0.0


@pytest.mark.parametrize(
    ("given", "limit"), [({}, 1e-5), ({"amp": torch.float16}, 5e-3)], ids=["float32", "fp16"]
)
def test_narrow_operands_are_summed_in_float32(automaton, scene, outcome, error, given, limit):
    model = automaton().float()
    made = scene(model, steps=3)

    def roll(model, *, state, condition, masks):
        engine = Fused(CPU, **given)
        return engine.rollout(model, state, condition=condition, masks=masks)

    found = outcome(roll, model, made)
    assert found[0].dtype == torch.float32
    distance = error(found, outcome(rollout, model, made))
    assert 1e-9 < distance < limit


@pytest.mark.parametrize("rate", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("rng_seed", [7, 4_000_000_000])
def test_masks_drawn_in_the_kernel_are_the_draws_bit_for_bit(automaton, rate, rng_seed):
    fires = Fires(
        draws=Draws(rng_seed),
        purpose="train/fire",
        samples=torch.tensor([3, 3_000_000_001]),
        steps=range(2, 5),
        height=33,
        width=47,
        rate=rate,
    )
    steps = Steps(
        loaded.kernels(),
        Form(automaton()),
        Grid(batch=2, height=33, width=47),
        operands=torch.float32,
        precision="ieee",
        **dict.fromkeys(CUTS, Tiling()),
        multiprocessors=1,
    )
    masks, listed = fires.masks(), steps.drawn(fires)
    assert torch.equal(listed.place >= 0, masks.flatten(2))
    assert torch.equal(listed.counts, masks.flatten(2).sum(2).int())
    of_one = listed.rows[1, 1, : int(listed.counts[1, 1])]
    assert torch.equal(of_one, masks[1, 1].flatten().nonzero()[:, 0].int())


def drawing():
    """A picture of one colour per pixel, opaque."""
    pixels = np.arange(6 * 6 * 4, dtype=np.uint8).reshape(1, 6, 6, 4)
    pixels[..., 3] = 255
    return pixels


def test_a_training_goes_as_the_definitions(error):
    ends = []
    for engine in (Eager(CPU), Fused(CPU)):
        draws = Draws(1)
        task = GrowImage(drawing(), draws, size_px=6, padding_px=1, channels=8)
        sensing = Conv(task.layout.perceived, out_channels=8)
        model = NCA(task.layout, sensing, MLP(8, task.layout.channels, hidden=8))
        initialise(model, draws)
        trainer = Rollout(
            model,
            task,
            draws,
            engine,
            iterations=3,
            optimiser=Adam(learning_rate=1e-3),
            schedule=Constant(),
            batch=2,
            steps=(2, 4),
            pool=Fifo(size=4),
        )
        for _ in range(3):
            trainer.advance()
        ends.append([one.detach() for one in model.parameters()])
    assert error(ends[1], ends[0]) < 1e-5


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"kind": "deformable"}, "no fused kernels for the perception Deformable"),
        ({"kind": "combined"}, "no fused kernels for the perception Combined"),
        ({"update": "resnet"}, "no fused kernels for the update ResNet"),
        ({"layout": {"hidden": 61}}, "fused kernels take layers up to 192 wide and states up "
                                      "to 64 channels"),
        ({"noise": 0.1}, "noise and normalising have no fused kernels"),
    ],
)  # fmt: skip
def test_what_has_no_kernels_is_compiled_and_a_note_says_so(automaton, scene, given, why):
    model = automaton(**given).float()
    made = scene(model, steps=1)
    noises = torch.zeros(1, *made["state"].shape) if model.noise else None
    engine = Fused(CPU, backend="eager")
    engine.rollout(model, **made, noises=noises)
    assert engine.notes[0] == f"{why}: the compiled engine's steps"


def test_many_samples_with_conditions_of_their_own_end_the_same(
    automaton, scene, outcome, error
):
    model = automaton("conv")
    made = scene(model, steps=2, batch=9, height=2, width=2)
    assert error(outcome(fused, model, made), outcome(rollout, model, made)) < 1e-12


def test_a_gpu_is_given_no_operands_that_its_matrix_units_do_not_take(automaton, scene):
    model = automaton().float()
    engine = Fused(CPU)
    engine.device = torch.device("cuda")
    given = [scene(model)[name] for name in ("state", "condition", "masks")]
    torch.backends.cudnn.allow_tf32 = False
    try:
        why = engine._refused(model, *given, None)
    finally:
        torch.backends.cudnn.allow_tf32 = True
    assert why == "matrix units take TF32, bf16 and fp16, and no wider operands"
    assert engine._refused(model, *given, None) == ""
    engine.amp = torch.bfloat16
    assert engine._refused(model.double(), *given, None) == ""


def test_kernels_that_compute_something_else_are_refused(automaton, scene):
    model = automaton()
    engine = Fused(CPU)
    form = engine._forms[id(model)] = Form(automaton(perception={"slope": 0.3}))
    assert form.branches[0].slope == 0.3
    with pytest.raises(EngineFailed, match="not the definition's: the state after 2 steps"):
        engine.rollout(model, **scene(model))


def test_a_gradient_of_a_gradient_is_refused(automaton, scene):
    model = automaton()
    made = scene(model, steps=1)
    last = fused(model, **made)
    (slope,) = torch.autograd.grad(last.square().sum(), made["state"], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


@pytest.mark.parametrize(
    ("size", "parts"), [(1, (16, 0)), (16, (16, 0)), (80, (64, 16)), (100, (64, 64))]
)
def test_a_width_is_two_powers_of_two(size, parts):
    assert (Width(size).one, Width(size).other) == parts
