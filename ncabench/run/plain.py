"""Whole answers and whole training iterations in plain PyTorch, as papers time them.

An automaton's answer is what leads from the task's seed state to an image: encoding it where
the automaton is latent, a rollout with masks of ``torch.rand``, and decoding. That of a
one-pass model is a pass. An iteration trains the model itself, not a copy of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.model import Automaton, Model
from ncabench.nca.model.gan import GAN
from ncabench.run.workload import CLIP_NORM, LEARNING_RATE, Action, Workload, stepped

L1 = 100.0  # weight beside the critic's word, as in `trainer/adversarial`


def answer(load: Workload) -> Action:
    """Return what gives an answer, without gradients."""
    load.model.eval()
    given, condition = load.given, load.task.condition(load.labels)

    def action() -> Tensor:
        with torch.no_grad():
            return _answer(load, given, condition)

    return action


def optimisers(model: Model) -> list[torch.optim.Adam]:
    """Return one Adam of all weights that are trained; of a GAN, the generator's and critic's.

    They hold no memory before their first step.
    """
    parts = [model.generator, model.critic] if isinstance(model, GAN) else [model]
    trained = [[one for one in part.parameters() if one.requires_grad] for part in parts]
    return [torch.optim.Adam(weights, lr=LEARNING_RATE) for weights in trained]


def iteration(load: Workload, descending: Sequence[torch.optim.Adam]) -> Action:
    """Return a training iteration.

    That is an answer with gradients, the mean squared error of its pixels, the backward
    pass, clipping to norm 1 and a step of Adam. Of a GAN it is what its trainer does: the
    generator descends on 100 times the mean absolute error and on the critic's word, then
    the critic on real and made images, without clipping.

    Args:
        load: the model, its task and the sizes.
        descending: the model's `optimisers`.
    """
    model = load.model.train()
    given, condition = load.given, load.task.condition(load.labels)
    target = load.task.target(load.labels)

    def adversarial() -> Tensor:
        assert isinstance(model, GAN)
        made = model(given, condition)
        fooled = _judged(model, made, condition, real=True)
        loss = L1 * F.l1_loss(made, target) + fooled
        _descend(loss, descending[0])
        descending[1].zero_grad()  # what the generator's pass left
        real = _judged(model, target, condition, real=True)
        false = _judged(model, made.detach(), condition, real=False)
        _descend((real + false) / 2, descending[1])
        return loss.detach()

    def plain() -> Tensor:
        descending[0].zero_grad()
        loss = F.mse_loss(_answer(load, given, condition), target)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
        descending[0].step()
        return loss.detach()

    return adversarial if isinstance(model, GAN) else plain


def _answer(load: Workload, given: Tensor, condition: Tensor | None) -> Tensor:
    model = load.model
    first = model.begin(given) if isinstance(model, Automaton) else given
    return load.shown(stepped(model, first, condition, steps=load.passes))


def _descend(loss: Tensor, optimiser: torch.optim.Adam) -> None:
    optimiser.zero_grad()
    torch.autograd.backward(loss)
    optimiser.step()


def _judged(model: GAN, image: Tensor, condition: Tensor | None, *, real: bool) -> Tensor:
    scores = model.scores(image, condition)
    return F.binary_cross_entropy_with_logits(scores, torch.full_like(scores, float(real)))
