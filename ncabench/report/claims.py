"""A paper's claims, judged on the stored runs and on the paper's own printed cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ncabench.plan.entry import Entry
from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import evidence, heads
from ncabench.report.as_printed import AsPrinted, as_printed
from ncabench.report.chosen import choose
from ncabench.report.contexts import Expanded, Instance, expand
from ncabench.report.evidence import Evidence, Holding, Word
from ncabench.report.weighing import Weighed, weigh
from ncabench.stats.interval import Interval
from ncabench.suite.suite import Claim, Suite

_UNKNOWN_SPREAD = "2 or more; the spread is not known yet"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One comparison of a claim, in one context.

    Attributes:
        context: axis to name, for the axes that the relation leaves open.
        text: the comparison.
        rng_seeds: those that all of its values have; for shares, those of either side.
        n: how many they are; for shares, of the side that has fewer.
        mean: mean margin, in the value's unit; positive where the comparison holds.
        interval: its 95 % interval; None where one run cannot give it.
        word: by that interval alone, without correction for the number of comparisons.
        reason: why it is undecided, ``""`` where it is not.
    """

    context: Mapping[str, str]
    text: str
    rng_seeds: tuple[int, ...]
    n: int
    mean: float | None
    interval: Interval | None
    word: Word
    reason: str


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A claim and what the runs of one device say of it.

    Attributes:
        id: its name.
        statement: what is claimed.
        source: where the paper says so.
        relation: as the suite writes it.
        value: what is compared.
        where: the grid points that it speaks of.
        word: "supported", "refuted" or "undecided"; see ``evidence`` for its error rates.
        reason: what decided it, or why nothing did.
        label: what stands in for the paper's setting, such as ``"on ST-LPIPS (substitute for
            LPIPS), preset smoke"``; ``""`` where it is the paper's.
        comparisons: each once, whatever number of contexts it is in.
        rng_seeds_needed: how many would decide; None where it is decided or no number is known.
        rng_seeds_note: the same in words; ``""`` where it is decided.
        as_printed: what the paper's printed cells say of it.
        device_class: where it was measured, ``""`` if nowhere.
        others: device classes that also have runs of it, and are not shown.
    """

    id: str
    statement: str
    source: str
    relation: str
    value: str
    where: Mapping[str, str | int | tuple[str, ...]]
    word: Word
    reason: str
    label: str
    comparisons: tuple[Compared, ...]
    rng_seeds_needed: int | None
    rng_seeds_note: str
    as_printed: AsPrinted
    device_class: str
    others: tuple[str, ...]


def judged(plan: Plan, runs: Sequence[StoredRun]) -> tuple[Judged, ...]:
    """Return every claim of the plan's suite, judged on the device that ran most of it.

    A claim holds if each of its comparisons does, in each context (of "most" and "some", as
    many as those ask for). A comparison is evaluated for each rng_seed by itself, and
    decided by the t interval of the mean margin; a failed rng_seed leaves it undecided,
    since those that survive are no fair sample.
    """
    return tuple(_judged(plan, runs, claim=claim) for claim in plan.suite.claims)


def _judged(plan: Plan, runs: Sequence[StoredRun], *, claim: Claim) -> Judged:
    expanded = expand(plan, claim)
    chosen = choose(_entries(plan, expanded), runs)
    known = {one.key: weigh(one, chosen, suite=plan.suite) for one in expanded.instances}
    groups = [
        Holding(
            least=one.least, evidence=tuple(known[each.key].evidence for each in one.instances)
        )
        for one in expanded.groups
    ]
    word = evidence.decide(groups)
    if expanded.absent and word == "supported":
        word = "undecided"
    compared = tuple(_compared(one, known[one.key]) for one in expanded.instances)
    undecided = word == "undecided" and not expanded.absent
    count = evidence.needed(groups) if undecided else None
    return Judged(
        id=claim.id,
        statement=claim.statement,
        source=claim.source,
        relation=claim.relation,
        value=claim.value,
        where=claim.where,
        word=word,
        reason=_reason(word, compared, groups, expanded.absent),
        label=_label(plan.suite, claim, expanded),
        comparisons=compared,
        rng_seeds_needed=count,
        rng_seeds_note=_note(count, groups) if undecided else "",
        as_printed=as_printed(plan.suite, expanded),
        device_class=chosen.device_class,
        others=chosen.others,
    )


def _entries(plan: Plan, expanded: Expanded) -> list[Entry]:
    """Return what a claim reads, and the trainings behind it."""
    read = {
        (entry.role, entry.id): entry
        for one in expanded.instances
        for behind in one.behind.values()
        for entry in behind.entries
    }
    needed = {id for entry in read.values() for id in entry.behind}
    trainings = [one for one in plan.of("training") if one.id in needed]
    return [*trainings, *read.values()]


def _compared(instance: Instance, weighed: Weighed) -> Compared:
    found = weighed.evidence
    word = found.word()
    return Compared(
        context=instance.context,
        text=str(instance.comparison),
        rng_seeds=weighed.rng_seeds,
        n=found.n,
        mean=found.mean,
        interval=found.interval(),
        word=word,
        reason=_why(found) if word == "undecided" else "",
    )


def _why(found: Evidence) -> str:
    if found.obstacle:
        return found.obstacle
    if not found.n:
        return "not run"
    return "one rng_seed" if found.n == 1 and not found.exact else "the interval holds 0"


def _reason(
    word: Word, compared: Sequence[Compared], groups: Sequence[Holding], absent: Sequence[str]
) -> str:
    told = [f"{one.text}{_place(one)}" for one in compared if one.word == "refuted"]
    if word == "supported":
        return ""
    if word == "refuted":
        return f"against it: {', '.join(told)}"
    why = [one.reason for one in compared if one.reason]
    total = f" of {len(compared)} comparisons" if len(compared) > 1 else ""
    reasons = [f"nowhere in the grid: {', '.join(absent)}"] if absent else []
    reasons += [
        f"{reason} ({why.count(reason)}{total})" if total else reason
        for reason in dict.fromkeys(why)
    ]
    if told:
        reasons.append(f"at 95 % against it, which is not enough here: {', '.join(told)}")
    level = 100 * evidence.refuting(groups)
    return "; ".join(reasons) or f"at 95 % for it, at the corrected {level:.4g} % not"


def _place(compared: Compared) -> str:
    return f" ({', '.join(compared.context.values())})" if compared.context else ""


def _note(count: int | None, groups: Sequence[Holding]) -> str:
    if count is not None:
        return f"{count:,}"
    every = [one for group in groups for one in group.evidence]
    free = [one for one in every if not one.obstacle]
    if any(one.n < 2 and not one.exact for one in free):
        return _UNKNOWN_SPREAD
    if len(free) < len(every):
        return "cannot be told"
    return f"more than {evidence.MOST:,}"


def _label(suite: Suite, claim: Claim, expanded: Expanded) -> str:
    """Return what the claim was judged on, where that is not what the paper speaks of."""
    values = [claim.value] if not expanded.groups else []
    values += [one.value for each in expanded.instances for one in each.behind.values()]
    metrics = dict.fromkeys(value.partition("/")[0] for value in values)
    names = [
        heads.metric_of(suite, one) for one in metrics if one in suite.components["metric"]
    ]
    loud = [one for one in dict.fromkeys(names) if one in heads.substitutes(suite)]
    loud += heads.in_place(suite)
    said = [f"on {' and '.join(loud)}"] if loud else []
    said += [f"preset {suite.preset}"] if suite.preset != "paper" else []
    said += [f"set by hand: {', '.join(suite.sets)}"] if suite.sets else []
    return ", ".join(said)
