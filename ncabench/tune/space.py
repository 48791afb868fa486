"""What a study tries: parameters as overlays on the suite, and the points of a grid."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ncabench.suite.overlay import as_toml
from ncabench.suite.suite import Dimension
from ncabench.suite.tuning import ends

Parameters = Mapping[str, Any]


def points(space: Mapping[str, Dimension]) -> list[dict[str, Any]]:
    """Return every combination of choices; the last key varies fastest.

    >>> points({"a": Dimension(choices=(1, 2)), "b": Dimension(choices=("x", "y"))})[1]
    {'a': 1, 'b': 'y'}
    """
    combined = itertools.product(*(one.choices for one in space.values()))
    return [dict(zip(space, values, strict=True)) for values in combined]


def edges(space: Mapping[str, Dimension]) -> list[dict[str, Any]]:
    """Return each choice, and both ends of each range, by itself.

    >>> edges({"a": Dimension(low=1, high=9), "b": Dimension(choices=("x",))})
    [{'a': 1}, {'a': 9}, {'b': 'x'}]
    """
    return [{path: value} for path, one in space.items() for value in ends(one)]


def as_sets(parameters: Parameters, *, rng_seeds: Sequence[int]) -> list[str]:
    """Return the overlays that make the suite a trial, or the default of one.

    >>> as_sets({"train.batch": 2}, rng_seeds=[0, 1])
    ['train.batch=2', 'grid.rng_seed=[0, 1]']
    """
    texts = [f"{path}={as_toml(value)}" for path, value in parameters.items()]
    return [*texts, f"grid.rng_seed={as_toml(list(rng_seeds))}"]


def canonical(value: Any) -> str:
    """Return the text of a value by which it is found again: 1 is not 1.0, nor "1".

    >>> canonical(1), canonical(1.0), canonical((1, 2)), canonical({"b": 1, "a": 2})
    ('1', '1.0', '[1, 2]', '{"a": 2, "b": 1}')
    """
    return json.dumps(value, sort_keys=True)


def told(parameters: Parameters) -> str:
    """Return parameters as a line shows them.

    >>> told({"train.batch": 2, "train.optimiser.learning_rate": 0.00123456789})
    'train.batch = 2, train.optimiser.learning_rate = 0.00123457'
    """
    return ", ".join(f"{path} = {_short(value)}" for path, value in parameters.items())


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else as_toml(value)
