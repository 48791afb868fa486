"""Each fused kernel by itself against PyTorch, given only what PyTorch made.

Collected by test_fused.py in a process in which Triton interprets kernels, and by
test_on_gpu.py on a GPU, there in a process for each test: what a kernel does wrong to memory
ends its process, and no other. What kernels are to write is full of NaN, or of numbers that
are no index.
"""

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from triton.runtime.errors import OutOfResources

from ncabench.nca.draws import Draws
from ncabench.nca.engine.cells import Grid
from ncabench.nca.engine.kernels import loaded, sums
from ncabench.nca.engine.kernels.chosen import CUTS
from ncabench.nca.engine.kernels.form import Form
from ncabench.nca.engine.kernels.rolled import Roll, _cast, flattened
from ncabench.nca.engine.kernels.steps import Listed, Steps
from ncabench.nca.engine.kernels.tiling import Tiling
from ncabench.nca.fires import Fires
from ncabench.nca.model.nca import NCA
from ncabench.nca.perception.combined import Combined
from ncabench.nca.perception.conv import Conv
from ncabench.nca.perception.sobel import Sobel
from ncabench.nca.rollout import rollout
from ncabench.nca.state import Layout
from ncabench.nca.update.mlp import MLP
from ncabench.nca.weights import initialise
from ncabench.run import assembler

ON_GPU = torch.cuda.is_available()
if ON_GPU:
    assembler.use()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")
BATCH, HEIGHT, WIDTH = (18, 80, 80) if ON_GPU else (2, 6, 16)
GARBAGE = 2**30  # no cell, and no row
OPERANDS = (torch.bfloat16, torch.float32) if ON_GPU else (torch.float32,)
LIMIT = {torch.bfloat16: 2e-2, torch.float32: 2e-3 if ON_GPU else 1e-5}
TILINGS = [Tiling(128, 8, 1), Tiling(64, 4, 1)] if ON_GPU else [Tiling(128)]
TRIED = CUTS if ON_GPU else {"all": [Tiling(32)]}  # the interpreter takes its time
PERCEPTIONS = {
    "conv": lambda seen: Conv(seen, out_channels=80),
    "sobel": Sobel,
    "combined": lambda seen: Combined(
        seen,
        branches=(Conv(seen, out_channels=80), Conv(seen, kernel_size=5, dilation=2)),
    ),
}
every = pytest.mark.parametrize("perception", PERCEPTIONS)


class Alone:
    """The kernels, of which all but one do nothing.

    Args:
        name: of the one.
    """

    def __init__(self, name):
        self.name, self.real = name, loaded.kernels()
        self.types = self.real.types

    def __getattr__(self, name):
        return getattr(self.real, name) if name == self.name else self

    def __getitem__(self, _grid):
        return lambda *_values, **_named: None


def scene(
    perception="conv", *, operands=torch.float32, tiling=None, alone=None, steps=2, **cuts
):
    """An automaton, a state, and cells that fire, listed by PyTorch."""
    layout = Layout(height=HEIGHT, width=WIDTH, visible=4, hidden=12, condition=5, alive=3)
    sensing = PERCEPTIONS[perception](layout.perceived)
    model = NCA(layout, sensing, MLP(sensing.out_channels, layout.channels, hidden=80))
    initialise(model, Draws(1))
    chance = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.03 * torch.randn(weight.shape, generator=chance)
    model = model.to(DEVICE)
    masks = torch.rand(steps, BATCH, 1, HEIGHT, WIDTH, generator=chance) < 0.5
    state = torch.rand(BATCH, layout.channels, HEIGHT, WIDTH, generator=chance)
    made = Steps(
        loaded.kernels() if alone is None else Alone(alone),
        Form(model),
        Grid(batch=BATCH, height=HEIGHT, width=WIDTH),
        operands=operands,
        precision="tf32" if ON_GPU else "ieee",
        **(dict.fromkeys(CUTS, tiling or TILINGS[0]) | cuts),
        multiprocessors=132 if ON_GPU else 2,
    )
    told = F.one_hot(torch.arange(BATCH) % 5, 5).float().to(DEVICE)
    with torch.no_grad():
        cast = _cast(made.form.matrices(told), made)
    return SimpleNamespace(
        model=model,
        state=state.to(DEVICE),
        told=told,
        masks=masks.to(DEVICE),
        steps=made,
        cast=cast,
        listed=listed(masks.flatten(2).to(DEVICE)),
    )


def listed(fires):
    """List the cells that fire as the kernels are to; what is not told is no index."""
    place = torch.where(fires, fires.cumsum(2) - 1, -1).int()
    rows = torch.full_like(place, GARBAGE)
    for turn, sample in torch.cartesian_prod(*map(torch.arange, fires.shape[:2])).tolist():
        cells = fires[turn, sample].nonzero()[:, 0].int()
        rows[turn, sample, : len(cells)] = cells
    return Listed(rows=rows, place=place, counts=fires.sum(2).int())


def nan(*shape):
    return torch.full(shape, torch.nan, device=DEVICE)


def done(tensor):
    """Wait for the device, so that a fault is this test's."""
    if ON_GPU:
        torch.cuda.synchronize()
    return tensor


def change(made, state, turn=0):
    """What firing cells change by, ``(cells, C)``, in float64, and where they are."""
    model, told = made.model.double(), made.told.double()
    seen = told[:, :, None, None].expand(-1, -1, HEIGHT, WIDTH)
    with torch.no_grad():
        wanted = model.update(model.perception(torch.cat([state.double(), seen], 1)))
    model.float()
    return made.steps.grid.rows(wanted), made.masks[turn].flatten()


@pytest.mark.parametrize("by", ["a mask", "draws"])
def test_cells_that_fire_are_listed(by):
    made = scene()
    fires = Fires(
        draws=Draws(7),
        purpose="train/fire",
        samples=torch.arange(BATCH, device=DEVICE),
        steps=range(2),
        height=HEIGHT,
        width=WIDTH,
        rate=0.5,
    )
    masks = made.masks if by == "a mask" else fires.masks()
    wanted = listed(masks.flatten(2))
    found = made.steps.listed(masks) if by == "a mask" else made.steps.drawn(fires)
    done(found)
    assert torch.equal(found.counts, wanted.counts)
    assert torch.equal(found.place, wanted.place)
    fired = wanted.rows != GARBAGE
    assert torch.equal(found.rows[fired], wanted.rows[fired])


@every
@pytest.mark.parametrize("operands", OPERANDS)
@pytest.mark.parametrize("tiling", TILINGS)
def test_cells_think(perception, operands, tiling, monkeypatch):
    made = scene(perception, operands=operands, tiling=tiling, alone="think", steps=1)
    rows = made.steps.grid.rows(made.state).contiguous()
    moved = torch.full_like(rows, torch.nan)  # the only tensor that a step makes
    monkeypatch.setattr(torch, "empty_like", lambda _like: moved)
    made.steps.forward([rows, rows.clone()], None, made.listed, made.cast)
    done(moved)
    wanted, fires = change(made, made.state)
    place, cells = made.listed.place[0].flatten(), HEIGHT * WIDTH
    sample = torch.arange(BATCH, device=DEVICE).repeat_interleave(cells)[fires]
    found = moved[sample * cells + place[fires]].double()
    assert float((found - wanted[fires]).norm() / wanted[fires].norm()) < LIMIT[operands]
    assert int(moved.isnan().any(1).sum()) == int((~fires).sum())


@pytest.mark.parametrize("kept", [True, False])
def test_cells_settle(kept, monkeypatch):
    made = scene(alone="settle", steps=1)
    grid = made.steps.grid
    rows, after = grid.rows(made.state).contiguous(), nan(grid.cells, 16)
    passes = torch.zeros(1, grid.cells, 1, dtype=torch.int32, device=DEVICE)
    moved = 0.3 * torch.randn(grid.cells, 16, device=DEVICE)
    monkeypatch.setattr(torch, "empty_like", lambda _like: moved)
    made.steps.forward([rows, after], passes if kept else None, made.listed, made.cast)
    done(after)
    place, fires = made.listed.place[0].flatten(), made.masks[0].flatten()
    base = torch.arange(BATCH, device=DEVICE).repeat_interleave(HEIGHT * WIDTH) * HEIGHT * WIDTH
    added = torch.where(fires[:, None], moved[(base + place).clamp(min=0)], 0.0)
    wanted = grid.planes(rows + added)
    wanted = wanted * (alive(made.state) & alive(wanted))
    torch.testing.assert_close(grid.planes(after), wanted)
    lives = (alive(made.state) & alive(grid.planes(rows + added))).flatten()
    assert torch.equal(passes.flatten() == 0xFFFF, lives & kept)


def alive(state):
    return F.max_pool2d(state[:, 3:4], 3, stride=1, padding=1) > 0.1


@every
@pytest.mark.parametrize("operands", OPERANDS)
@pytest.mark.parametrize("tiling", TILINGS)
@pytest.mark.parametrize(
    "kernel", ["unsettle", "rethink", "unthink", "gather", "learn", "learn_to_see", "tell"]
)
def test_a_kernel_of_the_backward_pass_stays_within_its_memory(
    perception, operands, tiling, kernel, monkeypatch
):
    made = scene(perception, operands=operands, tiling=tiling, alone=kernel, steps=2)
    grid = made.steps.grid
    rows = grid.rows(made.state).contiguous()
    passes = torch.full((2, grid.cells, 1), 0xFFFF, dtype=torch.int32, device=DEVICE)
    gradient = torch.ones(grid.cells, 16, device=DEVICE)
    before = sums.Sums.empty

    def filled(steps, states):
        made = before(steps, states)
        kept = made.kept
        for one in (*kept.percepts, kept.thoughts, kept.ends, *kept.from_percepts):
            one.fill_(0.5)
        for one in (kept.from_thoughts, *made.seen):
            one.fill_(0.5)
        kept.places.fill_(len(kept.places) - 1)
        return made

    monkeypatch.setattr(sums.Sums, "empty", filled)
    states = torch.stack([rows, rows, rows])
    found = done(made.steps.backward(gradient, states, passes, made.listed, made.cast))
    made_of = (gradient, *found.senses, *found.told, *found.middle, found.last, *found.seen)
    assert all(bool(one.isfinite().all()) for one in made_of)


@pytest.mark.parametrize("operands", OPERANDS)
@pytest.mark.parametrize(
    ("part", "cut"), [(part, one) for part, cuts in TRIED.items() for one in cuts]
)
def test_a_rollout_cut_otherwise_descends_the_same(operands, part, cut, monkeypatch):
    monkeypatch.setattr(sums, "SHARE", 1e3)
    ends = []
    for tiling in (cut, TILINGS[-1]):
        cuts = dict.fromkeys(CUTS, tiling) if part == "all" else {part: tiling}
        made = scene("conv", operands=operands, tiling=TILINGS[-1], steps=4, **cuts)
        given = [one.requires_grad_() for one in flattened(made.steps.form.matrices(made.told))]
        rows = made.steps.grid.rows(made.state)
        try:
            last = Roll.apply(made.steps, made.listed, rows, *given)
            ends.append(done(torch.autograd.grad(last.square().sum(), given)))
        except OutOfResources:
            pytest.skip("the cut takes more shared memory than there is")
    for one, other in zip(*ends, strict=True):
        assert float((one - other).norm() / other.norm()) < 5 * LIMIT[operands]


@every
@pytest.mark.parametrize("operands", OPERANDS)
@pytest.mark.parametrize("tiling", TILINGS)
@pytest.mark.parametrize("together", [1, 3])
def test_a_rollout_and_its_gradients_are_the_definitions(
    perception, operands, tiling, together, monkeypatch
):
    monkeypatch.setattr(sums, "SHARE", 1e3)
    monkeypatch.setattr(sums, "MOST_TOGETHER", together)
    made = scene(perception, operands=operands, tiling=tiling, steps=4)
    ends = []
    for fused in (True, False):
        model = made.model if fused else made.model.double()
        kind = torch.float32 if fused else torch.float64
        state, told = made.state.to(kind).requires_grad_(), made.told.to(kind)
        if fused:
            rows = made.steps.grid.rows(state)
            matrices = made.steps.form.matrices(told)
            last = Roll.apply(made.steps, made.listed, rows, *flattened(matrices))
            last = made.steps.grid.planes(last)
        else:
            last = rollout(model, state, condition=told, masks=made.masks)
        slope = torch.linspace(-1, 1, last.numel(), device=DEVICE).view(last.shape).to(kind)
        gradients = torch.autograd.grad((last * slope).sum(), [state, *model.parameters()])
        ends.append(done([last.detach(), *gradients]))
    for one, other in zip(*ends, strict=True):
        distance = float((one.double() - other).norm() / other.norm())
        assert distance < 5 * LIMIT[operands]
