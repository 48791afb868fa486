import torch

from ncabench.nca.protocol._dots import colours, drawn

SQUARE = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 9.0], [4.0, 9.0]])


def test_corners_are_dots_of_nine_pixels_on_white():
    picture = drawn(SQUARE, torch.arange(4), side=12)
    inked = (picture < 1).any(dim=0)
    assert int(inked.sum()) == 4 * 9
    assert bool(inked[:3, :3].all() and inked[-3:, -3:].all())


def test_a_dot_has_the_colour_of_its_class():
    picture, known = drawn(SQUARE, torch.arange(4), side=12), colours(4)
    torch.testing.assert_close(picture[:, -2, 1], known[0])  # below left
    torch.testing.assert_close(picture[:, -2, -2], known[1])
    torch.testing.assert_close(picture[:, 1, 1], known[2])


def test_where_dots_meet_colours_are_mixed_in_any_order():
    points = torch.tensor([[0.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    one = drawn(points, torch.tensor([0, 1, 1]), side=9)
    other = drawn(points, torch.tensor([1, 0, 1]), side=9)
    torch.testing.assert_close(one[:, -2, 1], colours(2).mean(dim=0))
    torch.testing.assert_close(one, other)


def test_points_on_one_spot_are_drawn():
    picture = drawn(torch.zeros(3, 2), torch.zeros(3, dtype=torch.int64), side=9)
    assert int((picture < 1).any(dim=0).sum()) == 9
