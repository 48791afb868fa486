import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.mutation import Mutation
from ncabench.nca.perturbation.none import Unperturbed


def test_five_classes_have_twenty_ordered_pairs_of_different_ones():
    pairs = Mutation().pairs(5)
    assert len(set(pairs)) == 20
    assert all(old != new for old, new in pairs)


def test_one_class_cannot_mutate():
    with pytest.raises(ValueError) as caught:
        Mutation().pairs(1)
    assert str(caught.value) == "mutation needs at least 2 classes, not 1"


@pytest.mark.parametrize("perturbation", [Mutation(), Unperturbed()])
def test_the_state_is_left_and_no_cell_touched(perturbation):
    state = torch.full((2, 3, 4, 4), float("nan"))
    found, touched = perturbation(state, samples=torch.arange(2), draws=Draws(0))
    assert found is state
    assert not touched.any()
