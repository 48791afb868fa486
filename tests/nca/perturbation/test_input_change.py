import pytest
import torch

from ncabench import catalog
from ncabench.nca.perturbation.input_change import InputChange


def test_each_is_given_the_next_ones_input_and_the_last_the_first_ones():
    assert InputChange().relabelled(torch.tensor([4, 2, 9])).tolist() == [2, 9, 4]


def test_one_sample_has_no_next_one():
    with pytest.raises(ValueError) as caught:
        InputChange().relabelled(torch.tensor([4]))
    assert str(caught.value) == "a change of inputs needs a batch of 2 or more, not 1"


@pytest.mark.parametrize("kind", sorted({*catalog.kinds("perturbation")} - {"input_change"}))
def test_no_other_perturbation_says_what_samples_are_about(kind):
    labels = torch.tensor([4, 2, 9])
    assert torch.equal(catalog.find("perturbation", kind)().relabelled(labels), labels)
