"""What the heads of an attending automaton look at, once its state has settled."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Model
from ncabench.nca.model._encoder import Encoder
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._asked import fitting, insist, refuse_own
from ncabench.nca.protocol._cases import evaluating
from ncabench.nca.protocol._encoders import attending
from ncabench.nca.protocol._inputs import Ended, Inputs
from ncabench.nca.protocol._splats import beyond, entropy, received, to_itself
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.task import Task

EVEN = 0.5  # the grey of a cell that gets one cell's worth of attention


class AttentionMaps(Protocol):
    """Rolls an automaton out, and gathers how its cells divide their attention.

    The images are the first of the test split, masked by the task or whole. In the state
    after ``steps`` updates, each cell gives every neighbour in its window a share of its
    attention, for each head by itself; the shares add up to 1. Where there are several blocks
    they are the last one's. For each head K, from 0, the values are means over cells and
    images:

    - ``attention/entropy_head_K``: of a cell's shares, in nats;
    - ``attention/self_head_K``: the share that a cell gives itself;
    - ``attention/border_head_K``: the share that goes beyond the border, which there reads
      zeros;
    - ``attention/even_entropy``, ``attention/even_self``, ``attention/even_border``: what
      these would be if all shares were even;
    - ``states/diverged_settled``: the share, from 0 to 1, of last states that are not finite
      or far out of range; their images stay out of all the others, which are absent where
      none is left.

    Each of the first images has a filmstrip: the input (at t = 0), the answer, and for each
    head a map of how much attention a cell gets from all cells: black is none, middle grey is
    one cell's worth, white is two and more. A pixel has the grey of the cell it lies in.

    No metric of the suite is asked. What fires depends on the image's number alone. Shares
    are read in plain PyTorch, whatever the engine.

    Source: ViTCA, figure 2 (maps of attention as splats, after a rollout), in pictures. The
    numbers are ncabench's.

    Args:
        steps: updates until the state that is looked at.
        images: the first so many, and no part of a batch; None takes all.
        masked: whether they are masked.
        films: images that have a filmstrip.

    Raises:
        ValueError: a number is too small; when called, something is to be perturbed, a
            metric is called like what is measured here, or there is no whole batch of images.
        TypeError: when called, the model has no heads or the task has no masks.

    >>> AttentionMaps(steps=0)
    Traceback (most recent call last):
    ValueError: steps must be at least 1, not 0
    """

    version = 1
    measures = ("attention", "states")
    whole_batches = True

    def __init__(
        self,
        *,
        steps: int = 64,
        images: int | None = 320,
        masked: bool = True,
        films: int = 4,
    ) -> None:
        insist(steps=(steps, 1), films=(films, 0))
        insist(images=(1 if images is None else images, 1))
        self.steps, self.images, self.masked, self.films = steps, images, masked, films

    def __call__(
        self,
        model: Model,
        task: Task,
        perturbation: Perturbation,
        metrics: Mapping[str, Metric],
        draws: Draws,
    ) -> Measured:
        """Measure ``model``; its weights, mode and device are left as they were.

        Nothing raises ``Diverged``: that a state diverged is a value.
        """
        automaton, denoising = fitting(model, task, by="attention_maps")
        _, encoder = attending(model, by="attention_maps")
        refuse(perturbation, by="attention_maps")
        refuse_own(metrics, measures=self.measures, by="attention_maps")
        inputs = Inputs(automaton, denoising, draws=draws, steps=self.steps, images=self.images)
        make = denoising.masked if self.masked else denoising.target
        with evaluating(model):
            for ended in inputs.rolled("settled", lambda part: make(part.old)):
                self._add(inputs, encoder, ended)
        return inputs.measured()

    def _add(self, inputs: Inputs, encoder: Encoder, ended: Ended) -> None:
        """Add what a batch of settled states attends to."""
        shares = encoder.shares(ended.last)[-1]
        even = torch.full_like(shares[:1], 1 / shares.shape[-1])
        kept = ~ended.diverged
        for name, found in (("entropy", entropy), ("self", to_itself), ("border", beyond)):
            for head, scores in enumerate(found(shares)[kept].unbind(1)):
                own = inputs.scores.setdefault(f"attention/{name}_head_{head}", [])
                own.extend(scores.tolist())
            inputs.scores[f"attention/even_{name}"] = [float(found(even)[0, 0])]
        maps = received(shares)
        for row, number in enumerate(ended.cases.samples.tolist()):
            if number < self.films:
                frames = [ended.given[row], ended.answer[row]]
                frames += [_picture(one, like=ended.answer[row]) for one in maps[row]]
                steps = [0] + [self.steps] * (len(frames) - 1)
                inputs.show(f"attention_{number}", frames, steps=steps)


def _picture(received: Tensor, *, like: Tensor) -> Tensor:
    """Return a map of cells ``(H, W)`` as an image ``(planes, H p, W p)``."""
    size = like.shape[-1] // received.shape[-1]
    grey = (EVEN * received.nan_to_num(nan=0.0)).clamp(0, 1)
    large = grey.repeat_interleave(size, dim=0).repeat_interleave(size, dim=1)
    return large.expand_as(like)
