"""The penalty on values that leave their range."""

from __future__ import annotations

from torch import Tensor

from ncabench.nca.state import Layout


def overflow(state: Tensor, *, layout: Layout) -> Tensor:
    """Return how far values lie outside their range, on average; a scalar.

    The visible channels belong in [0, 1], the other unfrozen ones in [-1, 1]; the two mean
    distances are added. Where nothing is visible, the class scores alone count: they belong
    in [0, 1].

    Source: NCAtorch, equation 6, as its code applies it to images (visible against the rest)
    and to classifications, whose loss is handed the class scores and no other channel.

    Shape:
        state ``(B, C, H, W)``.

    >>> import torch
    >>> layout = Layout(height=1, width=1, visible=1, hidden=1)
    >>> float(overflow(torch.tensor([[[[1.5]], [[-3.0]]]]), layout=layout))  # 0.5 + 2
    2.5
    """
    answer = state[:, layout.answer_slice]
    rest = state[:, layout.answer_slice.stop :]
    penalty = (answer - answer.clamp(0, 1)).abs().mean()
    if rest.shape[1]:
        penalty = penalty + (rest - rest.clamp(-1, 1)).abs().mean()
    return penalty
