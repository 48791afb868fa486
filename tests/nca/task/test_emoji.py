import numpy as np
import pytest
import torch
from PIL import Image

from ncabench.nca.data.noto_emoji import NotoEmoji
from ncabench.nca.draws import Draws
from ncabench.nca.task.emoji import Emoji

NAMES = ("fire", "red_apple")
DATA = NotoEmoji().load(NAMES)


@pytest.fixture(scope="module")
def task() -> Emoji:
    return Emoji(DATA, Draws(3), classes=NAMES)


def test_the_grid_is_80_x_80_with_16_channels_and_a_plane_per_class(task):
    layout = task.layout
    assert (layout.height, layout.width, layout.channels) == (80, 80, 16)
    assert (layout.visible, layout.condition, layout.perceived, layout.alive) == (4, 2, 18, 3)


def test_targets_are_resized_then_premultiplied_then_padded(task):
    small = np.asarray(Image.fromarray(DATA[1]).resize((48, 48), Image.Resampling.LANCZOS))
    rgba = small.astype(np.float64) / 255
    expected = np.zeros((80, 80, 4))
    expected[16:64, 16:64] = np.dstack([rgba[..., :3] * rgba[..., 3:], rgba[..., 3]])
    found = task.target(torch.tensor([1]))[0].permute(1, 2, 0)
    torch.testing.assert_close(found, torch.from_numpy(expected).float())


def test_no_colour_is_brighter_than_its_alpha(task):
    targets = task.target(torch.tensor([0, 1]))
    assert (targets[:, :3] <= targets[:, 3:] + 1e-6).all()
    assert 0.15 < float(targets[:, 3].mean()) < 0.36


def test_the_seed_is_one_living_cell_in_shared_noise(task):
    two = torch.tensor([0, 1])
    seed = task.seed_state(two, samples=two, draws=Draws(0))
    visible, hidden = seed[:, :4], seed[:, 4:]
    assert visible.nonzero()[:, 2:].unique(dim=0).tolist() == [[40, 40]]
    assert visible[:, :, 40, 40].tolist() == [[1.0] * 4] * 2
    assert torch.equal(hidden[0], hidden[1])
    assert float(hidden[0].std()) == pytest.approx(0.05, rel=0.02)


def test_another_rng_seed_gives_another_noise_and_zeros_give_none():
    other = Emoji(DATA, Draws(4), classes=NAMES)
    assert not torch.equal(other.seed, Emoji(DATA, Draws(3), classes=NAMES).seed)
    silent = Emoji(DATA, Draws(4), classes=NAMES, hidden_seed="zeros")
    assert float(silent.seed.sum()) == 4.0


def test_the_condition_is_one_hot(task):
    found = task.condition(torch.tensor([1, 0, 1]))
    torch.testing.assert_close(found, torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]))


def test_targets_follow_the_labels(task):
    swapped, straight = (task.target(torch.tensor(labels)) for labels in ([1, 0], [0, 1]))
    assert torch.equal(swapped[0], straight[1])
    assert not torch.equal(swapped, straight)


@pytest.mark.parametrize("classes", [(), ("fire",), ("fire", "fire")])
def test_classes_that_do_not_match_the_drawings_are_refused(classes):
    with pytest.raises(ValueError) as caught:
        Emoji(DATA, Draws(0), classes=classes)
    assert str(caught.value) == (
        f"classes must be different names, one for each drawing, not {classes!r} for 2"
    )


def test_sizes_that_hold_no_drawing_are_refused():
    with pytest.raises(ValueError) as few:
        Emoji(DATA, Draws(0), classes=NAMES, channels=3)
    with pytest.raises(ValueError) as small:
        Emoji(DATA, Draws(0), classes=NAMES, size_px=0)
    assert str(few.value) == "channels must hold RGBA, so at least 4, not 3"
    assert str(small.value) == (
        "size_px must be at least 1 and padding_px at least 0, not 0 and 16"
    )
