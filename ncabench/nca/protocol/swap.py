"""The automaton of one trained model, seen through the decoder of another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton, Model
from ncabench.nca.model.cells_to_pixels import CellsToPixels
from ncabench.nca.model.mesh_to_pixels import MeshToPixels
from ncabench.nca.model.volume_to_pixels import VolumeToPixels
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._asked import insist, refuse_own
from ncabench.nca.protocol._cases import cases, evaluating, tested
from ncabench.nca.protocol._followed import add
from ncabench.nca.protocol._rollouts import Rollouts, to_the_answer
from ncabench.nca.protocol._swapped import LOOKS, Seen, Swapped
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.task import Task

RENDERED = (CellsToPixels, MeshToPixels, VolumeToPixels)


class Swap(Protocol):
    """Rolls an automaton out, and renders its last state by the decoder of a donor.

    The donor is the model of another training, of the same grid. Three pictures are made of
    each sample: *own*, of the automaton and its own decoder; *swapped*, of the automaton and
    the donor's decoder; *donor*, of the donor's automaton and decoder. For each metric NAME
    the values, means over samples, are

    - ``NAME/own`` and ``NAME/swapped``: against what the automaton was trained on;
    - ``NAME/donor`` and ``NAME/swapped_to_donor``: against what the donor was trained on.

    Two more quantities say whether the swapped picture is like the one that has the same
    automaton or like the one that has the same decoder. ``layout`` compares pictures averaged
    over squares of ``square_px``, each less its mean colour; ``detail`` what the averages
    leave, by how strong each frequency within a square is on the average over squares, wherever
    it stands. Of both there are mean squared differences:

    - ``layout/own``, ``detail/own``: of the swapped picture and the own;
    - ``layout/donor``, ``detail/donor``: of the swapped picture and the donor's;
    - ``layout/apart``, ``detail/apart``: of the own and the donor's.

    All rollouts meet the same fire masks. The first samples have a filmstrip of each picture.

    Source: Cells to Pixels, its figure of automata and decoders that change places: the layout
    is the automaton's, fine detail the decoder's. It shows images; how they are compared is
    ncabench's.

    Args:
        donor: the axes on which the donor's grid point is another, and what stands there,
            such as ``{task = "bricks"}``.
        steps: updates until the states are rendered.
        rollouts: samples, a multiple of the classes of both tasks.
        batch: samples rolled out together.
        square_px: side of a square, at least 2; what fills no square at the right and lower
            border does not count.
        frames: times of a filmstrip, evenly spaced from the seed to the end.
        films: samples that have filmstrips.

    Raises:
        ValueError: ``donor`` names no axis, or a number is too small; in `check`, the two
            models have other grids or pictures; when called, something is to be perturbed, a
            metric is called ``layout`` or ``detail``, or ``rollouts`` is no multiple of the
            classes.
        TypeError: in `check`, a model does not render its cells.

    >>> Swap(donor={})
    Traceback (most recent call last):
    ValueError: donor must name an axis on which the donor is another, such as task
    """

    version = 1
    measures = ("layout", "detail")
    takes_donor = True

    def __init__(
        self,
        *,
        donor: dict[str, str | int],
        steps: int = 96,
        rollouts: int = 8,
        batch: int = 4,
        square_px: int = 8,
        frames: int = 5,
        films: int = 1,
    ) -> None:
        if not donor:
            raise ValueError(
                "donor must name an axis on which the donor is another, such as task"
            )
        insist(
            steps=(steps, 1),
            rollouts=(rollouts, 1),
            batch=(batch, 1),
            square_px=(square_px, 2),
            frames=(frames, 2),
            films=(films, 0),
        )
        self.steps, self.rollouts, self.batch = steps, rollouts, batch
        self.square_px, self.frames, self.films = square_px, frames, films
        self._donor: tuple[Model, Task] | None = None

    def receive(self, donor: Model, task: Task) -> None:
        """Take the model whose decoder is used, and what it was trained on."""
        self._donor = (donor, task)

    def check(self, model: Model, task: Task) -> None:
        """Raise ValueError or TypeError where a model does not fit the donor received."""
        donor, about = self._received()
        grids = [_rendering(one).layout for one in (model, donor)]
        if grids[0] != grids[1] or _scale(model) != _scale(donor):
            raise ValueError(
                "swap needs two models of one grid and as many pixels a cell, not "
                f"{_size(model)} and {_size(donor)}"
            )
        if task.layout != about.layout:
            raise ValueError("swap needs two tasks whose pictures have one size")

    def __call__(
        self,
        model: Model,
        task: Task,
        perturbation: Perturbation,
        metrics: Mapping[str, Metric],
        draws: Draws,
    ) -> Measured:
        """Measure ``model``; its weights, mode and device are left as they were.

        Raises:
            Diverged: a state stopped being finite; the message names the step.
        """
        self.check(model, task)
        refuse(perturbation, by="swap")
        refuse_own(metrics, measures=self.measures, by="swap")
        donor, about = self._received()
        assert isinstance(model, Automaton)
        assert isinstance(donor, Automaton)
        looked: dict[str, Any] = {
            "metrics": metrics,
            "draws": draws,
            "perturbation": perturbation,
        }
        own = self._seen(model, task, **looked)
        swapped = self._seen(Swapped(model, decoder=donor), task, other=about, **looked)
        theirs = self._seen(donor, about, **looked)
        measured = Measured(values={})
        for name in metrics:
            add(measured, f"{name}/own", own.scores[name])
            add(measured, f"{name}/swapped", swapped.scores[name])
            add(measured, f"{name}/swapped_to_donor", swapped.to_other[name])
            add(measured, f"{name}/donor", theirs.scores[name])
        for name in LOOKS:
            pairs = {"own": (swapped, own), "donor": (swapped, theirs), "apart": (own, theirs)}
            for what, (one, other) in pairs.items():
                apart = one.looks[name] - other.looks[name]
                add(measured, f"{name}/{what}", apart.square().flatten(1).mean(dim=1).tolist())
        for name, seen in (("", own), ("_swapped", swapped), ("_donor", theirs)):
            seen.picture(measured, suffix=name)
        return measured

    def _received(self) -> tuple[Model, Task]:
        assert self._donor is not None, "receive comes first"
        return self._donor

    def _seen(
        self,
        model: Automaton,
        task: Task,
        *,
        perturbation: Perturbation,
        metrics: Mapping[str, Metric],
        draws: Draws,
        other: Task | None = None,
    ) -> Seen:
        """Roll out every sample, and look at what is rendered in the end."""
        seen = Seen(metrics, square_px=self.square_px, other=other)
        plan = to_the_answer(self.steps, every=None, frames=self.frames, films=self.films)
        record = Rollouts(
            model, task, metrics=metrics, draws=draws, plan=plan, observe=seen.see
        )
        every = tested(cases(perturbation, classes=task.classes, rollouts=self.rollouts), task)
        if other is not None:
            pairs = cases(perturbation, classes=other.classes, rollouts=self.rollouts)
            seen.labels = tested(pairs, other).old
        with evaluating(model):
            for part in every.split(self.batch):
                record.grow(part)
        seen.finish(record)
        return seen


def _rendering(model: Model) -> Any:
    """Return what renders; an engine's model has it inside."""
    for one in model.modules():
        if isinstance(one, RENDERED):
            return one
    raise TypeError(
        f"swap needs two automata that render their cells, not {type(model).__name__}"
    )


def _scale(model: Model) -> int | None:
    scale: int | None = getattr(_rendering(model), "scale", None)
    return scale


def _size(model: Model) -> str:
    layout, scale = _rendering(model).layout, _scale(model)
    size = f"{layout.height} x {layout.width} cells of {layout.channels} channels"
    return size if scale is None else f"{size} at scale {scale}"
