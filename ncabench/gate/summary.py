"""The check's result as a pull request shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tabulate import tabulate

from ncabench.gate.verdict import Checked

HEADS = ("cell", "baseline", "now", "change", "tolerance", "n", "verdict")
_GRAVE = ("worse", "slower", "failed", "outdated")


def headline(suite: str, checked: Sequence[Checked]) -> str:
    """Return the result in one line."""
    counts = Counter(one.word for one in checked)
    words = ", ".join(f"{counts[word]} {word}" for word in sorted(counts))
    return f"{suite}: {words or 'nothing was compared'}"


def markdown(suite: str, checked: Sequence[Checked], *, notes: Sequence[str]) -> str:
    """Return the whole result as Markdown: what is grave first, then quality and time."""
    grave = [one for one in checked if one.word in _GRAVE]
    parts = [f"## Regression check: {headline(suite, checked)}"]
    if grave:
        parts.append("\n".join(f"- **{one.word}**: {said(one)}" for one in grave))
    for part, title in (("quality", "Quality"), ("time", "Time, over the reference workload")):
        mine = [one for one in checked if one.part == part and one.word != "not compared"]
        if mine:
            table = tabulate(
                [row(one) for one in mine],
                headers=HEADS,
                tablefmt="github",
                disable_numparse=True,
            )
            parts.append(f"### {title}\n\n{table}")
    lines = [line for line in remarks(checked, notes=notes) if line]
    if lines:
        parts.append("\n".join(f"- {line}" for line in lines))
    return "\n\n".join(parts) + "\n"


def remarks(checked: Sequence[Checked], *, notes: Sequence[str]) -> list[str]:
    """Return what stands under the tables: what was not compared, and why; other reasons."""
    silent = Counter(one.reason for one in checked if one.word == "not compared")
    spoken = [said(one) for one in checked if one.reason and one.word != "not compared"]
    lines = [f"{count} cells not compared: {reason}" for reason, count in silent.items()]
    return [*spoken, *lines, *notes]


def row(one: Checked) -> list[str]:
    """Return a cell as a line of a table."""
    return [
        one.cell,
        _number(one.before),
        _number(one.now),
        _change(one, one.change, sign="+"),
        _change(one, one.tolerance, sign=""),
        str(one.n or ""),
        one.word,
    ]


def said(one: Checked) -> str:
    """Return a cell in words."""
    if one.change is None:
        return f"{one.cell}: {one.reason}"
    numbers = f"{_number(one.before)} before, {_number(one.now)} now"
    change = f"{_change(one, one.change, sign='+')}, tolerance {_change(one, one.tolerance)}"
    return f"{one.cell}: {numbers} ({change})" + (f"; {one.reason}" if one.reason else "")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _change(one: Checked, value: float | None, *, sign: str = "") -> str:
    if value is None:
        return ""
    if one.cell.endswith(("/recovery", "/recovery_clipped")):
        return f"{value:{sign}.1f} points"
    return f"{value:{sign}.1%}"
