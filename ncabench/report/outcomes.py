"""Values that are outcomes: whether a training failed, whether a profile ran out of memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ncabench.report import obstacles
from ncabench.report.cells import WORDS, Cell
from ncabench.report.chosen import Chosen
from ncabench.report.contexts import Behind
from ncabench.report.judged import printed_places
from ncabench.suite.claims import FAILED, OUT_OF_MEMORY
from ncabench.suite.suite import Suite


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """Whose outcomes a value is about, and which of them count."""

    role: str
    counted: tuple[str, ...]


_ASKED: Mapping[str, _Asked] = {
    FAILED: _Asked(role="training", counted=("diverged", "crashed", "oom")),
    OUT_OF_MEMORY: _Asked(role="profile", counted=("oom",)),
}


def is_outcome(value: str) -> bool:
    """Tell whether a value is an outcome, not a number that a run stores.

    >>> is_outcome("training/failed"), is_outcome("profile/steps")
    (True, False)
    """
    return value in _ASKED


def gather(behind: Behind, chosen: Chosen) -> Cell:
    """Return 1 for each rng_seed that ended so, and 0 for each that ended well."""
    asked = _ASKED[behind.value]
    values: dict[int, float] = {}
    words: list[str] = []
    for entry in behind.entries:
        run = chosen.run(asked.role, entry.id)
        seed = min(int(label.get("rng_seed", 0)) for label in entry.labels)
        if run is None or run.unfinished:
            words += [] if run or not entry.missing else [WORDS["no_data"]]
        elif run.outcome == "ok" or run.outcome in asked.counted:
            values[seed] = float(run.outcome != "ok")
        else:
            words.append(WORDS[run.outcome])
    return Cell(
        values=tuple(values.values()),
        rng_seeds=tuple(values),
        planned=len(behind.entries),
        outcomes={word: words.count(word) for word in words},
        missing=len(behind.entries) - len(values) - len(words),
    )


def of_card(suite: Suite, chosen: Chosen) -> tuple[str, ...]:
    """Return why running out of memory says nothing: it was not the memory of the paper's card.

    Without a printed "out of memory" no card is known that it could be.
    """
    hardware = next(_cards(suite), "not stated")
    device = chosen.device_class
    return obstacles.of_memory(suite, (), hardware=hardware, device_class=device)


def _cards(suite: Suite) -> Iterator[str]:
    return (
        place.printed.hardware for place in printed_places(suite) if place.printed.out_of_memory
    )
