import pytest
import torch

from ncabench.nca.model.pixels import Pixels
from ncabench.nca.state import Layout

GREY = Layout(height=4, width=4, frozen=1, visible=1, hidden=8)


def test_it_has_no_weights_and_answers_with_the_image():
    model, image = Pixels(GREY), torch.rand(2, 1, 4, 4)
    assert model.state_dict() == {}
    torch.testing.assert_close(model(image, None), image)
    torch.testing.assert_close(model.features(image), image)


def test_where_an_image_leads_to_another_the_last_channels_answer():
    image = torch.rand(2, 4, 4, 4)
    model = Pixels(Layout(height=4, width=4, frozen=3, visible=1))
    torch.testing.assert_close(model(image, None), image[:, 3:])


def test_a_condition_is_refused():
    with pytest.raises(
        ValueError, match=r"^the layout has 0 condition channels, but one was given$"
    ):
        Pixels(GREY)(torch.rand(1, 1, 4, 4), torch.ones(1, 2))


def test_hidden_units_are_at_least_none():
    with pytest.raises(ValueError, match=r"^hidden must be 0 or more, not -1$"):
        Pixels(GREY, hidden=-1)
