"""Classify images by what a frozen model makes of them, to see what it knows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from statistics import fmean, stdev
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.errors import Diverged
from ncabench.nca.descent import Descent
from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Model
from ncabench.nca.optimiser.adamw import AdamW
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Curve, Measured, Protocol
from ncabench.nca.protocol._asked import insist
from ncabench.nca.protocol._cases import evaluating
from ncabench.nca.protocol._features import Features, Kept, batches
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.schedule.constant import Constant
from ncabench.nca.schedule.cosine import Cosine
from ncabench.nca.task import Task
from ncabench.nca.task.denoising import SPLITS
from ncabench.nca.task.denoising import Denoising as DenoisingTask
from ncabench.nca.weights import initialise

_Series = dict[int, list[float]]  # iteration: what was found


class LinearProbe(Protocol):
    """Trains a classifier on a frozen model's features, and tests it.

    The model is shown whole images, in evaluation mode. Its features are those that it names
    (`Model.features`), flattened by channel, row and column: the hidden channels of an
    automaton after ``steps`` updates from the task's seed state, of other models what they
    find in the image. The classifier is one linear layer with biases, or, where the model asks
    for hidden units (``probe_units``), two layers with a ReLU between. It is trained by cross
    entropy on batches of the split ``train``, drawn with replacement, and tested on the
    split ``test`` every ``validate_every`` iterations and after the last. The values are

    - ``probe/accuracy``: the best of the tests, in %: the mean over batches, the smaller last
      one among them;
    - ``probe/final``: that of the last test;
    - ``probe/best_at``: the iteration of the best, the first of several;
    - ``probe/parameters``: weights of the classifier.

    The curves ``probe`` and ``probe_loss`` go over iterations, not over steps of a rollout:
    the tests, with the standard deviation over batches, and the mean loss between them, with
    that over iterations.

    What fires depends on the number of an image and on the iteration alone; weights of the
    classifier start as PyTorch's do, from keyed draws.

    Source: ViTCA, section 4.2 and table 3; the authors' code for what the features are, for
    the constant learning rate and for the best test as what is kept. ``cached``, ``images`` and
    ``test_images`` are ncabench's, to make a probe cheaper.

    Args:
        steps: updates until an automaton's hidden channels are read.
        iterations: of the classifier's training.
        batch: images of an iteration, and of a batch of a test.
        learning_rate: of AdamW, before the schedule's factor.
        weight_decay: share of each weight taken off per unit of learning rate.
        schedule: of the learning rate; ``"cosine"`` ends at 0.
        validate_every: iterations between tests.
        images: the first so many of the split are trained on; None takes all.
        test_images: likewise, tested on.
        cached: compute the features of each image once, so that the same cells fire
            whenever it is shown; the device keeps them, in 4 bytes for each feature of each
            image that is trained on or tested.

    Raises:
        ValueError: a number is out of range; when called, something is to be perturbed, there
            is a metric, or the model has features of no channels.
        TypeError: when called, the task has no whole images, or the model no features.

    >>> LinearProbe(iterations=0)
    Traceback (most recent call last):
    ValueError: iterations must be at least 1, not 0
    """

    version = 1
    measures = ("probe",)
    scores_images = False

    def __init__(
        self,
        *,
        steps: int = 64,
        iterations: int = 100_000,
        batch: int = 32,
        learning_rate: float = 1e-3,
        weight_decay: float = 0.01,
        schedule: Literal["constant", "cosine"] = "constant",
        validate_every: int = 1000,
        images: int | None = None,
        test_images: int | None = None,
        cached: bool = False,
    ) -> None:
        insist(
            steps=(steps, 1),
            iterations=(iterations, 1),
            batch=(batch, 1),
            validate_every=(validate_every, 1),
            images=(images, 1),
            test_images=(test_images, 1),
        )
        self.steps, self.iterations, self.batch = steps, iterations, batch
        self.optimiser = AdamW(learning_rate=learning_rate, weight_decay=weight_decay)
        self.schedule = Cosine() if schedule == "cosine" else Constant()
        self.validate_every, self.cached = validate_every, cached
        self.images, self.test_images = images, test_images

    def __call__(
        self,
        model: Model,
        task: Task,
        perturbation: Perturbation,
        metrics: Mapping[str, Metric],
        draws: Draws,
    ) -> Measured:
        """Probe ``model``; its weights, mode and device are left as they were.

        Raises:
            Diverged: the loss stopped being finite, or scores of test images did.
        """
        if not isinstance(task, DenoisingTask):
            what = (
                f"linear_probe needs a task of images with classes, not {type(task).__name__}"
            )
            raise TypeError(what)
        refuse(perturbation, by="linear_probe")
        if metrics:
            raise ValueError(f"metric.{next(iter(metrics))}: linear_probe scores no image")
        trained = min(task.trainings, self.images or task.trainings)
        tested = min(task.tests, self.test_images or task.tests)
        with evaluating(model):
            train, test = (
                Features(model, task, draws, split=split, steps=self.steps) for split in SPLITS
            )
            if self.cached:
                train, test = Kept(train, count=trained), Kept(test, count=tested)
            first = torch.zeros(1, dtype=torch.int64, device=task.device)
            width = train(first, index=0).shape[1]
            if width == 0:
                raise ValueError(f"{type(model).__name__} has no channels to probe")
            head = _classifier(width, task.class_count, units=model.probe_units, draws=draws)
            return self._probe(head.to(task.device), train, test, counts=(trained, tested))

    def _probe(
        self, head: nn.Sequential, train: Features, test: Features, *, counts: tuple[int, int]
    ) -> Measured:
        """Train a classifier on so many images, and test it on so many."""
        descent = Descent(
            head.parameters(),
            optimiser=self.optimiser,
            schedule=self.schedule,
            iterations=self.iterations,
        )
        losses, paid, right = list[Tensor](), _Series(), _Series()
        for iteration in range(1, self.iterations + 1):
            descent.prepare(iteration - 1)
            losses.append(self._learn(head, descent, train, count=counts[0], index=iteration))
            if iteration % self.validate_every == 0 or iteration == self.iterations:
                paid[iteration] = _finite(losses, what="the probe's loss", by=iteration)
                right[iteration] = self._test(head, test, count=counts[1], index=iteration)
                losses = []
        means = {iteration: fmean(each) for iteration, each in right.items()}
        best = max(means, key=lambda iteration: means[iteration])  # the first of several
        return Measured(
            values={
                "probe/accuracy": means[best],
                "probe/final": means[self.iterations],
                "probe/best_at": float(best),
                "probe/parameters": float(sum(one.numel() for one in head.parameters())),
            },
            curves={"probe": _curve(right), "probe_loss": _curve(paid)},
        )

    def _learn(
        self,
        head: nn.Sequential,
        descent: Descent,
        train: Features,
        *,
        count: int,
        index: int,
    ) -> Tensor:
        """Do one iteration of the classifier, and return its loss, on the device."""
        slots = torch.arange(self.batch, device=train.task.device)
        turns = train.draws.integers(
            "probe/sample", low=0, high=count, samples=slots, index=index
        )
        shown, classes = train(turns, index=index), train.classes(turns)
        with torch.enable_grad():
            loss = F.cross_entropy(head(shown), classes)
            descent.backward(loss)
        descent.step()
        return loss.detach()

    def _test(
        self, head: nn.Sequential, test: Features, *, count: int, index: int
    ) -> list[float]:
        """Return the share of images that are classified rightly of each batch, in %."""
        shares, sums = list[Tensor](), list[Tensor]()
        for turns in batches(count, self.batch, device=test.task.device):
            scores = head(test(turns, index=index))
            hits = scores.argmax(dim=1) == test.classes(turns)
            shares.append(100 * hits.float().mean())
            sums.append(scores.float().sum())
        _finite(sums, what="a score of the probe's test", by=index)
        return _finite(shares, what="the probe's accuracy", by=index)


def _classifier(inputs: int, classes: int, *, units: int, draws: Draws) -> nn.Sequential:
    """Return a linear layer, or two and a ReLU, with weights from keyed draws."""
    with torch.device("meta"):  # where nothing is drawn
        if units:
            layers = [nn.Linear(inputs, units), nn.ReLU(), nn.Linear(units, classes)]
        else:
            layers = [nn.Linear(inputs, classes)]
        head = nn.Sequential(*layers)
    head = head.to_empty(device="cpu")
    initialise(head, draws)
    return head


def _finite(found: Sequence[Tensor], *, what: str, by: int) -> list[float]:
    """Return numbers from the device, which is waited for.

    Raises:
        Diverged: one of them is not finite.
    """
    numbers: list[float] = torch.stack(list(found)).tolist()
    if not all(map(isfinite, numbers)):
        raise Diverged(f"{what} stopped being finite by iteration {by}")
    return numbers


def _curve(series: _Series) -> Curve:
    return Curve(
        steps=list(series),
        values=[fmean(each) for each in series.values()],
        spreads=[stdev(each) if len(each) > 1 else 0.0 for each in series.values()],
        over="iterations",
    )
