"""The kernels of attention against the definition; collected as check_kernels.py is."""

import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.engine.fused import Fused
from ncabench.nca.engine.kernels.nearby import nearby
from ncabench.nca.model import _self_attention as definition
from ncabench.nca.model.vitca import ViTCA
from ncabench.nca.rollout import rollout
from ncabench.nca.state import Layout
from ncabench.nca.weights import initialise

ON_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")


@pytest.fixture(autouse=True)
def poison():
    torch.use_deterministic_algorithms(not ON_GPU)
    yield
    torch.use_deterministic_algorithms(False)


def embedded(*shape, kind=torch.float64, sd=1.5):
    """Queries, keys and values, parts of one tensor as a linear layer makes it."""
    *cells, heads, part = shape
    chance = torch.Generator().manual_seed(1)
    made = sd * torch.randn(*cells, 3 * heads * part, generator=chance, dtype=torch.float64)
    return made.to(DEVICE, kind).requires_grad_()


def read(by, made, heads, reach):
    query, key, value = (one.unflatten(-1, (heads, -1)) for one in made.chunk(3, dim=-1))
    found = by(query, key, value, reach=reach)
    slope = torch.linspace(-1, 1, found.numel(), device=found.device).view(found.shape)
    (gradient,) = torch.autograd.grad((found * slope.to(found)).sum(), made)
    return found.detach().double(), gradient.double()


@pytest.mark.parametrize(
    ("shape", "reach"),
    [
        ((2, 5, 7, 4, 8), 1),
        ((1, 3, 4, 2, 5), 1),
        ((1, 9, 8, 1, 32), 2),
        ((3, 2, 2, 2, 4), 3),
        ((1, 1, 1, 1, 1), 1),
        ((2, 16, 16, 3, 12), 0),
    ],
)
def test_cells_read_what_the_definition_says(shape, reach):
    made = embedded(*shape)
    ends = [read(by, made, shape[3], reach) for by in (nearby, definition.nearby)]
    for one, other in zip(*ends, strict=True):
        assert float((one - other).norm() / other.norm().clamp_min(1e-9)) < 1e-12


@pytest.mark.parametrize(
    ("kind", "limit"), [(torch.bfloat16, 2e-2), (torch.float16, 2e-3), (torch.float32, 1e-5)]
)
def test_narrow_operands_are_summed_in_float32(kind, limit):
    shape = (2, 8, 8, 4, 32)
    made = embedded(*shape, kind=kind)
    found = read(nearby, made, 4, 1)
    wanted = read(definition.nearby, made.detach().double().requires_grad_(), 4, 1)
    for one, other in zip(found, wanted, strict=True):
        assert float((one - other).norm() / other.norm()) < limit


def test_great_scores_overflow_nothing():
    made = embedded(1, 4, 4, 2, 8, kind=torch.float32, sd=60.0)
    for one in read(nearby, made, 2, 1):
        assert bool(one.isfinite().all())


def test_values_that_lie_otherwise_read_the_same():
    query, key, value = (torch.randn(4, 6, 5, 2, 8, device=DEVICE).double() for _ in range(3))
    wanted = definition.nearby(query, key, value, reach=1)
    turned = key.movedim(0, 2).contiguous().movedim(2, 0)
    assert float((nearby(query, turned, value, reach=1) - wanted).abs().max()) < 1e-12


@pytest.mark.parametrize("given", [{"depth": 2}, {"fire_rate": 1.0}])  # not by rows alone
@pytest.mark.parametrize("gradients", [True, False])
def test_a_rollout_of_vitca_ends_and_descends_as_the_definition(given, gradients):
    layout = Layout(height=6, width=5, frozen=3, visible=3, hidden=6)
    model = ViTCA(layout, embedding=16, heads=2, mlp=8, **given)
    initialise(model, Draws(1))
    chance = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=chance)
    model = model.double().to(DEVICE)
    own = model.layout
    start = torch.rand(2, own.channels, own.height, own.width, generator=chance).double()
    masks = torch.rand(3, 2, 1, own.height, own.width, generator=chance) < 0.5
    start, masks = start.to(DEVICE).requires_grad_(gradients), masks.to(DEVICE)
    engine, ends = Fused(DEVICE, backend="eager"), []
    for roll in (engine.rollout, rollout):
        with torch.set_grad_enabled(gradients):
            last = roll(model, start, condition=None, masks=masks)
        weights = [start, *model.parameters()]
        found = torch.autograd.grad(last.square().sum(), weights) if gradients else ()
        ends.append([last.detach(), *found])
    for one, other in zip(*ends, strict=True):
        assert float((one - other).norm() / other.norm().clamp_min(1e-9)) < 1e-11
    assert "attention to neighbours is computed by kernels" in engine.notes


def test_the_definition_itself_stays_what_it_is():
    with definition.reading(nearby):
        assert definition._near is nearby
    assert definition._near is definition.nearby
