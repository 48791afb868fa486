import copy

import pytest
import torch
from torch.nn.functional import softplus

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.random_disc import RandomDisc
from ncabench.nca.repair import repair_batch

STILL = {"kind": "adam", "learning_rate": 0.0}
MOVING = {"kind": "adam", "learning_rate": 0.01}
SMOOTH = {"kind": "adam", "learning_rate": 1.0, "epsilon": 1.0}
STEADY = {"kind": "constant"}
RADIUS = (0.4, 0.9)


@pytest.fixture
def trained(make):
    """A trainer after one iteration, its model before it, and the scalars."""

    def build(optimiser, critic_optimiser, **given):
        trainer = make(
            "adversarial",
            "gan",
            optimiser=optimiser,
            critic_optimiser=critic_optimiser,
            schedule=STEADY,
            damage_radius=RADIUS,
            **given,
        )
        before = copy.deepcopy(trainer.model)
        return trainer, before, trainer.advance()

    return build


def moved(part, before):
    pairs = zip(part.parameters(), before.parameters(), strict=True)
    return {bool((one != other).any()) for one, other in pairs}


def judged(trainer, model):
    """The batch of the first iteration, the answer to it, and the critic's losses."""
    damage = RandomDisc(radius=RADIUS)
    batch = repair_batch(trainer.task, Draws(5), samples=torch.arange(4), damage=damage)
    answer = model(batch.image, batch.condition)
    real = softplus(-model.scores(batch.target, batch.condition)).mean()
    false = softplus(model.scores(answer.detach(), batch.condition)).mean()
    fooling = softplus(-model.scores(answer, batch.condition)).mean()
    return (answer - batch.target).abs().mean(), fooling, (real + false) / 2


def test_the_generators_step_leaves_the_critic(trained):
    trainer, before, _ = trained(MOVING, STILL)
    assert moved(trainer.model.generator, before.generator) == {True}
    assert moved(trainer.model.critic, before.critic) == {False}


def test_the_critics_step_leaves_the_generator(trained):
    trainer, before, _ = trained(STILL, MOVING)
    assert moved(trainer.model.generator, before.generator) == {False}
    assert moved(trainer.model.critic, before.critic) == {True}


def test_the_losses_are_those_of_pix2pix(trained):
    trainer, before, scalars = trained(MOVING, MOVING)
    distance, fooling, critic = judged(trainer, before)
    torch.testing.assert_close(scalars["l1"], distance.detach())
    torch.testing.assert_close(scalars["fooling"], fooling.detach())
    torch.testing.assert_close(scalars["loss"], (100 * distance + fooling).detach())
    torch.testing.assert_close(scalars["critic_loss"], critic.detach())


def test_the_critic_descends_its_own_loss_alone(trained):
    trainer, model, _ = trained(STILL, SMOOTH)
    judged(trainer, model)[2].backward()
    for after, before in zip(
        trainer.model.critic.parameters(), model.critic.parameters(), strict=True
    ):
        step = before.grad / (before.grad.abs() + 1)  # Adam's first, epsilon 1
        torch.testing.assert_close(after, before - step, rtol=1e-4, atol=1e-6)


def test_the_generator_descends_distance_and_fooling(trained):
    trainer, model, scalars = trained(SMOOTH, STILL, l1=2.0)
    distance, fooling, _ = judged(trainer, model)
    (2 * distance + fooling).backward()
    total = torch.stack([one.grad.norm() for one in model.generator.parameters()]).norm()
    torch.testing.assert_close(scalars["gradient_norm"], total)
    for after, before in zip(
        trainer.model.generator.parameters(), model.generator.parameters(), strict=True
    ):
        step = before.grad / (before.grad.abs() + 1)
        torch.testing.assert_close(after, before - step, rtol=1e-4, atol=1e-6)


def test_learns_to_come_nearer(make):
    quick, slow = ({"kind": "adam", "learning_rate": rate} for rate in (5e-3, 1e-4))
    trainer = make(
        "adversarial", "gan", optimiser=quick, critic_optimiser=slow, schedule=STEADY
    )
    distances = [float(trainer.advance()["l1"]) for _ in range(15)]
    assert sum(distances[-3:]) < 0.8 * sum(distances[:3])
