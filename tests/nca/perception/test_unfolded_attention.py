import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.perception.attention import Attention
from ncabench.nca.perception.unfolded_attention import UnfoldedAttention
from ncabench.nca.weights import initialise


def pair(**options):
    """The two forms with the same weights, none of them small, in float64."""
    views, copies = (
        kind(6, out_channels=8, heads=2, **options) for kind in (Attention, UnfoldedAttention)
    )
    initialise(views, Draws(0))
    with torch.no_grad():
        for weight in views.parameters():
            weight.copy_(torch.randn_like(weight))
    copies.load_state_dict(views.state_dict())
    return views.double(), copies.double()


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
@pytest.mark.parametrize("relative_bias", [True, False])
def test_copies_give_what_views_give(kernel_size, relative_bias):
    views, copies = pair(kernel_size=kernel_size, relative_bias=relative_bias)
    state = torch.randn(2, 6, 7, 9, dtype=torch.float64)
    torch.testing.assert_close(copies(state), views(state))


def test_gradients_are_the_same():
    views, copies = pair()
    state = torch.randn(1, 6, 5, 5, dtype=torch.float64)
    for one in (views, copies):
        one(state).square().sum().backward()
    for ours, theirs in zip(copies.parameters(), views.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)


def kept(perception):
    """Values that a step keeps for the backward pass, weights aside."""
    sizes = {}
    weights = {weight.untyped_storage().data_ptr() for weight in perception.parameters()}
    tensors = []

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            sizes[storage.data_ptr()] = storage.nbytes() // tensor.element_size()
            tensors.append(tensor)  # so that no address is used again
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        perception(torch.zeros(1, 6, 16, 16, dtype=torch.float64))
    return sum(sizes.values())


def test_copies_are_kept_for_the_gradient():
    views, copies = map(kept, pair())
    assert copies - views > 2 * 7 * 8 * 16 * 16  # two of 9 x 8 channels, where views keep less
