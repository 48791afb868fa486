"""Quality against a baseline: seed by seed, with a tolerance that the baseline learned."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping

from ncabench.gate.baseline import Quality
from ncabench.gate.verdict import Checked, Word
from ncabench.stats.interval import critical_t

LEAST_SEEDS = 5  # rng_seeds from which a tolerance can be learned
FALSE_ALARMS = 0.01  # chance of one in a whole check in which nothing but rounding changed
LEAST_CHANGE = 0.03  # a smaller relative change is no regression, however sure it is
LEAST_POINTS = 2.0  # of percentages, where that is more


def compare(
    cell: str,
    base: Quality,
    now: Mapping[int, float],
    *,
    ids: Mapping[int, str],
    cells: int,
    same_device: bool = True,
) -> Checked:
    """Return how the values of ``now`` stand to the baseline's.

    The same rng_seed meets the same chance, so what differs is code or rounding. How much
    rounding does alone, grown by a training, the baseline's second capture tells: the
    differences of the two captures have the root mean square r over n rng_seeds. The mean
    of m new differences lies within t(n) r / sqrt(m) of zero but for a chance that is split
    over all the cells of the check.

    Another class of device has other kernels, and by default other operand precision (TF32
    convolutions on a GPU), which may grow until two trainings of one rng_seed differ like
    those of two; there r is what two rng_seeds differ by.

    Args:
        cell: its name.
        base: the baseline's cell.
        now: the new values by rng_seed.
        ids: what was asked for each of them.
        cells: cells in the whole check, whose false alarms add up.
        same_device: it was measured on the baseline's class of device.
    """
    shared = sorted(set(base.first) & set(now))
    if len(base.first) < LEAST_SEEDS or not shared:
        reason = f"{len(base.first)} rng_seeds in the baseline; {LEAST_SEEDS} teach a tolerance"
        reason = reason if shared else "no rng_seed in common with the baseline"
        return Checked(cell=cell, part="quality", word="not compared", reason=reason)
    before = statistics.fmean(base.first[seed] for seed in shared)
    mean = statistics.fmean(now[seed] for seed in shared)
    scale = 1.0 if base.unit == "%" else (abs(before) or 1.0)
    change = (mean - before) / scale
    limit = tolerance(base, seeds=len(shared), cells=cells, same_device=same_device)
    other = [seed for seed in shared if base.ids.get(seed) != ids.get(seed)]
    lost = sorted(set(base.first) - set(now))
    reasons = [
        *([f"the suite asks for something else at rng_seed {_listed(other)}"] if other else []),
        *([f"no value for rng_seed {_listed(lost)}"] if lost else []),
    ]
    word = _word(change, limit, better=base.better)
    return Checked(
        cell=cell,
        part="quality",
        word="outdated" if reasons and word != "worse" else word,
        before=before,
        now=mean,
        change=change,
        tolerance=limit,
        n=len(shared),
        reason="; ".join(reasons),
    )


def tolerance(base: Quality, *, seeds: int, cells: int, same_device: bool = True) -> float:
    """Return the change that chance hardly ever makes; relative, of a percentage in points."""
    pairs = [base.second[seed] - base.first[seed] for seed in base.first if seed in base.second]
    noise, df = math.sqrt(statistics.fmean(one * one for one in pairs)), len(pairs)
    if not same_device:
        noise, df = math.sqrt(2) * statistics.stdev(base.first.values()), len(base.first) - 1
    quantile = critical_t(1 - FALSE_ALARMS / max(cells, 1), df=df)
    absolute = quantile * noise / math.sqrt(seeds)
    level = abs(statistics.fmean(base.first.values()))
    if base.unit == "%":
        return max(absolute, LEAST_POINTS, LEAST_CHANGE * level)
    return max(absolute / level if level else math.inf, LEAST_CHANGE)


def disagreement(cell: str, base: Quality, *, cells: int) -> str:
    """Return how a baseline's two captures contradict each other, or ``""``.

    Rounding scatters the differences around zero; a mean that is surely another, and worth
    a word, says that something else changed between the captures.
    """
    pairs = [base.second[seed] - base.first[seed] for seed in base.first]
    if len(pairs) < LEAST_SEEDS:
        return ""
    mean, spread = statistics.fmean(pairs), statistics.stdev(pairs) / math.sqrt(len(pairs))
    scale = 1.0 if base.unit == "%" else (abs(statistics.fmean(base.first.values())) or 1.0)
    least = LEAST_POINTS if base.unit == "%" else LEAST_CHANGE
    sure = abs(mean) > critical_t(1 - FALSE_ALARMS / max(cells, 1), df=len(pairs) - 1) * spread
    if not sure or abs(mean) / scale <= least:
        return ""
    return f"{cell}: the second capture is off by {mean:+.4g}, more than rounding explains"


def _word(change: float, limit: float, *, better: str) -> Word:
    worse = change if better == "lower" else -change
    if worse > limit:
        return "worse"
    return "better" if worse < -limit else "ok"


def _listed(seeds: list[int]) -> str:
    return ", ".join(map(str, seeds))
