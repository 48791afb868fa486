"""What every model must do, whichever it is. New ones are tested unasked."""

import pytest

from ncabench import catalog
from ncabench.nca.autoencoder.vqvae import VQVAE
from ncabench.nca.contract import model as contract
from ncabench.nca.decoder.lppn import LPPN

KINDS = catalog.kinds("model")
GIVEN = {  # what models need besides parts, and how small those may be that have other cells
    "autoencoder": VQVAE(base=4, groups=2),
    "decoder": LPPN(width=8),
    "cells_per_axis": 4,
    "samples_per_ray": 8,
    "subdivision": 3,
}
TRAINED = [kind for kind in KINDS if catalog.describe("model", kind).attributes["trainers"]]
SMALL = {  # what has many weights as it is
    "nafnet": {"width": 4, "encoder": (1, 1), "middle": 1, "decoder": (1, 1)},
    "restormer": {"width": 4, "depths": (1, 1, 1, 1), "refinement": 1},
}


def build(kind):
    model, needed = catalog.find("model", kind), {one.name for one in asked(kind)}
    given = {name: one for name, one in GIVEN.items() if name in needed}
    given |= SMALL.get(kind, {})
    return contract.built(model, **given)


def asked(kind):
    return catalog.describe("model", kind).parameters


@pytest.mark.parametrize("kind", TRAINED)
@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda one: one.__name__)
def test_every_model_that_is_trained_keeps_the_contract(check, kind):
    check(lambda: build(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_says_in_its_source_who_trains_and_tests_it(kind):
    said = catalog.describe("model", kind).attributes
    assert said["protocols"]
    assert bool(said["trainers"]) == bool(build(kind).state_dict())  # else nothing to train
    assert "version" in said
