"""What every perturbation must do, whichever it is. New ones are tested unasked."""

import pytest

from ncabench import catalog
from ncabench.nca.contract import perturbation as contract


@pytest.mark.parametrize("kind", catalog.kinds("perturbation"))
@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda one: one.__name__)
def test_every_perturbation_keeps_the_contract(check, kind):
    check(catalog.find("perturbation", kind))
