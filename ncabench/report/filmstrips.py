"""Pictures that runs took of growth, damage and recovery."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image

from ncabench.errors import RecordError
from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import artifacts, pictured
from ncabench.report.chosen import choose
from ncabench.report.view import Picture

_NAME = re.compile(r"filmstrip-.*\.png")
WIDEST_PX = 1500  # a strip of larger frames is shown smaller


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
            found += _of(run, label=entry.labels[0], folder=folder)
    return tuple(found)


def _of(run: StoredRun, *, label: Mapping[str, Any], folder: str) -> list[Picture]:
    """The filmstrips of a run, but those that stayed behind when it travelled."""
    found = []
    for name in filter(_NAME.fullmatch, artifacts.names(run)):
        with suppress(RecordError):
            found.append(_picture(run, name, label=label, folder=folder))
    return found


def _picture(run: StoredRun, name: str, *, label: Mapping[str, Any], folder: str) -> Picture:
    words = [
        f"seed{value}" if axis == "rng_seed" else str(value) for axis, value in label.items()
    ]
    what = name.removeprefix("filmstrip-").removesuffix(".png")
    path = Path(folder) / f"{_slug('-'.join([*words, what]))}.png"
    caption = f"{', '.join(words)}: {what} ({run.device_class})"
    return Picture(caption=caption, path=path, data=_shown(run.artifact(name).read_bytes()))


def _shown(strip: bytes) -> bytes:
    """Return a PNG as it is, or, where it is too wide to be looked at, at a half, a third..."""
    with Image.open(io.BytesIO(strip)) as picture:
        smaller = -(-picture.width // WIDEST_PX)
        if smaller == 1:
            return strip
        written = io.BytesIO()
        picture.reduce(smaller).save(written, "PNG", optimize=True)
        return written.getvalue()


def _slug(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text)
