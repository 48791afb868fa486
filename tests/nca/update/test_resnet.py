import pytest
import torch
import torch.nn.functional as F

from ncabench.nca.update.resnet import ResNet


def test_each_block_adds_to_what_it_was_given():
    update = ResNet(3, 2, hidden=4, blocks=1)
    percepts = torch.randn(1, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    inner, _, outer = update.blocks[0]
    thought = F.leaky_relu(update.first(percepts), 0.2)
    thought = F.leaky_relu(thought + outer(F.leaky_relu(inner(thought), 0.2)), 0.2)
    torch.testing.assert_close(update(percepts), update.last(thought))


def test_without_blocks_it_is_two_layers():
    update = ResNet(5, 2, hidden=4, blocks=0)
    assert sum(weight.numel() for weight in update.parameters()) == (5 + 1) * 4 + (4 + 1) * 2


def test_a_negative_number_of_blocks_is_refused():
    with pytest.raises(ValueError, match=r"^blocks must be 0 or more, not -1$"):
        ResNet(3, 2, blocks=-1)
