import pytest
import torch
import torchvision

from ncabench.nca.networks import shift_tolerant, vgg
from ncabench.nca.networks.vgg import CHANNELS, MEAN, SD

TAPS = {"relu1_1": 1, "relu2_1": 6, "relu3_1": 11, "relu4_1": 18, "relu5_1": 25}
BLURRED = {"relu1_1": 1, "relu2_1": 7, "relu3_1": 13, "relu4_1": 21, "relu5_1": 29}


@pytest.fixture
def images():
    return torch.rand(2, 3, 40, 37, generator=torch.Generator().manual_seed(1))


def through(layers, images):
    """The output of every layer, by its number."""
    maps = torchvision.transforms.functional.normalize(images, list(MEAN), list(SD))
    found = []
    for layer in layers:
        maps = layer(maps)
        found.append(maps)
    return found


def assert_layers(found, expected, taps):
    assert list(found) == list(CHANNELS)
    for name, number in taps.items():
        torch.testing.assert_close(found[name], expected[number], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_layers_are_those_of_torchvisions_network(drawn_vgg, images):
    with torch.device("meta"):
        layers = torchvision.models.vgg16(weights=None, init_weights=False).features[:26]
    named = {name.removeprefix("features."): one for name, one in drawn_vgg.items()}
    layers.load_state_dict(named, assign=True)
    for layer in layers:
        if isinstance(layer, torch.nn.ReLU):
            layer.inplace = False
    images = images.double()
    expected = through(layers.double(), images)
    assert_layers(vgg.load("vgg", user="test").double()(images), expected, TAPS)


@torch.no_grad()
def test_layers_of_the_blurred_network_go_by_the_same_names(images):
    weights, images = shift_tolerant.published("vgg", user="test"), images.double()
    layers = shift_tolerant.ShiftTolerant("vgg", weights).layers[:30]
    expected = through(layers.double(), images)
    assert_layers(vgg.load("st_vgg", user="test").double()(images), expected, BLURRED)


def test_features_have_the_promised_channels_and_no_weights_to_train(images):
    network = vgg.load("st_vgg", user="test")
    assert {name: one.shape[1] for name, one in network(images).items()} == CHANNELS
    assert list(network.parameters()) == []
