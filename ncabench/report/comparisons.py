"""Models beside one another: on the same inputs, at the same times, with heads masked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from ncabench.report import frames, grids, pictured
from ncabench.report.frames import Frame
from ncabench.report.grids import Grid, GridRow, Source
from ncabench.suite.suite import Suite

INPUT, TRUTH = "input", "truth"
SAMPLES = 4  # rows of a panel
_PAIR, _TARGET = "_given_and_true", "_target"
_WITH_ORACLE = 3  # pictures: an input, its truth, and what an autoencoder would make of it
_WITHIN = ("unseen_masks", "extreme_masks")  # their strips hold input and truth themselves
_HEADS = "masked_heads"
_IMAGE = "image"  # the series that titles need not name
_OTHER = ("generation", "attention_maps", "hidden_states", _HEADS)  # no films of states
_FRAMES = 14  # columns of a film, at most
_NUMBERED = re.compile(r"(.*)_(\d+)")


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """What a model made of an input, and what it should have made."""

    given: Image.Image
    answers: tuple[tuple[str, Frame], ...]
    truth: Image.Image


@dataclass(frozen=True, kw_only=True)
class _Member:
    """One model's answers to the samples of a series."""

    source: Source
    answers: Mapping[str, _Answer]

    @property
    def given(self) -> bytes:
        """Its inputs, to tell whether others had the same."""
        return b"".join(one.given.tobytes() for one in self.answers.values())

    @property
    def truth(self) -> bytes:
        """What it was asked for, likewise."""
        return b"".join(one.truth.tobytes() for one in self.answers.values())

    def heads(self, *, own: bool) -> list[str]:
        """Return what stands over its columns, its own input among them if need be."""
        first = next(iter(self.answers.values()))
        heads = [_head(self.source.label, part, frame) for part, frame in first.answers]
        return [f"{INPUT} of\n{self.source.label}", *heads] if own else heads

    def pictures(self, number: int, *, own: bool) -> list[Image.Image]:
        """Return its pictures of a sample, by the sample's number, likewise."""
        answer = list(self.answers.values())[number]
        made = [frame.picture for _, frame in answer.answers]
        return [answer.given, *made] if own else made


def comparisons(suite: Suite, sources: Sequence[Source]) -> tuple[Grid, ...]:
    """Return panels of inputs, answers and truths, then films, then masked heads."""
    found = list(grids.together(sources))
    return (
        *(grid for group in found for grid in _panels(suite, group)),
        *(grid for group in found for grid in _films(suite, group)),
        *(grid for group in found for grid in _heads(suite, group)),
    )


def _panels(suite: Suite, group: Sequence[Source]) -> Iterator[Grid]:
    """Yield one panel for each set of samples that models have in common."""
    found: dict[tuple[str, bytes], list[_Member]] = {}
    for source in group:
        for series, answers in _answers(source).items():
            member = _Member(source=source, answers=answers)
            found.setdefault((series, member.truth), []).append(member)
    seen: Counter[str] = Counter()
    for (series, _), members in found.items():
        seen[series] += 1
        what = f"panel-{series}" + (f"-{seen[series]}" if seen[series] > 1 else "")
        yield _panel(suite, members, what=what, series=series)


def _panel(suite: Suite, members: Sequence[_Member], *, what: str, series: str) -> Grid:
    """Return a panel; models that see their inputs in their own way have them beside."""
    first = members[0]
    own = len({member.given for member in members}) > 1
    rows = []
    for number, (sample, answer) in enumerate(first.answers.items()):
        made = [one for member in members for one in member.pictures(number, own=own)]
        given = [] if own else [answer.given]
        label = sample.replace("_", " ") if any(map(str.isdigit, series)) else ""
        rows.append(GridRow(label=label, pictures=(*given, *made, answer.truth)))
    heads = [head for member in members for head in member.heads(own=own)]
    told = "" if series == _IMAGE else f" · {series.replace('_', ' ')}"
    return Grid(
        name=grids.file_name(first.source.place, what),
        what="Inputs, answers and truths",
        title=f"{pictured.title(suite, first.source.place)}{told}",
        device_class=first.source.device_class,
        columns=(*([] if own else [INPUT]), *heads, TRUTH),
        rows=tuple(rows),
    )


def _head(label: str, part: str, frame: Frame) -> str:
    at = "" if frame.step is None else f"t = {frame.step}"
    return "\n".join(one for one in (label, part.replace("_", " "), at) if one)


def _answers(source: Source) -> dict[str, dict[str, _Answer]]:
    """Return a source's answers: series of samples, such as ``image``, then sample."""
    found: dict[str, dict[str, _Answer]] = {}
    for name in source.names:
        sample = name.removesuffix(_PAIR).removesuffix(_TARGET)
        numbered = _NUMBERED.fullmatch(sample)
        if numbered is None or len(found.get(numbered[1], {})) == SAMPLES:
            continue
        answer = _answer(source, name, sample=sample)
        if answer is not None:
            found.setdefault(numbered[1], {})[sample] = answer
    return found


def _answer(source: Source, name: str, *, sample: str) -> _Answer | None:
    if source.kind in _WITHIN:
        return _within(source.strip(name))
    if name.endswith(_PAIR):
        return _beside(source, source.strip(name), sample=sample)
    if name.endswith(_TARGET):
        strip, target = source.strip(sample), source.strip(name)
        if strip and len(target) == 1:
            truth = target[0].picture
            return _Answer(given=strip[0].picture, answers=(("", strip[-1]),), truth=truth)
    return None


def _beside(source: Source, still: Sequence[Frame], *, sample: str) -> _Answer | None:
    """Read pairs of an input and a truth, the last of which counts; or one and an oracle."""
    given, truth, *oracle = still if len(still) == _WITH_ORACLE else still[-2:] or (None, None)
    at = source.entry.spec["protocol"].get("steps")
    strips = [(one[len(sample) + 1 :], source.strip(one)) for one in _variants(source, sample)]
    answers = [(part, _at(strip, at)) for part, strip in strips if strip]
    if given is None or truth is None or not answers:
        return None
    answers += [("oracle", replace(one, step=None)) for one in oracle]
    return _Answer(given=given.picture, answers=tuple(answers), truth=truth.picture)


def _variants(source: Source, sample: str) -> list[str]:
    """Return the strips of a sample's states: one, or one for each variant of its rollout."""
    others = (sample + _PAIR, sample + _TARGET)
    return [
        name
        for name in source.names
        if name == sample or (name.startswith(f"{sample}_") and name not in others)
    ]


def _at(strip: Sequence[Frame], step: object) -> Frame:
    """Return the frame of the step that an answer is taken at, or the last."""
    return next((frame for frame in strip if frame.step == step), strip[-1])


def _within(strip: Sequence[Frame]) -> _Answer | None:
    """Read a strip of the input at t = 0, the states from t = 0 on, and the truth."""
    last = max((frame.step or 0 for frame in strip), default=0)
    ends = [number for number, frame in enumerate(strip) if frame.step == last]
    if last == 0 or len(ends) < 2:
        return None
    answer, truth = strip[ends[0]], strip[ends[1]].picture
    return _Answer(given=strip[0].picture, answers=(("", answer),), truth=truth)


def _films(suite: Suite, group: Sequence[Source]) -> Iterator[Grid]:
    """Yield the first film that several models have of the same times, if there is one."""
    shown = [one for one in group if one.kind not in (*_OTHER, *_WITHIN)]
    for name in dict.fromkeys(name for one in shown for name in one.names):
        if name.endswith((_PAIR, _TARGET)):
            continue
        strips = {one.label: one.strip(name) for one in shown if name in one.names}
        times = [frame.step for frame in next(iter(strips.values()), ())]
        alike = {
            label: strip
            for label, strip in strips.items()
            if [frame.step for frame in strip] == times
        }
        if len(alike) > 1 and len(times) > 2:
            target = shown[0].strip(name + _TARGET)
            truth = {TRUTH: target} if len(target) == len(times) else {}
            yield _film(suite, shown[0], strips={**alike, **truth}, name=name)
            return


def _film(
    suite: Suite, source: Source, *, strips: dict[str, tuple[Frame, ...]], name: str
) -> Grid:
    first = next(iter(strips.values()))
    bars = frames.perturbed(first) if pictured.is_perturbed(source.entry) else ()
    every = -(-len(first) // _FRAMES)
    kept = [number for number in range(len(first)) if number % every == 0]
    rows = [
        GridRow(label=label, pictures=tuple(strip[number].picture for number in kept))
        for label, strip in strips.items()
    ]
    return Grid(
        name=grids.file_name(source.place, f"film-{name}"),
        what="Models at the same steps",
        title=f"{pictured.title(suite, source.place)} · {name.replace('_', ' ')}",
        device_class=source.device_class,
        columns=tuple(f"t = {first[number].step}" for number in kept),
        rows=tuple(rows),
        bars=tuple(kept.index(number) for number in bars if number in kept),
    )


def _heads(suite: Suite, group: Sequence[Source]) -> Iterator[Grid]:
    """Yield what each choice of attention heads makes of inputs, as strips hold it in turn."""
    for source in group:
        if source.kind != _HEADS:
            continue
        for series in dict.fromkeys(name.rpartition("_")[0] for name in source.names):
            names = [one for one in source.names if one.rpartition("_")[0] == series]
            strips = [source.strip(name) for name in names[:SAMPLES]]
            heads = _of_choices(len(strips[0])) if strips else ()
            rows = [
                GridRow(label="", pictures=tuple(frame.picture for frame in strip))
                for strip in strips
                if len(strip) == len(heads)
            ]
            if rows:
                title = pictured.title(suite, source.place)
                yield Grid(
                    name=grids.file_name(source.place, f"heads-{series}"),
                    what="Answers with attention heads masked",
                    title=f"{title} · {series} · {source.label}",
                    device_class=source.device_class,
                    columns=heads,
                    rows=tuple(rows),
                )


def _of_choices(count: int) -> tuple[str, ...]:
    """Return what the pictures of a strip of masked heads are, or none for another count.

    >>> _of_choices(7)  # doctest: +NORMALIZE_WHITESPACE
    ('input', 'all heads', 'without head 0', 'without head 1', 'only head 0',
     'only head 1', 'truth')
    """
    heads, odd = divmod(count - 3, 2)
    if heads < 1 or odd:
        return ()
    without = [f"without head {head}" for head in range(heads)]
    only = [f"only head {head}" for head in range(heads)]
    return (INPUT, "all heads", *without, *only, TRUTH)
