"""What single heads of an attending automaton contribute to its answers."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Model
from ncabench.nca.model._encoder import Encoder
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._asked import fitting, insist, refuse_own
from ncabench.nca.protocol._cases import evaluating
from ncabench.nca.protocol._encoders import attending, count_heads, masking
from ncabench.nca.protocol._inputs import Given, Inputs
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.task import Task


class MaskedHeads(Protocol):
    """Rolls an automaton out with every head masked by itself, and with every head alone.

    A masked head reads nothing, in all steps and all blocks. Two inputs are rolled out: whole
    images (``autoencoding``) and those that the task masks (``denoising``), which are the
    protocol ``denoising``'s, in its order and its whole batches; answers are clipped to
    [0, 1]. With INPUT for either of the two names, the values for each metric NAME are means
    over all images:

    - ``NAME/INPUT_all_heads``: no head is masked;
    - ``NAME/INPUT_without_head_K``: head K alone is masked, from 0;
    - ``NAME/INPUT_only_head_K``: all heads but K are masked;

    and ``states/diverged_INPUT_...`` likewise: the share, from 0 to 1, of last states that are
    not finite or far out of range. A state that diverges is stepped on; where its answer is
    no number, it counts as black. What fires depends on the image's number alone.

    For each of the first images and either input there is one filmstrip: what was given (at
    t = 0), the answers with all heads, without each and with each alone, in this order, and
    the true image.

    Heads change from rollout to rollout, so all of it runs in plain PyTorch, whatever the
    engine.

    Source: ViTCA, appendix A.3 and figure 7: outputs of autoencoding after 2,784 steps with
    one or several heads masked, in pictures. The numbers are ncabench's.

    Args:
        steps: updates until the answer.
        images: the first so many are tested on, and no part of a batch; None takes all.
        films: images that have a filmstrip.

    Raises:
        ValueError: a number is too small; when called, something is to be perturbed, a
            metric is called ``states``, or there is no whole batch of images.
        TypeError: when called, the model has no heads or the task has no masks.

    >>> MaskedHeads(steps=0)
    Traceback (most recent call last):
    ValueError: steps must be at least 1, not 0
    """

    version = 1
    measures = ("states",)
    whole_batches = True

    def __init__(self, *, steps: int = 64, images: int | None = 320, films: int = 4) -> None:
        insist(steps=(steps, 1), films=(films, 0))
        insist(images=(1 if images is None else images, 1))
        self.steps, self.images, self.films = steps, images, films

    def __call__(
        self,
        model: Model,
        task: Task,
        perturbation: Perturbation,
        metrics: Mapping[str, Metric],
        draws: Draws,
    ) -> Measured:
        """Measure ``model``; its weights, heads, mode and device are left as they were.

        Nothing raises ``Diverged``: that a state diverged is a value.
        """
        _, denoising = fitting(model, task, by="masked_heads")
        automaton, encoder = attending(model, by="masked_heads")
        refuse(perturbation, by="masked_heads")
        refuse_own(metrics, measures=self.measures, by="masked_heads")
        inputs = Inputs(automaton, denoising, draws=draws, steps=self.steps, images=self.images)
        given = {
            "autoencoding": lambda part: denoising.target(part.old),
            "denoising": lambda part: denoising.masked(part.old),
        }
        with evaluating(model):
            for name, make in given.items():
                self._measure(inputs, encoder, metrics, name=name, given=make)
        return inputs.measured()

    def _measure(
        self,
        inputs: Inputs,
        encoder: Encoder,
        metrics: Mapping[str, Metric],
        *,
        name: str,
        given: Given,
    ) -> None:
        """Roll out one kind of input under every choice of heads."""
        strips, truths = dict[int, list[Tensor]](), dict[int, Tensor]()
        for what, heads in choices(count_heads(encoder)).items():
            with masking(encoder, heads):
                for ended in inputs.rolled(f"{name}_{what}", given):
                    inputs.score(metrics, f"{name}_{what}", ended.answer, ended.truth)
                    for row, number in enumerate(ended.cases.samples.tolist()):
                        if number < self.films:
                            strip = strips.setdefault(number, [ended.given[row]])
                            strip.append(ended.answer[row])
                            truths[number] = ended.truth[row]
        for number, strip in strips.items():
            steps = [0] + [self.steps] * len(strip)
            inputs.show(f"{name}_{number}", [*strip, truths[number]], steps=steps)


def choices(heads: int) -> dict[str, tuple[int, ...]]:
    """Return which heads to mask, by the names of what is left.

    >>> choices(2)  # doctest: +NORMALIZE_WHITESPACE
    {'all_heads': (), 'without_head_0': (0,), 'without_head_1': (1,),
     'only_head_0': (1,), 'only_head_1': (0,)}
    """
    every = range(heads)
    return {
        "all_heads": (),
        **{f"without_head_{one}": (one,) for one in every},
        **{f"only_head_{one}": tuple(k for k in every if k != one) for one in every},
    }
