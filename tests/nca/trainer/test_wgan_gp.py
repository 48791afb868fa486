import copy

import pytest
import torch
from torch import nn

from ncabench.nca.critic import Critic
from ncabench.nca.draws import Draws
from ncabench.nca.optimiser.adam import Adam
from ncabench.nca.pool.fifo import Fifo
from ncabench.nca.trainer.wgan_gp import WganGp

STILL = {"kind": "adam", "learning_rate": 0.0}
MOVING = {"kind": "adam", "learning_rate": 0.01}
SMOOTH = {"kind": "adam", "learning_rate": 1.0, "epsilon": 1.0}  # a step is like its slope
STEADY = {"kind": "constant"}


class Scaled(Critic):
    """Scores are the image times one weight; keeps what it was shown."""

    def __init__(self, weight=0.5):
        self.weight = weight

    def make(self, channels, *, height, width):
        self.asked = (channels, height, width)
        return Scaling(self.weight)


class Scaling(nn.Module):
    def __init__(self, first):
        super().__init__()
        self.first = first
        self.weight = nn.Parameter(torch.zeros(()))
        self.seen = []

    def initialise(self, keyed):
        self.weight.fill_(self.first)

    def forward(self, images):
        self.seen.append(images.detach())
        return self.weight * images


@pytest.fixture
def plain(by_hand, rise, slopes):
    """A training of the one-weight automaton against a one-weight critic, unless told."""

    def build(weight=1.0, critic_rate=0.0, **given):
        usual = {"critic": Scaled(), "critic_optimiser": slopes(critic_rate)}
        usual |= {"steps": (2, 3), "clip_norm": None}
        return by_hand("wgan_gp", rise(weight), **usual | given)

    return build


def found(scalars):
    return {name: float(value) for name, value in scalars.items()}


def test_the_losses_are_those_of_wgan_gp(plain):
    scalars = found(plain().advance())  # 2 in all cells, where 1/2 should be
    assert scalars == {
        "image_loss": pytest.approx(1.5),
        "overflow": pytest.approx(2.0),
        "fooling": pytest.approx(-1.0),
        "loss": pytest.approx(0.1 * 1.5 - 1.0 + 2.0),
        "gradient_norm": pytest.approx(0.1 * 2 - 0.5 * 2 + 4),
        "wasserstein": pytest.approx(0.25 - 1.0),
        "gradient_penalty": pytest.approx(0.0),  # 1/2 in each of 4 cells is of length 1
        "critic_loss": pytest.approx(1.0 - 0.25),
        "critic_gradient_norm": pytest.approx(2.0 - 0.5),
    }


def test_every_part_is_weighted(plain):
    given = {"loss": "mse", "overflow": 0.5, "reconstruction_weight": 3.0}
    trainer = plain(**given, adversarial_weight=0.25, penalty_weight=2.0, critic=Scaled(4.0))
    scalars = found(trainer.advance())
    assert scalars["loss"] == pytest.approx(3 * 1.5**2 - 0.25 * 8 + 0.5 * 2)
    assert scalars["gradient_penalty"] == pytest.approx((8 - 1) ** 2)
    assert scalars["critic_loss"] == pytest.approx(8 - 2 + 2 * (8 - 1) ** 2)
    assert scalars["critic_gradient_norm"] == pytest.approx(2 - 0.5 + 2 * 2 * (8 - 1) * 2)


def test_the_critic_rises_for_the_lesson_and_falls_for_what_is_shown(plain):
    trainer = plain(critic_rate=0.1)
    trainer.advance()
    assert float(trainer.critic.weight) == pytest.approx(0.5 - 0.1 * (2 - 0.5))


def test_the_automaton_meets_the_critic_as_it_has_become(plain):
    scalars = found(plain(critic_rate=0.1).advance())
    assert scalars["fooling"] == pytest.approx(-0.35 * 2)


def test_both_gradients_are_clipped(plain):
    trainer = plain(critic_rate=1.0, learning_rate=1.0, clip_norm=0.125)
    trainer.advance()
    assert float(trainer.critic.weight) == pytest.approx(0.5 - 0.125, abs=1e-6)
    assert float(trainer.model.weight.detach()) == pytest.approx(1.0 - 0.125, abs=1e-6)


def test_a_critics_rollout_has_a_length_and_chance_of_its_own(plain):
    trainer, counts = plain(steps=(2, 5)), set()
    for _ in range(30):
        model = trainer.model
        model.masks.clear()
        lengths = trainer._decide_for_the_critic()[0], trainer.decide()[0]
        trainer.advance()
        assert len(model.masks) == sum(lengths)
        assert not torch.equal(model.masks[0], model.masks[lengths[0]])
        counts.add(lengths)
    assert len(counts) == 9


def test_both_rollouts_start_from_one_batch(plain):
    pool = Fifo(size=4, ratio=(0.5, 0.5), damage="none", mutation=0.0)
    trainer = plain(0.2, pool=pool)
    trainer.advance()
    trainer.advance()
    starts = [trainer.model.states[row].mean(dim=(1, 2, 3)) for row in (4, 6)]
    torch.testing.assert_close(starts[0], torch.tensor([0.4, 0.4, 0.0, 0.0]))
    torch.testing.assert_close(starts[1], starts[0])


def test_the_pool_stores_where_the_automatons_own_rollout_ended(plain):
    pool = Fifo(size=4, ratio=(0.0, 0.0), damage="none")
    trainer, apart = plain(0.25, pool=pool, steps=(1, 6)), set()
    for _ in range(6):
        steps, critics = trainer.decide()[0], trainer._decide_for_the_critic()[0]
        trainer.advance()
        assert torch.equal(pool.states[:4], torch.full((4, 2, 2, 2), 0.25 * steps))
        apart.add(steps - critics)
    assert len(apart) > 1


def test_shares_of_the_penalty_are_drawn_for_each_sample(plain):
    trainer = plain()
    trainer.advance()
    trainer.advance()
    shown, lesson, between = trainer.critic.seen[4:7]
    share = Draws(5).uniform("train/critic/interpolation", samples=torch.arange(4, 8))
    torch.testing.assert_close(
        between, lesson + (1 - share.view(4, 1, 1, 1)) * (shown - lesson)
    )


def test_a_critic_is_told_the_condition(make):
    trainer, seen = make("wgan_gp", "nca"), []
    trainer.critic.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    trainer.advance()
    labels = trainer.task.training_labels(torch.arange(4), draws=Draws(5))
    for images in seen:
        assert images.shape == (4, 4 + 2, 24, 24)
        planes = trainer.task.condition(labels)[:, :, None, None].expand(-1, -1, 24, 24)
        assert torch.equal(images[:, 4:], planes)
    assert torch.equal(seen[1][:, :4], trainer.task.target(labels))


def test_a_critic_is_asked_for_what_it_will_judge(plain):
    critic = Scaled()
    plain(critic=critic)
    assert critic.asked == (1, 2, 2)


def moved(part, before):
    pairs = zip(part.parameters(), before.parameters(), strict=True)
    return any(bool((one != other).any()) for one, other in pairs)


@pytest.mark.parametrize(("own", "critics"), [(MOVING, STILL), (STILL, MOVING)])
def test_each_step_changes_its_own_weights_alone(make, own, critics):
    trainer = make("wgan_gp", "nca", optimiser=own, critic_optimiser=critics, schedule=STEADY)
    before = copy.deepcopy((trainer.model, trainer.critic))
    trainer.advance()
    assert moved(trainer.model, before[0]) is (own is MOVING)
    assert moved(trainer.critic, before[1]) is (critics is MOVING)


def test_a_critics_schedule_may_be_its_own(make):
    given = {"optimiser": STILL, "critic_optimiser": MOVING, "schedule": STEADY}
    later = {"kind": "cosine", "warm_up": 2}  # which starts from 0
    for schedule, moves in ((None, True), (later, False)):
        trainer = make("wgan_gp", "nca", critic_schedule=schedule, **given)
        before = copy.deepcopy(trainer.critic)
        trainer.advance()
        assert moved(trainer.critic, before) is moves


def test_the_critics_descent_is_that_of_its_whole_loss(make):
    trainer = make(
        "wgan_gp",
        "nca",
        double=True,
        optimiser=STILL,
        critic_optimiser=SMOOTH,
        schedule=STEADY,
        clip_norm=None,
    )
    before, seen = copy.deepcopy(trainer.critic).requires_grad_(True), []
    hook = trainer.critic.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    trainer.advance()
    hook.remove()
    shown, lesson, between = (one.detach() for one in seen[:3])
    given = between.clone().requires_grad_()
    (slope,) = torch.autograd.grad(before(given).sum(), given, create_graph=True)
    lengths = slope.flatten(1).norm(dim=1)  # of all that it sees, the condition included
    apart = before(shown).mean() - before(lesson).mean()
    (apart + 10 * (lengths - 1).square().mean()).backward()
    pairs = zip(trainer.critic.parameters(), before.parameters(), strict=True)
    for after, weight in pairs:
        step = weight.grad / (weight.grad.abs() + 1)  # Adam's first, epsilon 1
        torch.testing.assert_close(
            after.detach(), (weight - step).detach(), rtol=1e-6, atol=1e-8
        )


def test_weights_of_the_critic_do_not_depend_on_the_automatons(make):
    one, other = make("wgan_gp", "nca"), make("wgan_gp", "latent")
    torch.testing.assert_close(one.critic.state_dict(), other.critic.state_dict())


def test_a_critic_alone_leads_to_the_lesson(plain):
    trainer = plain(
        0.0,
        critic=Scaled(0.0),
        optimiser=Adam(learning_rate=0.01),
        critic_optimiser=Adam(learning_rate=0.2),
        reconstruction_weight=0.0,
        overflow=0.0,
    )
    distances = [float(trainer.advance()["image_loss"]) for _ in range(60)]
    assert distances[0] == 0.5
    assert min(distances) < 0.02


def test_a_critic_learns_to_tell_what_stays_apart(make):
    trainer = make("wgan_gp", "nca", optimiser=STILL, schedule=STEADY, pool=None, steps=[3, 4])
    apart = [float(trainer.advance()["wasserstein"]) for _ in range(25)]
    assert apart[-1] > max(apart[0], 0.0)


def test_a_grid_that_the_critic_cannot_judge_is_refused(make):
    with pytest.raises(ValueError, match="needs sides of 48 cells or more, not 24 x 24"):
        make("wgan_gp", "nca", critic={"kind": "patch", "features": [4, 4, 4, 4, 4]})


def test_an_empty_range_of_steps_is_refused(plain):
    with pytest.raises(ValueError) as caught:
        plain(steps=(3, 3))
    assert str(caught.value) == "steps: [least, end] must be 1 <= least < end, not [3, 3]"


def test_is_found_under_its_name(make):
    assert type(make("wgan_gp", "nca")) is WganGp
