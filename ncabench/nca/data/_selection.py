"""What a suite may write to select from a set of images, and which images that is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ncabench.errors import Problem

Indices = NDArray[np.int64]
ALL = "all"
UNASKED = ("resize_px", "val")


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A selection that was checked against its set.

    Attributes:
        splits: the splits, in the set's order.
        classes: the classes, in the order that labels count them.
        per_class: how many of each class in each split; None is all of them.
        side_px: the side that images are scaled and cropped to; None is as they are.
        resize_px: both sides that images are stretched or squeezed to; None is as they are.
        val: what the part ``"val"`` is; None is a split of that name, where there is one.
        more: what else the set lets a suite choose, such as a number of frames.
    """

    splits: tuple[str, ...]
    classes: tuple[str, ...]
    per_class: int | None = None
    side_px: int | None = None
    resize_px: int | None = None
    val: str | int | None = None
    more: tuple[tuple[str, Any], ...] = ()

    def option(self, key: str) -> Any:
        """Return what was chosen, or the default, of a key that only this set has."""
        return dict(self.more)[key]

    def canonical(self) -> str:
        """Return the selection as text: the same for whatever means the same."""
        known = asdict(self)
        for key in UNASKED:
            if known[key] is None:
                del known[key]  # so that a text without it is what it was before it existed
        return json.dumps(known)


def read(
    selection: Any,
    *,
    splits: Sequence[str],
    classes: Sequence[str],
    scales: bool = False,
    resizes: bool = False,
    counted: bool = True,
    vals: Sequence[str] = (),
    holds_out: bool = False,
    more: Mapping[str, Any] | None = None,
) -> Selection:
    """Return a suite's selection, checked and completed.

    Args:
        selection: the name of a split, or a table.
        splits: the set's splits.
        classes: the set's classes.
        scales: whether ``side_px`` may be set.
        resizes: whether ``resize_px`` may be set.
        counted: whether ``per_class`` may be set.
        vals: what ``val`` may name.
        holds_out: whether ``val`` may be a number of images of each class.
        more: keys that only this set has, with their defaults.

    Raises:
        ValueError: the selection is neither, or names what the set does not have.

    >>> read({"classes": [3, 7]}, splits=("train", "test"), classes=("3", "5", "7")).classes
    ('3', '7')
    """
    table = {"split": selection} if isinstance(selection, str) else selection
    if not isinstance(table, Mapping):
        raise ValueError(f"expected the name of a split or a table, found {selection!r}")
    own = more or {}
    allowed = {"per_class": counted, "side_px": scales, "resize_px": resizes}
    allowed["val"] = bool(vals) or holds_out
    limits = (key for key, may in allowed.items() if may)
    keys = ("split", "classes", *limits, *own)
    for key in table:
        _known(key, keys, "a selection has no key")
    if "side_px" in table and "resize_px" in table:
        raise ValueError("side_px and resize_px: one of them may be set, not both")
    return Selection(
        splits=_splits(table.get("split", ALL), splits),
        classes=_classes(table.get("classes"), classes),
        per_class=_count(table, "per_class"),
        side_px=_count(table, "side_px"),
        resize_px=_count(table, "resize_px"),
        val=_val(table, vals, holds_out=holds_out),
        more=tuple((key, table.get(key, default)) for key, default in own.items()),
    )


def choose(labels: Indices, asked: Selection, *, names: Sequence[str], where: str) -> Indices:
    """Return which of a split's images are selected, in the set's own order.

    Args:
        labels: the class of each image, an index of ``names``.
        asked: the selection.
        names: the set's classes.
        where: the set and its split, for messages.

    Raises:
        ValueError: a class has no image, or fewer than ``per_class``.
    """
    chosen = []
    for name in asked.classes:
        found = np.flatnonzero(labels == names.index(name))
        if not len(found):
            raise ValueError(f"{where}: no image of class {name!r}")
        if asked.per_class is not None and asked.per_class > len(found):
            raise ValueError(
                f"{where}: per_class is {asked.per_class}, "
                f"but there are only {len(found)} images of class {name!r}"
            )
        chosen.append(found[: asked.per_class])
    return np.sort(np.concatenate(chosen))


def relabel(labels: Indices, asked: Selection, *, names: Sequence[str]) -> Indices:
    """Return labels that index the selection's classes instead of the set's."""
    new = np.full(len(names), -1, dtype=np.int64)
    for label, name in enumerate(asked.classes):
        new[names.index(name)] = label
    return new[labels]


def _splits(found: Any, splits: Sequence[str]) -> tuple[str, ...]:
    if found == ALL:
        return tuple(splits)
    return (_known(found, (*splits, ALL), "no split is called"),)


def _classes(found: Any, classes: Sequence[str]) -> tuple[str, ...]:
    if found is None:
        return tuple(classes)
    if isinstance(found, str) or not isinstance(found, Sequence) or not found:
        raise ValueError(f"classes: expected a list of names of classes, found {found!r}")
    names = [str(one) if type(one) is int else one for one in found]
    for name in names:
        _known(name, classes, "no class is called")
    if len(set(names)) < len(names):
        raise ValueError(f"classes: one is named twice in {found!r}")
    return tuple(names)


def at_least(least: int, key: str, found: Any) -> int:
    """Return what a selection sets, if it is an integer of ``least`` or more.

    Raises:
        ValueError: it is not.
    """
    if type(found) is not int or found < least:
        raise ValueError(f"{key}: expected an integer of {least} or more, found {found!r}")
    return found


def one_of(accepted: Sequence[str], key: str, found: Any) -> str:
    """Return what a selection sets, if it is one of the accepted words.

    Raises:
        ValueError: it is not.
    """
    return _known(found, accepted, f"{key}: there is no")


def _count(table: Mapping[str, Any], key: str) -> int | None:
    return at_least(1, key, table[key]) if key in table else None


def _val(table: Mapping[str, Any], vals: Sequence[str], *, holds_out: bool) -> str | int | None:
    if "val" not in table:
        return None
    if table.get("split", ALL) != ALL:
        raise ValueError(f"val: needs all splits, not split = {table['split']!r}")
    found = table["val"]
    if holds_out and not isinstance(found, str):
        return at_least(1, "val", found)
    return one_of(vals, "val", found)


def _known(found: Any, accepted: Sequence[str], what: str) -> str:
    if found in accepted and isinstance(found, str):
        return found
    problem = Problem(
        where="", what=f"{what} {found!r}", accepted=tuple(accepted), found=str(found)
    )
    raise ValueError(str(problem))
