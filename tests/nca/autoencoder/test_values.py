import pytest
import torch
import torch.nn.functional as F

from ncabench.nca.autoencoder._coders import Doubling, Halving
from ncabench.nca.autoencoder.vae import VAE
from ncabench.nca.autoencoder.vqvae import VQVAE
from ncabench.nca.draws import Draws
from ncabench.nca.weights import initialise

WIDTHS = (64, 128, 256, 512)


def count(module):
    return sum(weight.numel() for weight in module.parameters())


def conv(narrow, wide, side):
    return narrow * wide * side**2 + wide


def test_the_weights_are_those_of_the_widths_of_the_code():
    with torch.device("meta"):
        coder = VQVAE()
    down = sum(
        conv(w, 2 * w, 3) + conv(2 * w, 2 * w, 3) + conv(w, 2 * w, 1) + 2 * 2 * 2 * w
        for w in WIDTHS[:-1]
    )
    up = sum(conv(2 * w, w, 3) + 2 * w for w in WIDTHS[:-1])
    assert count(coder.encoder) == conv(4, 64, 3) + down
    assert count(coder.narrow) == conv(512, 64, 1)
    assert count(coder.codebook) == 512 * 64
    assert count(coder.decoder) == conv(64, 512, 3) + up + conv(64, 4, 3)


def test_a_halving_is_two_normalised_convolutions_beside_one():
    block, grid = Halving(4, groups=2), torch.randn(1, 4, 6, 8)
    initialise(block, Draws(0))
    inner = F.conv2d(grid, block.first.weight, block.first.bias, stride=2, padding=1)
    inner = F.leaky_relu(F.group_norm(inner, 2), 0.2)
    inner = F.conv2d(inner, block.second.weight, block.second.bias, padding=1)
    beside = F.conv2d(grid[..., ::2, ::2], block.skip.weight, block.skip.bias)
    wanted = F.leaky_relu(F.group_norm(inner, 2) + beside, 0.2)
    torch.testing.assert_close(block(grid), wanted)


def test_a_doubling_repeats_each_cell_before_it_mixes():
    block, grid = Doubling(4, groups=1), torch.randn(1, 4, 3, 5)
    initialise(block, Draws(0))
    repeated = grid.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    mixed = F.conv2d(repeated, block.conv.weight, block.conv.bias, padding=1)
    torch.testing.assert_close(block(grid), F.leaky_relu(F.group_norm(mixed, 1), 0.2))


@pytest.fixture
def vqvae():
    made = VQVAE(base=4, latent_channels=3, groups=2, codes=5, commitment=0.25)
    initialise(made, Draws(2))
    return made


def test_every_encoded_cell_is_a_code(vqvae):
    cells = vqvae.encode(torch.rand(2, 4, 16, 16)).permute(0, 2, 3, 1).reshape(-1, 3)
    assert all(any(torch.equal(cell, code) for code in vqvae.codebook.codes) for cell in cells)


def test_what_is_decoded_is_not_rounded_to_codes(vqvae):
    latent = torch.randn(1, 3, 2, 2)
    rounded = vqvae.codebook.look_up(vqvae.codebook.nearest(latent))
    assert not torch.allclose(vqvae.decode(latent), vqvae.decode(rounded))


def test_commitment_weighs_a_quarter_of_the_codebooks_loss(vqvae):
    paid = vqvae(torch.rand(1, 4, 16, 16)).penalties
    torch.testing.assert_close(paid["commitment"], 0.25 * paid["codebook"])


def test_a_vae_draws_around_its_mean_by_its_variance():
    made = VAE(base=4, latent_channels=3, groups=2, beta=0.5)
    initialise(made, Draws(2))
    with torch.no_grad():
        made.log_variance.weight.zero_()
        made.log_variance.bias.fill_(2 * torch.tensor(3.0).log())  # standard deviation 3
        made.mean.weight.zero_()
        made.mean.bias.fill_(2.0)
    noise = torch.randn(1, 3, 2, 2)
    found = made(torch.rand(1, 4, 16, 16), noise=noise)
    torch.testing.assert_close(found.image, made.decode(2 + 3 * noise))
    each = (4 + 9 - 1) / 2 - torch.tensor(3.0).log()  # of N(2, 9) from N(0, 1)
    torch.testing.assert_close(found.penalties["divergence"], 0.5 * 12 * each)
