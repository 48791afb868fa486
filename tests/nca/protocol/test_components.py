import pytest
import torch

from ncabench.nca.protocol._components import AT_ONCE, components, gram, separation


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_products_are_those_about_the_mean_however_many_features():
    vectors = drawn(5, AT_ONCE + 7) + 3
    one = (vectors - vectors.mean(dim=0)).double()
    torch.testing.assert_close(gram(vectors), one @ one.T, rtol=1e-4, atol=1e-3)


def test_components_are_those_of_the_singular_value_decomposition():
    vectors = drawn(30, 12).double() * torch.arange(1, 13)
    found = components(gram(vectors), count=3)
    left, sizes, _ = torch.linalg.svd(vectors - vectors.mean(dim=0), full_matrices=False)
    expected = left[:, :3] * sizes[:3]
    torch.testing.assert_close(found.places.abs(), expected.abs())
    torch.testing.assert_close(found.explained, (sizes**2 / (sizes**2).sum())[:3])


def test_a_cross_has_its_longer_arm_as_first_component():
    cross = torch.tensor([[0.0, 2.0], [0.0, -2.0], [1.0, 0.0], [-1.0, 0.0]])
    found = components(gram(cross), count=2)
    torch.testing.assert_close(found.explained, torch.tensor([0.8, 0.2]).double())
    expected = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]).double()
    torch.testing.assert_close(found.places, expected)  # the first of the farthest is positive


def test_turning_everything_round_changes_no_place():
    vectors = drawn(20, 6)
    one, other = (components(gram(each), count=2).places for each in (vectors, -vectors))
    farthest = one.gather(0, one.abs().argmax(dim=0, keepdim=True))
    assert bool((farthest > 0).all())
    torch.testing.assert_close(one, other)


def test_vectors_that_are_all_alike_have_no_variance_to_explain():
    found = components(gram(torch.ones(4, 3)), count=3)
    assert found.explained.tolist() == [0.0] * 3
    assert found.places.abs().max() == 0


@pytest.mark.parametrize(
    ("neighbours", "expected"),
    [(1, 80.0), (3, 40.0)],  # the third alone is wrong; then 10 and 11 alone are right
)
def test_the_nearest_others_say_of_which_class_it_is(neighbours, expected):
    line = gram(torch.tensor([[0.0], [1.0], [2.5], [10.0], [11.0]]))
    classes = torch.tensor([0, 0, 1, 1, 1])
    assert separation(line, classes, neighbours=neighbours) == pytest.approx(expected)


def test_of_classes_with_as_many_the_nearest_wins():
    line = gram(torch.tensor([[0.0], [1.0], [-2.0]]))
    assert separation(line, torch.tensor([1, 1, 0]), neighbours=2) == pytest.approx(200 / 3)


def test_nothing_is_its_own_neighbour():
    twins = gram(torch.tensor([[0.0], [0.0], [5.0], [5.0]]))
    assert separation(twins, torch.tensor([0, 1, 0, 1]), neighbours=1) == 0.0
