r"""Numbers of a column, padded so that their points stand under one another.

What a number lacks before or behind its point is there as a ``\phantom``, so that all have one
width: the column is centred, words and heads too, and needs no package. Digits must be as wide
as one another, as they are in most fonts. What stands behind a number, such as marks, has a
column of its own where there is any.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ncabench.report.formats.latex.escaping import escaped

_NUMBER = re.compile(
    r"(?P<sign>[-\u2212]?)(?P<whole>\d[\d,]*)(?P<part>(?:\.\d+)?)"
    r"(?:\s*\u00b1\s*(?P<wide>\d[\d,]*)(?P<fine>(?:\.\d+)?))?(?P<tail>.*)",
    re.DOTALL,
)
_LETTER_EM = 0.46  # the width of a letter
_PLUS_MINUS = r"\,$\pm$\,"
_COMMAND = re.compile(r"\\(?:[a-zA-Z]+|.)|[{}$_]")
_SMALL = re.compile(r"\\textsuperscript\{([^{}]*)\}|\{\\scriptsize ([^{}]*)\}")


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a cell says.

    Attributes:
        text: a number with what belongs to it, or words; not escaped.
        beside: LaTeX behind it, such as marks.
        best: it is bold.
    """

    text: str
    beside: str = ""
    best: bool = False


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A number, taken apart: sign, digits around the point, those of its spread, the rest."""

    sign: str
    whole: str
    part: str
    wide: str
    fine: str
    tail: str


def parts(text: str) -> Parts | None:
    """Return the parts of a number, or None for words.

    >>> parts("0.20 \u00b1 0.14 (n=2)").tail, parts("104.5K").tail, parts("OOM")
    (' (n=2)', 'K', None)
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    given = {name: value or "" for name, value in found.groupdict().items()}
    return Parts(**given)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column as LaTeX.

    Attributes:
        spec: its letters in the preamble of a ``tabular``.
        span: how many columns of a ``tabular`` it takes.
        cells: with ``&`` between those.
    """

    spec: str
    span: int
    cells: tuple[str, ...]


def aligned(cells: Sequence[Written], *, head: int = 0) -> Column:
    r"""Return a column whose numbers are as wide as one another, in the middle of its width.

    Args:
        cells: from top to bottom.
        head: how many letters wide the head is.

    >>> aligned([Written(text="9.5"), Written(text="10.25"), Written(text="OOM")]).cells
    ('\\phantom{1}9.5\\phantom{5}', '10.25', 'OOM')
    """
    numbers = [parts(cell.text) for cell in cells]
    known = [one for one in numbers if one is not None]
    widest = Parts(
        sign=max((one.sign for one in known), default=""),
        whole=max((one.whole for one in known), key=len, default=""),
        part=max((one.part for one in known), key=len, default=""),
        wide=max((one.wide for one in known), key=len, default=""),
        fine=max((one.fine for one in known), key=len, default=""),
        tail="",
    )
    behind = [
        f"{_tail(one.tail) if one else ''}{cell.beside}"
        for one, cell in zip(numbers, cells, strict=True)
    ]
    if not any(behind):
        plain = [
            escaped(cell.text) if one is None else _number(one, widest, best=cell.best)
            for one, cell in zip(numbers, cells, strict=True)
        ]
        return Column(spec="c", span=1, cells=tuple(plain))
    lines = [
        spanning(f"{escaped(cell.text)}{rest}", 2)
        if one is None
        else f"{_number(one, widest, best=cell.best)} & {rest}".rstrip()
        for one, cell, rest in zip(numbers, cells, behind, strict=True)
    ]
    if known:
        first = next(at for at, one in enumerate(numbers) if one is not None)
        lines[first] = f"{_indent(cells, head=head)}{lines[first]}"
    return Column(spec="r@{}l", span=2, cells=tuple(lines))


def _indent(cells: Sequence[Written], *, head: int) -> str:
    """Return the space before the numbers that puts them under the middle of a wider head.

    LaTeX widens only the last of the columns that something spans.
    """
    widths = [(parts(cell.text), len(cell.text) + seen(cell.beside)) for cell in cells]
    numbers = max((width for one, width in widths if one is not None), default=0)
    widest = max([head, *(width for _, width in widths)])
    half = (widest - numbers) * _LETTER_EM / 2
    return rf"\hspace*{{{half:.1f}em}}" if half >= _LETTER_EM else ""


def spanning(text: str, columns: int) -> str:
    r"""Return a text in the middle of some columns.

    >>> print(spanning("OOM", 2), spanning("OOM", 1))
    \multicolumn{2}{c}{OOM} OOM
    """
    return text if columns == 1 else rf"\multicolumn{{{columns}}}{{c}}{{{text}}}"


def seen(latex: str) -> int:
    r"""Return about how many letters wide some LaTeX is; small ones count for two thirds.

    >>> seen(r"K\,n/c\textsuperscript{1,2}"), seen(r"\,$\neq$$_{12}$")
    (6, 3)
    """
    small = "".join(one or other for one, other in _SMALL.findall(latex))
    plain = re.sub(r"\$\\?[a-zA-Z]+\$", "x", _SMALL.sub("", latex))
    return len(_COMMAND.sub("", plain)) + 2 * len(small) // 3


def _number(one: Parts, widest: Parts, *, best: bool) -> str:
    minus = "$-$" if one.sign else ""
    missing = "$-$" if widest.sign and not minus else ""
    left = _phantom(f"{missing}{_before(one.whole, widest.whole)}")
    mean = f"{minus}{one.whole}{one.part}"
    mean = rf"\ncabbest{{{mean}}}" if best else mean
    lost = widest.part[len(one.part) :]
    if not one.wide:
        spread = rf"{_PLUS_MINUS}{widest.wide}{widest.fine}" if widest.wide else ""
        return f"{left}{mean}{_phantom(f'{lost}{spread}')}"
    pad, end = _before(one.wide, widest.wide), widest.fine[len(one.fine) :]
    spread = f"{_PLUS_MINUS}{_phantom(pad)}{one.wide}{one.fine}{_phantom(end)}"
    return f"{left}{mean}{_phantom(lost)}{spread}"


def _before(own: str, longest: str) -> str:
    return longest[: len(longest) - len(own)]


def _phantom(text: str) -> str:
    return rf"\phantom{{{text}}}" if text else ""


def _tail(text: str) -> str:
    """Return what follows a number; LaTeX would lose a space at the beginning of a column."""
    return f"~{escaped(text[1:])}" if text.startswith(" ") else escaped(text)
