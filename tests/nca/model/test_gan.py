import pytest
import torch

from ncabench.nca.model.gan import GAN
from ncabench.nca.state import Layout

EMOJI = Layout(height=80, width=80, visible=4, hidden=12, condition=5, alive=3)
BARE = Layout(height=64, width=64, visible=4)
TOLD = torch.eye(5)[:1]


def test_counts_the_generator_alone():
    assert GAN(BARE).parameter_count() == 2_768_772
    assert GAN(EMOJI, base=6).parameter_count() == 24_946


def test_the_critic_has_the_size_that_table_6s_memory_points_to():
    assert sum(weight.numel() for weight in GAN(BARE, base=2).critic.parameters()) == 2_765_761


@pytest.mark.parametrize(("side", "patches"), [(80, 8), (32, 2), (24, 1)])
def test_both_grids_give_a_map_of_patches(side, patches):
    scores = GAN(EMOJI, base=2).scores(torch.zeros(1, 4, side, side), TOLD)
    assert scores.shape == (1, 1, patches, patches)


def test_a_patch_is_seventy_cells_wide():
    image = torch.randn(1, 4, 128, 128, generator=torch.Generator().manual_seed(0))
    image.requires_grad_()
    GAN(BARE, base=2).scores(image, None)[0, 0, 7, 7].backward()
    rows = image.grad.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
    assert int(rows[-1] - rows[0]) + 1 == 70


def test_the_critic_hears_the_condition():
    model, answer = GAN(EMOJI, base=2), torch.zeros(1, 4, 32, 32)
    one, other = (model.scores(answer, torch.eye(5)[label : label + 1]) for label in (0, 1))
    assert not torch.equal(one, other)


def test_the_answer_is_the_generators():
    model, image = GAN(EMOJI, base=2), torch.full((1, 4, 32, 32), 0.5)
    torch.testing.assert_close(model(image, TOLD), model.generator(image, TOLD))
