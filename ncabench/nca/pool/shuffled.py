"""A pool whose whole content is shuffled after every iteration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.pool import Batch, Pool
from ncabench.nca.pool._stored import good, insist_that_it_fits


class Shuffled(Pool):
    """Every other batch is taken whole from a pool of old final states.

    Counted from 1, an iteration whose number is even starts from the first B states of the
    pool, frozen channels and labels with them, if it holds more than B; every other one is
    fresh. So the fourth is the first that is not. Final states are added to all that is
    there, taken states included, which are not removed; then everything is shuffled, and the
    first ``size`` states are kept.

    Final states that are not finite, or zero everywhere, are not stored. All of it stays on
    the device, and neither `mix` nor `commit` waits for it: states stay in their rows, and a
    list of rows is shuffled, at the beginning of the next iteration, where chance is at hand.

    Source: ViTCA, section 4.1 and its appendix (algorithm 1); its code for the order of
    things and for what becomes of states that were taken.

    Args:
        size: states kept, at least the batch's size.

    Raises:
        ValueError: ``size`` is below 1; in `prepare`, the batch is larger than the pool.

    >>> pool = Shuffled(size=4)
    >>> [pool.count(2, iteration=turn, iterations=10) for turn in range(6)]
    [0, 0, 0, 2, 0, 2]
    """

    version = 1
    states: Tensor  # (size + B + 1, C, H, W); the last row is for bad ones
    labels: Tensor
    rows: Tensor  # (size + B,): the rows held, in order, then the free ones
    held: Tensor

    def __init__(self, *, size: int = 1024) -> None:
        if size < 1:
            raise ValueError(f"size must be at least 1, not {size}")
        self.size = size

    def prepare(
        self,
        fresh: Batch,
        *,
        frozen: int = 0,  # noqa: ARG002 -- whole samples are taken
        faster: Callable[..., Any] | None = None,  # noqa: ARG002 -- few, small operations
    ) -> None:
        """Allocate room for ``size`` states, a batch more, and one row for bad ones."""
        batch = len(fresh.labels)
        if batch > self.size:
            raise ValueError(f"a pool of size {self.size} is smaller than the batch of {batch}")
        room = self.size + batch
        self.states = fresh.state.new_zeros(room + 1, *fresh.state.shape[1:])
        self.labels = fresh.labels.new_zeros(room + 1)
        self.rows = torch.arange(room, device=fresh.labels.device)
        self.held = fresh.labels.new_zeros(())

    def count(self, batch: int, *, iteration: int, iterations: int) -> int:  # noqa: ARG002 -- the contract's
        """Return the batch's size where all of it may come from the pool, else 0."""
        held = min(iteration * batch, self.size)
        return batch if iteration % 2 == 1 and held > batch else 0

    def mix(self, fresh: Batch, *, count: int, clock: Tensor, draws: Draws) -> Batch:
        """Shuffle, drop what is too much, and return ``fresh`` or as many stored states."""
        self._shuffle(clock=clock, draws=draws)
        if count == 0:
            return fresh
        taken, ready = self.rows[:count], self.held > count
        state = torch.where(ready, self.states[taken], fresh.state)
        return Batch(state=state, labels=torch.where(ready, self.labels[taken], fresh.labels))

    def commit(self, final: Batch) -> None:
        """Add the final states to those held; bad ones are left out."""
        state = final.state.detach().to(self.states.dtype)
        kept = good(state)
        place = (self.held + kept.cumsum(0) - 1).clamp(min=0)
        rows = torch.where(kept, self.rows[place], len(self.rows))
        self.states.index_copy_(0, rows, state)
        self.labels.index_copy_(0, rows, final.labels)
        self.held += kept.sum()

    def state_dict(self) -> dict[str, Any]:
        """Return the states held, in order; copies of the pool's own."""
        held = self.rows[: int(self.held)]
        return {"states": self.states[held], "labels": self.labels[held]}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take up where `state_dict` left off; `prepare` comes before.

        Raises:
            ValueError: it was saved of a larger pool, or of another state.
        """
        held = insist_that_it_fits(saved, size=len(self.rows), states=self.states)
        self.states[:held] = saved["states"].to(self.states)
        self.labels[:held] = saved["labels"].to(self.labels)
        self.rows.copy_(torch.arange(len(self.rows), device=self.rows.device))
        self.held.fill_(held)

    def _shuffle(self, *, clock: Tensor, draws: Draws) -> None:
        """Put the rows that are held into random order, and free those beyond ``size``."""
        sample = self.held.new_zeros(1)
        cells = len(self.rows)
        words = draws.words("pool/shuffle", samples=sample, cells=cells, index=clock)[0, 0]
        free = torch.arange(cells, device=words.device) >= self.held
        order = words.masked_fill(free, 2**32).sort(stable=True).indices
        self.rows.copy_(self.rows[order])
        self.held.clamp_(max=self.size)
