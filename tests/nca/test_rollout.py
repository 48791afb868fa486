import pytest
import torch

from ncabench.nca.model import Automaton
from ncabench.nca.rollout import rollout


class Count(Automaton):
    """Adds 1 where the mask lets it, the condition, and the noise."""

    trainers = protocols = ()
    fire_rate = 0.5

    def step(self, state, *, condition, mask, noise=None):
        change = torch.ones_like(state) if mask is None else mask.float()
        change = change if condition is None else change + condition[:, :, None, None]
        return state + (change if noise is None else change + noise)


SEED = torch.zeros(2, 1, 3, 3)


def test_every_mask_is_one_step():
    masks = torch.zeros(4, 2, 1, 3, 3, dtype=torch.bool)
    masks[:3, 0] = True
    final = rollout(Count(), SEED, condition=None, masks=masks)
    assert (float(final[0].mean()), float(final[1].mean())) == (3.0, 0.0)


def test_observers_see_every_state_by_its_number():
    seen = []
    masks = torch.ones(3, 2, 1, 3, 3, dtype=torch.bool)
    rollout(
        Count(),
        SEED,
        condition=None,
        masks=masks,
        observe=lambda t, state: seen.append((t, float(state.mean()))),
        first_step=149,
    )
    assert seen == [(150, 1.0), (151, 2.0), (152, 3.0)]


def test_the_condition_is_told_to_every_step():
    masks = torch.zeros(5, 2, 1, 3, 3, dtype=torch.bool)
    final = rollout(Count(), SEED, condition=torch.tensor([[1.0], [2.0]]), masks=masks)
    assert final.mean(dim=(1, 2, 3)).tolist() == [5.0, 10.0]


def test_noises_alone_say_how_many_steps_there_are():
    final = rollout(
        Count(), SEED, condition=None, masks=None, noises=torch.full((2, *SEED.shape), 0.5)
    )
    assert float(final.mean()) == 3.0


def test_a_rollout_of_no_steps_is_its_start():
    assert rollout(Count(), SEED, condition=None, masks=torch.ones(0, 2, 1, 3, 3)) is SEED


def test_an_unknown_or_contradictory_length_is_refused():
    with pytest.raises(ValueError) as unknown:
        rollout(Count(), SEED, condition=None, masks=None)
    with pytest.raises(ValueError) as unequal:
        rollout(Count(), SEED, condition=None, masks=torch.ones(3), noises=torch.ones(2))
    assert str(unknown.value) == (
        "a rollout needs masks or noises, to know how many steps to take"
    )
    assert str(unequal.value) == "masks and noises must be of equal length, not [2, 3]"


def test_gradients_reach_the_seed():
    start = SEED.clone().requires_grad_()
    masks = torch.ones(3, 2, 1, 3, 3, dtype=torch.bool)
    rollout(Count(), start, condition=None, masks=masks).sum().backward()
    assert float(start.grad.mean()) == 1.0
