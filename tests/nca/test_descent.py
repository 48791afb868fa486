import math

import pytest
import torch
from torch import nn, optim

from ncabench.nca.descent import Descent
from ncabench.nca.optimiser import Optimiser
from ncabench.nca.schedule.constant import Constant


class Plain(Optimiser):
    """Takes off the learning rate times the gradient."""

    learning_rate = 1.0

    def make(self, weights, *, captured=False):
        return optim.SGD(weights, lr=self.learning_rate)


@pytest.fixture
def weights():
    return [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(1))]


def slope(weights, scale=1.0):
    """A loss whose gradient is (3, 4) and (12,), of norms 5 and 12, together 13."""
    return scale * (weights[0] @ torch.tensor([3.0, 4.0]) + 12 * weights[1].sum())


def descent(weights, **chosen):
    schedule = chosen.pop("schedule", Constant())
    return Descent(weights, optimiser=Plain(), schedule=schedule, iterations=10, **chosen)


def assert_moved(weights, *, first, second):
    torch.testing.assert_close(weights[0].detach(), torch.tensor(first))
    torch.testing.assert_close(weights[1].detach(), torch.tensor(second))


def test_goes_down_the_slope_and_returns_its_norm(weights):
    rule = descent(weights)
    rule.backward(slope(weights))
    assert float(rule.step()) == pytest.approx(13.0)
    assert_moved(weights, first=[-3.0, -4.0], second=[-12.0])


def test_clips_the_global_norm_and_returns_the_one_before(weights):
    rule = descent(weights, clip_norm=1.0)
    rule.backward(slope(weights))
    assert float(rule.step()) == pytest.approx(13.0)
    assert_moved(weights, first=[-3 / 13, -4 / 13], second=[-12 / 13])


def test_does_not_stretch_a_gradient_shorter_than_the_clip(weights):
    rule = descent(weights, clip_norm=20.0)
    rule.backward(slope(weights))
    rule.step()
    assert_moved(weights, first=[-3.0, -4.0], second=[-12.0])


def test_normalises_each_tensor_by_its_own_norm(weights):
    rule = descent(weights, normalise=True)
    rule.backward(slope(weights))
    assert float(rule.step()) == pytest.approx(13.0)
    assert_moved(weights, first=[-0.6, -0.8], second=[-1.0])


def test_what_is_spared_is_not_normalised(weights):
    rule = descent(weights, normalise=True)
    rule.spare(weights[1:])
    rule.backward(slope(weights))
    assert float(rule.step()) == pytest.approx(13.0)
    assert_moved(weights, first=[-3 / 5, -4 / 5], second=[-12.0])


def test_clips_after_normalising(weights):
    rule = descent(weights, normalise=True, clip_norm=1.0)
    rule.backward(slope(weights))
    rule.step()
    short = 1 / math.sqrt(2)
    assert_moved(weights, first=[-0.6 * short, -0.8 * short], second=[-short])


def test_a_tensor_without_slope_stays_when_normalised(weights):
    rule = descent(weights, normalise=True)
    rule.backward(slope(weights) - 12 * weights[1].sum())
    rule.step()
    assert_moved(weights, first=[-0.6, -0.8], second=[0.0])


def test_the_schedules_factor_is_on_the_first_learning_rate(weights):
    rule = descent(weights, schedule=Constant(warm_up=4))
    for iteration in (0, 1, 2):  # factors 0, 1/4, 1/2
        rule.backward(slope(weights))
        rule.prepare(iteration)
        rule.step()
    assert_moved(weights, first=[-2.25, -3.0], second=[-9.0])


def test_gradients_add_up_until_the_step_and_are_then_forgotten(weights):
    rule = descent(weights)
    rule.backward(slope(weights) / 2)
    rule.backward(slope(weights) / 2)
    rule.step()
    assert all(weight.grad is None for weight in weights)
    assert_moved(weights, first=[-3.0, -4.0], second=[-12.0])


def test_a_scaled_loss_moves_the_weights_as_far(weights):
    rule = descent(weights, amp=torch.float16, clip_norm=1.0)
    rule.backward(slope(weights))
    assert float(weights[1].grad) > 1e5  # 12, scaled
    assert float(rule.step()) == pytest.approx(13.0)
    assert_moved(weights, first=[-3 / 13, -4 / 13], second=[-12 / 13])


def test_an_overflowing_gradient_moves_nothing_and_halves_the_scale(weights):
    rule = descent(weights, amp=torch.float16, clip_norm=1.0)
    before = rule.scaler.get_scale()
    rule.backward(slope(weights, scale=1e38))
    assert float(rule.step()) == math.inf
    assert_moved(weights, first=[0.0, 0.0], second=[0.0])
    assert rule.scaler.get_scale() == before / 2


def test_only_float16_scales_the_loss(weights):
    rule = descent(weights, amp=torch.bfloat16)
    rule.backward(slope(weights))
    torch.testing.assert_close(weights[1].grad, torch.tensor([12.0]))


def test_the_loss_scale_survives_saving(weights):
    first, second = (descent(weights, amp=torch.float16) for _ in range(2))
    first.backward(slope(weights, scale=1e38))
    first.step()
    second.load_state_dict(first.state_dict())
    assert second.scaler.get_scale() == first.scaler.get_scale() == 2.0**15


@pytest.mark.parametrize("clip_norm", [0.0, -1.0, math.nan])
def test_a_clip_that_is_not_above_0_is_refused(weights, clip_norm):
    with pytest.raises(ValueError) as caught:
        descent(weights, clip_norm=clip_norm)
    assert str(caught.value) == f"clip_norm must be above 0, or none, not {clip_norm}"
