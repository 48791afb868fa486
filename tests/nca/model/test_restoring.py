"""Images are restored on a latent grid: ``latent_vitca`` and ``latent_nafca``."""

import pytest
import torch

from ncabench.nca.autoencoder.skip import Skip
from ncabench.nca.autoencoder.vqvae import VQVAE
from ncabench.nca.draws import Draws
from ncabench.nca.model.latent_nafca import LatentNAFCA
from ncabench.nca.model.latent_vitca import LatentViTCA
from ncabench.nca.model.nafca import NAFCA
from ncabench.nca.model.ported_vitca import PortedViTCA
from ncabench.nca.rollout import rollout
from ncabench.nca.state import Layout
from ncabench.nca.weights import initialise

PHOTO = Layout(height=8, width=12, frozen=3, visible=3, hidden=5)
NARROW = {LatentNAFCA: {}, LatentViTCA: {"embedding": 8, "heads": 2, "mlp": 8}}
KINDS = pytest.mark.parametrize("kind", NARROW)


def built(kind, layout=PHOTO, coder=None, **given):
    """A small model in float64, none of its weights zero, in training."""
    model = kind(layout, autoencoder=coder or Skip(base=4), **NARROW[kind], **given)
    initialise(model, Draws(0))
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.2 * torch.arange(float(weight.numel())).sin().view(weight.shape))
    return model.double().train()


@pytest.fixture
def seed():
    chance = torch.Generator().manual_seed(1)
    return torch.rand(2, 11, 8, 12, generator=chance, dtype=torch.float64)


def rolled(model, state, steps=3):
    masks = torch.ones(steps, len(state), 1, *state.shape[2:], dtype=torch.bool)
    return rollout(model, state, condition=None, masks=masks)


@pytest.mark.parametrize(
    ("kind", "core", "whole"), [(LatentViTCA, 97_520, 101_201), (LatentNAFCA, 46_769, 50_450)]
)
@pytest.mark.parametrize("side", [32, 64, 128])
def test_core_and_autoencoder_have_exact_counts_at_every_size(kind, core, whole, side):
    layout = Layout(height=side, width=side, frozen=3, visible=3, hidden=32)
    with torch.device("meta"):
        made = kind(layout, autoencoder=Skip())
    assert made.parameter_count() == core
    assert sum(one.numel() for one in made.parameters()) == whole
    assert made.core.layout == Layout(
        height=side // 4, width=side // 4, frozen=16, visible=16, hidden=32
    )
    assert made.fire_rate == 1.0


@KINDS
def test_a_state_is_pixels_their_latent_grid_a_grey_output_and_empty_hidden_channels(
    kind, seed
):
    model = built(kind)
    state, image = model.begin(seed), seed[:, :3]
    assert state.shape == (2, 48 + 4 + 4 + 5, 2, 3)
    cell = image[0, :, 4:8, 8:12].reshape(48)
    assert torch.equal(state[0, :48, 1, 2], cell)
    torch.testing.assert_close(state[:, 48:52], model.autoencoder.encode(image))
    assert state[:, 52:56].unique().tolist() == [0.5]
    assert state[:, 56:].unique().tolist() == [0.0]


@KINDS
def test_a_step_is_the_cores_and_leaves_pixels_and_latent_image(kind, seed):
    model = built(kind)
    first = model.begin(seed)
    alone, last = rolled(model.core, first[:, 48:]), rolled(model, first)
    assert torch.equal(last, torch.cat([first[:, :48], alone], dim=1))
    assert torch.equal(last[:, :52], first[:, :52])
    assert bool((last[:, 52:] != first[:, 52:]).all())


@KINDS
def test_the_output_is_decoded_with_the_skip_connection_of_the_given_image(kind, seed):
    model = built(kind)
    last, image, coder = rolled(model, model.begin(seed)), seed[:, :3], model.autoencoder
    found = model.end(last)
    assert torch.equal(found[:, :3], image)
    wanted = coder.join(last[:, 52:56], coder.beside(image))
    torch.testing.assert_close(found[:, 3:], wanted, rtol=0, atol=0)
    assert not torch.allclose(found[:, 3:], coder.decode(last[:, 52:56]))


@KINDS
def test_what_is_left_of_an_image_on_its_grid_is_the_autoencoders(kind, seed):
    model, image = built(kind), seed[:, :3]
    torch.testing.assert_close(model.reconstruct(image), model.autoencoder(image).image)
    assert model.codes(image) is None


@KINDS
def test_batch_norms_neither_gather_nor_use_what_a_batch_has(kind, seed):
    model = built(kind).train()
    before = [one.clone() for one in model.autoencoder.buffers()]
    one, two = model.begin(seed[:1]), model.begin(seed)[:1]
    torch.testing.assert_close(one, two)
    assert all(map(torch.equal, model.autoencoder.buffers(), before))
    assert model.core.training
    assert not model.eval().core.training


@KINDS
def test_an_error_in_pixels_teaches_the_core_alone(kind, seed):
    model = built(kind)
    model.end(rolled(model, model.begin(seed.requires_grad_())))[:, 3:].sum().backward()
    taught = {name for name, one in model.named_parameters() if one.grad is not None}
    assert taught == {f"core.{name}" for name, _ in model.core.named_parameters()}


@KINDS
def test_a_task_may_have_its_image_in_the_visible_channels_alone(kind, seed):
    model = built(kind, Layout(height=8, width=12, visible=3, hidden=5))
    whole = built(kind)
    alone = model.begin(seed[:, :8])
    torch.testing.assert_close(alone, whole.begin(seed))
    torch.testing.assert_close(model.end(alone), whole.end(alone)[:, 3:])


def test_an_autoencoder_may_have_nothing_beside_its_latent_grid(seed):
    coder = VQVAE(image_channels=3, base=4, latent_channels=4, halvings=2, groups=2, codes=5)
    model = built(LatentNAFCA, coder=coder)
    last = rolled(model, model.begin(seed))
    torch.testing.assert_close(model.end(last)[:, 3:], coder.decode(last[:, 52:56]))
    assert torch.equal(model.codes(seed[:, :3]), coder.codes(seed[:, :3]))


def test_cores_get_what_is_set():
    switches = {"epsilon": 1e-4, "order": "interleaved", "init": "pytorch", "fire_rate": 0.5}
    shape = {"depth": 2, "kernel_size": 5, "unfolded": True}
    core = built(LatentViTCA, **switches, **shape).core
    assert isinstance(core, PortedViTCA)
    assert (core.encoder.before_head.eps, core.encoder.order, core.init) == (
        1e-4,
        "interleaved",
        "pytorch",
    )
    assert [block.attention.reach for block in core.encoder.blocks] == [2, 2]
    assert core.encoder.blocks[0].attention.unfolded
    assert built(LatentViTCA, **switches).fire_rate == core.fire_rate == 0.5
    other = built(LatentNAFCA, init="pytorch", fire_rate=0.5).core
    assert isinstance(other, NAFCA)
    assert (other.init, other.fire_rate) == ("pytorch", 0.5)


@pytest.mark.parametrize(
    ("layout", "message"),
    {
        "scores": (
            Layout(height=8, width=8, visible=3, classes=2),
            "a latent grid has no class scores",
        ),
        "visible": (
            Layout(height=8, width=8, frozen=3, visible=1),
            "the autoencoder is for images of 3 channels, and the task has 1 visible ones",
        ),
        "frozen": (
            Layout(height=8, width=8, frozen=1, visible=3),
            "the autoencoder is for images of 3 channels, and the task has 1 frozen ones",
        ),
        "none": (
            Layout(height=8, width=8, hidden=3),
            "the autoencoder is for images of 3 channels, and the task has 0 visible ones",
        ),
        "sides": (
            Layout(height=8, width=10, visible=3),
            "H and W must be multiples of 4, not 8 x 10",
        ),
    }.values(),
)
@KINDS
def test_a_task_that_has_no_such_grid_is_refused(kind, layout, message):
    with pytest.raises(ValueError) as caught:
        kind(layout, autoencoder=Skip())
    assert str(caught.value) == message


def test_dropout_is_refused():
    with pytest.raises(ValueError) as caught:
        LatentNAFCA(PHOTO, autoencoder=Skip(), dropout=0.1)
    assert str(caught.value) == "dropout must be 0, not 0.1: a step is handed no chance"


@pytest.mark.parametrize(
    ("kind", "given", "gib"),
    [(LatentViTCA, {"unfolded": True}, 0.22), (LatentViTCA, {}, 0.10), (LatentNAFCA, {}, 0.10)],
)
def test_32_steps_of_a_batch_of_8_keep_a_fraction_of_a_gib_for_their_gradient(kind, given, gib):
    layout = Layout(height=32, width=32, frozen=3, visible=3, hidden=32)
    model, kept = kind(layout, autoencoder=Skip(), **given), {}
    weights = {one.untyped_storage().data_ptr() for one in model.parameters()}

    def pack(one):
        kept[one.untyped_storage().data_ptr()] = one  # held, so that no address comes again
        return one

    state = torch.zeros(1, 112, 8, 8, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda one: one):
        model.step(state, condition=None, mask=None)
    sizes = [one.untyped_storage().nbytes() for at, one in kept.items() if at not in weights]
    assert round(8 * 32 * sum(sizes) / 2**30, 2) == gib
