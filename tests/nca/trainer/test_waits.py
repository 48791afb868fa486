"""No iteration waits for its device, so that an engine may record it.

On PyTorch's device ``meta`` there are no numbers: whatever asks for one, or for a shape that
depends on one, fails there as it does while a GPU records. So that a missing GPU hides none.
"""

from contextlib import contextmanager, nullcontext

import pytest
import torch
import torch.utils._pytree as pytree
from torch.optim import Optimizer
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ncabench import catalog
from ncabench.nca.engine.eager import Eager
from ncabench.run import frames

META = torch.device("meta")
PAIRS = [
    (trainer, model)
    for model in catalog.kinds("model")
    for trainer in catalog.describe("model", model).attributes["trainers"]
    if trainer != "stages"  # each of them is a trainer, and tested by itself
]
TEXTURED = ("textured_rollout", "cells_to_pixels")
OBJECTIVES = {
    "features": {"net": "st_vgg"},
    "perceptual": {"net": "st_lpips", "margin_px": 4},
    "relaxed_style": {
        "net": "st_vgg",
        "patch_px": 28,
        "scales": 2,
        "positions": 64,
        "mixes": 2,
        "regularity": 1.0,
    },
    "style": {"net": "st_vgg"},
}


COPIES = (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)
CONSTANTS = (torch.tensor, torch.as_tensor, torch.Tensor.new_tensor)
INDEXING = (torch.Tensor.__getitem__, torch.Tensor.__setitem__)
SAID = "takes numbers from the host while recording"


class Operations(TorchDispatchMode):
    """Refuses operations that would copy numbers of the host to the device.

    A single number may be an operand of tensors on the device: it is part of the operation.
    """

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        given = [one for one in pytree.tree_leaves((args, kwargs)) if torch.is_tensor(one)]
        made = [one for one in pytree.tree_leaves(found) if torch.is_tensor(one)]
        if any(one.device == META for one in (*given, *made)):
            least = 0 if function in COPIES else 1
            if any(one.device != META and one.ndim >= least for one in given):
                raise RuntimeError(f"{function} {SAID}")
        return found


class Calls(TorchFunctionMode):
    """Refuses what makes tensors on the device of Python's numbers and lists."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        if function in CONSTANTS and found.device == META:
            raise RuntimeError(f"{function.__name__} {SAID}")
        if function in INDEXING and args[0].device == META:
            key = args[1] if isinstance(args[1], tuple) else (args[1],)
            if any(isinstance(one, list) for one in key):
                raise RuntimeError(f"an index {SAID}")
        return found


@contextmanager
def recording():
    """Refuse whatever would wait for the device, or let it wait."""
    with Calls(), Operations():
        yield


class Recorder(Eager):
    """Does each kind of work as it is at first, and then as if it were recorded."""

    captures = True

    def __init__(self, device, amp=None):
        super().__init__(device, amp)
        self.kinds, self.recorded = set(), 0

    def autocast(self):
        return nullcontext()

    def run(self, work, *, key):
        if key not in self.kinds:
            self.kinds.add(key)
            return work()
        self.recorded += 1
        with recording():
            return work()


class Descending(Optimizer):
    """Takes off the rate, a tensor, times the gradient; PyTorch's Adam knows no ``meta``."""

    def __init__(self, weights, *, lr, **_):
        super().__init__(weights, {"lr": lr})

    def step(self):
        with torch.no_grad():
            for group in self.param_groups:
                for weight in group["params"]:
                    if weight.grad is not None:
                        weight -= group["lr"] * weight.grad


@pytest.fixture
def recorded(make, monkeypatch):
    """Does iterations of a trainer until one is as if recorded; returns its scalars."""
    monkeypatch.setattr(torch.optim, "Adam", Descending)

    def recorded(*pair, **given):
        trainer = make(*pair, engine=Recorder, device="meta", iterations=8, **given)
        if "loss" in given:
            trainer.distance.func.prepare(META)  # which plans do without
        while not trainer.engine.recorded:
            assert trainer.iteration < trainer.iterations, "no kind of work came again"
            scalars = trainer.advance()
        return scalars

    return recorded


@pytest.mark.parametrize("pair", PAIRS, ids="/".join)
def test_no_iteration_waits_for_the_device(recorded, pair):
    assert {value.device for value in recorded(*pair).values()} == {META}


@pytest.mark.parametrize("pool", catalog.kinds("pool"))
def test_no_pool_waits_for_the_device(recorded, pool):
    given = {"every": 2, "restart": 2} if pool == "returning" else {}
    scalars = recorded("rollout", "nca", pool={"kind": pool, "size": 8, **given})
    assert scalars["loss"].device == META


@pytest.mark.parametrize("objective", catalog.kinds("objective"))
def test_no_objective_waits_for_the_device(recorded, objective):
    loss = {"kind": objective, **OBJECTIVES[objective]}
    assert recorded(*TEXTURED, task="material", loss=loss)["loss"].device == META


@pytest.mark.parametrize("model", ["cells_to_pixels", "mesh_to_pixels", "volume_to_pixels"])
def test_no_frame_waits_for_the_device(make, model):
    trainer = make("rollout", model, engine=Recorder, device="meta")
    layout, engine = trainer.model.layout, trainer.engine
    state = torch.zeros(1, layout.channels, layout.height, layout.width, device=META)
    draw = frames.action(trainer.model, trainer.task, state, steps=2, engine=engine)
    assert [draw()["image"].shape for _ in range(2)] == [(1, 4, 24, 24)] * 2
    assert engine.recorded == 1


def held(state):
    return state[:, [0, 1]]


def masked(state):
    return state[state > 0]


FAULTS = {
    "a number is asked for": lambda state: float(state.sum()),
    "a branch depends on one": lambda state: 1 if state.sum() > 0 else 0,
    "a shape depends on numbers": masked,
    "a constant is copied": lambda state: state + torch.tensor([1.0], device=state.device),
    "a list is an index": held,
    "a result is copied back": lambda state: state.cpu(),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_would_wait_is_found(fault):
    state = torch.zeros(2, 3, device=META)
    with pytest.raises((RuntimeError, NotImplementedError)), recording():
        FAULTS[fault](state)


def test_a_number_of_the_host_may_be_an_operand():
    state = torch.zeros(2, 3, device=META)
    with recording():
        assert torch.where(state > 0, state, torch.tensor(2.0)).device == META
