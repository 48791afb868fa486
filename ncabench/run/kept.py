"""What a rollout and a rendering keep in memory for a gradient, counted tensor by tensor."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from ncabench.run.workload import Workload, stepped

_MIB = 2**20


def kept(load: Workload) -> dict[str, float]:
    """Return ``step_mib``, of one step, and ``render_mib``, of what makes the answer of it.

    All tensors that autograd keeps until the backward pass count with their whole storage,
    each storage once, and the model's weights and buffers not at all. The step is the last of
    three, since the first, whose state needs no gradient, keeps less. So a training of T steps
    keeps about T times the one and once the other, whatever the device; what operations need
    besides while they work is not counted.

    Source: none; it is the accounting by which Cells to Pixels argues, one rendering for many
    steps.

    Args:
        load: an automaton, its task and the batch.
    """
    model, start = load.model.train(), load.start
    condition = load.task.condition(load.labels)
    counter = _Counter(model)
    with saved_tensors_hooks(counter.pack, counter.unpack):
        second = stepped(model, start, condition, steps=2)
        two = counter.size
        third = stepped(model, second, condition, steps=1)
        three = counter.size
        answer = load.shown(third)
        whole = counter.size
    del answer  # its graph was needed until here
    return {"step_mib": (three - two) / _MIB, "render_mib": (whole - three) / _MIB}


@dataclass(eq=False)
class _Packed:
    """A tensor that autograd keeps; it is gone once no gradient can need it."""

    tensor: Tensor


class _Counter:
    """Knows the storages that autograd keeps at a time, besides a model's own."""

    def __init__(self, model: torch.nn.Module) -> None:
        self._own = {_address(one) for one in (*model.parameters(), *model.buffers())}
        self._packed: weakref.WeakSet[_Packed] = weakref.WeakSet()

    def pack(self, tensor: Tensor) -> _Packed:
        packed = _Packed(tensor.detach())
        self._packed.add(packed)
        return packed

    def unpack(self, packed: _Packed) -> Tensor:
        return packed.tensor

    @property
    def size(self) -> int:
        """Bytes that are kept now."""
        sizes = {
            _address(one.tensor): one.tensor.untyped_storage().nbytes() for one in self._packed
        }
        return sum(size for address, size in sizes.items() if address not in self._own)


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
