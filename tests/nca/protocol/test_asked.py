"""What protocols on masked images refuse, whichever they are."""

import pytest

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.larger_grid import LargerGrid
from ncabench.nca.protocol.resilience import Resilience
from ncabench.nca.protocol.stability import Stability
from ncabench.nca.protocol.update_rates import UpdateRates

KINDS = {
    "larger_grid": LargerGrid,
    "resilience": Resilience,
    "stability": Stability,
    "update_rates": UpdateRates,
}


@pytest.mark.parametrize("name", KINDS)
def test_a_metric_called_like_what_is_measured_is_refused(name, masked_levels, models, metrics):
    called = {"states": metrics["error"]}
    with pytest.raises(ValueError) as caught:
        KINDS[name]()(models["Approach"](), masked_levels, Unperturbed(), called, Draws(0))
    assert str(caught.value) == f"metric.states: {name} itself measures the states"
