"""How a cell is written: digits, spread, number of seeds, words for what failed."""

from __future__ import annotations

from collections.abc import Mapping

from ncabench.report.cells import UNDEFINED, Cell

DASH = "\u2013"  # en dash


def number(value: float, *, decimals: int) -> str:
    """Return a number with its decimals and thousands separators; never ``-0``.

    >>> number(22976, decimals=0), number(-0.00001, decimals=3)
    ('22,976', '0.000')
    """
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if not any(digit in text for digit in "123456789") else text


def measured(cell: Cell, *, decimals: int, exact: bool = False) -> str:
    """Return what a table says of a cell.

    Args:
        cell: the runs behind it.
        decimals: digits after the point.
        exact: the quantity is a count that does not vary with the rng_seed.

    >>> measured(Cell(values=(0.1, 0.3), planned=2), decimals=2)
    '0.20 ± 0.14 (n=2)'
    >>> measured(Cell(values=(0.1,), planned=3, outcomes={"OOM": 2}), decimals=2)
    '0.10 (1/3 seeds; 2 OOM)'
    """
    if not cell.planned:
        return "not planned"
    if cell.mean is None:
        return _no_value(cell)
    text = number(cell.mean, decimals=decimals)
    if exact and len(set(cell.values)) == 1:
        return text
    if cell.sd is not None:
        text = f"{text} ± {number(cell.sd, decimals=decimals)}"
    if cell.n == cell.planned:
        return f"{text} (n={cell.n})"
    lost = ", ".join(f"{count} {word}" for word, count in _words(cell).items())
    return f"{text} ({cell.n}/{cell.planned} seeds; {lost})"


def _words(cell: Cell) -> Mapping[str, int]:
    missing = {"not run": cell.missing} if cell.missing else {}
    return {**dict(sorted(cell.outcomes.items())), **missing}


def _no_value(cell: Cell) -> str:
    words = _words(cell)
    if list(words) == [UNDEFINED]:
        return DASH
    if len(words) == 1:
        return next(iter(words))
    return ", ".join(f"{word} ({count}/{cell.planned})" for word, count in words.items())
