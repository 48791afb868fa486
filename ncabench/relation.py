"""Relations between values, as suites and ledgers write what a paper claims.

A relation compares sides: ``a < b``, ``a < b < c``, ``a > 2 * b and a < 3 * c``. A side is
made of numbers, ``+ - * /``, parentheses and places; a place names values, as in ``sobel``,
``sobel & damage`` (both must hold), or ``perceptual/final of sobel`` (another value than the
claim's own). One side of a comparison may speak of many: ``sobel < every other perception``,
``most perception > 90``, ``some perception > sobel``. Words are set apart by spaces, so that
``perceptual/final`` is a name and ``a / b`` a ratio.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Quantifier = Literal["every", "most", "some"]
SIGNS = ("<", ">", "<=", ">=")
RESERVED = ("and", "of", "every", "most", "some")  # words that no name can be
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+:-]*")
_NUMBER = re.compile(r"[+-]?\d+(?:_\d+)*(?:\.\d+)?(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Number:
    """A number that the relation states."""

    value: float


@dataclass(frozen=True)
class Place:
    """Where a value stands: names that must all hold, and which value, ``""`` for the usual."""

    names: tuple[str, ...]
    value: str = ""

    def __str__(self) -> str:
        text = " & ".join(self.names)
        return f"{self.value} of {text}" if self.value else text


@dataclass(frozen=True)
class Many:
    """A side that speaks of all members of an axis, or of all but those named beside it."""

    quantifier: Quantifier
    axis: str
    other: bool


@dataclass(frozen=True)
class Operation:
    """Two sides joined by ``+ - * /``."""

    sign: str
    left: Side
    right: Side


Side = Number | Place | Many | Operation


@dataclass(frozen=True)
class Comparison:
    """One ``left sign right``, without a side that speaks of many."""

    left: Side
    sign: str
    right: Side

    def places(self) -> list[Place]:
        """Return the places it names, from left to right, each once."""
        return list(dict.fromkeys([*_places(self.left), *_places(self.right)]))

    def margin(self, read: Callable[[Place], Any]) -> Any:
        """Return what must be positive (or, with an equals sign, not negative) for it to hold.

        ``read`` gives the value of a place, of any type that has ``+ - * /``.

        >>> def read(place):
        ...     return {"a": 3.0, "b": 1.0}[place.names[0]]
        >>> parse("2 * b < a").parts[0].comparison.margin(read)
        1.0
        """
        left, right = _evaluate(self.left, read), _evaluate(self.right, read)
        return right - left if self.sign in ("<", "<=") else left - right

    def __str__(self) -> str:
        return f"{_text(self.left)} {self.sign} {_text(self.right)}"


@dataclass(frozen=True)
class Part:
    """A comparison of the relation, one side of which may still speak of many."""

    comparison: Comparison

    @property
    def many(self) -> Many | None:
        """The side that speaks of many, or None."""
        sides = (self.comparison.left, self.comparison.right)
        return next((side for side in sides if isinstance(side, Many)), None)

    @property
    def quantifier(self) -> Quantifier:
        """How many of the members must keep it; ``"every"`` where it speaks of one."""
        return self.many.quantifier if self.many else "every"

    def over(self, members: Sequence[str]) -> list[Comparison]:
        """Return it for each member of the axis that it speaks of.

        ``other`` leaves out the names that the comparison itself mentions.

        >>> part = parse("a < every other row").parts[0]
        >>> [str(one) for one in part.over(["a", "b", "c"])]
        ['a < b', 'a < c']
        """
        if self.many is None:
            return [self.comparison]
        named = {name for place in self.comparison.places() for name in place.names}
        left = [one for one in members if not (self.many.other and one in named)]
        return [self._for(Place((member,))) for member in left]

    def _for(self, place: Place) -> Comparison:
        one = self.comparison
        if isinstance(one.left, Many):
            return replace(one, left=place)
        return replace(one, right=place)


@dataclass(frozen=True)
class Relation:
    """All comparisons that must hold; ``text`` is as written."""

    text: str
    parts: tuple[Part, ...] = field(default=())

    def names(self) -> list[str]:
        """Return every name that a place of it has, in order, each once."""
        places = [place for part in self.parts for place in part.comparison.places()]
        return list(dict.fromkeys(name for place in places for name in place.names))

    def axes(self) -> list[str]:
        """Return the axes that its quantified sides speak of, each once."""
        return list(dict.fromkeys(part.many.axis for part in self.parts if part.many))


def parse(text: str) -> Relation:
    """Return the relation that a text states.

    Raises:
        ValueError: the text is no relation; the message says at which word.

    >>> [str(part.comparison) for part in parse("a < b < c").parts]
    ['a < b', 'b < c']
    """
    parts: list[Part] = []
    for clause in re.split(r"\s+and\s+", text.strip()):
        parts += _Reader(clause).chain()
    return Relation(text, tuple(parts))


class _Reader:
    """Reads one chain of comparisons, word by word."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = text.replace("(", " ( ").replace(")", " ) ").split()
        self.at = 0

    def chain(self) -> list[Part]:
        sides, signs = [self._side()], []
        while self._peek() in SIGNS:
            signs.append(self._take())
            sides.append(self._side())
        if self._peek():
            raise self._wrong("expected <, >, <=, >=, and, or the end")
        if not signs:
            raise self._wrong("a relation needs <, >, <= or >=")
        pairs = zip(sides, signs, sides[1:], strict=False)
        parts = [Part(Comparison(left, sign, right)) for left, sign, right in pairs]
        many = sum(isinstance(side, Many) for side in sides)
        if many > 1 or (many and len(parts) > 1):
            raise ValueError(f"{self.text!r}: only one of two sides may speak of many")
        return parts

    def _side(self) -> Side:
        if self._peek() in ("every", "most", "some"):
            quantifier: Any = self._take()
            other = self._peek() == "other"
            if other:
                self._take()
            return Many(quantifier, self._name("the axis that it speaks of"), other)
        return self._sum()

    def _sum(self) -> Side:
        side = self._product()
        while self._peek() in ("+", "-"):
            side = Operation(self._take(), side, self._product())
        return side

    def _product(self) -> Side:
        side = self._factor()
        while self._peek() in ("*", "/"):
            side = Operation(self._take(), side, self._factor())
        return side

    def _factor(self) -> Side:
        if self._peek() == "(":
            self._take()
            side = self._sum()
            if self._peek() != ")":
                raise self._wrong("expected )")
            self._take()
            return side
        if _NUMBER.fullmatch(self._peek()):
            return Number(float(self._take()))
        return self._place()

    def _place(self) -> Place:
        names, value = [self._name("a name or a number")], ""
        if self._peek() == "of":
            self._take()
            value, names = names[0], [self._name("a name")]
        while self._peek() == "&":
            self._take()
            names.append(self._name("a name"))
        return Place(tuple(names), value)

    def _name(self, what: str) -> str:
        if not _WORD.fullmatch(self._peek()):
            raise self._wrong(f"expected {what}")
        return self._take()

    def _peek(self) -> str:
        return self.words[self.at] if self.at < len(self.words) else ""

    def _take(self) -> str:
        self.at += 1
        return self.words[self.at - 1]

    def _wrong(self, what: str) -> ValueError:
        found = repr(self._peek()) if self._peek() else "the end"
        return ValueError(f"{self.text!r}: {what}, found {found}")


def _places(side: Side) -> Iterator[Place]:
    if isinstance(side, Place):
        yield side
    elif isinstance(side, Operation):
        yield from _places(side.left)
        yield from _places(side.right)


def _evaluate(side: Side, read: Callable[[Place], Any]) -> Any:
    if isinstance(side, Number):
        return side.value
    if isinstance(side, Place):
        return read(side)
    if isinstance(side, Operation):
        return _ARITHMETIC[side.sign](_evaluate(side.left, read), _evaluate(side.right, read))
    raise TypeError(f"{side} speaks of many; Part.over() takes it apart first")


def _text(side: Side) -> str:
    if isinstance(side, Number):
        return f"{side.value:g}"
    if isinstance(side, Operation):
        return f"({_text(side.left)} {side.sign} {_text(side.right)})"
    if isinstance(side, Many):
        return f"{side.quantifier} {'other ' if side.other else ''}{side.axis}"
    return str(side)
