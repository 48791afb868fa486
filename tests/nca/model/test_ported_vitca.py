import math

import pytest
import torch
from torch import nn

from ncabench.nca.draws import Draws
from ncabench.nca.model.ported_vitca import PortedViTCA
from ncabench.nca.model.vitca import ViTCA
from ncabench.nca.state import Layout
from ncabench.nca.weights import initialise

PIXELS = Layout(height=4, width=6, frozen=1, visible=1, hidden=4)
SMALL = {"embedding": 8, "heads": 2, "mlp": 12}
AS_PUBLISHED = {"epsilon": 1e-5, "order": "interleaved", "init": "pytorch"}


def built(kind, **given):
    """A small model, none of its weights zero."""
    model = kind(PIXELS, **SMALL, **given)
    initialise(model, Draws(0))
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.3 * torch.arange(float(weight.numel())).sin().view(weight.shape))
    return model.eval()


def step(model, height=4, width=6):
    chance = torch.Generator().manual_seed(1)
    state = 0.1 * torch.rand(2, 6, height, width, generator=chance)
    return model.step(state, condition=None, mask=None)


@pytest.mark.parametrize(("channels", "weights"), [(16, 97_520), (3, 92_515)])
def test_the_core_and_the_pixel_automaton_of_lnca_have_exact_counts(channels, weights):
    layout = Layout(height=8, width=8, frozen=channels, visible=channels, hidden=32)
    with torch.device("meta"):
        made = PortedViTCA(layout)
        assert made.parameter_count() == ViTCA(layout).parameter_count() == weights
    assert made.fire_rate == 0.5


@pytest.mark.parametrize("given", [{}, {"depth": 2, "kernel_size": 5, "unfolded": True}])
def test_with_all_switches_back_it_is_vitca(given):
    ported, published = built(PortedViTCA, **AS_PUBLISHED, **given), built(ViTCA, **given)
    assert ported.state_dict().keys() == published.state_dict().keys()
    assert torch.equal(step(ported), step(published))


def test_all_norms_add_a_thousandth_to_the_variance():
    ported, published = built(PortedViTCA), built(ViTCA)
    norms = [one for one in published.modules() if isinstance(one, nn.LayerNorm)]
    for norm in norms:
        norm.eps = 1e-3
    published.load_state_dict(ported.state_dict())
    published.encoder.places = ported.encoder.places
    assert len(norms) == 3
    assert torch.equal(step(ported), step(published))


@pytest.mark.parametrize("switch", AS_PUBLISHED)
def test_every_switch_matters(switch):
    given = AS_PUBLISHED | {switch: {"epsilon": 1e-3, "order": "split"}.get(switch, "glorot")}
    assert not torch.allclose(
        step(built(PortedViTCA, **given)), step(built(PortedViTCA, **AS_PUBLISHED))
    )


def test_columns_are_a_sine_all_cosines_and_the_other_sines():
    angles = [7 * 10_000 ** (-k / 8) for k in range(8)]
    sines, cosines = [math.sin(one) for one in angles[::2]], map(math.cos, angles[1::2])
    wanted = torch.tensor([sines[0], *cosines, *sines[1:]])
    torch.testing.assert_close(built(PortedViTCA).encoder.places[7], wanted)


def test_columns_keep_their_order_on_a_larger_grid():
    model = built(PortedViTCA)
    larger = PortedViTCA(Layout(height=6, width=8, frozen=1, visible=1, hidden=4), **SMALL)
    larger.load_state_dict(model.state_dict())
    torch.testing.assert_close(step(model, 6, 8), step(larger.eval(), 6, 8), rtol=0, atol=0)


def test_it_starts_from_glorots_kernels_and_a_head_of_zeros():
    model = PortedViTCA(PIXELS)
    initialise(model, Draws(0))
    attention, bound = model.encoder.blocks[0].attention, math.sqrt(6 / (128 + 3 * 128))
    assert 0.99 * bound < float(attention.qkv.weight.detach().abs().max()) <= bound
    assert not bool(attention.project.bias.any())
    assert not bool(model.encoder.head.weight.any())


def test_what_vitca_refuses_is_refused():
    with pytest.raises(ValueError) as caught:
        PortedViTCA(PIXELS, kernel_size=2)
    assert str(caught.value) == "kernel_size must be odd and positive, not 2"
