"""What every perturbation must do."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ncabench.nca.contract import broken
from ncabench.nca.contract.broken import require
from ncabench.nca.draws import Draws
from ncabench.nca.perturbation import Perturbation

_B, _C, _H, _W = 6, 3, 12, 9
_CLASSES = 4

Build = Callable[[], Perturbation]


def gives_a_state_and_the_touched_cells(build: Build) -> None:
    """In the shapes of the state and of its cells."""
    state = _state()
    after, touched = _done(build(), state)
    require(
        (after.shape, after.dtype) == (state.shape, state.dtype),
        f"the state comes back as {tuple(after.shape)} {after.dtype}",
    )
    require(
        (tuple(touched.shape), touched.dtype) == ((_B, 1, _H, _W), torch.bool),
        f"touched cells are {tuple(touched.shape)} {touched.dtype}",
    )


def changes_the_touched_cells_and_no_other(build: Build) -> None:
    """All channels of them."""
    state = _state()
    after, touched = _done(build(), state)
    changed = after != state
    require(not (changed & ~touched).any(), "it changes cells that it does not call touched")
    require(bool((changed | ~touched).all()), "cells that it calls touched are as they were")


def leaves_its_input_as_it_was(build: Build) -> None:
    """Nothing is written into the state."""
    state = _state()
    with broken.untouched(state=state):
        _done(build(), state)


def does_to_a_sample_the_same_in_any_batch(build: Build) -> None:
    """What is drawn for a sample depends on its name alone."""
    made, state, samples = build(), _state(), torch.arange(10, 10 + _B)
    whole, _ = made(state, samples=samples, draws=Draws(0))
    part, _ = made(state[4:], samples=samples[4:], draws=Draws(0))
    require(torch.equal(part, whole[4:]), "what happens to a sample depends on its batch")


def draws_from_no_global_generator(build: Build) -> None:
    """Chance comes from ``draws``."""
    made, state = build(), _state()
    broken.draws_nothing(lambda: _done(made, state)[0])


def covers_all_classes_equally_often(build: Build) -> None:
    """Before and after, in ``pairs``."""
    pairs = build().pairs(_CLASSES)
    for side, word in enumerate(("before", "after")):
        counts = [[pair[side] for pair in pairs].count(label) for label in range(_CLASSES)]
        even = len(set(counts)) == 1 and counts[0] > 0
        require(even, f"classes {word} come {counts} times, and must come equally often")


CHECKS = (
    *(gives_a_state_and_the_touched_cells, changes_the_touched_cells_and_no_other),
    *(leaves_its_input_as_it_was, does_to_a_sample_the_same_in_any_batch),
    *(draws_from_no_global_generator, covers_all_classes_equally_often),
)


def _done(made: Perturbation, state: Tensor) -> tuple[Tensor, Tensor]:
    return made(state, samples=torch.arange(len(state)), draws=Draws(0))


def _state() -> Tensor:
    return broken.drawn(_B, _C, _H, _W, about="state", low=0.5, high=1.5)
