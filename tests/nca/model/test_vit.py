import pytest
import torch
from torch import nn

from ncabench.nca.draws import Draws
from ncabench.nca.model._position import ordinal
from ncabench.nca.model.vit import ViT
from ncabench.nca.state import Layout
from ncabench.nca.weights import initialise

IMAGE = Layout(height=4, width=5, frozen=2, visible=3)
SMALL = {"embedding": 8, "heads": 2, "mlp": 12}


@pytest.fixture
def image():
    chance = torch.Generator().manual_seed(0)
    return torch.randn(2, 2, 4, 5, generator=chance, dtype=torch.float64)


def built(**given):
    model = ViT(IMAGE, **{**SMALL, **given})
    initialise(model, Draws(0))
    return model.double()


def like(block):
    """PyTorch's own encoder layer with a block's weights."""
    layer = nn.TransformerEncoderLayer(
        8, 2, 12, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    ).double()
    own = {
        "self_attn.in_proj_weight": block.attention.qkv.weight,
        "self_attn.in_proj_bias": torch.zeros(24),
        "self_attn.out_proj": block.attention.project,
        "linear1": block.widen,
        "linear2": block.narrow,
        "norm1": block.before_attention,
        "norm2": block.before_mlp,
    }
    state = {}
    for name, one in own.items():
        if isinstance(one, nn.Module):
            state |= {f"{name}.{key}": value for key, value in one.state_dict().items()}
        else:
            state[name] = one
    layer.load_state_dict(state)
    return layer


@pytest.mark.parametrize("depth", [1, 2])
def test_it_is_pytorchs_encoder_of_pixels_and_their_places(image, depth):
    model = built(depth=depth)
    encoder = model.encoder
    tokens = encoder.embed(image.flatten(2).mT) + ordinal(cells=20, width=8)
    for block in encoder.blocks:
        tokens = like(block)(tokens)
    expected = encoder.head(encoder.before_head(tokens)).mT.reshape(2, 3, 4, 5)
    torch.testing.assert_close(model(image, None), expected)


def test_probes_are_shown_normalised_tokens_before_any_attention(image):
    model = built()
    encoder = model.encoder
    tokens = encoder.embed(image.flatten(2).mT) + ordinal(cells=20, width=8)
    expected = encoder.blocks[0].before_attention(tokens).mT.reshape(2, 8, 4, 5)
    torch.testing.assert_close(model.features(image), expected)


def test_it_answers_something_from_the_start(image):
    assert bool((built()(image, None) != 0).all())
