import pytest
import torch

from ncabench.nca.autoencoder.vae import VAE
from ncabench.nca.autoencoder.vqvae import VQVAE
from ncabench.nca.draws import Draws
from ncabench.nca.model.latent import Latent
from ncabench.nca.perception.conv import Conv
from ncabench.nca.rollout import rollout
from ncabench.nca.state import Layout
from ncabench.nca.update.mlp import MLP
from ncabench.nca.weights import initialise

IMAGE = Layout(height=16, width=24, visible=4, hidden=12, alive=3)


@pytest.fixture
def model():
    """Three latent channels on 2 x 3 cells."""
    made = Latent(
        IMAGE,
        Conv(3, out_channels=8),
        MLP(8, 3),
        autoencoder=VQVAE(base=4, latent_channels=3, groups=2, codes=5),
    )
    initialise(made, Draws(0))
    return made


@pytest.fixture
def seed():
    return torch.rand(2, 16, 16, 24, generator=torch.Generator().manual_seed(0))


def rolled(model, state, steps=3):
    masks = torch.ones(steps, len(state), 1, *state.shape[2:], dtype=torch.bool)
    return rollout(model, state, condition=None, masks=masks)


def test_the_grid_has_the_autoencoders_channels_and_none_that_decides_life(model):
    wanted = Layout(height=2, width=3, visible=3)
    assert model.layout == wanted


def test_it_starts_from_the_code_of_what_is_visible(model, seed):
    other = seed.clone()
    other[:, 4:] = 7.0  # hidden channels of the task
    assert torch.equal(model.begin(other), model.begin(seed))
    torch.testing.assert_close(model.begin(seed), model.autoencoder.encode(seed[:, :4]))


def test_no_gradient_goes_through_the_encoder(seed):
    coder = VAE(base=4, latent_channels=3, groups=2)  # whose latent grid would have one
    made = Latent(IMAGE, Conv(3, out_channels=8), MLP(8, 3), autoencoder=coder)
    assert coder.encode(seed[:, :4].requires_grad_()).requires_grad
    assert not made.begin(seed.requires_grad_()).requires_grad


def test_a_dark_cell_changes_as_others_do(model):
    start = torch.zeros(1, 3, 2, 3)  # nca with an alive channel would keep it zero
    assert bool((rolled(model, start, steps=1) != 0).any())


def test_an_error_in_pixels_teaches_the_automaton_and_nothing_else(model, seed):
    image = model.end(rolled(model, model.begin(seed)))
    assert image.shape == (2, 4, 16, 24)
    image.square().mean().backward()
    taught = {
        name.partition(".")[0] for name, one in model.named_parameters() if one.grad is not None
    }
    assert taught == {"perception", "update"}
    assert all(not one.requires_grad for one in model.autoencoder.parameters())


def test_its_parameters_are_the_automatons():
    coder = VQVAE(base=4, groups=2)
    made = Latent(
        IMAGE,
        Conv(64, kernel_size=5, out_channels=256),
        MLP(256, 64, hidden=256),
        autoencoder=coder,
    )
    own = (64 * 25 + 1) * 256 + (256 + 1) * 256 + (256 + 1) * 64
    assert made.parameter_count() == own == 492_096  # what the latent run's recipe gives


@pytest.mark.parametrize(
    ("layout", "message"),
    {
        "frozen": (
            Layout(height=16, width=16, frozen=1, visible=4),
            "a latent grid has no frozen channels and no class scores",
        ),
        "channels": (
            Layout(height=16, width=16, visible=3),
            "the autoencoder is for images of 4 channels, and the task's have 3",
        ),
        "sides": (
            Layout(height=16, width=20, visible=4),
            "H and W must be multiples of 8, not 16 x 20",
        ),
    }.values(),
)
def test_a_task_that_has_no_such_grid_is_refused(layout, message):
    with pytest.raises(ValueError) as caught:
        Latent.grid(layout, autoencoder=VQVAE(base=4, groups=2))
    assert str(caught.value) == message
