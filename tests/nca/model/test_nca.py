import pytest
import torch
from torch import nn

from ncabench.nca.model.nca import NCA
from ncabench.nca.perception.attention import Attention
from ncabench.nca.perception.combined import Combined
from ncabench.nca.perception.conv import Conv
from ncabench.nca.perception.deformable import Deformable
from ncabench.nca.perception.residual import Residual
from ncabench.nca.perception.sobel import Sobel
from ncabench.nca.perception.transformer import Transformer
from ncabench.nca.state import Layout
from ncabench.nca.update.mlp import MLP
from ncabench.nca.update.resnet import ResNet


class Same(nn.Module):
    """A perception that reports the cell itself, and an update that repeats its percepts."""

    def __init__(self, channels):
        super().__init__()
        self.channels = self.out_channels = channels

    def forward(self, grid):
        return grid[:, : self.channels]


def doubling(layout, **settings):
    """An automaton whose change is its state, so that every step doubles it."""
    return NCA(layout, Same(layout.perceived), Same(layout.channels), **settings)


def plain(**channels):
    return Layout(height=5, width=5, **channels)


EMOJI = plain(visible=4, hidden=12, condition=5, alive=3)
BARE = plain(visible=4, hidden=12)


def combined(channels):
    return Combined(
        channels, branches=(Conv(channels), Conv(channels, kernel_size=5, dilation=2))
    )


@pytest.mark.parametrize(
    ("layout", "perceive", "count"),
    [
        (EMOJI, Sobel, 8_096),
        (EMOJI, Conv, 22_976),
        (EMOJI, Deformable, 28_026),
        (EMOJI, lambda channels: Conv(channels, kernel_size=5), 49_856),
        (EMOJI, combined, 71_456),
        (EMOJI, Transformer, 79_840),
        (EMOJI, lambda channels: Transformer(channels, relative_bias=True), 79_876),
        (EMOJI, lambda c: Combined(c, branches=(Conv(c), Residual(c))), 104_016),
        (BARE, Conv, 19_376),
        (BARE, Attention, 18_132),
        (BARE, lambda channels: Attention(channels, relative_bias=False), 18_096),
        (plain(frozen=1, hidden=9, classes=10), Conv, 22_580),
    ],
)
def test_has_as_many_weights_as_the_paper_or_its_code(layout, perceive, count):
    perception = perceive(layout.perceived)
    update = MLP(perception.out_channels, layout.channels)
    assert NCA(layout, perception, update).parameter_count() == count


def test_the_texture_and_video_automata_have_their_sizes_too():
    texture, video = plain(visible=3, hidden=21), plain(visible=3, hidden=29, condition=2)
    conv = Conv(24, out_channels=128)
    both = (Conv(34, out_channels=128), Residual(34, kernel_size=5, out_channels=128))
    small = NCA(texture, conv, MLP(128, 24, hidden=128))
    large = NCA(video, Combined(34, branches=both), ResNet(256, 32, hidden=128))
    assert small.parameter_count() == 47_384
    assert large.parameter_count() == 673_697 - 8_193  # less the positional embedding


def test_only_the_cells_of_the_mask_change():
    mask = torch.zeros(1, 1, 5, 5, dtype=torch.bool)
    mask[..., 1, 2] = True
    after = doubling(plain(visible=2)).step(torch.ones(1, 2, 5, 5), condition=None, mask=mask)
    torch.testing.assert_close(after, 1.0 + mask.expand(1, 2, 5, 5))


def test_the_step_size_scales_the_change():
    model = doubling(plain(visible=1), step_size=0.25)
    after = model.step(torch.ones(1, 1, 5, 5), condition=None, mask=None)
    torch.testing.assert_close(after, torch.full((1, 1, 5, 5), 1.25))


def test_a_cell_far_from_life_dies_in_all_its_channels():
    state = torch.zeros(1, 2, 5, 5)
    state[0, 0] = 1.0
    state[0, 1, 0, 0] = 0.11  # one living corner
    after = doubling(plain(visible=2, alive=1)).step(state, condition=None, mask=None)
    expected = torch.zeros(5, 5)
    expected[:2, :2] = 2.0  # the corner and its neighbours, none beyond the border
    torch.testing.assert_close(after[0, 0], expected)


def test_a_cell_must_live_both_before_and_after_the_step():
    state = torch.zeros(1, 1, 1, 9)
    state[..., 0], state[..., 4], state[..., 8] = 0.2, 0.09, 0.2
    dying = torch.ones(1, 1, 1, 9, dtype=torch.bool)
    dying[..., 8] = False
    model = doubling(Layout(height=1, width=9, visible=1, alive=0), step_size=-0.75)
    after = model.step(state, condition=None, mask=dying)  # 0.2 -> 0.05 where masked in
    torch.testing.assert_close(after.flatten(), torch.tensor([0.0] * 8 + [0.2]))
    growing = doubling(Layout(height=1, width=9, visible=1, alive=0))
    grown = growing.step(state, condition=None, mask=None)  # 0.09 -> 0.18 was dead before
    torch.testing.assert_close(grown.flatten(), torch.tensor([0.4] + [0.0] * 7 + [0.4]))


def test_frozen_channels_stay_whatever_happens_to_the_rest():
    layout = plain(frozen=1, hidden=1, alive=1)
    state = torch.full((1, 2, 5, 5), 3.0)
    state[0, 1] = 0.0  # nothing lives
    settings = {"clamp": True, "normalise": True, "noise": 1.0}
    after = doubling(layout, **settings).step(
        state, condition=None, mask=None, noise=torch.ones(1, 2, 5, 5)
    )
    torch.testing.assert_close(after[0, 0], torch.full((5, 5), 3.0))
    torch.testing.assert_close(after[0, 1], torch.zeros(5, 5))


def test_a_frozen_channel_may_decide_who_lives():
    state = torch.ones(1, 2, 5, 5)
    state[0, 0] = torch.eye(5)[0][:, None] * torch.eye(5)[0]  # a digit of one corner cell
    after = doubling(plain(frozen=1, hidden=1, alive=0)).step(state, condition=None, mask=None)
    expected = torch.zeros(5, 5)
    expected[:2, :2] = 2.0
    torch.testing.assert_close(after[0, 1], expected)
    torch.testing.assert_close(after[0, 0], state[0, 0])


def test_the_condition_is_perceived_after_the_state_and_is_no_part_of_it():
    layout = plain(visible=1, condition=2)

    class Second(Same):
        def forward(self, grid):
            return grid[:, 2:3]

    model = NCA(layout, Same(3), Second(1))
    told = torch.tensor([[7.0, 5.0]])
    after = model.step(torch.zeros(1, 1, 5, 5), condition=told, mask=None)
    torch.testing.assert_close(after, torch.full((1, 1, 5, 5), 5.0))


def test_noise_on_the_state_is_perceived_and_noise_on_the_change_is_masked():
    state, noise = torch.ones(1, 1, 5, 5), torch.ones(1, 1, 5, 5)
    none = torch.zeros(1, 1, 5, 5, dtype=torch.bool)
    settings = {"noise": 0.5}
    early = doubling(plain(visible=1), **settings)
    late = doubling(plain(visible=1), noise_at="update", **settings)
    values = [
        float(model.step(state, condition=None, mask=mask, noise=noise)[0, 0, 0, 0])
        for model in (early, late)
        for mask in (None, none)
    ]
    assert values == [3.0, 1.5, 2.5, 1.0]


def test_noise_reaches_the_channel_it_was_drawn_for():
    noise = torch.arange(3.0).view(1, 3, 1, 1).expand(1, 3, 5, 5)  # channel 0 is frozen
    for where in ("state", "update"):
        model = doubling(plain(frozen=1, hidden=2), noise=1.0, noise_at=where, step_size=0.0)
        after = model.step(torch.zeros(1, 3, 5, 5), condition=None, mask=None, noise=noise)
        torch.testing.assert_close(after, noise)


def test_clamping_bounds_every_channel():
    state = torch.tensor([-3.0, 0.25, 3.0]).view(1, 1, 1, 3)
    model = doubling(Layout(height=1, width=3, visible=1), clamp=True)
    after = model.step(state, condition=None, mask=None)
    torch.testing.assert_close(after.flatten(), torch.tensor([-1.0, 0.5, 1.0]))


def test_normalising_gives_every_sample_unit_deviation():
    state = torch.randn(3, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    model = doubling(plain(visible=2), normalise=True)
    after = model.step(
        state * torch.tensor([1.0, 9.0, 0.1]).view(3, 1, 1, 1), condition=None, mask=None
    )
    torch.testing.assert_close(after.std(dim=(1, 2, 3)), torch.ones(3))


def test_mixed_precision_leaves_the_state_in_single():
    model = NCA(plain(visible=4), Conv(4), MLP(80, 4))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        after = model.step(torch.ones(1, 4, 5, 5), condition=None, mask=None)
    assert after.dtype == torch.float32


def test_gradients_are_those_of_finite_differences():
    model = NCA(
        plain(visible=1, hidden=1), Conv(2, out_channels=3), MLP(3, 2, hidden=3)
    ).double()
    state = torch.randn(1, 2, 3, 3, generator=torch.Generator().manual_seed(3)).double()

    def twice(start):
        once = model.step(start, condition=None, mask=None)
        return model.step(once, condition=None, mask=None)

    assert torch.autograd.gradcheck(twice, state.requires_grad_())


def test_a_step_is_one_graph_for_a_compiler():
    model = NCA(EMOJI, Sobel(21), MLP(84, 16), noise=0.1)
    state, told = torch.rand(2, 16, 5, 5), torch.eye(5)[:2]
    given = {
        "condition": told,
        "mask": torch.ones(2, 1, 5, 5) > 0,
        "noise": torch.ones_like(state),
    }
    traced = torch.compile(model.step, backend="eager", fullgraph=True)
    torch.testing.assert_close(traced(state, **given), model.step(state, **given))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"fire_rate": 0.0}, r"fire_rate must be above 0 and at most 1, not 0\.0"),
        ({"fire_rate": 1.5}, r"fire_rate must be above 0 and at most 1, not 1\.5"),
        ({"noise": -0.1}, r"noise must be 0 or more, not -0\.1"),
    ],
)
def test_settings_without_meaning_are_refused(settings, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        doubling(plain(visible=1), **settings)


def test_missing_noise_and_an_unread_condition_are_refused():
    state = torch.zeros(1, 1, 5, 5)
    with pytest.raises(
        ValueError, match=r"^this automaton adds noise of 0\.1, but none was given$"
    ):
        doubling(plain(visible=1), noise=0.1).step(state, condition=None, mask=None)
    with pytest.raises(
        ValueError, match=r"^the layout has 0 condition channels, but one was given$"
    ):
        doubling(plain(visible=1)).step(state, condition=torch.ones(1, 2), mask=None)
