"""A first-in, first-out pool of final states, with damage and mutation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.random_disc import RandomDisc
from ncabench.nca.pool import Batch, Pool
from ncabench.nca.pool._stored import good, insist_that_it_fits


class Fifo(Pool):
    """Keeps the newest final states, and puts some of them back into each batch.

    Of a batch of B, the first ``n = int(B * ratio)`` slots are taken from the pool, drawn
    without replacement, as soon as it holds n states; which slots does not matter, since
    fresh ones are drawn alike. The first ``int(n * (1 - mutation))`` of them keep their label;
    the others take that of the fresh sample they replace, which may be the same, and its
    frozen channels. Then a random disc of each chosen one is set to zero, frozen channels
    aside.

    Final states that are not finite, or zero everywhere, are not stored. All of it stays on
    the device: bad states are written to a row beyond the pool's end, and the number of
    states is a tensor, so that neither `mix` nor `commit` waits for a GPU.

    Source: NCAtorch, section 2, "Sample pool", and table 5; its code for what the text leaves
    out (n, the order of damage and mutation, what is stored). Where its ramp ends, and that
    ``damage = "fraction"`` draws whom it damages, are ncabench's.

    Args:
        size: states kept, at least the batch's size.
        ratio: share of the batch taken from the pool, at the first and the last iteration;
            linear in between.
        delay: iterations before the first that takes from the pool.
        mutation: share of the pooled samples that take the fresh sample's label.
        damage: ``"all"`` pooled samples (the code that made the tables, which ignores its
            ratio), ``"fraction"``, ``int(n * damage_ratio)`` of them, or ``"none"``.
        damage_ratio: read by ``"fraction"`` alone.
        damage_radius: the least and greatest radius of the disc, normalised.
        damage_centre: greatest distance of its centre from the grid's, along each axis.

    Raises:
        ValueError: a share is outside [0, 1], ``size`` is below 1 or ``delay`` below 0; in
            `prepare`, the batch is larger than the pool.

    >>> pool = Fifo(size=2, ratio=(1.0, 1.0), delay=0, mutation=0.0, damage="none")
    >>> ones = Batch(state=torch.ones(2, 1, 2, 2), labels=torch.tensor([1, 1]))
    >>> pool.prepare(ones)
    >>> pool.commit(ones)
    >>> fresh = Batch(state=torch.zeros(2, 1, 2, 2), labels=torch.tensor([0, 0]))
    >>> mixed = pool.mix(fresh, count=2, clock=torch.tensor(1), draws=Draws(0))
    >>> float(mixed.state.mean()), mixed.labels.tolist()  # both slots come from the pool
    (1.0, [1, 1])
    """

    states: Tensor
    labels: Tensor
    stored: Tensor
    frozen: int = 0

    def __init__(
        self,
        *,
        size: int = 1024,
        ratio: tuple[float, float] = (0.5, 0.5),
        delay: int = 1,
        mutation: float = 0.5,
        damage: Literal["all", "fraction", "none"] = "all",
        damage_ratio: float = 0.5,
        damage_radius: tuple[float, float] = (0.0, 0.5),
        damage_centre: float = 0.5,
    ) -> None:
        shares = {"mutation": mutation, "damage_ratio": damage_ratio}
        shares |= {"ratio[0]": ratio[0], "ratio[1]": ratio[1]}
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name} must be in [0, 1], not {share}")
        if size < 1 or delay < 0:
            raise ValueError(
                f"size must be at least 1 and delay at least 0, not {size} and {delay}"
            )
        self.size = size
        self.ratio = ratio
        self.delay = delay
        self.mutation = mutation
        self.damage = damage
        self.damage_ratio = damage_ratio
        self.disc = RandomDisc(radius=damage_radius, centre=damage_centre)

    def prepare(
        self,
        fresh: Batch,
        *,
        frozen: int = 0,
        faster: Callable[..., Any] | None = None,
    ) -> None:
        """Allocate room for ``size`` states, and one row for bad ones."""
        if len(fresh.labels) > self.size:
            raise ValueError(
                f"a pool of size {self.size} is smaller than the batch of {len(fresh.labels)}"
            )
        self.states = fresh.state.new_zeros(self.size + 1, *fresh.state.shape[1:])
        self.labels = fresh.labels.new_zeros(self.size + 1)
        self.stored = fresh.labels.new_zeros(())  # good states ever committed
        self.frozen = frozen
        functions: list[Callable[..., Any]] = [_order, self._blend, _placed]
        if faster is not None:
            functions = [faster(one) for one in functions]
        self._order, self._blended, self._placed = functions

    def count(self, batch: int, *, iteration: int, iterations: int) -> int:
        """Return n, whether or not the pool holds as many."""
        if iteration < self.delay:
            return 0
        start, end = self.ratio
        progress = iteration / max(iterations - 1, 1)
        return int(batch * (start + (end - start) * progress))

    def mix(self, fresh: Batch, *, count: int, clock: Tensor, draws: Draws) -> Batch:
        """Return ``fresh`` with its first n slots taken from the pool, once it holds n."""
        if count == 0:
            return fresh
        slots = self._choose(count, index=clock, draws=draws)
        touched = self._touched(count, clock=clock, draws=draws)
        held, given = (self.states, self.labels), (fresh.state, fresh.labels)
        state, labels = self._blended(*held, self.stored, *given, slots, touched)
        return Batch(state=state, labels=labels)

    def _blend(
        self,
        states: Tensor,
        labels: Tensor,
        stored: Tensor,
        state: Tensor,
        classes: Tensor,
        slots: Tensor,
        touched: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Return a batch whose first slots are those of the pool, once it holds as many."""
        count = len(slots)
        full = int(count * (1 - self.mutation))
        pooled = states[slots]
        if touched is not None:
            pooled = torch.where(touched, 0.0, pooled)
        if self.frozen:
            image = torch.cat([states[slots[:full]], state[full:count]])[:, : self.frozen]
            pooled = torch.cat([image, pooled[:, self.frozen :]], dim=1)
        own = torch.cat([labels[slots[:full]], classes[full:count]])
        ready = stored >= count
        first = torch.where(ready, pooled, state[:count])
        own = torch.where(ready, own, classes[:count])
        return torch.cat([first, state[count:]]), torch.cat([own, classes[count:]])

    def commit(self, final: Batch) -> None:
        """Store the final states, over the oldest; bad ones are left out."""
        state = final.state.detach().to(self.states.dtype)
        rows, count = self._placed(state, self.stored, self.size)
        self.states.index_copy_(0, rows, state)
        self.labels.index_copy_(0, rows, final.labels)
        self.stored += count

    def state_dict(self) -> dict[str, Any]:
        """Return the filled part of the pool; tensors are the pool's own, not copies."""
        held = min(int(self.stored), self.size)
        return {
            "states": self.states[:held],
            "labels": self.labels[:held],
            "stored": self.stored,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take up where `state_dict` left off; `prepare` comes before.

        Raises:
            ValueError: it was saved of a larger pool, or of another state.
        """
        held = insist_that_it_fits(saved, size=self.size, states=self.states)
        self.states[:held] = saved["states"].to(self.states)
        self.labels[:held] = saved["labels"].to(self.labels)
        self.stored.copy_(saved["stored"])

    def _choose(self, count: int, *, index: Tensor, draws: Draws) -> Tensor:
        """Return the rows of ``count`` stored states; rows not yet filled come last."""
        sample = self.stored.new_zeros(1)
        words = draws.words("pool/choice", samples=sample, cells=self.size, index=index)[0, 0]
        order: Tensor = self._order(words, self.stored)
        return order.sort(stable=True).indices[:count]

    def _touched(self, count: int, *, clock: Tensor, draws: Draws) -> Tensor | None:
        """Return the cells that are damaged, ``(count, 1, H, W)``, or None for none.

        Which cells lie in a disc is not compiled, since that may round otherwise.
        """
        share = {"all": count, "fraction": int(count * self.damage_ratio), "none": 0}
        number = share[self.damage]
        if number == 0:
            return None
        samples = torch.arange(count, device=clock.device) + clock * count
        touched = self.disc.touched(self.states[:count], samples=samples, draws=draws)
        if number == count:
            return touched
        order = draws.choice(
            "pool/damage", population=count, count=count, index=clock, device=clock.device
        )
        return touched & (order.view(-1, 1, 1, 1) < number)


def _order(words: Tensor, stored: Tensor) -> Tensor:
    """Return what rows are sorted by: chance, and rows not yet filled last."""
    empty = torch.arange(len(words), device=words.device) >= stored
    return words.masked_fill(empty, 2**32)


def _placed(state: Tensor, stored: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return each state's row, that beyond the end for a bad one, and how many are good."""
    kept = good(state)
    place = (stored + kept.cumsum(0) - 1) % size
    return torch.where(kept, place, size), kept.sum()
