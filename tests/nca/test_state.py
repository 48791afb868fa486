import torch

from ncabench.nca.state import Layout, living, spread


def test_channels_add_up_and_the_condition_is_apart():
    layout = Layout(height=4, width=5, frozen=1, visible=4, hidden=6, classes=10, condition=3)
    assert (layout.channels, layout.perceived) == (21, 24)
    assert layout.visible_slice == layout.answer_slice == slice(1, 5)


def test_a_cell_and_its_eight_neighbours_live():
    state = torch.zeros(1, 2, 5, 5)
    state[0, 1, 2, 2] = 0.2
    expected = torch.zeros(5, 5, dtype=torch.bool)
    expected[1:4, 1:4] = True
    assert torch.equal(living(state, channel=1)[0, 0], expected)
    assert not living(state, channel=0).any()


def test_life_does_not_reach_around_the_edge():
    state = torch.zeros(1, 1, 4, 4)
    state[0, 0, 0, 0] = 1.0
    assert living(state, channel=0)[0, 0].sum() == 4


def test_a_cell_exactly_at_the_threshold_is_dead():
    assert not living(torch.full((1, 1, 3, 3), 0.1), channel=0).any()


def test_a_vector_is_the_same_in_every_cell():
    planes = spread(torch.tensor([[1.0, 2.0]]), height=2, width=3)
    torch.testing.assert_close(
        planes, torch.tensor([1.0, 2.0])[None, :, None, None].expand(1, 2, 2, 3)
    )


def test_an_image_is_resized_bilinearly_to_the_grid():
    image = torch.tensor([[0.0, 1.0]]).view(1, 1, 1, 2)
    found = spread(image, height=1, width=4)[0, 0, 0]
    torch.testing.assert_close(found, torch.tensor([0.0, 0.25, 0.75, 1.0]))


def test_an_image_of_the_grids_size_is_left_as_it_is():
    image = torch.rand(1, 2, 3, 4, generator=torch.Generator().manual_seed(0))
    assert spread(image, height=3, width=4) is image


def test_class_scores_are_the_answer_where_nothing_is_visible():
    layout = Layout(height=2, width=2, frozen=1, hidden=9, classes=10, alive=0)
    assert layout.answer_slice == slice(10, 20)
