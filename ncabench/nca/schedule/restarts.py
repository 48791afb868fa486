"""Steps down by a factor, begun anew at every restart."""

from __future__ import annotations

from ncabench.nca.schedule import Schedule


class Restarts(Schedule):
    """Multiplies the rate by ``factor`` at each milestone, and starts over every ``period``.

    Source: the step schedule of "Growing Neural Cellular Automata" (Distill 2020, notebook:
    0.1 after 2,000 iterations), with the periodic restarts that texture and mesh recipes
    of the field add.

    Args:
        milestones: iterations since the last restart at which the rate drops.
        drop: what each milestone multiplies the rate by, in (0, 1].
        period: iterations between restarts; None for no restart.
        warm_up: iterations over which the factor rises after the very first iteration.

    Raises:
        ValueError: ``drop`` is not in (0, 1], ``period`` is below 1, or ``warm_up`` negative.

    >>> schedule = Restarts(milestones=(2000,), drop=0.1, period=5000)
    >>> [schedule.factor(i, 10_000) for i in (0, 1999, 2000, 4999, 5000)]
    [1.0, 1.0, 0.1, 0.1, 1.0]
    """

    def __init__(
        self,
        *,
        milestones: tuple[int, ...],
        drop: float = 0.1,
        period: int | None = None,
        warm_up: int = 0,
    ) -> None:
        if not 0 < drop <= 1:
            raise ValueError(f"drop multiplies the rate, so it is in (0, 1], not {drop}")
        if period is not None and period < 1:
            raise ValueError(f"period counts iterations, so at least 1, not {period}")
        if warm_up < 0:
            raise ValueError(f"warm_up counts iterations, so at least 0, not {warm_up}")
        self.milestones = milestones
        self.drop = drop
        self.period = period
        self.warm_up = warm_up

    def factor(self, iteration: int, iterations: int) -> float:  # noqa: ARG002 (the contract's)
        rise = min(1.0, iteration / self.warm_up) if self.warm_up else 1.0
        since = iteration % self.period if self.period else iteration
        passed = sum(since >= milestone for milestone in self.milestones)
        return float(rise * self.drop**passed)
