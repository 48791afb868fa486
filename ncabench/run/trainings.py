"""What restoring images costs in training and in inference, as LNCA's tables print it.

All is plain PyTorch, as `ncabench.run.restoring` and `ncabench.run.epochs` write it. In this
order: for each batch memory and time of an answer; for each batch the memory of training; for
each batch the time of an epoch. Images are of chance, since costs do not depend on them.

Where the device's memory ends, that phase has no values, and the others are still measured; a
batch that cannot be trained has no epoch.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ncabench.nca.model import Automaton, Model
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.run import epochs, failure, memory, restoring
from ncabench.run.answers import Answered, Values
from ncabench.run.failure import Failure
from ncabench.run.precision import flags
from ncabench.run.restoring import Terms
from ncabench.run.timing import time_blocks
from ncabench.run.workload import Action


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is measured; the fields of `[profile]` that matter here."""

    trainings: tuple[int, ...]
    train_steps: int = 32
    pool: int = 0
    samples: int = 0
    epochs: int = 0
    epoch_batches: int = 0
    warm_up: int = 5
    blocks: int = 15
    precision: str = ""


def trainings(model: Model, task: Task, asked: Asked, *, device: torch.device) -> Answered:
    """Measure a model; its weights change.

    Memory is that of the process: weights, their second copy, gradients, the optimiser's state
    and the pool included. Rollouts are the longest in it; those of epochs take all lengths
    from that down to a quarter of it in turn, and those of answers are twice the longest.

    Source: LNCA, tables 3 to 6 and "Efficiency Results".

    Args:
        model: moved to ``device``.
        task: says of which size the images are; nothing else of it is used.
        asked: what is measured.
        device: where.

    Returns:
        For each batch N:

        - ``inference/batch_N/unsynchronised_s``, the mean of the host's clock around calls,
          each with new images, whether the device is done or not;
          ``inference/batch_N/synchronised_s``, the median until it is, with ``_iqr``;
        - ``training/batch_N/``: nothing but the peaks, over a batch of each of the model's
          trainings, of a latent automaton its autoencoder's and its own;
        - ``epochs/batch_N/s``, the mean of epochs after ``warm_up`` batches, of several
          trainings their sum, and then also ``epochs/batch_N/autoencoder_s`` and
          ``automaton_s``.

        Peaks are ``peak_allocated_gb``, ``peak_reserved_gb`` and ``device_used_gb``, on a CPU
        ``peak_rss_gb``, a GB being 2**30 bytes. ``steps`` of an automaton's answer.
    """
    meter = _Meter(model=model.to(device), layout=task.layout, asked=asked, device=device)
    values: Values = {"steps": float(meter.steps)} if isinstance(model, Automaton) else {}
    failed: list[Failure] = []
    with flags(asked.precision) if asked.precision else nullcontext():
        for name, phase in meter.phases():
            try:
                found = phase()
            except Exception as error:  # running out of memory is a result
                one = failure.classify(error)
                if one.outcome != "oom":
                    raise
                failed.append(Failure("oom", f"{name}: {one.reason}"))
                meter.failed.add(name)
            else:
                values |= {f"{name}/{value}": number for value, number in found.items()}
            memory.settle(device)  # what a failed phase had is free by now
    return Answered(values=values, failed=failed[0] if failed else None)


@dataclass(kw_only=True)
class _Meter:
    """Measures one phase after another."""

    model: Model
    layout: Layout
    asked: Asked
    device: torch.device
    failed: set[str] = field(default_factory=set)

    @property
    def steps(self) -> int:
        """Of an answer."""
        return 2 * self.asked.train_steps

    def phases(self) -> Iterator[tuple[str, Callable[[], Values]]]:
        """Yield the name of each phase, and what measures it."""
        for batch in self.asked.trainings:
            yield f"inference/batch_{batch}", lambda: self._inference(batch)  # noqa: B023 -- called at once
        for batch in self.asked.trainings:
            yield f"training/batch_{batch}", lambda: self._training(batch)  # noqa: B023 -- called at once
        for batch in self.asked.trainings if self.asked.epochs else ():
            if f"training/batch_{batch}" not in self.failed:
                yield f"epochs/batch_{batch}", lambda: self._epochs(batch)  # noqa: B023 -- called at once

    def _inference(self, batch: int) -> Values:
        self.model.eval()
        given = self._images(batch)

        def call() -> Tensor:
            return restoring.answer(self.model, given, steps=self.steps)

        found = self._peaks(call)
        timed = time_blocks(
            call, device=self.device, warm_up=self.asked.warm_up, blocks=self.asked.blocks
        )
        return found | {
            "unsynchronised_s": self._unsynchronised(batch),
            "synchronised_s": timed.median / 1000,
            "synchronised_s_iqr": timed.iqr / 1000,
        }

    def _unsynchronised(self, batch: int) -> float:
        """Return what a call takes on the host, on average, and let the device be done."""
        for _ in range(self.asked.warm_up):
            restoring.answer(self.model, self._images(batch), steps=self.steps)
        epochs.wait(self.device)
        laps = []
        for _ in range(self.asked.blocks):
            given = self._images(batch)
            started = time.perf_counter()
            restoring.answer(self.model, given, steps=self.steps)
            laps.append(time.perf_counter() - started)
        return statistics.fmean(laps)

    def _training(self, batch: int) -> Values:
        longest = self.asked.train_steps
        made = restoring.stages(
            self.model, Terms(steps=(longest, longest), pool=self.asked.pool)
        )
        clean, noisy = self._images(batch), self._images(batch)

        def iteration() -> None:
            for stage in made:
                stage.learn(clean, noisy)

        return self._peaks(iteration)

    def _epochs(self, batch: int) -> Values:
        longest = self.asked.train_steps
        terms = Terms(steps=(max(1, longest // 4), longest), pool=self.asked.pool)
        made = restoring.stages(self.model, terms)
        layout = self.layout
        images = epochs.samples(
            self.asked.samples,
            channels=layout.visible,
            height=layout.height,
            width=layout.width,
        )
        means = {}
        for stage in made:
            found = epochs.seconds(
                stage,
                images,
                batch=batch,
                warm_up=self.asked.warm_up,
                epochs=self.asked.epochs,
                batches=self.asked.epoch_batches,
                device=self.device,
            )
            means[stage.name] = statistics.fmean(found)
        parts = {f"{name}_s": mean for name, mean in means.items()} if len(means) > 1 else {}
        return {"s": sum(means.values()), **parts}

    def _images(self, batch: int) -> Tensor:
        """Return images of chance, made on the device."""
        layout = self.layout
        return torch.rand(
            batch, layout.visible, layout.height, layout.width, device=self.device
        )

    def _peaks(self, action: Action) -> Values:
        return memory.peak(action, device=self.device).named("gb")
