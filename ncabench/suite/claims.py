"""What a claim's relation names: which axis a name stands on, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ncabench import relation
from ncabench.errors import Problem
from ncabench.relation import Comparison, Number, Operation, Part, Place, Relation, Side
from ncabench.suite.grid import Defined
from ncabench.suite.suite import CHOICES, COMPONENT_AXES, Claim, Suite

AXES = (*COMPONENT_AXES, *CHOICES)  # a relation may name what stands on these
FAILED = "training/failed"  # the share of trainings that failed: 0 or 1 for each rng_seed
OUT_OF_MEMORY = "profile/out_of_memory"  # 1 where a profile ended so, 0 where it ended well


def defined_by(suite: Suite) -> Defined:
    """Return axis to the names that a suite defines on it.

    Protocols that no grid point names stand on no axis.
    """
    axes = [axis for axis in AXES if axis != "protocol" or suite.names("protocol")]
    return {axis: suite.components.get(axis, suite.recipes) for axis in axes}


def axes_of(name: str, *, defined: Defined) -> list[tuple[str, str]]:
    """Return each (axis, name) that a name in a relation may mean.

    >>> defined = {"model": {"nca": 0}, "perception": {"nca": 0, "sobel": 0}}
    >>> axes_of("sobel", defined=defined), axes_of("model.nca", defined=defined)
    ([('perception', 'sobel')], [('model', 'nca')])
    >>> axes_of("nca", defined=defined)
    [('model', 'nca'), ('perception', 'nca')]
    """
    plain = [(axis, name) for axis in AXES if name in defined.get(axis, {})]
    axis, _, rest = name.partition(".")
    return plain or ([(axis, rest)] if axis in AXES and rest in defined.get(axis, {}) else [])


def shortest(axis: str, name: str, *, defined: Defined) -> str:
    """Return how a relation names it: with its axis only where the name alone would not do."""
    alone = axes_of(name, defined=defined) == [(axis, name)]
    return name if alone else f"{axis}.{name}"


def resolved(claim: Claim, *, defined: Defined) -> Relation:
    """Return a claim's relation with every name in its shortest form.

    Raises:
        ValueError: the relation has a problem that ``claim_problems`` tells.
    """

    def short(name: str) -> str:
        [(axis, bare)] = axes_of(name, defined=defined)
        return shortest(axis, bare, defined=defined)

    def renamed(side: Side) -> Side:
        if isinstance(side, Place):
            return Place(tuple(map(short, side.names)), side.value)
        if isinstance(side, Operation):
            return Operation(side.sign, renamed(side.left), renamed(side.right))
        return side

    read = relation.parse(claim.relation)
    parts = [
        Part(Comparison(renamed(one.left), one.sign, renamed(one.right)))
        for one in (part.comparison for part in read.parts)
    ]
    return Relation(read.text, tuple(parts))


def values_of(claim: Claim, *, read: Relation) -> list[str]:
    """Return the values that a claim compares, each once."""
    places = [place for part in read.parts for place in part.comparison.places()]
    many = [""] if read.axes() else []
    return list(dict.fromkeys(one or claim.value for one in (*many, *_values(places))))


def claim_problems(claim: Claim, *, where: str, defined: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with a claim's relation.

    Args:
        claim: a claim of the suite.
        where: its dotted path, such as ``claim[0]``.
        defined: family or axis to the names that the suite defines.
    """
    here = f"{where}.relation"
    try:
        read = relation.parse(claim.relation)
    except ValueError as error:
        return [Problem(where=here, what=str(error))]
    problems = [one for name in read.names() for one in _name_problems(name, here, defined)]
    problems += [
        Problem(where=here, what=f"there is no axis {axis!r}", accepted=AXES, found=axis)
        for axis in read.axes()
        if axis not in AXES
    ]
    if not read.names() and not read.axes():
        problems.append(Problem(where=here, what="names nothing that is measured"))
    if problems:
        return problems
    return [
        *_contradictions(read, where=here, defined=defined),
        *_share_problems(claim, read, where=here),
    ]


def _name_problems(name: str, where: str, defined: Defined) -> Iterator[Problem]:
    found = axes_of(name, defined=defined)
    if not found:
        accepted = {
            shortest(axis, one, defined=defined)
            for axis in AXES
            for one in defined.get(axis, ())
        }
        what = f"this suite defines no {name!r}"
        yield Problem(where=where, what=what, accepted=tuple(sorted(accepted)), found=name)
    elif len(found) > 1:
        axes = " and as a ".join(axis for axis, _ in found)
        what = f"{name!r} is defined as a {axes}"
        yield Problem(
            where=where, what=what, accepted=tuple(f"{axis}.{one}" for axis, one in found)
        )


def _contradictions(read: Relation, *, where: str, defined: Defined) -> Iterator[Problem]:
    places = [place for part in read.parts for place in part.comparison.places()]
    for place in dict.fromkeys(places):
        axes = [axes_of(name, defined=defined)[0][0] for name in place.names]
        for axis in {one: None for one in axes if axes.count(one) > 1}:
            what = f"nothing is {' & '.join(place.names)}, since each is a {axis}"
            yield Problem(where=where, what=what)


def _share_problems(claim: Claim, read: Relation, *, where: str) -> Iterator[Problem]:
    """Shares of failed trainings have an interval only for a plain comparison of two."""
    for part in read.parts:
        one = part.comparison
        values = {value or claim.value for value in _values(one.places())}
        values |= {claim.value} if part.many else set()
        plain = not any(isinstance(side, Number | Operation) for side in (one.left, one.right))
        if FAILED in values and not (plain and values == {FAILED}):
            what = f"{FAILED} can only be compared with itself, as in 'a < b', found '{one}'"
            yield Problem(where=where, what=what)


def _values(places: list[Place]) -> list[str]:
    return [place.value for place in places]
