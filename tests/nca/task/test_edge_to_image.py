import numpy as np
import pytest
import torch

from ncabench.nca.data import Images, Pairs
from ncabench.nca.data.edges_to_bags import EdgesToBags
from ncabench.nca.draws import Draws
from ncabench.nca.task.edge_to_image import EdgeToImage

PARTS = {"train": slice(0, 3), "val": slice(3, 5)}


def pairs(*, parts=PARTS, rgb=True):
    """Five pairs of 2 x 3 px: pair p has edges of value p left, and a photograph of 10 * p."""
    inputs = np.full((5, 2, 3, 3), 255, dtype=np.uint8)
    targets = inputs.copy()
    for pair in range(5):
        inputs[pair, :, 0] = pair
        targets[pair, :, :2] = (10 * pair, 255, 255)
    if not rgb:
        inputs, targets = inputs[..., 0], targets[..., 0]
    return Pairs(inputs=inputs, targets=targets, parts=parts)


def task(data=None, **given):
    return EdgeToImage(data or pairs(), Draws(0), **{"channels": 6, **given})


def seed(made, pair):
    labels = torch.tensor([pair])
    return made.seed_state(labels, samples=torch.arange(1), draws=Draws(0))[0]


def test_photographs_are_premultiplied_and_their_white_is_empty():
    found = task().target(torch.tensor([2]))[0] * 255
    row = torch.tensor([[20.0, 20, 0], [255, 255, 0], [255, 255, 0], [255, 255, 0]])
    torch.testing.assert_close(found, row[:, None].expand(-1, 2, -1))


def test_grey_is_shown_in_three_colours():
    found = task(pairs(rgb=False)).target(torch.tensor([3]))[0, :, 0] * 255
    torch.testing.assert_close(found, torch.tensor([[30.0, 30, 0]] * 3 + [[255.0, 255, 0]]))


@pytest.mark.parametrize(("white", "alpha"), [(220, 1.0), (40, 1.0), (39, 0.0)])
def test_background_begins_above_a_value_in_all_colours(white, alpha):
    data = pairs(rgb=False)
    found = task(data, white=white).target(torch.tensor([4]))
    assert float(found[0, 3, 0, 0]) == alpha
    assert float(found[0, 0, 0, 0]) == pytest.approx(alpha * 40 / 255)
    assert float(task(white=0).target(torch.tensor([0]))[0, 3, 0, 0]) == 1.0  # one is below


def test_edges_are_the_seed_above_zeros():
    made = task()
    found = seed(made, 4)
    assert torch.equal(found[:4], made.drawn_edges(torch.tensor([4]))[0])
    assert found[3].tolist() == [[1, 0, 0]] * 2
    assert not found[4:].any()
    assert made.condition(torch.tensor([4])) is None
    assert (made.layout.condition, made.layout.alive) == (0, 3)


def test_edges_are_the_condition_of_a_seed_that_lives_everywhere():
    made = task(edges="condition")
    assert torch.equal(made.condition(torch.tensor([4])), task().drawn_edges(torch.tensor([4])))
    found = seed(made, 4)
    assert bool((found[3] == 1).all())
    assert not found[[0, 1, 2, 4, 5]].any()
    assert made.layout.perceived == 6 + 4


def test_padding_is_empty():
    made = task(padding_px=2)
    found = made.target(torch.tensor([1]))
    assert found.shape == (1, 4, 6, 7)
    assert torch.equal(found[:, :, 2:-2, 2:-2], task().target(torch.tensor([1])))
    assert float(found.sum()) == pytest.approx(float(task().target(torch.tensor([1])).sum()))
    assert seed(made, 1).shape == (6, 6, 7)


def test_trainings_draw_from_their_own_split_evenly():
    drawn = task().training_labels(torch.arange(600), draws=Draws(3)).bincount()
    assert len(drawn) == 3
    assert int(drawn.min()) > 150


def test_tests_are_the_held_out_pairs_in_order_and_begin_again():
    found = task().test_labels(torch.zeros(3, dtype=torch.int64), turns=torch.arange(3))
    assert found.tolist() == [3, 4, 3]


def test_of_the_bags_most_of_the_border_is_empty_and_edges_are_black():
    data = EdgesToBags().load({"per_class": 50})
    made = EdgeToImage(data, Draws(0), dataset="edges_to_bags")
    labels = torch.arange(100)
    edges, bags = made.drawn_edges(labels), made.target(labels)
    assert not edges[:, :3].any()
    assert 0.02 < float(edges[:, 3].mean()) < 0.3
    assert float(bags[:, 3, 0].mean()) < float(bags[:, 3, 14].mean())


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"train": slice(0, 5)}, "pairs must hold the split train and one other, not train"),
        (
            {"val": slice(0, 2), "test": slice(2, 5)},
            "pairs must hold the split train and one other, not val and test",
        ),
    ],
)
def test_splits_that_leave_nothing_to_test_are_refused(parts, message):
    with pytest.raises(ValueError) as caught:
        task(pairs(parts=parts))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"padding_px": -1}, "-1, 6 and 220"),
        ({"channels": 3}, "0, 3 and 220"),
        ({"white": 256}, "0, 6 and 256"),
    ],
)
def test_numbers_out_of_range_are_refused(given, found):
    with pytest.raises(ValueError) as caught:
        task(**given)
    assert str(caught.value) == (
        "padding_px must be at least 0, channels at least 4 and white from 0 to 255, "
        f"not {found}"
    )


def test_another_kind_of_set_is_refused():
    images = Images(
        images=np.zeros((2, 2, 2), dtype=np.uint8),
        labels=np.zeros(2, dtype=np.int64),
        classes=("a",),
        parts={"train": slice(0, 2)},
    )
    with pytest.raises(TypeError) as caught:
        task(images)
    assert str(caught.value) == "dataset: expected a set of pairs, not of Images"
