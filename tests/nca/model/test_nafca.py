import math

import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.model.nafca import NAFCA
from ncabench.nca.state import Layout
from ncabench.nca.weights import initialise

CELLS = Layout(height=4, width=5, frozen=1, visible=1, hidden=2)


def built(layout=CELLS, **given):
    """A model in float64, none of its weights zero."""
    model = NAFCA(layout, **given)
    initialise(model, Draws(0))
    with torch.no_grad():
        for number, weight in enumerate(model.parameters()):
            waves = (number + torch.arange(float(weight.numel()))).sin()
            weight.add_(0.5 * waves.view(weight.shape))
    return model.double()


def states(layout=CELLS, batch=2):
    chance = torch.Generator().manual_seed(1)
    size = batch, layout.channels, layout.height, layout.width
    return torch.rand(*size, generator=chance, dtype=torch.float64)


def step(model, state, mask=None):
    return model.step(state, condition=None, mask=mask)


def by_cells(model, state):
    """A step of one grid, cell by cell, with weights read by their names."""
    _, cell, height, width = state.shape
    places = [(y, x) for y in range(height) for x in range(width)]

    def norm(vector, layer):
        mean = vector.sum() / cell
        deviation = (((vector - mean) ** 2).sum() / cell + 1e-6).sqrt()
        return (vector - mean) / deviation * layer.weight + layer.bias

    def dense(vector, layer):
        return layer.weight[:, :, 0, 0] @ vector + layer.bias

    def gate(vector):
        half = len(vector) // 2
        return vector[:half] * vector[half:]

    wide = {}
    for y, x in places:
        made = dense(norm(state[0, :, y, x], model.before_perception), model.widen)
        pairs = model.split.weight[:, 0, 0, 0] * made.repeat_interleave(2) + model.split.bias
        wide[y, x] = gate(pairs)
    after = state.clone()
    for y, x in places:
        look = model.look.bias[0]
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                near = wide.get((y + dy, x + dx))
                if near is not None:
                    look = look + model.look.weight[0, :, dy + 1, dx + 1] @ near
        seen = dense(wide[y, x] * look, model.perceive)
        own = state[0, :, y, x] + model.perception_factor[:, 0, 0] * seen
        thought = dense(gate(dense(norm(own, model.before_update), model.expand)), model.narrow)
        own = own + model.update_factor[:, 0, 0] * thought
        change = dense(norm(own, model.before_head), model.head)
        after[0, cell - len(change) :, y, x] += change
    return after


def test_the_core_of_lnca_has_46_769_weights():
    latent = Layout(height=8, width=8, frozen=16, visible=16, hidden=32)
    with torch.device("meta"):
        assert NAFCA(latent).parameter_count() == 46_769


def test_a_step_is_what_its_parts_are_cell_by_cell():
    model, state = built(), states(batch=1)
    with torch.no_grad():
        torch.testing.assert_close(step(model, state), by_cells(model, state))


def test_a_cell_sees_its_eight_neighbours_and_no_farther():
    model, state = built(), states(batch=1)
    other = state.clone()
    other[0, 3, 0, 1] += 1.0  # of one channel: a norm does not see what all change by
    changed = (step(model, other) - step(model, state)).abs().sum(dim=1)[0] > 1e-9
    wanted = torch.zeros(4, 5, dtype=torch.bool)
    wanted[:2, :3] = True
    assert torch.equal(changed, wanted)


def test_the_input_never_changes_and_cells_outside_the_mask_stay():
    model, state = built(), states()
    mask = torch.rand(2, 1, 4, 5, generator=torch.Generator().manual_seed(2)) < 0.5
    some, all_of_them = step(model, state, mask), step(model, state)
    assert torch.equal(all_of_them[:, :1], state[:, :1])
    assert torch.equal(some, torch.where(mask, all_of_them, state))


def test_it_starts_from_factors_of_zero_and_a_head_that_is_not():
    model, state = NAFCA(CELLS), states(batch=1).float()
    initialise(model, Draws(0))
    normed = torch.nn.functional.layer_norm(state.movedim(1, -1), (4,), eps=1e-6)
    change = normed @ model.head.weight[:, :, 0, 0].T
    torch.testing.assert_close(step(model, state)[:, 1:], state[:, 1:] + change.movedim(-1, 1))
    assert bool(change.abs().sum() > 1)


@pytest.mark.parametrize(("init", "fan"), [("glorot", 6 / (64 + 48)), ("pytorch", 1 / 64)])
def test_kernels_are_drawn_as_init_says(init, fan):
    model = NAFCA(Layout(height=1, width=1, frozen=16, visible=16, hidden=32), init=init)
    initialise(model, Draws(0))
    assert 0.99 < float(model.head.weight.detach().abs().max()) / math.sqrt(fan) <= 1
    assert bool(model.head.bias.any()) is (init == "pytorch")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"dropout": 0.1}, "dropout must be 0, not 0.1: a step is handed no chance"),
        ({"fire_rate": 0.0}, "fire_rate must be above 0 and at most 1, not 0.0"),
    ],
)
def test_what_cannot_be_built_is_refused(given, message):
    with pytest.raises(ValueError) as caught:
        NAFCA(CELLS, **given)
    assert str(caught.value) == message
