import pytest
import torch

from ncabench.nca.protocol._splats import beyond, entropy, received, to_itself

EVEN = torch.full((1, 4, 5, 2, 9), 1 / 9)


def pointing(number, *, height=3, width=4):
    """All cells give everything to the neighbour of that number, row by row."""
    return torch.eye(9)[number].expand(1, height, width, 1, 9)


def test_even_shares_are_received_in_the_middle_and_lost_at_the_border():
    found = 9 * received(EVEN)[0, 0]
    assert found.round().int().tolist() == [
        [4, 6, 6, 6, 4],
        [6, 9, 9, 9, 6],
        [6, 9, 9, 9, 6],
        [4, 6, 6, 6, 4],
    ]
    torch.testing.assert_close(beyond(EVEN), torch.full((1, 2), 1 - 130 / 180))


def test_attention_to_the_right_arrives_one_column_further():
    found = received(pointing(5))[0, 0]
    assert found.tolist() == [[0.0, 1.0, 1.0, 1.0]] * 3
    assert beyond(pointing(5)).item() == pytest.approx(0.25)


def test_attention_upwards_arrives_one_row_higher():
    assert received(pointing(1))[0, 0].tolist() == [[1.0] * 4, [1.0] * 4, [0.0] * 4]


def test_attention_to_itself_stays():
    own = pointing(4)
    assert received(own).unique().tolist() == [1.0]
    assert (to_itself(own).item(), beyond(own).item(), entropy(own).item()) == (1, 0, 0)


def test_wider_windows_reach_further():
    found = received(torch.eye(25)[0].expand(1, 3, 4, 1, 25))[0, 0]  # two up, two left
    assert found.nonzero().tolist() == [[0, 0], [0, 1]]


def test_entropy_is_that_of_a_cells_shares_and_heads_are_apart():
    halves = torch.zeros(1, 2, 2, 2, 9)
    halves[..., 0, :2], halves[..., 1, :] = 0.5, 1 / 9
    expected = torch.tensor([[2.0, 9.0]]).log()
    torch.testing.assert_close(entropy(halves), expected)
