"""What every perception must do."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ncabench.nca.contract import broken
from ncabench.nca.contract.broken import require
from ncabench.nca.perception import Perception

CHANNELS = 5  # that `build` is to give
REACH = 6  # cells beyond which no perception looks on this grid
_B, _H, _W = 2, 16, 20

Build = Callable[[], Perception]


def has_the_shape_that_it_promises(build: Build) -> None:
    """One percept for each of ``out_channels``, in every cell."""
    made, expected = _made(build), (_B, build().out_channels, _H, _W)
    found = tuple(made(_state()).shape)
    require(found == expected, f"percepts are {found}, and by out_channels {expected}")


def does_the_same_everywhere(build: Build) -> None:
    """A state that moves by a cell has percepts that move by a cell, away from the border."""
    made, state = _made(build), _state()
    here = made(state)[:, :, REACH:-REACH, REACH : -REACH - 1]
    there = made(state.roll(1, dims=3))[:, :, REACH:-REACH, REACH + 1 : -REACH]
    require(here.std() > 0.01, "percepts hardly depend on the state")
    same = torch.allclose(there, here, rtol=1e-4, atol=1e-4)
    require(same, "percepts depend on where a cell is: a state that moves has others")


def sees_its_neighbours_and_no_further(build: Build) -> None:
    """A change of one cell is seen in another one, and not beyond the reach."""
    made, state, at = _made(build), _state(), (_H // 2, _W // 2)
    changed = state.clone()
    changed[:, :, at[0], at[1]] += 1.0
    differs = (made(changed) != made(state)).any(dim=1)  # (B, H, W)
    others = differs.clone()
    others[:, at[0], at[1]] = False
    require(others.any(), "no other cell sees that a cell changes")
    far = differs.clone()
    far[:, at[0] - REACH : at[0] + REACH + 1, at[1] - REACH : at[1] + REACH + 1] = False
    require(not far.any(), f"it is not local: a change is seen more than {REACH} cells away")


def leaves_its_input_as_it_was(build: Build) -> None:
    """Nothing is written into the state."""
    made, state = _made(build), _state()
    with broken.untouched(state=state):
        made(state)


def draws_no_random_numbers(build: Build) -> None:
    """The percepts of a state are the same each time."""
    made, state = _made(build), _state()
    broken.draws_nothing(lambda: made(state))


def passes_gradients_on(build: Build) -> None:
    """To the state, and to every weight."""
    made, state = _made(build), _state().requires_grad_()
    broken.reached_by_gradients(state, made(state), made)


def starts_the_same(build: Build) -> None:
    """Whatever the global generator does, and without storage at first."""
    broken.starts_the_same([build(), build()])
    broken.starts_right_without_storage(build)


CHECKS = (
    *(has_the_shape_that_it_promises, does_the_same_everywhere),
    *(sees_its_neighbours_and_no_further, leaves_its_input_as_it_was),
    *(draws_no_random_numbers, passes_gradients_on, starts_the_same),
)


def _made(build: Build) -> Perception:
    made = build()
    with torch.no_grad():
        for name, weight in made.named_parameters():
            weight.copy_(broken.drawn(*weight.shape, about=name, low=-0.3, high=0.3))
    return made


def _state() -> Tensor:
    return broken.drawn(_B, CHANNELS, _H, _W, about="state", low=-1.5, high=1.5)
