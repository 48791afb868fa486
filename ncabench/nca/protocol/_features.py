"""What frozen models make of whole images, computed anew or kept."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.model import Automaton, Model
from ncabench.nca.protocol._cases import under
from ncabench.nca.protocol._rollouts import VALUES_AT_ONCE
from ncabench.nca.rollout import rollout
from ncabench.nca.task.denoising import Denoising

AT_ONCE = 128  # images whose features are computed together to be kept


def batches(count: int, size: int, *, device: torch.device) -> Iterator[Tensor]:
    """Yield the numbers below ``count``, so many at once; the last may be fewer.

    >>> [part.tolist() for part in batches(5, 2, device=torch.device("cpu"))]
    [[0, 1], [2, 3], [4]]
    """
    for first in range(0, count, size):
        yield torch.arange(first, min(first + size, count), device=device)


class Features:
    """The features of one split's images, none of them masked; computed at each call.

    What fires depends on the image's number in the whole set and on ``index``.

    Args:
        model: frozen, in evaluation mode.
        task: has the images, and seed states for automata.
        draws: where chance comes from.
        split: whose images.
        steps: updates of an automaton until it is asked.
    """

    def __init__(
        self,
        model: Model,
        task: Denoising,
        draws: Draws,
        *,
        split: str,
        steps: int,
    ) -> None:
        self.model, self.task, self.draws = model, task, draws
        self.split, self.steps = split, steps

    def classes(self, turns: Tensor) -> Tensor:
        """Return the classes of the images at ``turns (B,)`` of the split, ``(B,)``."""
        return self.task.classes_of(self.task.plain_labels(turns, split=self.split))

    @torch.no_grad()
    def __call__(self, turns: Tensor, *, index: int) -> Tensor:
        """Return the features of the images at ``turns (B,)``, flattened, ``(B, F)``.

        Args:
            turns: places in the split.
            index: names a repetition, such as the iteration.
        """
        labels = self.task.plain_labels(turns, split=self.split)
        shown = self.task.target(labels)
        if isinstance(self.model, Automaton):
            shown = self._last(self.model, shown, labels, index)
        return self.model.features(shown).flatten(1).float()

    def _last(self, model: Automaton, image: Tensor, labels: Tensor, index: int) -> Tensor:
        """Return the states of an automaton that is shown images, after its updates."""
        seed = self.task.seed_state(labels, samples=labels, draws=self.draws)
        state = model.begin(under(image, seed, frozen=self.task.layout.frozen))
        batch, channels, height, width = state.shape
        drawn = batch * height * width * (channels if model.noise else 1)
        at_once = max(1, VALUES_AT_ONCE // drawn)
        for start in range(0, self.steps, at_once):
            steps, noises = range(start, min(start + at_once, self.steps)), None
            masks = self.draws.masks(
                "probe/fire",
                samples=labels,
                steps=steps,
                height=height,
                width=width,
                rate=model.fire_rate,
                index=index,
            )
            if model.noise:
                values = self.draws.normal(
                    "probe/noise",
                    samples=labels,
                    steps=steps,
                    cells=state[0].numel(),
                    index=index,
                )
                noises = values.transpose(0, 1).reshape(len(steps), *state.shape)
            state = rollout(
                model, state, condition=None, masks=masks, noises=noises, first_step=start
            )
        return state


class Kept(Features):
    """The features of the first images of a split, each computed once.

    Args:
        features: computes them.
        count: how many images.
    """

    def __init__(self, features: Features, *, count: int) -> None:
        super().__init__(
            features.model,
            features.task,
            features.draws,
            split=features.split,
            steps=features.steps,
        )
        parts = batches(count, AT_ONCE, device=self.task.device)
        first = features(next(parts), index=0)
        self.table = first.new_empty(count, first.shape[1])
        self.table[: len(first)] = first
        for turns in parts:
            self.table[turns] = features(turns, index=0)

    def __call__(self, turns: Tensor, *, index: int) -> Tensor:  # noqa: ARG002 -- all alike
        """Return the features of the images at ``turns (B,)``, whatever ``index``."""
        return self.table[turns]
