"""What is timed: a training iteration or a rollout, by plain PyTorch or by an engine.

Both do the same but for the masks. Plain PyTorch draws them by ``torch.rand`` and steps, as
the papers' code does. An engine draws the project's own, by counter, with the engine's
faster generator where it has one; it clips and descends on the device.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ncabench.nca.descent import Descent
from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.fires import Fires
from ncabench.nca.model import Automaton, Model
from ncabench.nca.optimiser.adam import Adam
from ncabench.nca.schedule.constant import Constant
from ncabench.nca.state import Layout
from ncabench.nca.task import Task

LEARNING_RATE = 1e-3
CLIP_NORM = 1.0
Action = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A model at a size; each training has a copy of the model.

    Attributes:
        model: on the device.
        task: on the device.
        batch: grids.
        steps: automaton steps of a rollout; of a one-pass model the passes of a block in
            inference, and in training it passes once.
    """

    model: Model
    task: Task
    batch: int
    steps: int

    @property
    def samples(self) -> Tensor:
        """The numbers of the grids; ``(B,)``."""
        return torch.arange(self.batch, device=self.task.device)

    @property
    def labels(self) -> Tensor:
        """What the grids are about, as many labels as there are classes in turn; ``(B,)``."""
        return self.samples % self.task.classes

    @property
    def given(self) -> Tensor:
        """What the model is given: seed states, or for a one-pass model intact images."""
        if isinstance(self.model, Automaton):
            return self.task.seed_state(self.labels, samples=self.samples, draws=Draws(0))
        return self.task.image(self.labels)

    @property
    def start(self) -> Tensor:
        """What is stepped, on the model's own grid, or what passes through."""
        given = self.given
        return self.model.begin(given) if isinstance(self.model, Automaton) else given

    @property
    def layout(self) -> Layout:
        """Of what is stepped; a latent grid has another than its task."""
        layout: Layout = getattr(self.model, "layout", self.task.layout)
        return layout

    @property
    def passes(self) -> int:
        """How often the model is called for one answer."""
        return self.steps if isinstance(self.model, Automaton) else 1

    def shown(self, last: Tensor) -> Tensor:
        """Return what is compared with the target."""
        if not isinstance(self.model, Automaton):
            return last
        return self.model.end(last)[:, self.task.layout.answer_slice]

    def copy(self) -> Model:
        """Return a copy of the model to train, so that its weights stay."""
        return copy.deepcopy(self.model).train()


def plain_inference(load: Workload) -> Action:
    """Return what steps without gradients; one call is a rollout."""
    model, start = load.model.eval(), load.start
    condition = load.task.condition(load.labels)

    def block() -> Tensor:
        with torch.no_grad():
            return stepped(model, start, condition, steps=load.steps)

    return block


def plain_training(load: Workload) -> Action:
    """Return an iteration: steps with gradients, squared error, backward, clipping, Adam."""
    model, start = load.copy(), load.start
    condition, target = load.task.condition(load.labels), load.task.target(load.labels)
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)

    def iteration() -> Tensor:
        optimiser.zero_grad()
        last = stepped(model, start, condition, steps=load.passes)
        loss = nn.functional.mse_loss(load.shown(last), target)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
        optimiser.step()
        return loss.detach()

    return iteration


def stepped(model: Model, state: Tensor, condition: Tensor | None, *, steps: int) -> Tensor:
    """Return the last state, or the answer of the last pass; masks are `torch.rand`'s."""
    for _ in range(steps):
        if isinstance(model, Automaton):
            mask = _mask(model, state)
            noise = torch.randn_like(state) if getattr(model, "noise", 0.0) else None
            state = model.step(state, condition=condition, mask=mask, noise=noise)
        else:
            last: Tensor = model(state, condition)
    return state if isinstance(model, Automaton) else last


def _mask(model: Automaton, state: Tensor) -> Tensor | None:
    if model.fire_rate >= 1:
        return None
    batch, _, height, width = state.shape
    return torch.rand(batch, 1, height, width, device=state.device) < model.fire_rate


def inference(load: Workload, engine: Engine) -> Action:
    """Return a rollout without gradients, masks drawn in it, as an engine's work."""
    model, start = load.model.eval(), load.start
    condition, drawing = load.task.condition(load.labels), _Drawing(load, engine)
    forward = None if isinstance(model, Automaton) else engine.faster(model)

    def work() -> dict[str, Tensor]:
        with torch.no_grad(), engine.autocast():
            if isinstance(model, Automaton):
                masks, noises = drawing.next()
                last = engine.rollout(
                    model, start, condition=condition, masks=masks, noises=noises
                )
            for _ in range(load.steps if forward else 0):
                assert forward is not None
                last = forward(start, condition)
        return {"last": last}

    return lambda: engine.run(work, key=("inference", load.steps))


def training(load: Workload, engine: Engine) -> Action:
    """Return a training iteration, masks drawn in it, as one piece of an engine's work."""
    model, start = load.copy(), load.start
    condition, target = load.task.condition(load.labels), load.task.target(load.labels)
    drawing = _Drawing(load, engine)
    descent = Descent(
        model.parameters(),
        optimiser=Adam(learning_rate=LEARNING_RATE),
        schedule=Constant(),
        iterations=1,
        clip_norm=CLIP_NORM,
        amp=engine.amp,
        captured=engine.captures,
    )
    descent.prepare(0)
    forward = None if isinstance(model, Automaton) else engine.faster(model)

    def work() -> dict[str, Tensor]:
        with engine.autocast():
            if forward is None:
                assert isinstance(model, Automaton)
                masks, noises = drawing.next()
                last = engine.rollout(
                    model, start, condition=condition, masks=masks, noises=noises
                )
            else:
                last = forward(start, condition)
        loss = nn.functional.mse_loss(load.shown(last).float(), target)
        descent.backward(loss)
        descent.step()
        return {"loss": loss.detach()}

    return lambda: engine.run(work, key=("training", load.steps))


class _Drawing:
    """The masks and the noise of one rollout after another, drawn on the device."""

    def __init__(self, load: Workload, engine: Engine) -> None:
        self.draws = Draws(0, faster=engine.faster if engine.captures else None)
        self.load = load
        self.samples = torch.arange(-load.batch, 0, device=engine.device)

    def next(self) -> tuple[Fires, Tensor | None]:
        """Draw for other samples than before, without a word from the host."""
        layout, steps = self.load.layout, range(self.load.steps)
        model = self.load.model
        assert isinstance(model, Automaton)
        self.samples += len(self.samples)  # before: what fires may be drawn in the rollout
        masks = Fires(
            draws=self.draws,
            purpose="profile/fire",
            samples=self.samples,
            steps=steps,
            height=layout.height,
            width=layout.width,
            rate=model.fire_rate,
        )
        noises = self._noises(len(steps)) if getattr(model, "noise", 0.0) else None
        return masks, noises

    def _noises(self, steps: int) -> Tensor:
        layout = self.load.layout
        shape = (layout.channels, layout.height, layout.width)
        cells = shape[0] * shape[1] * shape[2]
        drawn = self.draws.normal(
            "profile/noise", samples=self.samples, steps=range(steps), cells=cells
        )
        return drawn.transpose(0, 1).reshape(steps, len(self.samples), *shape)
