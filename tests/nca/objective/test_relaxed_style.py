import pytest
import torch
import torch.nn.functional as F

from ncabench.errors import NoData
from ncabench.nca.draws import Draws
from ncabench.nca.losses.autocorrelation import autocorrelation_loss
from ncabench.nca.losses.relaxed_transport import moments, relaxed_transport
from ncabench.nca.networks import imagenet, vgg
from ncabench.nca.objective.relaxed_style import LAYERS, RelaxedStyle
from ncabench.nca.state import Layout

ALL = 10**6  # positions: every one there is
CPU = torch.device("cpu")
pytestmark = pytest.mark.usefixtures("drawn_vgg")


@pytest.fixture
def images():
    """An answer and a lesson of two maps, 40 x 40 px."""
    drawn = torch.rand(2, 1, 6, 40, 40, generator=torch.Generator().manual_seed(0))
    return drawn[0], drawn[1].square()


def cost(style, answer, lesson, *, index=9):
    style.prepare(CPU)
    return style(answer, lesson, draws=Draws(4), index=torch.tensor(index))


def by_hand(answer, lesson):
    """The cost of one image of an answer and one of a lesson, all places of all layers."""
    network = vgg.load("vgg", user="test")
    seen, wanted = ({k: m.flatten(2) for k, m in network(x).items()} for x in (answer, lesson))
    pairs = [(seen[layer], wanted[layer]) for layer in LAYERS]
    return sum(relaxed_transport(*pair) + moments(*pair) for pair in pairs).mean()


def sized(images, side_px):
    return F.interpolate(images, size=(side_px, side_px), mode="bilinear", antialias=True)


def test_the_whole_and_its_parts_are_compared_with_a_lesson_of_their_scale(images):
    answer, lesson = (one[:, :3] for one in images)
    tops, lefts = (
        Draws(4).uniform(f"objective/relaxed_style/{side}/1", samples=torch.arange(2), index=9)
        for side in ("top", "left")
    )
    places = [(int(21 * top), int(21 * left)) for top, left in zip(tops, lefts, strict=True)]
    parts = [answer[..., top : top + 20, left : left + 20] for top, left in places]
    whole = by_hand(sized(answer, 32), sized(lesson, 32))
    closer = [by_hand(sized(part, 32), sized(lesson, 64)) for part in parts]
    found = cost(RelaxedStyle(patch_px=32, scales=2, positions=ALL), answer, lesson)
    torch.testing.assert_close(found, 2.0 * (whole + sum(closer) / 2) / 2, rtol=1e-4, atol=0)


def test_maps_of_a_material_count_alike(images):
    style = RelaxedStyle(patch_px=32, scales=1, positions=ALL, mixes=0, weight=1.0)
    pairs = [(a, b) for a, b in zip(*(one.split(3, dim=1) for one in images), strict=True)]
    expected = sum(by_hand(*(sized(one, 32) for one in pair)) for pair in pairs) / 2
    torch.testing.assert_close(cost(style, *images), expected, rtol=1e-4, atol=0)


def test_a_mix_of_all_channels_is_one_map_more(images):
    given = {"patch_px": 32, "scales": 1, "positions": ALL, "weight": 1.0}
    alone = cost(RelaxedStyle(mixes=0, **given), *images)
    drawn = Draws(4).uniform("objective/relaxed_style/shares", samples=torch.zeros(1), cells=18)
    long = -(1 - drawn.view(3, 6)).log()
    shares = long / long.sum(dim=1, keepdim=True)
    mixed = [torch.einsum("kc,bchw->bkhw", shares, sized(one, 32)) for one in images]
    expected = (2 * alone + by_hand(*mixed)) / 3
    found = cost(RelaxedStyle(mixes=1, **given), *images)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=0)


def test_regularity_compares_how_the_first_layers_repeat(images):
    answer, lesson = (one[:, :3] for one in images)
    given = {"patch_px": 32, "scales": 1, "positions": ALL}
    network = vgg.load("vgg", user="test")
    seen, wanted = (network(sized(one, 32)) for one in (answer, lesson))
    apart = sum(autocorrelation_loss(seen[one], wanted[one]) for one in LAYERS[:3])
    more = cost(RelaxedStyle(regularity=10.0, **given), answer, lesson)
    expected = cost(RelaxedStyle(**given), answer, lesson) + 10 * apart[0]
    torch.testing.assert_close(more, expected, rtol=1e-4, atol=0)


def test_places_parts_and_mixes_are_drawn_for_each_iteration(images):
    style = RelaxedStyle(patch_px=32, scales=2, positions=50)
    first, again, other = (float(cost(style, *images, index=i)) for i in (9, 9, 10))
    assert first == again != other


def test_some_places_tell_about_what_all_tell(images):
    answer, lesson = (one[:, :3] for one in images)
    given = {"patch_px": 32, "scales": 1}
    few, every = (
        float(cost(RelaxedStyle(positions=count, **given), answer, lesson))
        for count in (500, ALL)
    )
    assert few != every
    assert few == pytest.approx(every, rel=0.05)


def test_a_lesson_that_all_samples_share_is_looked_at_once(images):
    answer, lesson = (one[:, :3] for one in images)
    answer = torch.cat([answer, answer.flip(-1)])
    style = RelaxedStyle(patch_px=32, scales=2)
    each = cost(style, answer, lesson.repeat(2, 1, 1, 1))
    seen = []
    style.network.register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    given = {"draws": Draws(4), "index": torch.tensor(9)}
    torch.testing.assert_close(style(answer, lesson.expand(2, -1, -1, -1), **given), each)
    assert seen == [2, 1, 4, 1]  # the whole, its lesson, two parts of each, their lesson


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (
            {"height": 64, "width": 200, "visible": 3},
            "an exemplar of 64 x 200 px is smaller than a patch of 256 x 256 px: make the "
            "exemplar larger, or patch_px smaller",
        ),
        (
            {"height": 256, "width": 256, "visible": 4},
            "maps have three channels each, so that 4 are no maps",
        ),
    ],
    ids=("small", "alpha"),
)
def test_what_cannot_be_compared_is_said(layout, message):
    with pytest.raises(ValueError, match=r".") as caught:
        RelaxedStyle().check(Layout(**layout))
    assert str(caught.value) == message


def test_an_image_that_cannot_be_halved_so_often_is_refused():
    with pytest.raises(ValueError, match=r"^an image of 28 px cannot be halved 5 times$"):
        RelaxedStyle(patch_px=28, scales=6).check(Layout(height=28, width=28, visible=3))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"patch_px": 27}, "patch_px must be at least 28, not 27"),
        ({"scales": 0}, "scales must be at least 1, not 0"),
        ({"positions": 0}, "positions must be at least 1, not 0"),
        ({"mixes": -1}, "mixes must be at least 0, not -1"),
        ({"weight": -1.0}, "weight and regularity must be 0 or more, not -1.0 and 0.0"),
    ],
    ids=lambda one: next(iter(one)) if isinstance(one, dict) else "",
)
def test_counts_and_weights_out_of_range_are_refused(given, message):
    with pytest.raises(ValueError, match=r".") as caught:
        RelaxedStyle(**given)
    assert str(caught.value) == message


def test_missing_weights_are_no_data_with_the_substitute_named(tmp_path, monkeypatch):
    monkeypatch.setattr(imagenet, "SOURCE", (tmp_path / "nothing").as_uri())
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    with pytest.raises(NoData) as caught:
        RelaxedStyle().prepare(CPU)
    assert str(caught.value).endswith("name the substitute: --set train.loss.net=st_vgg")
