import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.optimiser.adam import Adam
from ncabench.nca.pool.fifo import Fifo

TWO_STEPS = {"steps": (2, 3), "clip_norm": None}
SMOOTH = {"kind": "adam", "learning_rate": 1.0, "epsilon": 1.0}  # a step is like its slope


def test_the_loss_is_the_error_and_the_overflow_of_the_last_state(by_hand, rise):
    trainer = by_hand("rollout", rise(1.0), **TWO_STEPS)  # both channels end at 2
    scalars = {name: float(value) for name, value in trainer.advance().items()}
    assert scalars == {
        "loss": pytest.approx(1.5**2 + 1.0 + 1.0),
        "image_loss": pytest.approx(1.5**2),
        "overflow": pytest.approx(1.0 + 1.0),
        "gradient_norm": pytest.approx(2 * 1.5 * 2 + 2 + 2),
    }


def test_l1_is_the_distance_and_not_its_square(by_hand, rise):
    trainer = by_hand("rollout", rise(1.0), loss="l1", overflow=0.0, **TWO_STEPS)
    scalars = trainer.advance()
    assert float(scalars["loss"]) == pytest.approx(1.5)
    assert float(scalars["gradient_norm"]) == pytest.approx(2.0)


def test_overflow_is_weighted(by_hand, rise):
    trainer = by_hand("rollout", rise(1.0), overflow=0.25, **TWO_STEPS)
    assert float(trainer.advance()["loss"]) == pytest.approx(1.5**2 + 0.25 * 2.0)


def test_a_descent_goes_by_the_slope_of_the_whole_rollout(by_hand, rise):
    model = rise(1.0)
    by_hand("rollout", model, overflow=0.0, learning_rate=0.1, **TWO_STEPS).advance()
    assert float(model.weight.detach()) == pytest.approx(1.0 - 0.1 * 6.0)


def test_clipping_and_normalising_reach_the_descent(by_hand, rise):
    clipped, normalised = rise(1.0), rise(1.0)
    given = {"overflow": 0.0, "learning_rate": 0.25, "steps": (2, 3)}
    by_hand("rollout", clipped, clip_norm=2.0, **given).advance()
    by_hand("rollout", normalised, clip_norm=None, normalise_gradients=True, **given).advance()
    assert float(clipped.weight.detach()) == pytest.approx(1.0 - 0.25 * 2.0)
    assert float(normalised.weight.detach()) == pytest.approx(1.0 - 0.25 * 1.0)


def test_learns_what_is_trivial(by_hand, rise):
    trainer = by_hand("rollout", rise(0.0), steps=(4, 5), optimiser=Adam(learning_rate=0.01))
    losses = [float(trainer.advance()["loss"]) for _ in range(60)]
    assert losses[0] == pytest.approx(0.25)
    assert losses[-1] < 1e-3


def test_learns_a_little_of_a_drawing(make):
    steady = {"schedule": {"kind": "constant"}, "pool": None, "steps": [6, 9]}
    trainer = make("rollout", "nca", **steady)
    losses = [float(trainer.advance()["image_loss"]) for _ in range(30)]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_steps_are_drawn_evenly_without_the_end(by_hand, rise):
    model = rise()
    trainer = by_hand("rollout", model, steps=(2, 5))
    counts = []
    for _ in range(60):
        model.masks.clear()
        trainer.advance()
        counts.append(len(model.masks))
    assert {number: 10 < counts.count(number) < 30 for number in (2, 3, 4)} == dict.fromkeys(
        (2, 3, 4), True
    )
    assert set(counts) == {2, 3, 4}


def test_masks_and_noise_are_drawn_for_the_samples_of_the_iteration(by_hand, rise):
    model = rise(noise=0.1)
    trainer = by_hand("rollout", model, **TWO_STEPS)
    trainer.advance()
    trainer.advance()
    named = {"samples": torch.arange(4, 8), "steps": range(2)}
    fires = Draws(5).masks("train/fire", height=2, width=2, rate=0.5, **named)
    noise = Draws(5).normal("train/noise", cells=8, **named)  # (samples, steps, cells)
    assert torch.equal(torch.stack(model.masks[2:]), fires)
    assert torch.equal(model.noises[3], noise[:, 1].view(4, 2, 2, 2))


def test_without_a_pool_every_sample_starts_from_the_seed(by_hand, rise):
    model = rise(0.2)
    trainer = by_hand("rollout", model, **TWO_STEPS)
    trainer.advance()
    trainer.advance()
    assert [float(state.abs().max()) for state in model.states[::2]] == [0.0, 0.0]


def test_with_a_pool_samples_start_where_others_ended(by_hand, rise):
    model = rise(0.2)
    pool = Fifo(size=4, ratio=(0.5, 0.5), damage="none", mutation=0.0)
    trainer = by_hand("rollout", model, pool=pool, **TWO_STEPS)
    trainer.advance()
    trainer.advance()
    started = model.states[2].mean(dim=(1, 2, 3))  # two from the pool, two from the seed
    torch.testing.assert_close(started, torch.tensor([0.4, 0.4, 0.0, 0.0]))


def test_the_pool_stores_what_each_sample_should_become(by_hand, rise):
    pool = Fifo(size=4, damage="none")
    by_hand("rollout", rise(0.2), pool=pool, **TWO_STEPS).advance()
    labels = Draws(5).integers("train/label", low=0, high=2, samples=torch.arange(4))
    assert set(labels.tolist()) == {0, 1}
    assert torch.equal(pool.labels[:4], labels)


def test_segments_are_stepped_again_for_the_gradient(make):
    trainer, steps = make("rollout", "nca", steps=[4, 5], checkpoint_segments=2), []
    trainer.model.perception.register_forward_hook(lambda *_: steps.append(1))
    trainer.advance()
    assert len(steps) == 8


def test_a_split_batch_meets_the_same_chance(by_hand, rise):
    whole, split = rise(), rise()
    by_hand("rollout", whole, **TWO_STEPS).advance()
    by_hand("rollout", split, accumulation=2, **TWO_STEPS).advance()
    first, second = torch.stack(split.masks[:2]), torch.stack(split.masks[2:])
    assert torch.equal(torch.cat([first, second], dim=1), torch.stack(whole.masks))


@pytest.mark.parametrize("given", [{"accumulation": 2}, {"checkpoint_segments": 2}])
def test_what_saves_memory_changes_no_number(make, given):
    plain = make("rollout", "nca", double=True, optimiser=SMOOTH)
    spare = make("rollout", "nca", double=True, optimiser=SMOOTH, **given)
    for _ in range(3):
        torch.testing.assert_close(spare.advance(), plain.advance())
    torch.testing.assert_close(spare.model.state_dict(), plain.model.state_dict())
    torch.testing.assert_close(spare.pool.state_dict(), plain.pool.state_dict())


@pytest.mark.parametrize("steps", [(3, 3), (0, 4), (5, 2)])
def test_an_empty_range_of_steps_is_refused(by_hand, rise, steps):
    with pytest.raises(ValueError) as caught:
        by_hand("rollout", rise(), steps=steps)
    assert str(caught.value) == (
        f"steps: [least, end] must be 1 <= least < end, not {list(steps)}"
    )


@pytest.mark.parametrize("parts", [0, 3, 8])
def test_parts_that_do_not_divide_the_batch_are_refused(by_hand, rise, parts):
    with pytest.raises(ValueError) as caught:
        by_hand("rollout", rise(), accumulation=parts)
    assert str(caught.value) == f"accumulation: {parts} parts do not divide batch 4"
