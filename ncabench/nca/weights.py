"""Initial weights, from keyed draws: the same on every device, whatever else a model has."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from ncabench.nca.draws import Draws

LINEAR = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
NORMS = (nn.GroupNorm, nn.LayerNorm, _NormBase)  # _NormBase: batch and instance norms


class Keyed:
    """Draws for the weights of a module, each keyed by the weight's full name.

    Values are drawn on the CPU and copied, so that a GPU starts from the same bits. Adding
    a weight to a model leaves every other weight's draw as it was.

    Source: none; the keys are ncabench's.

    Args:
        module: whose parameters' names are the keys.
        draws: where chance comes from.

    >>> layer = nn.Linear(2, 2)
    >>> Keyed(layer, Draws(0)).uniform_(layer.weight, bound=0.5)
    >>> float(layer.weight.detach().abs().max()) <= 0.5
    True
    """

    def __init__(self, module: nn.Module, draws: Draws) -> None:
        self._module = module  # held, so that no id of its weights is used again
        self._names = {id(weight): name for name, weight in module.named_parameters()}
        self._draws = draws

    def uniform_(self, weight: Tensor, *, bound: float) -> None:
        """Draw ``weight`` from U(-bound, bound), in place.

        Raises:
            ValueError: ``weight`` is no parameter of the module.
        """
        sample, purpose = torch.zeros(1, dtype=torch.int64), self._purpose(weight)
        drawn = self._draws.uniform(purpose, samples=sample, cells=weight.numel())
        _set(weight, drawn.mul_(2 * bound).sub_(bound))

    def normal_(self, weight: Tensor, *, sd: float) -> None:
        """Draw ``weight`` from N(0, sd**2), in place.

        Raises:
            ValueError: ``weight`` is no parameter of the module.
        """
        sample, purpose = torch.zeros(1, dtype=torch.int64), self._purpose(weight)
        drawn = self._draws.normal(purpose, samples=sample, cells=weight.numel())
        _set(weight, drawn.mul_(sd))

    def _purpose(self, weight: Tensor) -> str:
        name = self._names.get(id(weight))
        if name is None:
            raise ValueError(f"a tensor {tuple(weight.shape)} is no parameter of the module")
        return f"init/{name}"


def initialise(module: nn.Module, draws: Draws) -> None:
    """Set every weight of ``module`` from keyed draws.

    Convolutions and linear layers get PyTorch's default distributions, U(-b, b) with
    ``b = 1 / sqrt(fan_in)`` for weight and bias; norms get 1 and 0. After that, a submodule
    that has a method ``initialise(keyed: Keyed)`` sets its own weights as it likes; the outer
    module's comes after those within it.

    Source: none; the distributions are those of PyTorch's ``reset_parameters``.

    Raises:
        TypeError: nothing here sets some parameter.
    """
    keyed = Keyed(module, draws)
    inner_first = list(module.modules())[::-1]
    with torch.no_grad():
        for weight in module.parameters():
            weight.fill_(math.nan)
        for part in inner_first:
            _default(part, keyed)
        for part in inner_first:
            own = getattr(part, "initialise", None)
            if own is not None:
                own(keyed)
    unset = [name for name, weight in module.named_parameters() if bool(weight.isnan().any())]
    if unset:
        raise TypeError(
            f"nothing initialises {', '.join(unset)}: "
            "give the module that holds it a method initialise(keyed)"
        )


def _default(part: nn.Module, keyed: Keyed) -> None:
    if isinstance(part, LINEAR):
        bound = 1 / math.sqrt(part.weight[0].numel())
        keyed.uniform_(part.weight, bound=bound)
        if part.bias is not None:
            keyed.uniform_(part.bias, bound=bound)
    if isinstance(part, NORMS):
        for weight, value in ((part.weight, 1.0), (part.bias, 0.0)):
            if weight is not None:
                weight.fill_(value)
    if isinstance(part, _NormBase):
        part.reset_running_stats()


def _set(weight: Tensor, drawn: Tensor) -> None:
    with torch.no_grad():
        weight.copy_(drawn.view(weight.shape))
