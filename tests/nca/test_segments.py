import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.model import Automaton
from ncabench.nca.model.nca import NCA
from ncabench.nca.perception.conv import Conv
from ncabench.nca.rollout import rollout
from ncabench.nca.segments import rollout_in_segments
from ncabench.nca.state import Layout
from ncabench.nca.update.mlp import MLP
from ncabench.nca.weights import initialise

STEPS, BATCH, SIZE = 7, 2, 6
LAYOUT = Layout(height=SIZE, width=SIZE, visible=4, hidden=2, condition=2, alive=3)


class Watched(NCA):
    """Keeps what each of its steps started from."""

    def __init__(self, *parts, **given):
        super().__init__(*parts, **given)
        self.starts = []

    def step(self, state, **given):
        self.starts.append(state.detach())
        return super().step(state, **given)


@pytest.fixture
def model() -> Automaton:
    perception = Conv(LAYOUT.perceived, out_channels=8)
    made = Watched(LAYOUT, perception, MLP(8, LAYOUT.channels, hidden=8), noise=0.1)
    initialise(made, Draws(0))
    return made.double()


@pytest.fixture
def given():
    draws, samples = Draws(1), torch.arange(BATCH)
    named = {"samples": samples, "steps": range(STEPS)}
    noises = draws.normal("noise", cells=LAYOUT.channels * SIZE * SIZE, **named)
    return {
        "condition": torch.eye(2, dtype=torch.float64),
        "masks": draws.masks("fire", height=SIZE, width=SIZE, rate=0.5, **named),
        "noises": noises.transpose(0, 1).reshape(STEPS, BATCH, -1, SIZE, SIZE).double(),
    }


@pytest.fixture
def state():
    cells = LAYOUT.channels * SIZE * SIZE
    drawn = Draws(2).uniform("state", samples=torch.arange(BATCH), cells=cells)
    return drawn.view(BATCH, -1, SIZE, SIZE).double()


def gradients(model, final, *leaves):
    found = torch.autograd.grad(final.square().sum(), [*model.parameters(), *leaves])
    return list(found)


@pytest.mark.parametrize("segments", [0, 1, 2, 3, STEPS, STEPS + 5])
def test_state_and_gradients_are_those_of_the_plain_rollout(model, state, given, segments):
    state.requires_grad_()
    plain = rollout(model, state, **given)
    expected = gradients(model, plain, state)
    final = rollout_in_segments(model, state, segments=segments, **given)
    torch.testing.assert_close(final, plain, rtol=0, atol=0)
    torch.testing.assert_close(gradients(model, final, state), expected)


@pytest.mark.parametrize("segments", [1, 2, 3, STEPS])
def test_segments_are_stepped_again_for_the_gradient(model, state, given, segments):
    final = rollout_in_segments(model, state, segments=segments, **given)
    assert len(model.starts) == STEPS
    gradients(model, final)
    assert len(model.starts) == 2 * STEPS


@pytest.mark.parametrize(("segments", "last"), [(1, 0), (2, 3), (3, 4), (STEPS, STEPS - 1)])
def test_the_last_segment_is_stepped_again_first(model, state, given, segments, last):
    gradients(model, rollout_in_segments(model, state, segments=segments, **given))
    assert torch.equal(model.starts[STEPS], model.starts[last])


def test_without_segments_nothing_is_stepped_again(model, state, given):
    gradients(model, rollout_in_segments(model, state, segments=0, **given))
    assert len(model.starts) == STEPS


def test_more_segments_keep_less_at_a_time(model, state, given):
    held = []
    for segments in (0, 3):
        kept: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda tensor, kept=kept: kept.append(tensor.numel()) or tensor, lambda kept: kept
        ):
            rollout_in_segments(model, state, segments=segments, **given)
        held.append(sum(kept))
    assert held[1] < held[0] / 10


def test_segments_without_masks_are_refused(model, state, given):
    with pytest.raises(ValueError) as caught:
        rollout_in_segments(model, state, segments=2, **{**given, "masks": None})
    assert str(caught.value) == "segments need masks, whose first axis counts the steps"
