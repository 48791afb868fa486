"""Encoding the cells that fire, against the definition; collected as check_kernels.py is."""

import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.engine.cells import Firing, Grid
from ncabench.nca.engine.encoding import block
from ncabench.nca.engine.fused import Fused
from ncabench.nca.engine.kernels import listed
from ncabench.nca.model import _self_attention as definition
from ncabench.nca.model.vitca import ViTCA
from ncabench.nca.rollout import rollout
from ncabench.nca.state import Layout
from ncabench.nca.weights import initialise

ON_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")
ENCODED = "cells that fire are encoded, and attend to neighbours by kernels"


@pytest.fixture(autouse=True)
def poison():
    torch.use_deterministic_algorithms(not ON_GPU)
    yield
    torch.use_deterministic_algorithms(False)


def drawn(*shape, seed):
    chance = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=chance, dtype=torch.float64).to(DEVICE)


def fires(*shape, seed=5):
    chance = torch.Generator().manual_seed(seed)
    return (torch.rand(*shape, generator=chance) < 0.5).to(DEVICE)


def apart(found, wanted, *, least=1e-3):
    """How far apart they are; what should be 0 is measured against ``least``."""
    return float((found - wanted).norm() / wanted.norm().clamp_min(least))


@pytest.mark.parametrize(
    ("shape", "reach", "capacity"),
    [
        ((2, 5, 7, 4, 8), 1, 64),
        ((1, 3, 4, 2, 5), 1, 12),
        ((1, 9, 8, 1, 16), 2, 65),
        ((3, 2, 2, 2, 4), 3, 12),
        ((2, 6, 6, 3, 12), 0, 72),
    ],
)
def test_listed_cells_read_what_the_definition_says(shape, reach, capacity):
    *grid, heads, part = shape
    firing = Firing.of(fires(1, grid[0], 1, *grid[1:]), capacity=capacity)
    rows, place, valid = firing.rows[0], firing.place[0], firing.valid[0]
    assert 0 < int(valid.sum()) < capacity
    asked = drawn(capacity, heads, part, seed=1).requires_grad_()
    held = (1.5 * drawn(*grid, 2, heads, part, seed=2)).requires_grad_()
    slope = drawn(capacity, heads, part, seed=3)  # of rows beyond the valid ones as well

    def definitely(asked, held):
        query = torch.zeros(place.numel(), heads, part, dtype=asked.dtype, device=DEVICE)
        query = query.index_copy(0, rows[valid].long(), asked[valid]).view(shape)
        read = definition.nearby(query, *held.unbind(3), reach=reach)
        return torch.where(valid[:, None, None], read.flatten(0, 2)[rows], 0)

    ends = []
    for read in (
        listed.nearby(asked, held, rows, place, reach=reach),
        definitely(asked, held),
    ):
        ends.append([read.detach(), *torch.autograd.grad((read * slope).sum(), (asked, held))])
    read = float(ends[1][0].norm())  # what of it cancels out is rounded as it is
    for one, other in zip(*ends, strict=True):
        assert apart(one, other, least=read) < 1e-12
    assert not ends[0][0][~valid].any()
    assert not ends[0][1][~valid].any()


@pytest.mark.parametrize(("kind", "limit"), [(torch.bfloat16, 2e-2), (torch.float32, 1e-5)])
def test_narrow_rows_are_summed_in_float32(kind, limit):
    firing = Firing.of(fires(1, 2, 1, 6, 6), capacity=72)
    where = firing.rows[0], firing.place[0]
    ends = []
    for sort in (kind, torch.float64):
        asked = drawn(72, 4, 32, seed=1).to(kind).to(sort).requires_grad_()
        held = drawn(2, 6, 6, 2, 4, 32, seed=2).to(kind).to(sort).requires_grad_()
        read = listed.nearby(asked, held, *where, reach=1)
        slope = drawn(72, 4, 32, seed=3).to(kind).to(sort)
        ends.append([read.detach(), *torch.autograd.grad(read, (asked, held), slope)])
    for one, other in zip(*ends, strict=True):
        assert apart(one.double(), other) < limit


def automaton(*, layout=None, **given):
    """ViTCA of double precision whose weights, norms and all, are far from where they start."""
    layout = layout or Layout(height=6, width=4, frozen=3, visible=3, hidden=6)
    model = ViTCA(layout, **{"embedding": 16, "heads": 2, "mlp": 8, **given})
    initialise(model, Draws(1))
    chance = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn(weight.shape, generator=chance)
    return model.double().to(DEVICE)


def started(model, *, steps, batch=2):
    own = model.layout
    start = drawn(batch, own.channels, own.height, own.width, seed=3)
    return start, fires(steps, batch, 1, own.height, own.width)


def compared(model, engine, *, steps=4, gradients=True):
    start, masks = started(model, steps=steps)
    start.requires_grad_(gradients)
    ends = []
    for roll in (engine.rollout, rollout):
        with torch.set_grad_enabled(gradients):
            last = roll(model, start, condition=None, masks=masks)
        weights = [start, *model.parameters()]
        found = torch.autograd.grad(last.square().sum(), weights) if gradients else ()
        ends.append([last.detach(), *found])
    return max(apart(one, other) for one, other in zip(*ends, strict=True))


@pytest.mark.parametrize("given", [{}, {"patch_size": 2}])
def test_a_traced_rollout_ends_and_descends_as_the_definition(given):
    engine = Fused(DEVICE, backend="aot_eager")
    assert compared(automaton(**given), engine, steps=5) < 1e-9
    assert engine.notes == [ENCODED]


@pytest.mark.parametrize(
    "given",
    [
        {"heads": 3, "kernel_size": 5},
        {"heads": 1},
        {"encoding": "learned"},
        {"encoding": "sincos5xy"},
        {"fire_rate": 0.9, "depth_bug": True},
    ],
)
def test_other_forms_of_it_end_and_descend_likewise(given):
    engine = Fused(DEVICE, backend="eager")
    small = Layout(height=4, width=4, frozen=1, visible=1, hidden=3)
    assert compared(automaton(layout=small, **given), engine, steps=2) < 1e-9
    assert engine.notes == [ENCODED]


def test_a_rollout_without_gradients_ends_as_the_definition():
    assert compared(automaton(), Fused(DEVICE, backend="eager"), gradients=False) < 1e-11


def test_a_compiled_rollout_is_the_definitions():
    assert compared(automaton(), Fused(DEVICE)) < 1e-9


def test_a_grid_of_another_size_has_places_of_its_own():
    model, engine = automaton(), Fused(DEVICE, backend="eager")
    assert compared(model, engine) < 1e-9
    start, masks = drawn(1, 12, 5, 7, seed=4), fires(2, 1, 1, 5, 7)
    with torch.no_grad():
        found = engine.rollout(model, start, condition=None, masks=masks)
        wanted = rollout(model, start, condition=None, masks=masks)
    assert apart(found, wanted) < 1e-11


def test_two_rollouts_may_descend_in_any_order():
    model, engine = automaton(), Fused(DEVICE, backend="eager")
    (start, masks), small = started(model, steps=3), drawn(1, 12, 5, 7, seed=4)
    weights = list(model.parameters())

    def descended(roll):
        first = roll(model, start, condition=None, masks=masks)
        other = roll(model, small, condition=None, masks=fires(2, 1, 1, 5, 7))
        ends = [torch.autograd.grad(one.square().sum(), weights) for one in (first, other)]
        return torch.cat([one.flatten() for end in ends for one in end])

    assert apart(descended(engine.rollout), descended(rollout)) < 1e-9


def test_of_a_step_its_state_is_kept_and_what_rows_read():
    model = automaton()
    grown = [kept(model, steps=steps) for steps in (2, 3, 7)]
    start, _ = started(model, steps=1)
    batch, _, height, width = start.shape
    grid = Grid(batch=batch, height=height, width=width)
    attention = block(model).attention
    read = attention.project.in_features + attention.heads  # and its logarithms
    each = start.nbytes + grid.capacity(model.fire_rate) * read * start.element_size()
    assert grown[1] - grown[0] == each
    assert grown[2] - grown[1] == 4 * each


def kept(model, *, steps):
    """Return the bytes that a rollout keeps for its backward pass, each once."""
    start, masks = started(model, steps=steps)
    engine = Fused(DEVICE, backend="eager")
    engine.rollout(model, start, condition=None, masks=masks)  # agreement has been asked for
    found = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        found[storage.data_ptr()] = (storage.nbytes(), storage)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        last = engine.rollout(model, start, condition=None, masks=masks)
    assert last.requires_grad
    return sum(size for size, _ in found.values())


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_narrow_operands_agree_as_mixed_precision_does(kind):
    model = automaton().float()
    engine = Fused(DEVICE, kind, backend="eager")
    start, masks = started(model, steps=3)
    with torch.no_grad():
        last = engine.rollout(model, start.float(), condition=None, masks=masks)
        wanted = rollout(model, start.float(), condition=None, masks=masks)
    assert last.dtype == torch.float32
    assert 0 < apart(last, wanted) < 3e-2


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"depth": 2}, "the second block needs all cells of the first"),
        ({"unfolded": True}, "attention is global or unfolded"),
        ({"fire_rate": 1.0}, "all cells fire"),
        ({"kernel_size": 9}, "attention reaches too far, or its heads are too wide"),
    ],
)
def test_what_is_not_encoded_is_stepped_as_a_whole(given, why):
    engine = Fused(DEVICE, backend="eager")
    assert compared(automaton(**given), engine, steps=1) < 1e-9
    assert f"{why}: the compiled engine's steps" in engine.notes
    assert ENCODED not in engine.notes


def test_masked_heads_are_stepped_as_a_whole_while_not_training():
    model, engine = automaton(masked_heads=(1,)), Fused(DEVICE, backend="eager")
    assert compared(model.eval(), engine, steps=1) < 1e-9
    assert "heads are masked: the compiled engine's steps" in engine.notes
    assert compared(model.train(), engine, steps=1) < 1e-9
    assert ENCODED in engine.notes
