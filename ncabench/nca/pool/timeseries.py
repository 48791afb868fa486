"""A pool of a model's own predictions, from which the next frame is predicted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.pool import Batch, Pool
from ncabench.nca.pool._stored import good, insist_that_it_fits

EMPTY = -1


class Timeseries(Pool):
    """Lets part of each batch start from what the model made of the frame before.

    It is for tasks whose labels count frames, such as ``video``: what is predicted from label
    l is an approximation of the seed state of label l + 1, so it is that which it replaces.
    Of a batch of B, each of the first ``n = int(B * ratio)`` samples takes the stored state
    that was predicted from its own label less one, hidden channels included, and keeps its
    label; where there is none, it stays fresh, as a video's first window always does. Which
    slots does not matter, since fresh ones are drawn alike, so nothing is drawn.

    One state is kept for each label, the newest; beyond ``size`` labels, the one that was
    stored longest ago is dropped. Final states that are not finite, or zero everywhere, are
    not stored. All of it stays on the device, and neither `mix` nor `commit` waits for it.

    Source: NCAtorch, section 3.4 ("the model's own predictions are recycled as initial
    states"); its code's time-series pool for keys, sizes and the delay. That the newest
    state of a key replaces the older, and which slots are offered to it, are ncabench's.

    Args:
        size: states kept, at least the batch's size.
        ratio: share of the batch that may start from the pool, at the first and the last
            iteration; linear in between.
        delay: iterations before the first that does.

    Raises:
        ValueError: a share is outside [0, 1], ``size`` is below 1 or ``delay`` below 0; in
            `prepare`, the batch is larger than the pool.

    >>> pool = Timeseries(size=2, ratio=(1.0, 1.0), delay=0)
    >>> made = Batch(state=torch.ones(2, 1, 2, 2), labels=torch.tensor([4, 9]))
    >>> pool.prepare(made)
    >>> pool.commit(made)
    >>> fresh = Batch(state=torch.zeros(2, 1, 2, 2), labels=torch.tensor([4, 5]))
    >>> mixed = pool.mix(fresh, count=2, clock=torch.tensor(1), draws=Draws(0))
    >>> mixed.state.mean(dim=(1, 2, 3)).tolist()  # 5 follows 4; nothing was made of 3
    [0.0, 1.0]
    """

    version = 1
    states: Tensor
    labels: Tensor  # what each state was predicted from; EMPTY where there is none
    ages: Tensor  # when it was stored; EMPTY likewise
    stored: Tensor
    frozen: int = 0

    def __init__(
        self,
        *,
        size: int = 2048,
        ratio: tuple[float, float] = (0.5, 0.5),
        delay: int = 1,
    ) -> None:
        for place, share in enumerate(ratio):
            if not 0 <= share <= 1:
                raise ValueError(f"ratio[{place}] must be in [0, 1], not {share}")
        if size < 1 or delay < 0:
            raise ValueError(
                f"size must be at least 1 and delay at least 0, not {size} and {delay}"
            )
        self.size, self.ratio, self.delay = size, ratio, delay

    def prepare(
        self,
        fresh: Batch,
        *,
        frozen: int = 0,
        faster: Callable[..., Any] | None = None,  # noqa: ARG002 -- few, small operations
    ) -> None:
        """Allocate room for ``size`` states, and one row for bad ones."""
        if len(fresh.labels) > self.size:
            raise ValueError(
                f"a pool of size {self.size} is smaller than the batch of {len(fresh.labels)}"
            )
        self.states = fresh.state.new_zeros(self.size + 1, *fresh.state.shape[1:])
        self.labels = fresh.labels.new_full((self.size + 1,), EMPTY)
        self.ages = self.labels.clone()
        self.stored = fresh.labels.new_zeros(())  # good states ever committed
        self.frozen = frozen

    def count(self, batch: int, *, iteration: int, iterations: int) -> int:
        """Return n, whether or not the pool holds what they follow."""
        if iteration < self.delay:
            return 0
        start, end = self.ratio
        return int(batch * (start + (end - start) * iteration / max(iterations - 1, 1)))

    def mix(self, fresh: Batch, *, count: int, clock: Tensor, draws: Draws) -> Batch:  # noqa: ARG002 -- nothing is drawn
        """Return ``fresh``, of whose first samples those that follow a stored one do so."""
        if count == 0:
            return fresh
        asked = fresh.labels[:count, None] - 1
        follows = (self.labels[: self.size] == asked) & (asked >= 0)  # (count, size)
        row = follows.long().argmax(dim=1)
        found = follows.any(dim=1).view(-1, 1, 1, 1)
        own, given = self.states[row], fresh.state[:count]
        if self.frozen:
            own = torch.cat([given[:, : self.frozen], own[:, self.frozen :]], dim=1)
        first = torch.where(found, own, given)
        return Batch(state=torch.cat([first, fresh.state[count:]]), labels=fresh.labels)

    def commit(self, final: Batch) -> None:
        """Store the final states, each under its label; bad ones are left out."""
        state = final.state.detach().to(self.states.dtype)
        kept = _newest(final.labels, good(state))
        held = self.labels[: self.size]
        replaced = ((held == final.labels[:, None]) & kept[:, None]).any(dim=0)
        ages = self.ages[: self.size].masked_fill(replaced, EMPTY)
        oldest = ages.sort(stable=True).indices  # first the empty ones
        turn = kept.cumsum(0) - 1
        rows = torch.where(kept, oldest[turn.clamp_min(0)], self.size)
        self.ages.index_copy_(0, rows, self.stored + turn)
        self.states.index_copy_(0, rows, state)
        self.labels.index_copy_(0, rows, final.labels)
        self.stored += kept.sum()

    def state_dict(self) -> dict[str, Any]:
        """Return the filled part of the pool; tensors are the pool's own, not copies."""
        held = int((self.labels[: self.size] != EMPTY).sum())  # they are the first rows
        return {
            "states": self.states[:held],
            "labels": self.labels[:held],
            "ages": self.ages[:held],
            "stored": self.stored,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take up where `state_dict` left off; `prepare` comes before.

        Raises:
            ValueError: it was saved of a larger pool, or of another state.
        """
        held = insist_that_it_fits(saved, size=self.size, states=self.states)
        for name in ("states", "labels", "ages"):
            mine: Tensor = getattr(self, name)
            mine[:held] = saved[name].to(mine)
        self.stored.copy_(saved["stored"])


def _newest(labels: Tensor, good: Tensor) -> Tensor:
    """Return which of the good ones no later good one of the same label replaces."""
    same = (labels[:, None] == labels) & good
    return good & ~same.triu(diagonal=1).any(dim=1)
