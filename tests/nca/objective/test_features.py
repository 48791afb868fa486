import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.networks import vgg
from ncabench.nca.objective.features import Features


@pytest.fixture
def images():
    return torch.rand(2, 2, 4, 32, 32, generator=torch.Generator().manual_seed(1))


def test_is_the_sum_of_squared_differences_of_features_of_rgb(images):
    objective = Features(net="st_vgg")
    objective.prepare(torch.device("cpu"))
    network = vgg.load("st_vgg", user="test")
    one, other = (network(side[:, :3])["relu5_1"] for side in images)
    found = objective(*images, draws=Draws(0), index=torch.tensor(0))
    torch.testing.assert_close(found, (one - other).square().sum() / 2)


def test_alpha_is_not_seen(images):
    objective = Features(net="st_vgg")
    objective.prepare(torch.device("cpu"))
    clear = images[0].clone()
    clear[:, 3] = 0
    assert float(objective(images[0], clear, draws=Draws(0), index=torch.tensor(0))) == 0
