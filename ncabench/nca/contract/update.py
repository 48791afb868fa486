"""What every update must do."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ncabench.nca.contract import broken
from ncabench.nca.contract.broken import require
from ncabench.nca.draws import Draws
from ncabench.nca.update import Update
from ncabench.nca.weights import initialise

CHANNELS = 6, 4  # of percepts and of changes, that `build` is to give
_B, _H, _W = 2, 5, 7

Build = Callable[[], Update]


def gives_a_change_for_every_channel(build: Build) -> None:
    """Of the state, in every cell."""
    found, expected = tuple(_made(build)(_percepts()).shape), (_B, CHANNELS[1], _H, _W)
    require(found == expected, f"changes are {found}, and must be {expected}")


def looks_at_one_cell_alone(build: Build) -> None:
    """A change of one cell's percepts changes that cell alone."""
    made, percepts = _made(build), _percepts()
    changed = percepts.clone()
    changed[0, :, 2, 3] += 1.0
    differs = (made(changed) - made(percepts)).abs().amax(dim=1) > 1e-6
    cells = differs.nonzero().tolist()
    require([0, 2, 3] in cells, "a cell's change does not depend on its percepts")
    require(cells == [[0, 2, 3]], f"{len(cells) - 1} other cells change with a cell's percepts")


def leaves_its_input_as_it_was(build: Build) -> None:
    """Nothing is written into the percepts."""
    made, percepts = _made(build), _percepts()
    with broken.untouched(percepts=percepts):
        made(percepts)


def draws_no_random_numbers(build: Build) -> None:
    """The change of the same percepts is the same each time."""
    made, percepts = _made(build), _percepts()
    broken.draws_nothing(lambda: made(percepts))


def passes_gradients_on(build: Build) -> None:
    """To the percepts, and to every weight."""
    made, percepts = _made(build), _percepts().requires_grad_()
    broken.reached_by_gradients(percepts, made(percepts), made)


def starts_small(build: Build) -> None:
    """A state is not blown up before anything is learnt."""
    made = build()
    initialise(made, Draws(0))
    size = float(made(_percepts()).detach().abs().mean())
    require(size < 0.2, f"the first change is {size:.3f} on average, and must be below 0.2")


def starts_the_same(build: Build) -> None:
    """Whatever the global generator does, and without storage at first."""
    broken.starts_the_same([build(), build()])
    broken.starts_right_without_storage(build)


CHECKS = (
    *(gives_a_change_for_every_channel, looks_at_one_cell_alone, leaves_its_input_as_it_was),
    *(draws_no_random_numbers, passes_gradients_on, starts_small, starts_the_same),
)


def _made(build: Build) -> Update:
    made = build()
    initialise(made, Draws(0))
    broken.moved(made, by=0.1)
    return made


def _percepts() -> Tensor:
    return broken.drawn(_B, CHANNELS[0], _H, _W, about="percepts", low=-1.5, high=1.5)
