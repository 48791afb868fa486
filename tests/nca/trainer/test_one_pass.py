import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.optimiser.adam import Adam
from ncabench.nca.perturbation.random_disc import RandomDisc
from ncabench.nca.repair import repair_batch


def batch(trainer, *, first, radius=(0.0, 0.5)):
    samples = torch.arange(first, first + 4)
    damage = RandomDisc(radius=radius)
    return repair_batch(trainer.task, Draws(5), samples=samples, damage=damage)


@pytest.mark.parametrize(("loss", "power"), [("mse", 2), ("l1", 1)])
def test_the_loss_is_the_distance_of_the_answer_from_the_target(by_hand, shift, loss, power):
    trainer = by_hand("one_pass", shift(0.1), loss=loss)
    met = batch(trainer, first=0)
    expected = (met.image + 0.1 - met.target).abs().pow(power).mean()
    torch.testing.assert_close(trainer.advance()["loss"], expected)


def test_every_iteration_meets_new_samples_with_the_discs_asked_for(by_hand, shift):
    trainer = by_hand("one_pass", shift(0.1), loss="l1", damage_radius=(9.0, 9.0))
    for turn in range(4):
        met = batch(trainer, first=4 * turn, radius=(9.0, 9.0))
        expected = (met.image + 0.1 - met.target).abs().mean()
        torch.testing.assert_close(trainer.advance()["loss"], expected)


def test_learns_what_is_trivial(by_hand, shift):
    trainer = by_hand("one_pass", shift(3.0), optimiser=Adam(learning_rate=0.1))
    losses = [float(trainer.advance()["loss"]) for _ in range(80)]
    assert losses[0] > 5
    assert max(losses[-10:]) < 0.3


def test_clips_its_gradient_unless_told_not_to(by_hand, shift):
    clipped, free = shift(9.0), shift(9.0)
    for model, clip_norm in ((clipped, 1.0), (free, None)):
        trainer = by_hand("one_pass", model, clip_norm=clip_norm, learning_rate=0.01)
        norm = float(trainer.advance()["gradient_norm"])
    assert float(clipped.weight.detach()) == pytest.approx(9.0 - 0.01)
    assert float(free.weight.detach()) == pytest.approx(9.0 - 0.01 * norm)
