"""What every objective must do."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ncabench.nca.contract import broken
from ncabench.nca.contract.broken import require
from ncabench.nca.draws import Draws
from ncabench.nca.objective import Objective

_B, _A, _SIDE = 3, 3, 32

Build = Callable[[], Objective]


def is_a_scalar_that_is_0_where_nothing_is_wrong(build: Build) -> None:
    """And more than that of another lesson."""
    made, answer, lesson = _made(build), _answer(), _lesson()
    right, wrong = _value(made, answer, answer), _value(made, answer, lesson)
    require(right.ndim == 0, f"it gives {tuple(right.shape)}, and must give a scalar")
    require(right.abs() <= 1e-5, f"it is {float(right):g} of what is as it should be, not 0")
    require(wrong > 0, f"it is {float(wrong):g} of what is not as it should be")


def is_averaged_over_samples(build: Build) -> None:
    """So that a batch may be split."""
    made, answer, lesson = _made(build), _answer(), _lesson()
    alone = [_value(made, answer[i : i + 1], lesson[i : i + 1]) for i in range(_B)]
    mean, together = torch.stack(alone).mean(), _value(made, answer, lesson)
    same = torch.allclose(mean, together, rtol=1e-5, atol=1e-5)
    require(same, "the loss of a batch is not the mean of its samples' losses")


def passes_gradients_to_the_answer(build: Build) -> None:
    """Finite ones, to every sample."""
    made, answer = _made(build), _answer().requires_grad_()
    torch.autograd.backward(_value(made, answer, _lesson()))
    grad = answer.grad
    require(
        grad is not None and grad.isfinite().all(), "gradients of the answer are not finite"
    )
    reached = grad is not None and (grad.abs().amax(dim=(1, 2, 3)) > 0).all()
    require(bool(reached), "a sample's answer gets no gradient")


def leaves_its_inputs_as_they_were(build: Build) -> None:
    """Nothing is written into answers and lessons."""
    made, answer, lesson = _made(build), _answer(), _lesson()
    with broken.untouched(answer=answer, lesson=lesson):
        _value(made, answer, lesson)


def draws_from_no_global_generator(build: Build) -> None:
    """Chance comes from ``draws``."""
    made, answer, lesson = _made(build), _answer(), _lesson()
    broken.draws_nothing(lambda: _value(made, answer, lesson))


CHECKS = (
    *(is_a_scalar_that_is_0_where_nothing_is_wrong, is_averaged_over_samples),
    *(passes_gradients_to_the_answer, leaves_its_inputs_as_they_were),
    draws_from_no_global_generator,
)


def _made(build: Build) -> Objective:
    made = build()
    made.prepare(torch.device("cpu"))
    return made


def _value(made: Objective, answer: Tensor, lesson: Tensor) -> Tensor:
    return made(answer, lesson, draws=Draws(5), index=torch.tensor(0))


def _answer() -> Tensor:
    return broken.drawn(_B, _A, _SIDE, _SIDE, about="answer")


def _lesson() -> Tensor:
    return broken.drawn(_B, _A, _SIDE, _SIDE, about="lesson").square()
