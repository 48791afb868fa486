"""The initial weights that Keras gives its layers."""

from __future__ import annotations

import math
from typing import Literal

from torch import nn

from ncabench.nca.weights import LINEAR, Keyed

Init = Literal["glorot", "pytorch"]


def glorot(module: nn.Module, keyed: Keyed) -> None:
    """Draw the kernels of all convolutions and linear layers anew, and let biases be zero.

    A kernel is drawn from U(-b, b) with ``b = sqrt(6 / (fan_in + fan_out))``; a fan counts
    the kernel's places times its channels, of a grouped convolution those of one group in
    and all of them out.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010, equation 16.

    Args:
        module: whose layers are set, those within it too.
        keyed: for a module that holds ``module``.

    >>> from ncabench.nca.draws import Draws
    >>> layer = nn.Conv2d(1, 2, 1)  # fans of 1 and 2: b is the square root of 2
    >>> glorot(layer, Keyed(layer, Draws(0)))
    >>> layer.bias.tolist(), bool((layer.weight.abs() <= math.sqrt(2)).all())
    ([0.0, 0.0], True)
    """
    for layer in module.modules():
        if not isinstance(layer, LINEAR):
            continue
        first, second = layer.weight.shape[:2]
        places = layer.weight[0, 0].numel()
        keyed.uniform_(layer.weight, bound=math.sqrt(6 / (places * (first + second))))
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
