"""Filmstrips as the page plays them: the picture, where its frames lie, and their times."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from PIL import Image, ImageDraw

from ncabench.errors import RecordError
from ncabench.record.stored import StoredRun
from ncabench.report import artifacts
from ncabench.report.filmstrips import WIDEST_PX

EACH = 5  # filmstrips of a run, the first by name
MARK = 50  # bytes that `marked` adds at most
GAP_PX = 2  # between frames, and the strip of white below them with their times
CAPTION_PX = 12
LATEST = 4096  # a greater time is not read
_NAME = re.compile(r"filmstrip-(.*)\.png")
_READ_PX = 64  # of a caption, as far as it is compared


@dataclass(frozen=True, kw_only=True)
class Strips:
    """The filmstrips of the page.

    Attributes:
        of: run id to its strips, each ready for JSON.
        kept: how many there are in the records.
        left_out: how many of those are not in the page.
    """

    of: dict[str, list[dict[str, Any]]]
    kept: int
    left_out: int


def collect(runs: Sequence[StoredRun], *, most_bytes: int) -> Strips:
    """Return the first strip of each run, then the second, and so on, while there is room.

    Args:
        runs: in the order in which they are served.
        most_bytes: of all of them together, written as JSON.

    Raises:
        RecordError: a run's record is missing or damaged.
    """
    names = {
        run.run_id: [one for one in artifacts.names(run) if _NAME.fullmatch(one)]
        for run in runs
    }
    found: dict[str, list[dict[str, Any]]] = {}
    left, shown = most_bytes, 0
    for run, name in _served(runs, names):
        if left <= 0:
            break
        with suppress(RecordError):  # it stayed behind when the record travelled
            strip = _strip(run.artifact(name).read_bytes(), name=name)
            size = len(json.dumps(strip)) + MARK
            if size <= left:
                left, shown = left - size, shown + 1
                found.setdefault(run.run_id, []).append(strip)
    kept = sum(map(len, names.values()))
    return Strips(of=found, kept=kept, left_out=kept - shown)


def _served(
    runs: Sequence[StoredRun], names: Mapping[str, Sequence[str]]
) -> Iterator[tuple[StoredRun, str]]:
    for place in range(EACH):
        for run in runs:
            for name in names[run.run_id][place : place + 1]:
                yield run, name


def marked(strip: dict[str, Any], *, at: Sequence[int]) -> dict[str, Any]:
    """Return a strip that says which of its frames are the first after a perturbation.

    Where a time has two frames, the second is after the perturbation of that time. A strip
    in which other times come twice is no roll-out, and says nothing.

    >>> marked({"steps": [0, 149, 149, 163]}, at=[149])["perturbed"]
    [2]
    """
    steps = strip["steps"]
    twice = [place for place in range(1, len(steps)) if steps[place] == steps[place - 1]]
    rises = all(first <= second for first, second in pairwise(steps))
    fits = rises and all(steps[place] in at for place in twice)
    return {**strip, "perturbed": twice if fits else []}


def _strip(png: bytes, *, name: str) -> dict[str, Any]:
    with Image.open(io.BytesIO(png)) as picture:
        side, smaller = picture.height - CAPTION_PX, -(-picture.width // WIDEST_PX)
        stride = side + GAP_PX
        square = side > 0 and (picture.width + GAP_PX) % stride == 0
        frames = (picture.width + GAP_PX) // stride if square else 1
        steps = list(_steps(picture.convert("L"), side=side)) if square else []
        raw = png if smaller == 1 else _reduced(picture, smaller)
        width, height = -(-picture.width // smaller), -(-picture.height // smaller)
    match = _NAME.fullmatch(name)
    return {
        "name": match[1] if match else name,
        "png": base64.b64encode(raw).decode(),
        "width": width,
        "height": height,
        "frames": frames,
        "stride": stride / smaller if square else width,
        "frame_width": side / smaller if square else width,
        "frame_height": side / smaller if square else height,
        "steps": steps if None not in steps else [],
    }


def _reduced(picture: Image.Image, smaller: int) -> bytes:
    written = io.BytesIO()
    picture.reduce(smaller).save(written, "PNG")
    return written.getvalue()


def _steps(grey: Image.Image, *, side: int) -> Iterator[int | None]:
    """Yield the time below each frame: the number whose drawing is the same to the pixel."""
    for left in range(0, grey.width, side + GAP_PX):
        right = min(left + min(side, _READ_PX), grey.width)
        caption = Image.new("L", (_READ_PX, CAPTION_PX), 255)
        caption.paste(grey.crop((left, side, right, side + CAPTION_PX)), (0, 0))
        yield _read(caption.tobytes())


@cache
def _read(caption: bytes) -> int | None:
    return next((step for step in range(LATEST) if _drawn(step) == caption), None)


@cache
def _drawn(step: int) -> bytes:
    picture = Image.new("RGB", (_READ_PX, CAPTION_PX), "white")
    ImageDraw.Draw(picture).text((1, 0), f"t={step}", fill="black")
    return picture.convert("L").tobytes()
