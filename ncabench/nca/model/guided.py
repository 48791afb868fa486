"""A neural cellular automaton tested with classifier-free guidance."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ncabench.nca.model.nca import NCA
from ncabench.nca.perception import Perception
from ncabench.nca.state import Layout
from ncabench.nca.update import Update


class Guided(NCA):
    """The automaton ``nca``, guided by its condition more, or less, than in training.

    In a test, each step looks twice, once at the condition and once at a condition of zeros,
    and changes by ``without + guidance * (with - without)``: 1 is the change of ``nca`` itself,
    and looks once; 0 ignores the condition; more than 1 exaggerates it. In training it is
    ``nca``. Its task should drop the condition of some samples to zeros (``condition_dropout``
    of ``grow_digit``), or what is computed without it was never learned.

    Source: Ho and Salimans, "Classifier-Free Diffusion Guidance", 2022, equation 6 (with
    ``guidance`` for their 1 + w, and the change of a state for their score); NCAtorch, section
    A.5, names it and gives no formula, so it is applied to the change here (decision 17).

    Args:
        layout: what the channels mean; it must have a condition.
        perception: as in ``nca``.
        update: as in ``nca``.
        guidance: weight of the condition in tests.
        fire_rate: as in ``nca``, and so are all others.
        clamp: keep all channels within -1 and 1.
        noise: standard deviation of the noise; 0 for none.
        noise_at: where noise is added.
        normalise: divide each sample by its standard deviation.
        step_size: factor on the change.

    Shape:
        `step` maps ``(B, C, H, W)`` to ``(B, C, H, W)``.

    Raises:
        ValueError: the layout has no condition; otherwise as ``nca``.

    >>> from ncabench.nca.perception.sobel import Sobel
    >>> from ncabench.nca.update.mlp import MLP
    >>> layout = Layout(height=4, width=4, visible=1, condition=1)
    >>> model = Guided(layout, Sobel(2), MLP(8, 1), guidance=0.0).eval()
    >>> state, told = torch.zeros(1, 1, 4, 4), torch.ones(1, 1)
    >>> both = [model.step(state, condition=one, mask=None) for one in (told, 0 * told)]
    >>> torch.equal(*both)
    True
    """

    version = 1
    parts = ("perception", "update")
    trainers = ("rollout", "wgan_gp")
    protocols = ("recovery", "quality", "generation")

    def __init__(
        self,
        layout: Layout,
        perception: Perception,
        update: Update,
        *,
        guidance: float = 1.0,
        fire_rate: float = 0.5,
        clamp: bool = False,
        noise: float = 0.0,
        noise_at: Literal["state", "update"] = "state",
        normalise: bool = False,
        step_size: float = 1.0,
    ) -> None:
        super().__init__(
            layout,
            perception,
            update,
            fire_rate=fire_rate,
            clamp=clamp,
            noise=noise,
            noise_at=noise_at,
            normalise=normalise,
            step_size=step_size,
        )
        if not layout.condition:
            raise ValueError("guidance needs a task with a condition, such as blurred = true")
        self.guidance = guidance

    def _change(self, state: Tensor, condition: Tensor | None) -> Tensor:
        told = super()._change(state, condition)
        if self.training or self.guidance == 1 or condition is None:
            return told
        untold = super()._change(state, torch.zeros_like(condition))
        return untold + self.guidance * (told - untold)
