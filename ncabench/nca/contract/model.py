"""What every model must do."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ncabench.nca.contract import broken
from ncabench.nca.contract.broken import require
from ncabench.nca.draws import Draws
from ncabench.nca.model import Automaton, Model
from ncabench.nca.perception.conv import Conv
from ncabench.nca.state import Layout
from ncabench.nca.update.mlp import MLP
from ncabench.nca.weights import initialise

LAYOUT = Layout(height=32, width=24, visible=4, hidden=12, condition=5, alive=3)
_B = 2

Build = Callable[[], Model]


def built(kind: type[Model], **given: object) -> Model:
    """Return a model for `LAYOUT`, with parts that fit it: what ``build`` is to give."""
    grid = kind.grid(LAYOUT, **given)
    parts = {"perception": Conv(grid.perceived), "update": MLP(80, grid.channels)}
    return kind(LAYOUT, *(parts[family] for family in kind.parts), **given)


def gives_as_many_channels_as_it_took(build: Build) -> None:
    """An automaton its state's, a one-pass model the visible ones."""
    model = _made(build)
    state = _state(model)
    channels = state.shape[1] if model.iterative else LAYOUT.visible
    found, expected = tuple(_run(model, state).shape), (_B, channels, *state.shape[2:])
    require(found == expected, f"it gives {found}, and must give {expected}")


def goes_to_a_grid_of_its_own_and_back(build: Build) -> None:
    """An automaton begins with the task's seed states, and ends with the task's channels."""
    model = _made(build)
    if not isinstance(model, Automaton):
        return
    first, grid = model.begin(_seed()), _grid(model)
    expected = _B, grid.channels, grid.height, grid.width
    require(first.shape == expected, f"it begins with {tuple(first.shape)}, not {expected}")
    seen, visible = model.end(first)[:, LAYOUT.visible_slice], LAYOUT.visible
    expected = _B, visible, LAYOUT.height, LAYOUT.width
    require(seen.shape == expected, f"it ends with {tuple(seen.shape)} seen, not {expected}")


def hears_the_condition(build: Build) -> None:
    """The same grid told two things becomes two."""
    model = _made(build)
    one = _run(model, _state(model)[:1].expand(_B, -1, -1, -1))
    require(not torch.equal(one[0], one[1]), "two conditions make no difference")


def refuses_a_missing_condition(build: Build) -> None:
    """By a ValueError that says so."""
    model = _made(build)
    try:
        _run(model, _state(model), told=None)
    except ValueError as error:
        expected = f"the layout has {LAYOUT.condition} condition channels, but none was given"
        require(str(error) == expected, f"of a missing condition it says {str(error)!r}")
    else:
        require(False, "it runs without the condition that its layout has")


def leaves_its_input_as_it_was(build: Build) -> None:
    """Nothing is written into the state or the image."""
    model = _made(build)
    state = _state(model)
    with broken.untouched(state=state):
        _run(model, state)


def draws_no_random_numbers(build: Build) -> None:
    """Masks and noise are given."""
    model = _made(build)
    state = _state(model)
    broken.draws_nothing(lambda: _run(model, state))


def passes_gradients_on(build: Build) -> None:
    """To the state, and to every weight that inference needs."""
    model = _made(build)
    state = _state(model).requires_grad_()
    after = _run(model, state)
    seen = model.end(after) if isinstance(model, Automaton) else after
    torch.autograd.backward(seen.square().sum())
    reached = sum(one.numel() for one in model.parameters() if one.grad is not None)
    count = model.parameter_count()
    require(reached == count, f"gradients reach {reached} weights, and it counts {count}")
    passed = state.grad is not None and bool(state.grad.abs().sum() > 0)
    require(passed, "it passes no gradient to its input")


def is_as_large_without_storage(build: Build) -> None:
    """So that plans can count its weights."""
    with torch.device("meta"):
        bare = build().parameter_count()
    require(bare == build().parameter_count(), "without storage it has other weights")


def has_features_of_each_image_alone(build: Build) -> None:
    """Where linear probes can test it."""
    model = _made(build).eval()
    if "linear_probe" not in model.protocols:
        return
    state = _state(model)
    shown = state if model.iterative else state[:, LAYOUT.visible_slice]
    told = {} if model.iterative else {"condition": _told()}
    found = model.features(shown, **told)
    alone = model.features(shown[:1], **{name: one[:1] for name, one in told.items()})
    require(found.shape[0] == _B and bool(found.std() > 0), "its features say nothing")
    same = torch.allclose(found[:1], alone, rtol=1e-4, atol=1e-5)
    require(same, "features of an image depend on its batch")


CHECKS = (
    *(gives_as_many_channels_as_it_took, goes_to_a_grid_of_its_own_and_back),
    *(hears_the_condition, refuses_a_missing_condition, leaves_its_input_as_it_was),
    *(draws_no_random_numbers, passes_gradients_on, is_as_large_without_storage),
    has_features_of_each_image_alone,
)


def _made(build: Build) -> Model:
    model = build()
    initialise(model, Draws(0))
    broken.moved(model, by=0.02)
    return model


def _run(model: Model, state: Tensor, **given: Tensor | None) -> Tensor:
    condition = given.get("told", _told())
    if isinstance(model, Automaton):
        mask = torch.ones(_B, 1, *state.shape[2:], dtype=torch.bool)
        return model.step(state, condition=condition, mask=mask)
    answer: Tensor = model(state[:, LAYOUT.visible_slice], condition)
    return answer


def _told() -> Tensor:
    return torch.eye(LAYOUT.condition)[:_B]


def _seed() -> Tensor:
    return broken.drawn(_B, LAYOUT.channels, LAYOUT.height, LAYOUT.width, about="seed")


def _grid(model: Model) -> Layout:
    own = getattr(model, "layout", LAYOUT)
    return own if model.iterative and isinstance(own, Layout) else LAYOUT


def _state(model: Model) -> Tensor:
    grid = _grid(model)
    return broken.drawn(_B, grid.channels, grid.height, grid.width, about="state")
