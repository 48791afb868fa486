"""What a step of ViTCA by the cells that fire multiplies with, and which models take one.

What normalisations multiply and add is made part of the layers after them, so that a step
normalises and no more.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.engine.cells import Grid
from ncabench.nca.engine.kernels import nearby
from ncabench.nca.engine.senses import ALIGNED
from ncabench.nca.model import Automaton
from ncabench.nca.model._encoder import Block
from ncabench.nca.model._self_attention import SelfAttention
from ncabench.nca.model.vitca import ViTCA

MOST_FIRE = 0.9  # of the cells; where more do, listing them saves nothing


class Weights(NamedTuple):
    """What a step multiplies with and adds, layer by layer: d channels, C' of padded states.

    Attributes:
        embed: ``(C', d)``; the row after those of the state's C channels is the bias.
        places: ``(H * W, d)``, or ``(1, d)`` zeros.
        asking: ``(d, heads * E)``, of queries.
        asked: its bias.
        holding: ``(d, 2 * heads * E)``, of keys, then values.
        held: its bias.
        project: ``(heads * E, d)``.
        projected: its bias.
        widen: ``(d, mlp)``.
        widened: its bias.
        narrow: ``(mlp, d)``.
        narrowed: its bias.
        head: ``(d, C')``; zeros for frozen channels, and beyond the state's.
        headed: its bias.
    """

    embed: Tensor
    places: Tensor
    asking: Tensor
    asked: Tensor
    holding: Tensor
    held: Tensor
    project: Tensor
    projected: Tensor
    widen: Tensor
    widened: Tensor
    narrow: Tensor
    narrowed: Tensor
    head: Tensor
    headed: Tensor

    def cast(self, operands: torch.dtype) -> Weights:
        """Return weights as a step takes them: what is added to wide sums stays wide."""
        named = zip(self._fields, self, strict=True)
        values = (
            one.detach() if name in ADDED else one.detach().to(operands) for name, one in named
        )
        return Weights(*values)


ADDED = ("places", "projected", "widened", "narrowed", "headed")


def block(model: ViTCA) -> Block:
    """Return the first block of a model's encoder."""
    first = model.encoder.blocks[0]
    assert isinstance(first, Block)
    return first


def refused(model: Automaton) -> str:
    """Return why a model's steps cannot be taken by the cells that fire, or ``""``."""
    if type(model) is not ViTCA:
        return f"no encoded rows of the model {type(model).__name__}"
    if len(model.encoder.blocks) != 1:
        return "the second block needs all cells of the first"
    if model.encoder.masked_heads and not model.encoder.training:
        return "heads are masked"
    attention = block(model).attention
    if attention.reach is None or attention.unfolded:
        return "attention is global or unfolded"
    part = attention.qkv.out_features // (3 * attention.heads)
    if not nearby.takes(reach=attention.reach, part=part):
        return "attention reaches too far, or its heads are too wide"
    if model.layout.condition:
        return "the model is told a condition"
    if model.fire_rate > MOST_FIRE:
        return "all cells fire"
    return ""


def weights(model: ViTCA, grid: Grid, *, like: Tensor) -> Weights:
    """Return what a model's steps multiply with on a grid, of the type of ``like``."""
    encoder, only = model.encoder, block(model)
    frozen, spare = model.layout.frozen, -(model.layout.channels + 1) % ALIGNED
    inner = only.attention.qkv.out_features // 3
    embed = torch.cat([encoder.embed.weight.T, encoder.embed.bias[None]])
    ask, hold = torch.split(only.attention.qkv.weight.T, [inner, 2 * inner], dim=1)
    asking, asked = _after(only.before_attention, ask)
    holding, held = _after(only.before_attention, hold)
    project, projected = _projection(only.attention, like)
    widen, widened = _after(only.before_mlp, only.widen.weight.T)
    head, headed = _after(encoder.before_head, encoder.head.weight.T)
    return Weights(
        embed=F.pad(embed, (0, 0, 0, spare)),
        places=_places(model, grid, like),
        asking=asking,
        asked=asked,
        holding=holding,
        held=held,
        project=project,
        projected=projected,
        widen=widen,
        widened=widened + only.widen.bias,
        narrow=only.narrow.weight.T,
        narrowed=only.narrow.bias,
        head=F.pad(head, (frozen, 1 + spare)),
        headed=F.pad(headed + encoder.head.bias, (frozen, 1 + spare)),
    )


def _places(model: ViTCA, grid: Grid, like: Tensor) -> Tensor:
    width = model.encoder.embed.out_features
    if model.encoder.places is None:
        return like.new_zeros(1, width)
    cells = like.new_empty(1).expand(1, grid.height, grid.width, width)
    return model.encoder.places_of(cells).flatten(0, 1)


def _projection(attention: SelfAttention, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return the matrix that puts heads together, and its bias; one head has none."""
    if isinstance(attention.project, nn.Linear):
        return attention.project.weight.T, attention.project.bias
    inner = attention.qkv.out_features // 3
    one = torch.eye(inner, dtype=like.dtype, device=like.device)
    return one, like.new_zeros(inner)


def _after(norm: nn.LayerNorm, matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return a matrix and a bias that do to normalised rows what the rest of ``norm`` does."""
    return norm.weight[:, None] * matrix, (norm.bias[:, None] * matrix).sum(dim=0)
