import numpy as np
import pytest
import torch
from PIL import Image

from ncabench.run import filmstrip


def pixels(path):
    return np.asarray(Image.open(path))


def test_frames_stand_side_by_side_over_white(tmp_path):
    frames = torch.zeros(2, 4, 3, 5)
    frames[1, 0], frames[1, 3] = 1.0, 1.0  # opaque red
    filmstrip.save(frames, steps=[0, 9], path=tmp_path / "f.png", scale=2)
    strip = pixels(tmp_path / "f.png")
    assert strip.shape == (3 * 2 + 12, 2 * 5 * 2 + 2, 3)
    assert strip[0, 0].tolist() == [255, 255, 255]  # nothing lives: white
    assert strip[0, 5 * 2 + 2].tolist() == [255, 0, 0]


def test_half_transparent_colour_is_premultiplied(tmp_path):
    frames = torch.zeros(1, 4, 30, 30)
    frames[0, 2], frames[0, 3] = 0.5, 0.5  # half of blue
    filmstrip.save(frames, steps=[0], path=tmp_path / "f.png")
    assert pixels(tmp_path / "f.png")[0, 0].tolist() == [128, 128, 255]


def test_values_out_of_range_are_clipped(tmp_path):
    frames = torch.full((1, 3, 30, 30), 7.0)
    frames[0, 1] = -7.0
    filmstrip.save(frames, steps=[0], path=tmp_path / "f.png")
    assert pixels(tmp_path / "f.png")[0, 0].tolist() == [255, 0, 255]


def test_frames_and_steps_must_match(tmp_path):
    with pytest.raises(ValueError) as caught:
        filmstrip.save(torch.zeros(2, 4, 3, 3), steps=[0], path=tmp_path / "f.png")
    assert str(caught.value) == "2 frames and 1 steps do not match"


@pytest.mark.parametrize(("side", "scale"), [(256, 2), (257, 1)])
def test_small_frames_are_enlarged_and_large_ones_are_not(tmp_path, side, scale):
    filmstrip.save(torch.zeros(1, 3, side, side), steps=[0], path=tmp_path / "f.png")
    assert pixels(tmp_path / "f.png").shape == (side * scale + 12, side * scale, 3)
