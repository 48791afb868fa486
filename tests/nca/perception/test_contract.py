"""What every perception must do, whichever it is. New ones are tested unasked."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.contract import perception as contract
from ncabench.nca.perception.conv import Conv
from ncabench.nca.perception.sobel import Sobel

C = contract.CHANNELS


def build(kind):
    needed = {
        parameter.name: (Sobel(C), Conv(C, kernel_size=5, dilation=2))
        for parameter in catalog.describe("perception", kind).parameters
        if parameter.default is catalog.REQUIRED
    }
    return catalog.find("perception", kind)(C, **needed)


@pytest.mark.parametrize("kind", catalog.kinds("perception"))
@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda one: one.__name__)
def test_every_perception_keeps_the_contract(check, kind):
    check(lambda: build(kind))


@pytest.mark.parametrize("kind", catalog.kinds("perception"))
def test_the_cell_to_the_right_sees_a_change(kind):
    built, state = (
        build(kind),
        torch.randn(1, C, 16, 20, generator=torch.Generator().manual_seed(1)),
    )
    changed = state.clone()
    changed[:, :, 8, 10] += 1.0
    assert (built(changed) != built(state)).any(dim=1)[:, 8, 11].all()
