"""A pool of seeds that become what is grown of them, and begin anew now and then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.pool import Batch, Pool
from ncabench.nca.pool._stored import good, insist_that_it_fits


class Returning(Pool):
    """Every batch is taken whole from a pool of seeds, and put back where it was.

    States are drawn without replacement. In every ``every``-th iteration, counted from 0, the
    first of them is made the seed. Every ``restart`` iterations all of the pool is.

    A final state that is not finite, or zero everywhere, is not stored; what it should replace
    stays. All of it stays on the device: rows that hold no state of this cycle are told by the
    iteration that they were written in, and stand for the fresh sample that is given, so that
    neither a seed nor a restart writes to the pool. Frozen channels go with a state.

    Source: Mordvintsev et al., "Growing Neural Cellular Automata", Distill 2020, section
    "Experiment 2: What persists, exists", for the pool; Cells to Pixels, the section on
    training, for when a sample is made the seed, and, of growing, for the restart.

    Args:
        size: states held, at least the batch's size.
        every: iterations from one seed to the next; 1 has one in every batch.
        restart: iterations of a cycle, after which all begin anew; 0 never does.

    Raises:
        ValueError: ``size`` or ``every`` is below 1, or ``restart`` below 0; in `prepare`, the
            batch is larger than the pool.

    >>> pool = Returning(size=1, every=2)
    >>> seed = Batch(state=torch.ones(1, 1, 1, 1), labels=torch.tensor([0]))
    >>> pool.prepare(seed)
    >>> for turn in range(4):
    ...     mixed = pool.mix(seed, count=1, clock=torch.tensor(turn), draws=Draws(0))
    ...     pool.commit(Batch(state=mixed.state + 1, labels=mixed.labels))
    ...     print(float(mixed.state))  # the seed in the first and the third
    1.0
    2.0
    1.0
    2.0
    """

    version = 1
    states: Tensor  # (size + 1, C, H, W); the last row is for bad ones
    labels: Tensor
    written: Tensor  # (size + 1,): the iteration, or -1
    taken: Tensor  # (B,): rows of the last batch
    clock: Tensor

    def __init__(self, *, size: int = 512, every: int = 32, restart: int = 0) -> None:
        if min(size, every) < 1 or restart < 0:
            raise ValueError(
                "size and every must be at least 1 and restart at least 0, not "
                f"{size}, {every} and {restart}"
            )
        self.size, self.every, self.restart = size, every, restart

    def prepare(
        self,
        fresh: Batch,
        *,
        frozen: int = 0,  # noqa: ARG002 -- whole samples are taken
        faster: Callable[..., Any] | None = None,  # noqa: ARG002 -- few, small operations
    ) -> None:
        """Allocate room for ``size`` states, and one row for bad ones."""
        batch = len(fresh.labels)
        if batch > self.size:
            raise ValueError(f"a pool of size {self.size} is smaller than the batch of {batch}")
        self.states = fresh.state.new_zeros(self.size + 1, *fresh.state.shape[1:])
        self.labels = fresh.labels.new_zeros(self.size + 1)
        self.written = torch.full_like(self.labels, -1)
        self.taken = torch.arange(batch, device=fresh.labels.device)
        self.clock = fresh.labels.new_zeros(())

    def count(self, batch: int, *, iteration: int, iterations: int) -> int:  # noqa: ARG002 -- the contract's
        """Return the batch's size: all of it comes from the pool."""
        return batch

    def mix(self, fresh: Batch, *, count: int, clock: Tensor, draws: Draws) -> Batch:
        """Return stored states, and fresh ones where there are none or a seed is due."""
        self.clock = clock.clone()
        self.taken = draws.choice(
            "pool/choice", population=self.size, count=count, index=clock, device=clock.device
        )
        began = clock - clock % self.restart if self.restart else torch.zeros_like(clock)
        there = self.written[self.taken] >= began
        there &= (torch.arange(count, device=clock.device) > 0) | (clock % self.every > 0)
        state = torch.where(there.view(-1, 1, 1, 1), self.states[self.taken], fresh.state)
        return Batch(
            state=state, labels=torch.where(there, self.labels[self.taken], fresh.labels)
        )

    def commit(self, final: Batch) -> None:
        """Put the final states where they were taken; bad ones are left out."""
        state = final.state.detach().to(self.states.dtype)
        rows = torch.where(good(state), self.taken, self.size)
        self.states.index_copy_(0, rows, state)
        self.labels.index_copy_(0, rows, final.labels)
        self.written.index_copy_(0, rows, self.clock.expand(len(rows)))

    def state_dict(self) -> dict[str, Any]:
        """Return the states that were written, and when; copies of the pool's own."""
        written = self.written[: self.size]
        held = (written >= 0).nonzero()[:, 0]
        return {
            "states": self.states[held],
            "labels": self.labels[held],
            "written": written.clone(),
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take up where `state_dict` left off; `prepare` comes before.

        Raises:
            ValueError: it was saved of a pool of another size, or of another state.
        """
        insist_that_it_fits(saved, size=self.size, states=self.states)
        written = saved["written"].to(self.written)
        if len(written) != self.size:
            raise ValueError(
                f"a pool of {self.size} states cannot go on as one of {len(written)}"
            )
        held = (written >= 0).nonzero()[:, 0]
        self.written[: self.size] = written
        self.states[held] = saved["states"].to(self.states)
        self.labels[held] = saved["labels"].to(self.labels)
