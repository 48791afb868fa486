"""What the kernels are launched with: names of sizes and matrices, and parts of widths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ncabench.nca.engine.kernels.form import LEAST, WIDE_SUM, Branch, Form, Matrices


def parts(width: int) -> list[tuple[int, int]]:
    """Return where the parts of a width begin, and powers of two that hold them."""
    return [
        (first, max(LEAST, 1 << (min(width - first, WIDE_SUM) - 1).bit_length()))
        for first in range(0, width, WIDE_SUM)
    ]


def signed(word: int) -> int:
    """Return the bits of a word of 32 as a signed integer, which kernels take as one type."""
    return word - 2**32 if word >= 2**31 else word


def tables(cast: Matrices) -> dict[str, Tensor]:
    """Return matrices and what is added, but for the last layer's."""
    middle, bias = cast.last if cast.middle is None else cast.middle
    return {
        "sense_1": cast.senses[0],
        "told_1": cast.told[0],
        "sense_2": cast.senses[-1],
        "told_2": cast.told[-1],
        "middle": middle,
        "middle_bias": bias,
    }


def geometry(branches: Sequence[Branch]) -> dict[str, Any]:
    """Return where two branches look; one that is not there has the side 0."""
    found: dict[str, Any] = {}
    for number in (1, 2):
        given = branches[number - 1] if number <= len(branches) else None
        found[f"SIDE_{number}"] = given.side if given else 0
        found[f"DILATION_{number}"] = given.dilation if given else 1
        found[f"CIRCULAR_{number}"] = given.circular if given else True
    return found


def layers(form: Form) -> dict[str, Any]:
    """Return widths and slopes of two branches, and the width of the layer after them."""
    found: dict[str, Any] = {
        "MIDDLE": not form.folded,
        "A": form.hidden.one,
        "B": form.hidden.other,
    }
    for number in (1, 2):
        given = form.branches[number - 1] if number <= len(form.branches) else None
        found[f"A_{number}"] = given.width.one if given else 0
        found[f"B_{number}"] = given.width.other if given else 0
        found[f"SLOPE_{number}"] = given.slope if given else 0.0
    return found
