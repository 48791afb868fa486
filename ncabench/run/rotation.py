"""Blocks of several rivals in turns, so that all meet the same disturbances."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

Clock = Callable[[], float]


def orders(names: Sequence[str], *, rounds: int) -> Iterator[list[str]]:
    """Yield the order of each round; each starts one rival later than the round before.

    >>> list(orders(["a", "b", "c"], rounds=4))
    [['a', 'b', 'c'], ['b', 'c', 'a'], ['c', 'a', 'b'], ['a', 'b', 'c']]
    """
    for turn in range(rounds):
        first = turn % len(names) if names else 0
        yield [*names[first:], *names[:first]]


def take_turns(
    clocks: Mapping[str, Clock],
    *,
    rounds: int,
    failed: Callable[[str, Exception], None],
) -> dict[str, tuple[float, ...]]:
    """Return what each clock says, round by round.

    Args:
        clocks: by the rival's name; each runs a block and returns its time.
        rounds: blocks of each.
        failed: told of a rival whose clock raises; it is out of all rounds.
    """
    times: dict[str, list[float]] = {name: [] for name in clocks}
    for order in orders(list(clocks), rounds=rounds):
        for name in order:
            if name not in times:
                continue
            try:
                times[name].append(clocks[name]())
            except Exception as error:  # a rival that fails is a result
                failed(name, error)
                del times[name]
    return {name: tuple(found) for name, found in times.items()}


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Return the median, over rounds, of one rival's time by another's.

    >>> ratio([6.0, 30.0, 6.0], [3.0, 10.0, 2.0])
    3.0
    """
    return statistics.median(one / other for one, other in zip(above, below, strict=True))
