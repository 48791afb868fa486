"""Pictures that runs took of growth, damage and recovery."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from PIL import Image, ImageDraw

from ncabench.errors import RecordError
from ncabench.plan.entry import Entry
from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import artifacts, frames, pictured
from ncabench.report.chosen import choose
from ncabench.report.drawn import canvas
from ncabench.report.frames import Frame
from ncabench.report.view import Picture

_NAME = re.compile(r"filmstrip-.*\.png")
WIDEST_PX = 1500  # a strip of larger frames is shown smaller
MANY_PX = 100_000  # a strip of more that is drawn anew has a palette
_PAIR = "_given_and_true"  # what was given and what is true at each t, not two states
_WORD, _BAR = "perturbed", (0xD5, 0x5E, 0x00)


def collect(plan: Plan, runs: Sequence[StoredRun], *, folder: str) -> tuple[Picture, ...]:
    """Return the filmstrips of the plan's evaluations, in the order of the plan.

    Raises:
        RecordError: a run's record is missing.
    """
    evaluations = pictured.evaluations(plan)
    chosen = choose(evaluations, runs)
    found: list[Picture] = []
    for entry in evaluations:
        run = chosen.run(entry.role, entry.id)
        if run is not None and entry.labels:
            found += _of(run, entry=entry, folder=folder)
    return tuple(found)


def _of(run: StoredRun, *, entry: Entry, folder: str) -> list[Picture]:
    """The filmstrips of a run, but those that stayed behind when it travelled."""
    found = []
    for name in filter(_NAME.fullmatch, artifacts.names(run)):
        with suppress(RecordError):
            found.append(_picture(run, name, entry=entry, folder=folder))
    return found


def _picture(run: StoredRun, name: str, *, entry: Entry, folder: str) -> Picture:
    words = [
        f"seed{value}" if axis == "rng_seed" else str(value)
        for axis, value in entry.labels[0].items()
    ]
    what = name.removeprefix("filmstrip-").removesuffix(".png")
    path = Path(folder) / f"{_slug('-'.join([*words, what]))}.png"
    caption = f"{', '.join(words)}: {what} ({run.device_class})"
    strip = run.artifact(name).read_bytes()
    mark = pictured.is_perturbed(entry) and not what.endswith(_PAIR)
    return Picture(caption=caption, path=path, data=shown(strip, mark=mark))


def shown(strip: bytes, *, mark: bool) -> bytes:
    """Return a filmstrip as a report shows it.

    Args:
        strip: the PNG; one that is too wide to be looked at becomes a half, a third...
        mark: put a bar before each frame whose time is that of the frame before, since there
            the state was perturbed; below the frame it is said, where there is room.
    """
    found = frames.cut(strip)
    bars = frames.perturbed(found) if mark else ()
    with Image.open(io.BytesIO(strip)) as picture:
        smaller = -(-picture.width // WIDEST_PX)
        if smaller == 1 and not bars:
            return strip
        readable = found and all(frame.step is not None for frame in found)
        drawn = _redrawn(found, bars, smaller) if readable else picture.reduce(smaller)
    if drawn.width * drawn.height > MANY_PX and drawn.mode == "RGB":
        drawn = canvas.few_colours(drawn)
    written = io.BytesIO()
    drawn.save(written, "PNG", optimize=True)
    return written.getvalue()


def _redrawn(found: Sequence[Frame], bars: Sequence[int], smaller: int) -> Image.Image:
    """Return the frames made smaller, their times as large as before."""
    reduced = [frame.picture.reduce(smaller) for frame in found]
    width, height = reduced[0].size
    stride = width + frames.GAP_PX
    size = (len(found) * stride - frames.GAP_PX, height + frames.CAPTION_PX)
    drawn = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(drawn)
    for number, (frame, picture) in enumerate(zip(found, reduced, strict=True)):
        left, time = number * stride, f"t={frame.step}"
        drawn.paste(picture, (left, 0))
        pen.text((left + 1, height), time, fill="black")
        if number in bars:
            pen.rectangle((left - frames.GAP_PX, 0, left - 1, size[1]), _BAR)
            start = left + 1 + pen.textlength(f"{time} ")
            if start + pen.textlength(_WORD) <= left + width:
                pen.text((start, height), _WORD, fill=_BAR)
    return drawn


def _slug(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text)
