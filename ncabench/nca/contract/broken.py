"""How a broken contract is told, and what the checks of several families share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ncabench.nca.draws import Draws
from ncabench.nca.weights import initialise


class Broken(Exception):
    """A component does not do what every one of its family must; the message says what."""


def require(held: bool | Tensor, what: str) -> None:
    """Raise `Broken` with ``what`` was found, unless what was required held."""
    if not held:
        raise Broken(what)


def drawn(*size: int, about: str, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Return uniform values of a shape, the same for the same words.

    >>> drawn(2, 3, about="a").shape, bool((drawn(2, about="a") == drawn(2, about="a")).all())
    (torch.Size([2, 3]), True)
    """
    count = torch.Size(size).numel()
    values = Draws(0).uniform(about, samples=torch.zeros(1, dtype=torch.int64), cells=count)
    return values.view(size) * (high - low) + low


def moved(module: nn.Module, *, by: float) -> None:
    """Add a different amount to every weight, since some start where nothing happens."""
    with torch.no_grad():
        for weight in module.parameters():
            places = torch.arange(weight.numel(), dtype=weight.dtype)
            weight.add_(by * places.sin().view(weight.shape))


@contextmanager
def untouched(**tensors: Tensor | None) -> Iterator[None]:
    """Require that what is given is left as it was."""
    before = {name: one.clone() for name, one in tensors.items() if one is not None}
    yield
    for name, old in before.items():
        now = tensors[name]
        same = now is not None and torch.equal(now, old)
        require(same, f"it changes its input, the {name}, in place")


def draws_nothing(call: Callable[[], Tensor]) -> None:
    """Require that a call reads no global generator, and gives the same again.

    >>> draws_nothing(lambda: torch.zeros(2))
    """
    before = torch.get_rng_state()
    first = call()
    read = not torch.equal(torch.get_rng_state(), before)
    require(not read, "it draws from the global generator; chance comes from `draws` alone")
    require(torch.equal(call(), first), "it gives other numbers when it is called again")


def starts_the_same(modules: Sequence[nn.Module]) -> None:
    """Require that weights come from keyed draws, whatever they were before."""
    for one in modules:
        initialise(one, Draws(7))
    first, *others = (one.state_dict() for one in modules)
    for other in others:
        for name, weight in first.items():
            same = torch.equal(weight, other[name])
            require(same, f"{name} starts otherwise each time; see ncabench.nca.weights")


def starts_right_without_storage(build: Callable[[], nn.Module]) -> None:
    """Require that a part made on the meta device starts like one made in memory."""
    with torch.device("meta"):
        bare = build()
    bare.to_empty(device="cpu")
    starts_the_same([build(), bare])


def reached_by_gradients(inputs: Tensor, output: Tensor, module: nn.Module) -> None:
    """Require gradients for the input and for every weight."""
    torch.autograd.backward(output.square().sum())
    reached = inputs.grad is not None and bool(inputs.grad.abs().sum() > 0)
    require(reached, "it passes no gradient to its input")
    for name, weight in module.named_parameters():
        grad = weight.grad
        require(grad is not None and bool(grad.abs().sum() > 0), f"{name} gets no gradient")
