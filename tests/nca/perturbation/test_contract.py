"""What every perturbation must do, whichever it is. New ones are tested unasked."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.draws import Draws
from ncabench.nca.perturbation import Perturbation

B, C, H, W = 6, 3, 12, 9
DRAWS = Draws(0)


@pytest.fixture(params=catalog.kinds("perturbation"))
def perturbation(request: pytest.FixtureRequest) -> Perturbation:
    return catalog.find("perturbation", request.param)()


@pytest.fixture
def state() -> torch.Tensor:
    return torch.rand(B, C, H, W, generator=torch.Generator().manual_seed(1)) + 0.5


def test_shapes_are_those_of_the_state(perturbation, state):
    found, touched = perturbation(state, samples=torch.arange(B), draws=DRAWS)
    assert (found.shape, found.dtype) == (state.shape, state.dtype)
    assert (touched.shape, touched.dtype) == ((B, 1, H, W), torch.bool)


def test_leaves_its_input_as_it_was(perturbation, state):
    before = state.clone()
    perturbation(state, samples=torch.arange(B), draws=DRAWS)
    torch.testing.assert_close(state, before, rtol=0, atol=0)


def test_changes_all_channels_of_the_touched_cells_and_no_other(perturbation, state):
    found, touched = perturbation(state, samples=torch.arange(B), draws=DRAWS)
    assert torch.equal(found != state, touched.expand_as(state))


def test_a_samples_draw_does_not_depend_on_its_batch(perturbation, state):
    samples = torch.arange(10, 10 + B)
    whole, _ = perturbation(state, samples=samples, draws=DRAWS)
    part, _ = perturbation(state[4:], samples=samples[4:], draws=DRAWS)
    torch.testing.assert_close(part, whole[4:], rtol=0, atol=0)


def test_draws_from_no_global_generator(perturbation, state):
    before = torch.get_rng_state()
    perturbation(state, samples=torch.arange(B), draws=DRAWS)
    assert torch.equal(torch.get_rng_state(), before)


def test_pairs_cover_all_classes_equally_often(perturbation):
    pairs = perturbation.pairs(4)
    for side in (0, 1):
        counts = [[pair[side] for pair in pairs].count(label) for label in range(4)]
        assert len(set(counts)) == 1
        assert counts[0] > 0
