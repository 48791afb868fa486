"""Automata whose cells attend to their neighbours: where their heads are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ncabench.nca.model import Automaton, Model
from ncabench.nca.model._encoder import Block, Encoder


def attending(model: Model, *, by: str) -> tuple[Automaton, Encoder]:
    """Return the automaton that has an encoder, in plain PyTorch, and its encoder.

    Args:
        model: it, or what an engine made of it.
        by: what is measured, as messages name it.

    Raises:
        TypeError: there is none.
    """
    for one in model.modules():
        encoder = getattr(one, "encoder", None)
        if isinstance(one, Automaton) and isinstance(encoder, Encoder):
            return one, encoder
    raise TypeError(f"{by} needs an automaton with heads, not {type(model).__name__}")


def count_heads(encoder: Encoder) -> int:
    """Return how many heads each block has."""
    first = encoder.blocks[0]
    assert isinstance(first, Block)
    return first.attention.heads


@contextmanager
def masking(encoder: Encoder, heads: tuple[int, ...]) -> Iterator[None]:
    """Let the heads numbered so, and no others, read nothing; afterwards, those as before."""
    before = encoder.masked_heads
    encoder.masked_heads = heads
    try:
        yield
    finally:
        encoder.masked_heads = before
