"""Figures of a suite that the page shows as pictures: trends over sizes, panels, maps."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ncabench.report import figures
from ncabench.report.lines import Drawing
from ncabench.report.page.gathered import Gathered

FOLDER = "figures"


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """The pictures of the page.

    Attributes:
        of: for each suite its pictures, each ready for JSON.
        kept: how many there are.
        bytes: of JSON that those of the page take.
    """

    of: list[list[dict[str, Any]]]
    kept: int
    bytes: int

    @property
    def left_out(self) -> int:
        """How many are not in the page."""
        return self.kept - sum(map(len, self.of))


def collect(gathered: Sequence[Gathered], *, most_bytes: int) -> Pictures:
    """Return each suite's figures while there is room; curves the page draws itself.

    Raises:
        RecordError: a run's files are damaged.
    """
    found: list[list[dict[str, Any]]] = []
    kept, left = 0, most_bytes
    for one in gathered:
        found.append([])
        for drawn in figures.collect(one.plan, one.runs, judged=one.judged):
            if isinstance(drawn, Drawing):
                continue
            kept += 1
            if left > 0:
                picture = figures.picture(drawn, folder=FOLDER)
                png = base64.b64encode(picture.data).decode()
                shown = {"caption": picture.caption, "png": png}
                size = len(json.dumps(shown)) + 2
                if size <= left:
                    left -= size
                    found[-1].append(shown)
    return Pictures(of=found, kept=kept, bytes=most_bytes - left)
