import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage import transform

from ncabench.nca.corruption.motion_blur import line, motion_blur
from ncabench.nca.draws import Draws

SIDES = (1, 3, 4, 5, 6, 7, 8, 9, 10)


def blurred(image, **given):
    samples = torch.arange(len(image))
    return motion_blur(image, **{"side_px": 7, "samples": samples, "draws": Draws(3), **given})


@pytest.mark.parametrize("side", SIDES)
def test_kernels_are_a_row_that_another_library_turns(side):
    degrees = torch.arange(0, 360, 7)
    row = np.zeros((side, side))
    row[(side - 1) // 2] = 1
    for found, angle in zip(line(degrees, side_px=side), degrees.tolist(), strict=True):
        middle = (side / 2 - 0.5, side / 2 - 0.5)
        turned = transform.rotate(row, angle, center=middle, order=1, mode="constant")
        torch.testing.assert_close(found.double(), torch.from_numpy(turned / turned.sum()))


def test_a_quarter_turn_of_an_even_kernel_is_left_of_its_middle():
    found = line(torch.tensor([0, 90, 180, 270]), side_px=4)
    wanted = torch.zeros(4, 4, 4)
    wanted[0, 1] = wanted[1, :, 1] = wanted[2, 2] = wanted[3, :, 2] = 0.25
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("side", SIDES)
def test_every_channel_is_correlated_with_its_images_kernel_and_zeros_around(side):
    image = torch.rand(2, 3, 9, 11, generator=torch.Generator().manual_seed(1)).double()
    degrees = Draws(3).integers("corruption/degrees", low=0, high=360, samples=torch.arange(2))
    found = blurred(image, side_px=side)
    for n, kernel in enumerate(line(degrees, side_px=side).numpy()):
        shift = -1 if side % 2 == 0 else 0  # an even kernel has one more to the right
        for channel in range(3):
            wanted = ndimage.correlate(
                image[n, channel].numpy(), kernel, mode="constant", origin=shift
            )
            torch.testing.assert_close(found[n, channel], torch.from_numpy(wanted))


def test_an_even_kernel_reaches_one_pixel_farther_to_the_right():
    dot = torch.zeros(1, 1, 1, 9)
    dot[..., 4] = 1.0
    flat = next(n for n in range(10_000) if degrees_of(n) == 0)
    found = blurred(dot, side_px=4, samples=torch.tensor([flat]))
    torch.testing.assert_close(found[0, 0, 0], torch.tensor([0, 0, 1, 1, 1, 1, 0, 0, 0]) / 4)


def degrees_of(sample):
    drawn = Draws(3).integers(
        "corruption/degrees", low=0, high=360, samples=torch.tensor([sample])
    )
    return int(drawn)


def test_white_stays_white_within_and_darkens_at_the_border():
    white = torch.ones(4, 1, 16, 16)
    found = blurred(white)
    torch.testing.assert_close(found[..., 3:-3, 3:-3], white[..., 3:-3, 3:-3])
    assert bool((found.amin(dim=(1, 2, 3)) < 0.6).all())


def test_directions_depend_on_the_images_number_and_the_repetition():
    image = torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(1)).expand(
        3, -1, -1, -1
    )
    three = blurred(image)
    one = blurred(image[:1], samples=torch.tensor([1]))
    torch.testing.assert_close(three[1:2], one)
    assert not torch.allclose(three[:1], three[1:2])
    assert not torch.allclose(blurred(image[:1], samples=torch.tensor([1]), index=1), one)


def test_no_kernel_is_refused():
    with pytest.raises(ValueError) as caught:
        blurred(torch.zeros(1, 1, 4, 4), side_px=0)
    assert str(caught.value) == "side_px must be at least 1, not 0"


def test_each_image_may_have_a_side_of_its_own():
    sides = torch.tensor([1, 4, 7, 10])
    image = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    found = blurred(image, side_px=sides, largest_px=10)
    for row, side in enumerate(sides.tolist()):
        torch.testing.assert_close(found[row], blurred(image, side_px=side)[row])


@pytest.mark.parametrize("side", [3, 4, 9])
def test_a_kernel_within_a_larger_one_has_zeros_around_it(side):
    degrees = torch.tensor([17, 45, 200])
    found = line(degrees, side_px=torch.full((3,), side), within_px=10)
    first = 4 - (side - 1) // 2
    inner = slice(first, first + side)
    torch.testing.assert_close(found[:, inner, inner], line(degrees, side_px=side))
    torch.testing.assert_close(found.sum(dim=(1, 2)), torch.ones(3))


def test_sides_of_their_own_need_one_that_none_is_above():
    with pytest.raises(ValueError) as caught:
        line(torch.tensor([0]), side_px=torch.tensor([3]))
    assert str(caught.value) == "a side for each kernel needs within_px, which none is above"
