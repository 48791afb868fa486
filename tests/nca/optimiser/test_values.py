import pytest
import torch
from torch import nn

from ncabench import catalog
from ncabench.nca.optimiser.adam import Adam
from ncabench.nca.optimiser.adamw import AdamW
from ncabench.nca.optimiser.restarting_adam import RestartingAdam


def after(optimiser, *, gradients, start=1.0):
    weight = nn.Parameter(torch.tensor([start], dtype=torch.float64))
    made = optimiser.make([weight])
    for gradient in gradients:
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        made.step()
    return weight.item()


def test_adam_steps_as_its_paper_says():
    found = after(
        Adam(learning_rate=0.1, betas=(0.5, 0.75), epsilon=0.0), gradients=[4.0, -2.0]
    )
    second_mean = (0.5 * 0.5 * 4.0 + 0.5 * -2.0) / (1 - 0.5**2)
    second_square = (0.75 * 0.25 * 16.0 + 0.25 * 4.0) / (1 - 0.75**2)
    assert found == pytest.approx(1.0 - 0.1 - 0.1 * second_mean / second_square**0.5)


def test_adams_epsilon_stands_beside_the_root():
    assert after(Adam(learning_rate=0.1, epsilon=3.0), gradients=[1.0]) == pytest.approx(
        1.0 - 0.1 * 1.0 / (1.0 + 3.0)
    )


def test_adam_takes_no_weight_off_without_a_gradient():
    assert after(Adam(learning_rate=0.1), gradients=[0.0, 0.0]) == 1.0


def test_adamw_takes_weight_off_beside_the_step():
    found = after(AdamW(learning_rate=0.1, weight_decay=0.5), gradients=[7.0], start=2.0)
    assert found == pytest.approx(2.0 * (1 - 0.1 * 0.5) - 0.1)


def test_adamw_without_decay_is_adam():
    chosen = {"learning_rate": 0.1, "betas": (0.8, 0.9), "epsilon": 0.5}
    gradients = [1.0, -3.0, 0.5]
    decoupled = after(AdamW(weight_decay=0.0, **chosen), gradients=gradients)
    assert decoupled == pytest.approx(after(Adam(**chosen), gradients=gradients))


@pytest.mark.parametrize("kind", ["adam", "adamw", "restarting_adam"])
def test_a_negative_rate_is_refused_before_anything_is_trained(kind):
    with pytest.raises(ValueError) as caught:
        catalog.find("optimiser", kind)(learning_rate=-1.0)
    assert str(caught.value) == (
        "learning_rate must be 0 or more and betas in [0, 1), not -1.0 and [0.9, 0.999]"
    )


def test_restarting_adam_is_a_new_adam_after_each_period():
    gradients, chosen = [1.0, -3.0, 0.5, 2.0, 2.0], {"learning_rate": 0.1, "betas": (0.8, 0.9)}
    first = after(Adam(**chosen), gradients=gradients[:2])
    second = after(Adam(**chosen), gradients=gradients[2:4], start=first)
    third = after(Adam(**chosen), gradients=gradients[4:], start=second)
    found = after(RestartingAdam(period=2, **chosen), gradients=gradients)
    assert found == pytest.approx(third)
    assert found != pytest.approx(after(Adam(**chosen), gradients=gradients))


def test_a_restart_comes_in_time_after_a_checkpoint():
    def made(weight):
        return RestartingAdam(learning_rate=0.1, period=2).make([weight])

    whole, cut = (nn.Parameter(torch.tensor([1.0])) for _ in range(2))
    one, other = made(whole), made(cut)
    for weight, optimizer in ((whole, one), (cut, other)):
        weight.grad = torch.tensor([3.0])
        optimizer.step()
    resumed = made(cut)
    resumed.load_state_dict(other.state_dict())
    for gradient in (3.0, -1.0):
        for weight, optimizer in ((whole, one), (cut, resumed)):
            weight.grad = torch.tensor([gradient])
            optimizer.step()
    assert torch.equal(whole, cut)


def test_a_period_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"^period counts steps, so at least 1, not 0$"):
        RestartingAdam(learning_rate=0.1, period=0)
