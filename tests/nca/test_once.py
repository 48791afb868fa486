import torch
from torch import nn

from ncabench.nca.model import OnePass
from ncabench.nca.once import Once, as_automaton
from ncabench.nca.state import Layout


class Twice(OnePass):
    """Answers with the image times its one weight, told nothing."""

    trainers = protocols = ()

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))

    def forward(self, image, condition):
        assert condition is None
        return (self.weight * image).double()


def test_only_the_visible_channels_change_and_follow_from_the_frozen_ones():
    layout = Layout(height=4, width=4, frozen=3, visible=3, hidden=2)
    state = torch.randn(2, 8, 4, 4, generator=torch.Generator().manual_seed(1))
    once = Once(Twice(), layout)
    after = once.step(state, condition=None, mask=None)
    assert after.dtype == torch.float32
    torch.testing.assert_close(after[:, 3:6], 2 * state[:, :3])
    assert torch.equal(after[:, :3], state[:, :3])
    assert torch.equal(after[:, 6:], state[:, 6:])
    again = once.step(after, condition=None, mask=None)
    torch.testing.assert_close(again, after, rtol=0, atol=0)


def test_weights_are_those_of_the_model():
    model = Twice()
    once = Once(model, Layout(height=4, width=4, frozen=1, visible=1))
    once.step(torch.ones(1, 2, 4, 4), condition=None, mask=None).sum().backward()
    assert [one is model.weight for one in once.parameters()] == [True]
    assert float(model.weight.grad) == 16


def test_an_automaton_is_stepped_as_it_is_and_a_pass_as_a_step():
    layout, model = Layout(height=4, width=4, frozen=1, visible=1), Twice()
    once = as_automaton(model, layout)
    assert once.model is model
    assert as_automaton(once, layout) is once
