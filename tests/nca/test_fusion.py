from functools import partial

import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.engine.eager import Eager
from ncabench.nca.fusion import fused_rollout
from ncabench.nca.model import Automaton
from ncabench.nca.model.vitca import ViTCA
from ncabench.nca.state import Layout
from ncabench.nca.weights import initialise

CPU = torch.device("cpu")
LAYOUT = Layout(height=4, width=8, frozen=1, visible=1, hidden=1)


class Counting(Automaton):
    """Shows its frozen channel, and counts in the hidden one the steps that a cell took."""

    trainers = protocols = ()
    fire_rate, noise = 1.0, 0.0

    def __init__(self):
        super().__init__()
        self.seen = []

    def step(self, state, *, condition, mask, noise=None):
        self.seen.append((state.clone(), mask))
        frozen, visible, hidden = state.split(1, dim=1)
        own = torch.cat([frozen - visible, torch.ones_like(hidden)], dim=1) * mask
        return torch.cat([frozen, state[:, 1:] + own], dim=1)


@pytest.fixture
def state():
    return torch.rand(2, 3, 4, 8, generator=torch.Generator().manual_seed(0))


def masks(steps, *, rate=1.0):
    chance = torch.Generator().manual_seed(1)
    return torch.rand(steps, 2, 1, 4, 8, generator=chance) < rate


def fused(model, state, chosen, **given):
    roll = Eager(CPU).rollout
    return fused_rollout(
        roll, model, state, layout=LAYOUT, condition=None, masks=chosen, **given
    )


def test_all_steps_but_the_first_and_last_two_are_taken_on_half_the_sides(state):
    model = Counting()
    after = fused(model, state * torch.tensor([1.0, 1.0, 0.0])[:, None, None], masks(7))
    sizes = [tuple(one.shape[-2:]) for one, _ in model.seen]
    assert sizes == [(4, 8)] * 2 + [(2, 4)] * 3 + [(4, 8)] * 2
    torch.testing.assert_close(after[:, 2], torch.full((2, 4, 8), 7.0))


def test_fused_cells_are_the_mean_of_four(state):
    model = Counting()
    fused(model, state, masks(5))
    expected = state[:, 0].unflatten(1, (2, 2)).unflatten(3, (4, 2)).mean(dim=(2, 4))
    torch.testing.assert_close(model.seen[2][0][:, 0], expected)
    torch.testing.assert_close(model.seen[2][0][:, 1], expected)  # which shows the frozen one


def test_after_mitosis_cells_are_repeated_and_the_input_is_as_it_was(state):
    model = Counting()
    after = fused(model, state, masks(5))
    first = model.seen[3][0]
    assert torch.equal(first[:, 0], state[:, 0])
    assert torch.equal(first[:, 1, ::2, ::2], first[:, 1, 1::2, 1::2])
    assert torch.equal(after[:, 1], state[:, 0])


def test_a_fused_cell_updates_with_the_upper_left_of_four(state):
    model, chosen = Counting(), masks(6, rate=0.5)
    fused(model, state, chosen)
    assert torch.equal(model.seen[3][1], chosen[3][..., ::2, ::2])
    assert torch.equal(model.seen[5][1], chosen[5])


def vitca():
    model = ViTCA(LAYOUT, embedding=8, heads=2, mlp=8)
    initialise(model, Draws(0))
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.2 * torch.arange(float(weight.numel())).sin().view(weight.shape))
    return model.double()


@pytest.mark.parametrize(
    ("engine", "segments"), [(Eager, 2), (partial(Compiled, backend="aot_eager"), 0)]
)
def test_engines_and_segments_agree_on_a_vitca(state, engine, segments):
    model, chosen, given = vitca(), masks(8, rate=0.5), state.double()

    def gradients(roll, segments):
        last = fused_rollout(
            roll,
            model,
            given,
            layout=model.layout,
            condition=None,
            masks=chosen,
            segments=segments,
        )
        return torch.autograd.grad(last.square().sum(), list(model.parameters()))

    found = gradients(engine(CPU).rollout, segments)
    torch.testing.assert_close(found, gradients(Eager(CPU).rollout, 0))


@pytest.mark.parametrize(
    ("size", "steps", "message"),
    [
        ((4, 7), 8, "fusion needs even H and W, not 4 x 7"),
        ((4, 8), 4, "fusion needs more than 4 steps, not 4"),
    ],
)
def test_what_cannot_be_fused_is_refused(size, steps, message):
    with pytest.raises(ValueError) as caught:
        fused(Counting(), torch.zeros(2, 3, *size), masks(steps))
    assert str(caught.value) == message
