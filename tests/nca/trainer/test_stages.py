import pytest
import torch

from ncabench.nca.engine.eager import Eager
from ncabench.nca.trainer.stages import Stages

CPU = torch.device("cpu")
FIRST, ALL = 2, 6  # iterations of the first stage, and of both


def weights(trainer):
    """Copies of the autoencoder's weights and of the automaton's."""
    named = [(name, one.clone()) for name, one in trainer.model.named_parameters()]
    coder = {name: one for name, one in named if name.startswith("autoencoder.")}
    return coder, {name: one for name, one in named if name not in coder}


def differ(one, other):
    return any(not torch.equal(one[name], other[name]) for name in one)


@pytest.fixture
def trainer(make):
    return make("stages", "latent")


def test_the_autoencoder_is_trained_first_and_stays_as_it_is_then(trainer):
    seen = [weights(trainer)]
    for _ in range(ALL):
        trainer.advance()
        seen.append(weights(trainer))
    (coder, own), (coder_after, own_after), (coder_last, own_last) = (
        seen[turn] for turn in (0, FIRST, ALL)
    )
    assert differ(coder, coder_after)
    assert not differ(own, own_after)
    assert not differ(coder_after, coder_last)
    assert differ(own_after, own_last)


def test_each_stage_does_what_its_trainer_would_do_alone(trainer, make):
    found = [trainer.advance() for _ in range(ALL)]
    first = make("autoencoder", "latent", iterations=FIRST)
    expected = [first.advance() for _ in range(FIRST)]
    then = make("rollout", "latent", iterations=ALL - FIRST)
    then.model.load_state_dict(first.model.state_dict())
    expected += [then.advance() for _ in range(ALL - FIRST)]
    assert found == expected


def test_iterations_are_counted_over_both_stages(trainer):
    assert trainer.iterations == ALL
    seen = []
    for _ in range(ALL):
        seen.append((trainer.running is trainer.then, trainer.running.iteration))
        trainer.advance()
    assert seen == [(False, 0), (False, 1), *((True, turn) for turn in range(4))]


@pytest.mark.parametrize("cut", range(1, ALL))
def test_a_training_goes_on_bit_for_bit_from_either_stage(make, cut):
    whole, first, second = (make("stages", "latent") for _ in range(3))
    losses = [whole.advance()["loss"] for _ in range(ALL)]
    for _ in range(cut):
        first.advance()
    second.load_state_dict(first.state_dict())
    assert [second.advance()["loss"] for _ in range(ALL - cut)] == losses[cut:]
    assert not any(map(differ, weights(second), weights(whole)))


def test_only_the_stage_that_runs_is_saved(trainer):
    for _ in range(FIRST):
        assert "pool" not in trainer.state_dict()["running"]
        trainer.advance()
    assert "pool" in trainer.state_dict()["running"]


def test_the_greatest_loss_of_both_stages_is_watched(trainer):
    losses = [float(trainer.advance()["loss"]) for _ in range(ALL)]
    assert float(trainer.worst) == max(losses)


class Keys(Eager):
    """Notes the key of every work."""

    def __init__(self, *given):
        super().__init__(*given)
        self.keys = []

    def run(self, work, *, key):
        self.keys.append(key)
        return super().run(work, key=key)


def test_no_stage_replays_what_the_other_recorded(make):
    trainer = make("stages", "latent", engine=Keys)
    engine = trainer.engine
    for _ in range(ALL):
        trainer.advance()
    assert [stage for stage, _ in engine.keys] == ["first"] * FIRST + ["then"] * (ALL - FIRST)
    assert {key for stage, key in engine.keys if stage == "first"} == {False}  # no restart


def test_a_trainer_that_works_twice_may_be_a_stage(make):
    first, then = make("autoencoder", "latent"), make("wgan_gp", "latent")
    trainer = Stages(first.model, first.task, first.draws, Eager(CPU), first=first, then=then)
    trainer.go_to(first.iterations)
    assert {"loss", "critic_loss"} <= set(trainer.advance())
