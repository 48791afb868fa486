import torch

from ncabench.nca.losses.morphology import beyond, both, morphology


def test_absolute_and_squared_differences_are_averaged_for_each_sample():
    seen = torch.tensor([[[0.0, 1.0], [2.0, 0.5]], [[0.0, 0.0], [0.0, 0.0]]])
    wanted = torch.tensor([[[1.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 2.0]]])
    expected = [(1 + 2 + 0.5 + 1 + 4 + 0.25) / 4, (2 + 4) / 4]
    torch.testing.assert_close(both(seen, wanted), torch.tensor(expected))


def test_a_grown_image_is_compared_in_colours_and_twice_its_alpha_in_shape():
    chance = torch.Generator().manual_seed(0)
    image, target = (torch.rand(2, 4, 3, 5, generator=chance) for _ in range(2))
    fine = torch.rand(2, 8, 3, 5, generator=chance)
    colours = (image - target).abs().mean(dim=(1, 2, 3)) + ((image - target) ** 2).mean(
        dim=(1, 2, 3)
    )
    apart = 2 * fine[:, 3] - target[:, 3]
    expected = colours + apart.abs().mean(dim=(1, 2)) + (apart**2).mean(dim=(1, 2))
    torch.testing.assert_close(morphology(image, target, fine=fine), expected)


def test_half_the_targets_alpha_is_the_right_shape():
    target = torch.rand(1, 4, 3, 3, generator=torch.Generator().manual_seed(1))
    assert float(morphology(target, target, fine=target / 2)) == 0


def test_only_what_leaves_its_range_counts_as_beyond():
    state = torch.tensor([[-1.0, 1.0, 0.3], [-1.5, 2.0, 0.0]])
    torch.testing.assert_close(beyond(state), torch.tensor(1.5 / 6))
