import numpy as np
import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.task.grow_image import GrowImage

HALF = np.full((1, 12, 24, 4), (255, 0, 102, 128), dtype=np.uint8)
LABELS = torch.tensor([0, 0, 0])


def test_proportions_are_kept_and_the_image_is_premultiplied():
    task = GrowImage(HALF, Draws(0), size_px=8, padding_px=2)
    target = task.target(LABELS)[2]
    assert (task.layout.height, task.layout.width) == tuple(target.shape[1:]) == (8, 12)
    expected = torch.tensor([1.0, 0.0, 0.4, 1.0]) * 128 / 255
    inner = expected[:, None, None].expand(4, 4, 8)
    torch.testing.assert_close(target[:, 2:-2, 2:-2], inner, rtol=0, atol=1 / 255)
    assert float(target.sum()) == pytest.approx(float(inner.sum()), rel=0.01)


def test_an_image_larger_than_its_source_can_be_grown():
    task = GrowImage(HALF, Draws(0), size_px=48, padding_px=0)
    assert task.target(LABELS).shape == (3, 4, 24, 48)


@pytest.mark.parametrize(("told", "planes"), [("image", slice(0, 4)), ("mask", slice(3, 4))])
def test_the_condition_is_the_target_or_its_alpha(told, planes):
    task = GrowImage(HALF, Draws(0), condition=told)
    torch.testing.assert_close(task.condition(LABELS), task.target(LABELS)[:, planes])


def test_without_a_condition_the_perception_sees_the_state_alone():
    task = GrowImage(HALF, Draws(0))
    assert task.condition(LABELS) is None
    assert task.layout.perceived == task.layout.channels == 16


def test_other_than_one_image_is_refused():
    with pytest.raises(ValueError) as caught:
        GrowImage(np.concatenate([HALF, HALF]), Draws(0), target="mine.png")
    assert str(caught.value) == "mine.png: expected one image, found 2"
