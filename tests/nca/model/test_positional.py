import torch

from ncabench.nca.draws import Draws
from ncabench.nca.engine.fired import FiredRollout
from ncabench.nca.model.nca import NCA
from ncabench.nca.model.positional import Positional
from ncabench.nca.perception.combined import Combined
from ncabench.nca.perception.conv import Conv
from ncabench.nca.perception.residual import Residual
from ncabench.nca.state import Layout
from ncabench.nca.update.mlp import MLP
from ncabench.nca.update.resnet import ResNet
from ncabench.nca.weights import initialise


def built(kind=Positional, *, height=2, width=3, **settings):
    layout = Layout(height=height, width=width, visible=1, hidden=1)
    perception = Conv(kind.grid(layout).perceived, kernel_size=1, out_channels=4)
    model = kind(layout, perception, MLP(4, 2, hidden=4), **settings)
    initialise(model, Draws(0))
    return model


def test_the_model_of_moving_mnist_has_673697_parameters():
    layout = Layout(height=64, width=64, visible=3, hidden=29)
    seen = Positional.grid(layout).perceived
    branches = (
        Conv(seen, kernel_size=3, out_channels=128),
        Residual(seen, kernel_size=5, out_channels=128),
    )
    update = ResNet(256, 32, hidden=128, blocks=2)
    perception = Combined(seen, branches=branches)
    assert Positional(layout, perception, update).parameter_count() == 673_697


def test_a_perception_is_shown_state_and_coordinates_times_tanh_of_one():
    model, seen = built(), []
    model.perception.inner.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    state = torch.rand(2, 2, 2, 3)
    model.step(state, condition=None, mask=None)
    (shown,) = seen
    assert torch.equal(shown[:, :2], state)
    down, across = shown[1, 2:] / torch.tensor(1.0).tanh()
    torch.testing.assert_close(down[:, 0], torch.tensor([-1.0, 1.0]))
    torch.testing.assert_close(across[0], torch.tensor([-1.0, 0.0, 1.0]))


def test_cells_of_an_even_state_change_by_their_place():
    state = torch.full((1, 2, 2, 3), 0.5)
    assert len(built().step(state, condition=None, mask=None)[0, 0].unique()) == 6
    assert len(built(NCA).step(state, condition=None, mask=None)[0, 0].unique()) == 1


def test_it_has_no_row_form():
    assert FiredRollout.refused(built()) == "no row form of the model Positional"
