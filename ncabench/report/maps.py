"""Maps: how much pixels vary within a class, and where attention goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PIL import Image

from ncabench.report import frames, grids, heads, pictured
from ncabench.report.grids import Colours, Grid, GridRow, Source
from ncabench.suite.suite import Suite

_VARIANCE = "variance"  # of generation: a map of each class, one under another, at two times
_PICTURES = "digits"  # of generation: the classes one under another, at times
_TITLE = "samples and their variance"
_WHITEST = 0.25  # variance of a pixel that is black as often as white
_EVEN = 1.0  # attention that a cell gets where all shares are even, in cells' worth
_ROWS = 4


def maps(suite: Suite, sources: Sequence[Source]) -> tuple[Grid, ...]:
    """Return the maps that evaluations took: variances of every model, then attention."""
    growing = [one for one in sources if one.kind == "generation"]
    attending = [one for one in sources if one.kind == "attention_maps"]
    return (
        *_variances(suite, growing),
        *(grid for one in attending for grid in _attention(suite, one)),
    )


def _variances(suite: Suite, found: Sequence[Source]) -> Iterator[Grid]:
    """Yield, for each of the two times, the classes of every model and their variances."""
    for turn in (0, 1):
        rows: list[GridRow] = []
        steps: set[int | None] = set()
        for source in found:
            shown = _classes(source, turn)
            if shown is None:
                continue
            step, samples, varied = shown
            steps.add(step)
            rows += [
                GridRow(label=source.label, pictures=samples),
                GridRow(label="variance", pictures=varied),
            ]
        if rows:
            at = ", ".join(f"t = {step}" for step in sorted(steps, key=str))
            most = _most(rows)
            yield Grid(
                name=f"variance-{'grown' if turn == 0 else 'later'}",
                what="A sample of each class, and the variance of pixels over its samples",
                title=" · ".join([_TITLE, *heads.in_place(suite), at]),
                device_class=found[0].device_class,
                columns=tuple(map(str, range(len(rows[0].pictures)))),
                rows=tuple(rows),
                colours=Colours(label="variance of pixels", white=_WHITEST, most=most),
            )


def _classes(
    source: Source, turn: int
) -> tuple[int | None, tuple[Image.Image, ...], tuple[Image.Image, ...]] | None:
    """Return a time, and of every class a picture and the map at that time."""
    png = source.png(_VARIANCE)
    classes = frames.rows_of(png, count=2) if png else 0
    both = source.strip(_VARIANCE, rows=classes) if classes else ()
    if len(both) != 2:
        return None
    step, variance = both[turn].step, both[turn].picture.convert("L")
    films = source.strip(_PICTURES, rows=classes)
    film = next((one.picture for one in films if one.step == step), None)
    return None if film is None else (step, _apart(film, classes), _apart(variance, classes))


def _apart(column: Image.Image, count: int) -> tuple[Image.Image, ...]:
    side = column.height // count
    return tuple(column.crop((0, row * side, side, (row + 1) * side)) for row in range(count))


def _most(rows: Sequence[GridRow]) -> float:
    """Return the greatest value in any map, at least what one grey level stands for."""
    maps = [one for row in rows for one in row.pictures if one is not None and one.mode == "L"]
    whitest = max(int(one.getextrema()[1]) for one in maps)  # type: ignore[arg-type]  # grey
    return max(whitest, 1) / 255 * _WHITEST


def _attention(suite: Suite, source: Source) -> Iterator[Grid]:
    """Yield the maps of each head: how much attention cells get from all cells."""
    rows = []
    for name in source.names[:_ROWS]:
        strip = [frame.picture for frame in source.strip(name)]
        if len(strip) > 2:
            heads = [one.convert("L") for one in strip[2:]]
            rows.append(GridRow(label="", pictures=(*strip[:2], *heads)))
    if rows:
        count = len(rows[0].pictures) - 2
        yield Grid(
            name=grids.file_name(source.place, "attention"),
            what="Inputs, answers, and the attention that cells receive from each head",
            title=f"{pictured.title(suite, source.place)} · {source.label}",
            device_class=source.device_class,
            columns=("input", "answer", *(f"head {head}" for head in range(count))),
            rows=tuple(row for row in rows if len(row.pictures) == count + 2),
            colours=Colours(
                label="attention received (1: an even share)",
                white=2 * _EVEN,
                most=2 * _EVEN,
                middle=_EVEN,
            ),
        )
