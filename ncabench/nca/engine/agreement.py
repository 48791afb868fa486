"""Whether an engine does what the definition does, asked on the machine that runs it.

A compiler may be wrong: a version of PyTorch dropped a gradient without a word. So the first
rollout of a model by a compiling engine is preceded by two steps of it beside the
definition's, at the same sizes, on a state that has every sign and magnitude a state has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor

from ncabench.nca.model import Automaton
from ncabench.nca.rollout import rollout

STEPS = 2
LIMITS = {  # greatest relative error, by the type that weights are multiplied in
    torch.float64: 1e-9,
    torch.float32: 1e-3,
    torch.float16: 2e-2,
    torch.bfloat16: 1e-1,
}
TF32_LIMIT = 2e-2
Roll = Callable[[Tensor], Tensor]


def disagreement(
    roll: Roll,
    model: Automaton,
    state: Tensor,
    *,
    condition: Tensor | None,
    masks: Tensor | None,
    noises: Tensor | None,
    operands: torch.dtype,
) -> str:
    """Return by how much two steps differ from the definition's, or ``""`` where they agree.

    Compared are the last state and, where gradients are wanted, those of the first state and
    of all weights together, each by its norm.

    Args:
        roll: takes two steps from a state, with the masks and noises given here.
        model: what steps.
        state: ``(B, C, H, W)``; gives the sizes.
        condition: as a rollout takes it.
        masks: of the two steps, or None.
        noises: of the two steps, or None.
        operands: the type that ``roll`` multiplies weights in.
    """
    start = _wave(state)
    found = _outcome(roll, model, start)
    with _defining(state.device):
        expected = _outcome(
            lambda one: rollout(model, one, condition=condition, masks=masks, noises=noises),
            model,
            start,
        )
    tf32 = state.is_cuda and torch.backends.cudnn.allow_tf32
    limit = TF32_LIMIT if tf32 and operands == torch.float32 else LIMITS[operands]
    for name, one, other in zip(_NAMES, found, expected, strict=False):
        error = float((one - other).norm() / other.norm().clamp_min(1e-12))
        if not error <= limit:
            return f"{name} after {STEPS} steps is off by {error:.1e} (at most {limit:.0e})"
    return ""


_NAMES = ("the state", "the state's gradient", "the weights' gradient")


def _outcome(roll: Roll, model: Automaton, start: Tensor) -> Sequence[Tensor]:
    given = start.clone().requires_grad_(torch.is_grad_enabled())
    last = roll(given)
    if not last.requires_grad:
        return [last.double()]
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    gradients = torch.autograd.grad(
        (last * _wave(last)).sum(), [given, *weights], allow_unused=True
    )
    ours = [
        torch.zeros_like(weight) if gradient is None else gradient
        for weight, gradient in zip(weights, gradients[1:], strict=True)
    ]
    flat = torch.cat([one.double().flatten() for one in ours])
    assert gradients[0] is not None
    return [last.detach().double(), gradients[0].double(), flat]


def _wave(like: Tensor) -> Tensor:
    """Return values from -0.5 to 1.5 that repeat nowhere, of the shape of ``like``."""
    count = torch.arange(like.numel(), device=like.device, dtype=torch.float64)
    return (0.5 + torch.sin(0.7 * count)).to(like.dtype).view(like.shape)


@contextmanager
def _defining(device: torch.device) -> Iterator[None]:
    """Plain PyTorch at full precision, on the stream that all of its operators know."""
    with ExitStack() as stack:
        stack.enter_context(torch.autocast(device.type, enabled=False))
        if device.type != "cuda":
            yield
            return
        cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
        before = cudnn.allow_tf32, matmul.allow_tf32
        torch.cuda.synchronize(device)
        stack.enter_context(torch.cuda.stream(torch.cuda.default_stream(device)))
        cudnn.allow_tf32 = matmul.allow_tf32 = False
        try:
            yield
        finally:
            cudnn.allow_tf32, matmul.allow_tf32 = before
            torch.cuda.synchronize(device)
