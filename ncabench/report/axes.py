"""What stands beside a curve's vertical axis: its name, its unit, and how far it can reach."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ncabench import catalog
from ncabench.report import heads
from ncabench.suite.suite import Suite

_PERCENT = "%"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The values that a curve can have.

    Attributes:
        label: what it is of, with its unit.
        low: the least value, or None where that is not known.
        high: the greatest, likewise.
        loss: lower is better, and it may span orders of magnitude.
    """

    label: str
    low: float | None = None
    high: float | None = None
    loss: bool = False


_OWN: Mapping[str, Scale] = {  # what protocols measure besides the suite's metrics
    "accuracy": Scale(label="accuracy of the judge (%)", low=0.0, high=100.0),
    "variance": Scale(label="variance of pixels within a class", low=0.0),
    "states": Scale(label="share of states that diverged", low=0.0, high=1.0),
    "probe": Scale(label="accuracy of the probe (%)", low=0.0, high=100.0),
    "probe_loss": Scale(label="loss of the probe", low=0.0, loss=True),
}


def scale_of(suite: Suite, curve: str) -> Scale:
    """Return the scale of a curve, by its name.

    A curve is called like what it is of, or like that and then ``_`` and which part of it,
    such as ``psnr_rate_50``. Of another name nothing more is known.
    """
    known = {name: _of_metric(suite, name) for name in suite.components["metric"]}
    known = {**_OWN, **known}
    names = [name for name in known if curve == name or curve.startswith(f"{name}_")]
    if not names:
        return Scale(label=curve)
    name = max(names, key=len)
    found, part = known[name], curve.removeprefix(name).replace("_", " ").strip()
    label = f"{found.label}, {part}" if part else found.label
    return Scale(label=label, low=found.low, high=found.high, loss=found.loss)


def _of_metric(suite: Suite, name: str) -> Scale:
    kind = str(suite.components["metric"][name]["kind"])
    attributes = catalog.describe("metric", kind).attributes
    unit = str(attributes.get("unit", ""))
    label = heads.metric_of(suite, name)
    label = f"{label} ({unit})" if unit else label
    if unit == _PERCENT:
        return Scale(label=label, low=0.0, high=100.0)
    if attributes.get("higher_is_better") is False:
        return Scale(label=label, low=0.0, loss=True)
    return Scale(label=label)


def is_wide(values: list[float], *, ratio: float = 20.0) -> bool:
    """Tell whether positive values span so much that equal ratios should be equal lengths.

    >>> is_wide([0.1, 2.0]), is_wide([0.1, 1.9]), is_wide([0.0, 9.0])
    (True, False, False)
    """
    least, most = min(values), max(values)
    return least > 0 and most >= ratio * least and math.isfinite(most)
