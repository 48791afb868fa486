"""What every autoencoder must do, whichever it is. New ones are tested unasked."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.draws import Draws
from ncabench.nca.weights import initialise

SMALL = {  # the first two are NCAtorch's
    "vae": {"base": 4, "latent_channels": 6, "groups": 2},
    "vqvae": {"base": 4, "latent_channels": 6, "groups": 2},
    "skip": {"image_channels": 4, "base": 6},
}
PRINTED = {"latent/256": (256, 32), "latent/512": (512, 64), "latent/1024": (1024, 128)}


@pytest.fixture(params=catalog.kinds("autoencoder"))
def coder(request):
    built = catalog.find("autoencoder", request.param)(**SMALL.get(request.param, {}))
    initialise(built, Draws(0))
    return built.eval()


def grid(coder):
    """The sides of the latent grid of `image`."""
    return 16 // coder.compression, 24 // coder.compression


@pytest.fixture
def image():
    return torch.rand(2, 4, 16, 24, generator=torch.Generator().manual_seed(1))


def test_shapes_are_what_the_attributes_promise(coder, image):
    latent = coder.encode(image)
    assert latent.shape == (2, coder.latent_channels, *grid(coder))
    assert coder.decode(latent).shape == image.shape
    assert coder.join(latent, coder.beside(image)).shape == image.shape
    assert coder(image).image.shape == image.shape


@pytest.mark.parametrize(("side", "grid"), PRINTED.values(), ids=PRINTED)
@pytest.mark.parametrize("kind", ["vae", "vqvae"])
def test_compresses_as_table_2_of_ncatorch_prints_it(kind, side, grid):
    with torch.device("meta"):
        built = catalog.find("autoencoder", kind)()
        assert built.encode(torch.empty(1, 4, side, side)).shape == (1, 64, grid, grid)


def test_encodes_one_image_as_it_does_two(coder, image):
    torch.testing.assert_close(coder.encode(image[:1]), coder.encode(image)[:1])


def test_draws_nothing_and_leaves_its_input_as_it_was(coder, image):
    before, chance = image.clone(), torch.get_rng_state()
    coder(image)
    coder.decode(coder.encode(image))
    torch.testing.assert_close(image, before, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), chance)


def test_hands_the_gradient_of_an_image_to_its_latent_grid(coder, image):
    latent = coder.encode(image).detach().requires_grad_()
    coder.decode(latent).square().mean().backward()
    assert latent.grad.abs().sum() > 0


def test_training_reaches_every_weight(coder, image):
    again = coder.train()(image, noise=torch.ones(2, 6, *grid(coder)))
    sum([*again.penalties.values(), again.image.square().mean()]).backward()
    assert [name for name, one in coder.named_parameters() if one.grad is None] == []
    assert all(one.shape == () for one in again.penalties.values())


@pytest.mark.parametrize("wrong", [{"base": 0}, {"groups": 3}, {"halvings": 0}])
@pytest.mark.parametrize("kind", ["vae", "vqvae"])
def test_sizes_that_make_no_coder_are_refused(kind, wrong):
    with pytest.raises(ValueError, match=r"must be at least 1, and groups divide base"):
        catalog.find("autoencoder", kind)(**SMALL[kind] | wrong)


def test_an_image_is_made_again_of_its_latent_grid_and_of_what_is_beside_it(coder, image):
    joined = coder.join(coder.encode(image), coder.beside(image))
    torch.testing.assert_close(joined, coder(image).image)


def test_what_has_nothing_beside_its_latent_grid_is_joined_as_it_is_decoded(coder, image):
    latent = coder.encode(image)
    assert torch.equal(coder.join(latent, None), coder.decode(latent))


def test_says_which_codes_stand_for_an_image_if_there_are_any(coder, image):
    codes, used = coder.codes(image), coder(image).used
    assert (codes is None) == (used is None) == (coder.code_count == 0)
    if codes is not None:
        assert codes.shape == (2, 2, 3)
        assert used.shape == (coder.code_count,)
        assert used.nonzero().flatten().tolist() == sorted(set(codes.flatten().tolist()))


def test_codes_are_restarted_where_cells_are_or_there_are_none(coder, image):
    if coder.code_count == 0:
        with pytest.raises(TypeError, match=r"^there are no codes to restart in a "):
            coder.restart(image, unused=torch.zeros(0), uniform=torch.zeros(12))
        return
    unused = ~coder(image).used
    coder.restart(image, unused=unused, uniform=torch.full((12,), 0.5))
    assert int(coder(image).used.sum()) == 12  # each cell has a code of its own now


def test_says_in_its_source_whether_it_takes_noise(coder, image):
    without, one = coder(image).image, coder(image, noise=torch.ones(2, 6, *grid(coder))).image
    assert torch.equal(without, one) != coder.draws
