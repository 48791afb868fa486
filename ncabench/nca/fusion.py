"""Rollouts most of whose steps are taken on a grid of a quarter of the cells."""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.model import Automaton
from ncabench.nca.state import Layout

AROUND = 2


class Roll(Protocol):
    """What rolls out: the ``rollout`` of an engine."""

    def __call__(
        self,
        model: Automaton,
        state: Tensor,
        *,
        condition: Tensor | None,
        masks: Tensor | None,
        segments: int = 0,
    ) -> Tensor:
        """Return the last state."""


def fusable(height: int, width: int, *, steps: int, around: int = AROUND) -> None:
    """Refuse a rollout that cannot be fused.

    Args:
        height: H of the grid.
        width: W of the grid.
        steps: of the rollout.
        around: steps before fusion, and after mitosis.

    Raises:
        ValueError: H or W is odd, or no step is left between fusion and mitosis.
    """
    if height % 2 or width % 2:
        raise ValueError(f"fusion needs even H and W, not {height} x {width}")
    if steps <= 2 * around:
        raise ValueError(f"fusion needs more than {2 * around} steps, not {steps}")


def fused_rollout(
    roll: Roll,
    model: Automaton,
    state: Tensor,
    *,
    layout: Layout,
    condition: Tensor | None,
    masks: Tensor,
    segments: int = 0,
    around: int = AROUND,
) -> Tensor:
    """Return the final state of a rollout with cell fusion and mitosis.

    In order: ``around`` steps; fusion, which puts the mean of 2x2 cells in place of them; the
    steps in between, on a grid of half the height and width; mitosis, which repeats each cell
    2x2; the frozen channels as they were before fusion; ``around`` steps. It saves the memory
    of three quarters of the cells for most steps, and is no longer the same rollout.

    Source: ViTCA, section A.1, which fuses after two steps and divides before the last two.

    Args:
        roll: takes the steps.
        model: what is stepped.
        state: ``(B, C, H, W)``, H and W even.
        layout: the model's own; its frozen channels are put back.
        condition: what the model is told, or None.
        masks: ``(T, B, 1, H, W)``; fused cells update with the upper left of the four.
        segments: of each of the three parts, as in ``rollout_in_segments``.
        around: steps before fusion, and after mitosis.

    Raises:
        ValueError: H or W is odd, or no step is left between fusion and mitosis.

    Shape:
        result ``(B, C, H, W)``.
    """
    fusable(*state.shape[-2:], steps=len(masks), around=around)
    steps = len(masks)

    def rolled(start: Tensor, chosen: Tensor) -> Tensor:
        given = {"condition": condition, "masks": chosen}
        return roll(model, start, **given, segments=segments)

    before = rolled(state, masks[:around])
    fused = rolled(F.avg_pool2d(before, 2), masks[around : steps - around, ..., ::2, ::2])
    divided = F.interpolate(fused, scale_factor=2)
    kept = layout.frozen
    divided = torch.cat([before[:, :kept], divided[:, kept:]], dim=1)
    return rolled(divided, masks[steps - around :])
