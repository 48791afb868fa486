import torch

from ncabench.nca.losses.overflow import overflow
from ncabench.nca.state import Layout

LAYOUT = Layout(height=1, width=2, frozen=1, visible=2, hidden=1, classes=1)


def state(*channels):
    return torch.tensor([channels])[:, :, None]  # (1, C, 1, 2)


def test_values_in_their_range_cost_nothing():
    inside = state([9.0, -9.0], [0.0, 1.0], [0.5, 0.2], [-1.0, 1.0], [0.3, -0.7])
    assert float(overflow(inside, layout=LAYOUT)) == 0.0


def test_visible_values_belong_in_0_to_1():
    beyond = state([0.0, 0.0], [-0.5, 1.25], [0.5, 3.0], [0.0, 0.0], [0.0, 0.0])
    torch.testing.assert_close(
        overflow(beyond, layout=LAYOUT), torch.tensor((0.5 + 0.25 + 2.0) / 4)
    )


def test_hidden_channels_and_class_scores_belong_in_minus_1_to_1():
    beyond = state([0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [-1.5, 1.0], [4.0, 0.0])
    torch.testing.assert_close(overflow(beyond, layout=LAYOUT), torch.tensor((0.5 + 3.0) / 4))


def test_both_means_are_added():
    beyond = state([0.0, 0.0], [2.0, 2.0], [2.0, 2.0], [3.0, 3.0], [3.0, 3.0])
    torch.testing.assert_close(overflow(beyond, layout=LAYOUT), torch.tensor(1.0 + 2.0))


def test_a_state_of_visible_channels_alone_has_no_rest():
    layout = Layout(height=1, width=2, visible=1)
    torch.testing.assert_close(overflow(state([3.0, 0.0]), layout=layout), torch.tensor(1.0))


def test_values_beyond_are_pulled_back_and_others_left():
    leaf = state([5.0, 5.0], [2.0, 0.5], [0.5, 0.5], [-2.0, 0.0], [0.0, 0.0]).requires_grad_()
    overflow(leaf, layout=LAYOUT).backward()
    signs = state([0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [-1.0, 0.0], [0.0, 0.0])
    torch.testing.assert_close(leaf.grad.sign(), signs)


def test_of_a_classification_the_class_scores_alone_count_and_belong_in_0_to_1():
    layout = Layout(height=1, width=2, frozen=1, hidden=1, classes=2)
    beyond = state([9.0, 9.0], [5.0, -5.0], [-0.5, 0.5], [1.0, 2.0])
    torch.testing.assert_close(overflow(beyond, layout=layout), torch.tensor((0.5 + 1.0) / 4))
