"""Texts as LaTeX sets them, and as a name of a file or a macro can hold them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from itertools import groupby

_LATIN_1_END = 0x100
_LETTERS = (
    "\u00df\u00e6\u00f8\u00c6\u00d8\u0142\u0141\u0153\u0152"  # that have no accent to drop
)
_SIGNS = {  # in mathematics, which every font has
    "<": "<",
    ">": ">",
    "|": "|",
    "\u00ac": r"\neg",
    "\u00b0": r"^\circ",
    "\u00b1": r"\pm",
    "\u00b2": "^2",
    "\u00b3": "^3",
    "\u00b5": r"\mu",
    "\u00b7": r"\cdot",
    "\u00b9": "^1",
    "\u00bd": r"\frac12",
    "\u00d7": r"\times",
    "\u0394": r"\Delta",
    "\u03a3": r"\Sigma",
    "\u03b1": r"\alpha",
    "\u03b2": r"\beta",
    "\u03b3": r"\gamma",
    "\u03b4": r"\delta",
    "\u03b5": r"\varepsilon",
    "\u03b8": r"\theta",
    "\u03bb": r"\lambda",
    "\u03bc": r"\mu",
    "\u03c0": r"\pi",
    "\u03c1": r"\rho",
    "\u03c3": r"\sigma",
    "\u03c4": r"\tau",
    "\u03c6": r"\varphi",
    "\u207b": "^-",
    "\u2190": r"\leftarrow",
    "\u2191": r"\uparrow",
    "\u2192": r"\rightarrow",
    "\u2193": r"\downarrow",
    "\u2194": r"\leftrightarrow",
    "\u2212": "-",
    "\u221a": r"\surd",
    "\u221e": r"\infty",
    "\u223c": r"\sim",
    "\u2248": r"\approx",
    "\u2260": r"\neq",
    "\u2264": r"\leq",
    "\u2265": r"\geq",
    "\u2295": r"\oplus",
}
_SPECIAL = {
    **{char: f"${sign}$" for char, sign in _SIGNS.items()},
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "*": "{*}",  # not the star of a line's end before it
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "[": "{[}",
    "]": "{]}",
    '"': "''",
    "\u00a0": "~",
    "\u2013": "--",
    "\u2014": "---",
    "\u2018": "`",
    "\u2019": "'",
    "\u201c": "``",
    "\u201d": "''",
    "\u2026": r"\ldots{}",
}
_SPELT = {  # in a name: what would be lost without its word
    "%": " percent ",
    "#": " number ",
    "&": " and ",
    "<": " below ",
    ">": " above ",
    "\u00b5": "u",
    "\u00d7": "x",
    "\u03bc": "u",
}


def escaped(text: str) -> str:
    r"""Return a text that LaTeX sets as it is, in any font; a letter it may lack is ``?``.

    >>> print(escaped("50 % of a_b \u00b1 1"))
    50 \% of a\_b $\pm$ 1
    """
    return "".join(_SPECIAL.get(char) or _letter(char) for char in text)


def comment(text: str) -> str:
    """Return a text as lines of comment, in letters that any TeX reads.

    >>> print(comment("a \u00b1 b"))
    % a +- b
    """
    plain = text.replace("\u00b1", "+-")
    return "\n".join(f"% {_ascii(line)}".rstrip() for line in plain.splitlines())


def slug(text: str) -> str:
    """Return a name of lower-case letters, digits, dots and hyphens, safe in a macro's key.

    >>> slug("Damage: Reg. (%)"), slug("16 \u00d7 16 \u00b5m"), slug("lr 1.5")
    ('damage-reg-percent', '16-x-16-um', 'lr-1.5')
    """
    spelt = "".join(_SPELT.get(char, char) for char in text)
    words = re.findall(r"[a-z0-9]+(?:\.[0-9]+)*", _ascii(spelt).lower())
    return "-".join(words) or "x"


def slugs(texts: Iterable[str]) -> list[str]:
    """Return a name for each text, numbered from the second on where they are alike.

    >>> slugs(["a b", "A, B", "c"])
    ['a-b', 'a-b-2', 'c']
    """
    seen: Counter[str] = Counter()
    names: list[str] = []
    for text in texts:
        name = slug(text)
        seen[name] += 1
        while seen[name] > 1 and f"{name}-{seen[name]}" in names:
            seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return names


def marks(numbers: tuple[int, ...]) -> str:
    r"""Return the marks of footnotes, three or more in a row as the first and the last.

    >>> print(marks((1, 3, 4, 5)), marks((1, 2)))
    \textsuperscript{1,3--5} \textsuperscript{1,2}
    """
    runs = groupby(enumerate(sorted(numbers)), key=lambda one: one[1] - one[0])
    told = [_run([number for _, number in members]) for _, members in runs]
    return rf"\textsuperscript{{{','.join(told)}}}" if told else ""


def _run(numbers: list[int]) -> str:
    if len(numbers) > 2:
        return f"{numbers[0]}--{numbers[-1]}"
    return ",".join(map(str, numbers))


def _letter(char: str) -> str:
    if char.isascii() or char in _LETTERS:
        return char
    plain = unicodedata.normalize("NFKD", char)
    if ord(char) < _LATIN_1_END and len(plain) > 1:
        return char  # an accented letter of Latin 1, which every font can set
    return plain.encode("ascii", "ignore").decode() or "?"


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
