"""What the hidden channels of settled states tell of the images they came from."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Model
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._asked import fitting, insist, refuse_own
from ncabench.nca.protocol._cases import evaluating
from ncabench.nca.protocol._components import components, gram, separation
from ncabench.nca.protocol._dots import drawn
from ncabench.nca.protocol._inputs import Inputs
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.task import Task


class HiddenStates(Protocol):
    """Rolls an automaton out, and reduces the hidden channels of each image to few numbers.

    The images are the first of the test split, whole, or masked by the task as in the
    protocol ``denoising``. The hidden channels of all cells after ``steps`` updates are one
    vector for each image; what is measured of these vectors is

    - ``hidden/explained_2``, ``hidden/explained_3``: the share of their variance, in %, along
      their first two and three principal components;
    - ``hidden/separation``: the share of images, in %, whose ``neighbours`` nearest others
      have their class, by majority, and where that is even, by the nearest of them;
    - ``hidden/separation_2``, ``hidden/separation_3``: likewise, where distances are those
      along the first two and three components;
    - ``hidden/separation_input``: likewise, of the pixels of the inputs themselves, for scale;
    - ``hidden/largest_class``: the share of the class that most images have, in %, for scale;
    - ``states/diverged_settled``: the share, from 0 to 1, of last states that are not finite
      or far out of range; their images stay out of all the others. Where fewer than four, or
      no more than ``neighbours``, are left, these are absent.

    The filmstrip ``components`` shows the images as dots, in the colours of their classes:
    along the first and second component, the first and third, the second and third.
    No metric of the suite is asked. What fires depends on the image's number alone.

    Source: ViTCA, section 4.1.2 and figure 4 (c): two and three components of converged
    hidden states of FashionMNIST, in pictures. The numbers, and how many images and steps,
    are ncabench's; the steps are those of its tests.

    Args:
        steps: updates until the last state.
        images: the first so many, and no part of a batch; None takes all. Memory grows with
            their square.
        masked: whether they are masked.
        neighbours: others that say of which class an image is.
        side_px: side of a picture of dots.

    Raises:
        ValueError: a number is too small; when called, something is to be perturbed, a
            metric is called like what is measured here, there is no whole batch of images,
            or nothing is hidden.
        TypeError: when called, the model is no automaton or the task has no masks.

    >>> HiddenStates(neighbours=0)
    Traceback (most recent call last):
    ValueError: neighbours must be at least 1, not 0
    """

    version = 1
    measures = ("hidden", "states")
    whole_batches = True

    def __init__(
        self,
        *,
        steps: int = 64,
        images: int | None = 2000,
        masked: bool = False,
        neighbours: int = 5,
        side_px: int = 192,
    ) -> None:
        insist(steps=(steps, 1), neighbours=(neighbours, 1), side_px=(side_px, 3))
        insist(images=(1 if images is None else images, 1))
        self.steps, self.images, self.masked = steps, images, masked
        self.neighbours, self.side_px = neighbours, side_px

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
        automaton, denoising = fitting(model, task, by="hidden_states")
        refuse(perturbation, by="hidden_states")
        refuse_own(metrics, measures=self.measures, by="hidden_states")
        if denoising.layout.hidden == 0:
            raise ValueError("hidden_states needs hidden channels, and the task has none")
        inputs = Inputs(automaton, denoising, draws=draws, steps=self.steps, images=self.images)
        make = denoising.masked if self.masked else denoising.target
        hidden, given, classes = list[Tensor](), list[Tensor](), list[Tensor]()
        first = denoising.layout.visible_slice.stop
        with evaluating(model):
            for ended in inputs.rolled("settled", lambda part: make(part.old)):
                kept = ~ended.diverged
                hidden.append(ended.pixels[kept, first:].flatten(1))
                given.append(ended.given[kept].flatten(1))
                classes.append(denoising.classes_of(ended.cases.old)[kept])
        self._reduce(inputs, torch.cat(hidden), torch.cat(given), torch.cat(classes))
        return inputs.measured()

    def _reduce(self, inputs: Inputs, hidden: Tensor, given: Tensor, classes: Tensor) -> None:
        if len(classes) <= max(3, self.neighbours):
            return
        products = gram(hidden)
        found = components(products, count=3)
        spaces = {
            "separation": products,
            "separation_2": gram(found.places[:, :2]),
            "separation_3": gram(found.places),
            "separation_input": gram(given),
        }
        values = {
            name: separation(space, classes, neighbours=self.neighbours)
            for name, space in spaces.items()
        }
        shares = 100 * found.explained
        values |= {f"explained_{count}": float(shares[:count].sum()) for count in (2, 3)}
        values["largest_class"] = 100 * float(classes.bincount().max()) / len(classes)
        inputs.scores |= {f"hidden/{name}": [value] for name, value in values.items()}
        pairs = [found.places[:, list(pair)] for pair in combinations(range(3), 2)]
        dots = [drawn(pair, classes, side=self.side_px) for pair in pairs]
        inputs.show("components", dots, steps=[self.steps] * len(dots))
