"""Pictures in rows and columns, before they are drawn; and the strips that they come from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from PIL import Image

from ncabench.errors import RecordError
from ncabench.plan.entry import Entry
from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import artifacts, frames, lines, pictured
from ncabench.report.chosen import choose
from ncabench.report.frames import Frame

_NAME = re.compile(r"filmstrip-(.*)\.png")


@dataclass(frozen=True, kw_only=True)
class Colours:
    """What the grey of a map stands for.

    Attributes:
        label: the quantity, with its unit.
        white: its value where the map is white; black is 0.
        most: the value from which colours do not change any more.
        middle: the value in the middle of two colours, or None for one colour that brightens.
    """

    label: str
    white: float
    most: float
    middle: float | None = None


@dataclass(frozen=True, kw_only=True)
class GridRow:
    """Pictures side by side: RGB, or grey for a map; None leaves a place empty."""

    label: str
    pictures: tuple[Image.Image | None, ...]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A figure of pictures before it is drawn.

    Attributes:
        name: of its files, without their ending.
        what: what its pictures are, in words.
        title: over it.
        device_class: where the runs ran.
        columns: what stands over each column.
        rows: from the top.
        bars: numbers of the columns before which the state was perturbed.
        colours: of the grey pictures, or None where there are none.
    """

    name: str
    what: str
    title: str
    device_class: str
    columns: tuple[str, ...]
    rows: tuple[GridRow, ...]
    bars: tuple[int, ...] = ()
    colours: Colours | None = None

    @property
    def caption(self) -> str:
        """What it shows, and where that was made."""
        return f"{self.what}, of one rng_seed: {self.title} ({self.device_class})"


@dataclass(frozen=True, kw_only=True)
class Source:
    """The pictures that one evaluation took.

    Attributes:
        entry: the evaluation.
        run: its run.
        place: what it is drawn together with others by; see `pictured.of`.
        label: as the suite's first table names it.
        device_class: where it ran.
        names: of its filmstrips, sorted as people count.
    """

    entry: Entry
    run: StoredRun
    place: tuple[str, ...]
    label: str
    device_class: str
    names: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The kind of its protocol."""
        return str(self.entry.spec.get("protocol", {}).get("kind", ""))

    def strip(self, name: str, *, rows: int = 1) -> tuple[Frame, ...]:
        """Return the frames of a strip, none where it is not there or not square."""
        png = self.png(name)
        return frames.cut(png, rows=rows) if png else ()

    def png(self, name: str) -> bytes:
        """Return a strip, or nothing where it stayed behind when the record travelled."""
        with suppress(RecordError):
            return self.run.artifact(f"filmstrip-{name}.png").read_bytes()
        return b""


def sources(plan: Plan, runs: Sequence[StoredRun]) -> list[Source]:
    """Return the evaluations that took pictures, one rng_seed of each, in the plan's order.

    Raises:
        RecordError: a run's record is missing.
    """
    evaluations = pictured.evaluations(plan)
    chosen = choose(evaluations, runs)
    found: dict[tuple[tuple[str, ...], str], Source] = {}
    for entry in evaluations:
        run = chosen.run(entry.role, entry.id)
        if run is None or run.outcome != "ok" or run.unfinished:
            continue
        keys = [
            (pictured.of(one), lines.label(plan.suite, one)) for one in pictured.points(entry)
        ]
        new = [key for key in keys if key not in found]
        names = _names(run) if new else ()
        for place, label in new if names else ():
            found[place, label] = Source(
                entry=entry,
                run=run,
                place=place,
                label=label,
                device_class=chosen.device_class,
                names=names,
            )
    return list(found.values())


def _names(run: StoredRun) -> tuple[str, ...]:
    """Return what a run's filmstrips are called; nothing where they stayed behind."""
    matched = (_NAME.fullmatch(name) for name in artifacts.names(run))
    names = sorted((one[1] for one in matched if one), key=_as_counted)
    with suppress(RecordError):
        if names and run.artifact(f"filmstrip-{names[0]}.png"):
            return tuple(names)
    return ()


def together(found: Sequence[Source]) -> Iterator[list[Source]]:
    """Yield the sources that are drawn together, place by place."""
    for place in dict.fromkeys(one.place for one in found):
        yield [one for one in found if one.place == place]


def file_name(place: Sequence[str], what: str) -> str:
    """Return the name of a grid's files."""
    return "-".join(part for part in (*place, what) if part)


def _as_counted(name: str) -> list[tuple[int, str]]:
    return [(int(part or 0) if part.isdigit() else -1, part) for part in _parts(name)]


def _parts(name: str) -> list[str]:
    return re.split(r"(\d+)", name)
