"""A pool whose states are replaced by what they become, and shuffled."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.pool import Batch
from ncabench.nca.pool._stored import good
from ncabench.nca.pool.shuffled import Shuffled


class Replacing(Shuffled):
    """Every other batch is taken whole from a pool, and put back where it was.

    Counted from 1, an iteration whose number is odd is fresh, and one whose number is even
    starts from the first B states of the pool, frozen channels and labels with them. Final
    states of fresh batches are added to the pool; those of taken ones stand where the taken
    states stood. After every iteration everything is shuffled, and the first ``size`` states
    are kept. So two iterations are the two steps of a batch in LNCA, one fresh and one from
    the pool, and a state has been through as many rollouts as it was taken, and one.

    Final states that are not finite, or zero everywhere, are not stored; what they should
    replace stays. All of it stays on the device, as in ``shuffled``.

    Source: LNCA, "Related Work", for the two steps; its code for the order of things and for
    what becomes of states that were taken.

    Args:
        size: states kept, at least the batch's size.

    Raises:
        ValueError: ``size`` is below 1; in `prepare`, the batch is larger than the pool.

    >>> pool = Replacing(size=4)
    >>> [pool.count(2, iteration=turn, iterations=10) for turn in range(6)]
    [0, 2, 0, 2, 0, 2]
    """

    version = 1
    taken = 0

    def __init__(self, *, size: int = 1024) -> None:
        super().__init__(size=size)

    def count(self, batch: int, *, iteration: int, iterations: int) -> int:  # noqa: ARG002 -- the contract's
        """Return the batch's size where all of it may come from the pool, else 0."""
        return batch if iteration % 2 == 1 else 0

    def mix(self, fresh: Batch, *, count: int, clock: Tensor, draws: Draws) -> Batch:
        """Shuffle, drop what is too much, and return ``fresh`` or as many stored states.

        Slots for which there is no state are fresh.
        """
        self._shuffle(clock=clock, draws=draws)
        self.taken = count
        if count == 0:
            return fresh
        rows = self.rows[:count]
        there = self._there(count)
        state = torch.where(there.view(-1, 1, 1, 1), self.states[rows], fresh.state)
        return Batch(state=state, labels=torch.where(there, self.labels[rows], fresh.labels))

    def commit(self, final: Batch) -> None:
        """Add the final states to those held, or put them where they were taken."""
        if self.taken == 0:
            super().commit(final)
            return
        state = final.state.detach().to(self.states.dtype)
        kept = good(state) & self._there(self.taken)
        rows = torch.where(kept, self.rows[: self.taken], len(self.rows))
        self.states.index_copy_(0, rows, state)
        self.labels.index_copy_(0, rows, final.labels)

    def _there(self, count: int) -> Tensor:
        return torch.arange(count, device=self.rows.device) < self.held
