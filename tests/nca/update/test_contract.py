"""What every update must do, whichever it is. New ones are tested unasked."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.contract import update as contract
from ncabench.nca.draws import Draws
from ncabench.nca.weights import initialise

AT_REST = {"relu_mlp"}  # whose last layer starts at zero


@pytest.mark.parametrize("kind", catalog.kinds("update"))
@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda one: one.__name__)
def test_every_update_keeps_the_contract(check, kind):
    check(lambda: catalog.find("update", kind)(*contract.CHANNELS))


@pytest.mark.parametrize("kind", catalog.kinds("update"))
def test_does_not_start_at_zero_unless_it_says_so(kind):
    built = catalog.find("update", kind)(*contract.CHANNELS)
    initialise(built, Draws(0))
    change = built(torch.ones(1, contract.CHANNELS[0], 5, 7))
    assert bool((change == 0).all()) == (kind in AT_REST)
