"""Grow, perturb, and look again and again: how fast damage is made good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ncabench.nca.protocol._cases import Scores
from ncabench.nca.protocol._rollouts import Moment, Plan
from ncabench.nca.protocol.recovery import Recovery


class Regeneration(Recovery):
    """The protocol ``recovery``, which looks at more times after the perturbation.

    The values are those of ``recovery``, whose ``horizon`` is the last of ``looks``, and for
    each metric NAME and each N of ``looks``

    - ``NAME/after_N``: of the state N updates after the perturbation.

    Filmstrips show the seed, both states at the perturbation, and every look.

    Source: Cells to Pixels, the figure of regeneration, with pictures 8, 16, 32, 64 and 512
    steps after the damage; it has no numbers, and how they are taken is NCAtorch's, as in
    ``recovery``.

    Args:
        perturb_at: updates before the perturbation.
        looks: updates after it, rising.
        stage_1: first and last step of the first stage.
        rollouts: samples, a multiple of the perturbation's pairs.
        batch: samples rolled out together.
        curve_every: steps between the points of a curve, which has every other measured
            step besides.

    Raises:
        ValueError: as ``recovery``; ``looks`` do not rise from 1 or more.

    >>> Regeneration(looks=(8, 8))
    Traceback (most recent call last):
    ValueError: looks must rise from 1 or more, not (8, 8)
    """

    version = 1

    def __init__(
        self,
        *,
        perturb_at: int = 96,
        looks: tuple[int, ...] = (8, 16, 32, 64, 512),
        stage_1: tuple[int, int] = (64, 96),
        rollouts: int = 8,
        batch: int = 4,
        curve_every: int = 8,
    ) -> None:
        if not looks or looks[0] < 1 or list(looks) != sorted(set(looks)):
            raise ValueError(f"looks must rise from 1 or more, not {tuple(looks)}")
        super().__init__(
            perturb_at=perturb_at,
            horizon=looks[-1],
            stage_1=stage_1,
            rollouts=rollouts,
            batch=batch,
            curve_every=curve_every,
        )
        self.looks = tuple(looks)

    def _plan(self, shown: frozenset[int]) -> Plan:
        seen = frozenset(self.perturb_at + look for look in self.looks)
        plan = super()._plan(shown)
        pictured = seen | {0, self.perturb_at}
        return replace(plan, measured=plan.measured | seen, pictured=pictured)

    def _quantities(self, scores: Mapping[Moment, Sequence[float]]) -> Scores:
        later = {
            f"after_{look}": list(scores[self.perturb_at + look, True]) for look in self.looks
        }
        return super()._quantities(scores) | later
