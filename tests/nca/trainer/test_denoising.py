"""Trainings on masked images: the curriculum, the loss by hand, the pool, the best weights."""

from functools import partial

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.engine.eager import Eager
from ncabench.nca.pool.shuffled import Shuffled
from ncabench.nca.schedule.constant import Constant
from ncabench.nca.task.denoising import Denoising as DenoisingTask
from ncabench.nca.task.grow_image import GrowImage
from ncabench.nca.trainer._best import Best
from ncabench.nca.trainer.denoising import Denoising

DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
WAITING = {"_local_scalar_dense", "nonzero", "equal", "is_nonzero", "masked_select"}
SHUFFLED = {"kind": "shuffled", "size": 8}


@pytest.fixture
def task():
    """Images of one level: 0.2 to train on, 0.6 to validate on."""
    levels = np.array([51] * 4 + [153] * 4, dtype=np.uint8)
    pixels = np.broadcast_to(levels[:, None, None, None], (8, 8, 8, 3)).copy()
    parts = {"train": slice(0, 4), "test": slice(4, 8)}
    data = Images(images=pixels, labels=np.zeros(8), classes=("a",), parts=parts)
    return DenoisingTask(data, Draws(0), hidden=2)


@pytest.fixture
def trained(task, plain):
    """Builds a trainer of a one-weight model, at a learning rate of 0 unless told."""

    def build(model, *, learning_rate=0.0, **given):
        given = {"iterations": 1000, "batch": 4, "steps": (3, 4), **given}
        engine = Eager(torch.device("cpu"))
        how = {"optimiser": plain(learning_rate), "schedule": Constant()}
        return Denoising(model, task, Draws(5), engine, **how, **given)

    return build


def test_the_loss_is_a_hundred_times_error_and_overflow(trained, rise):
    scalars = trained(rise(0.25)).advance()  # three steps: 0.5 and 0 become 1.25 and 0.75
    assert float(scalars["image_loss"]) == pytest.approx(1.25 - 0.2)
    assert float(scalars["overflow"]) == pytest.approx(0.25)
    assert float(scalars["loss"]) == pytest.approx(100 * 1.05 + 100 * 0.25)


def test_hidden_channels_are_penalised_and_the_input_is_not(trained, rise):
    trainer = trained(rise(-1.0), reconstruction=2.0, overflow=3.0)
    scalars = trainer.advance()  # 0.5 and 0 become -2.5 and -3; the input becomes -3 at best
    assert float(scalars["image_loss"]) == pytest.approx(2.7)
    assert float(scalars["overflow"]) == pytest.approx(2.5 + 2.0)
    assert float(scalars["loss"]) == pytest.approx(2 * 2.7 + 3 * 4.5)


def test_each_tensors_gradient_is_divided_by_its_norm(trained, rise):
    trainer = trained(rise(0.25), learning_rate=0.5)
    trainer.advance()  # the gradient is positive, whatever its size
    assert float(trainer.model.weight.detach()) == pytest.approx(-0.25, abs=1e-6)


def test_a_model_of_one_pass_answers_once_without_a_pool(trained, shift):
    trainer = trained(shift(0.0), pool=Shuffled(size=4))
    labels = []
    lesson, trainer.task.lesson = (
        trainer.task.lesson,
        lambda one: labels.append(one) or lesson(one),
    )
    scalars = [{**trainer.advance()} for _ in range(6)]
    for found, drawn in zip(scalars, labels, strict=True):
        error = (trainer.task.masked(drawn) - 0.2).abs().mean()
        assert float(found["loss"]) == pytest.approx(100 * float(error))
        assert float(found["overflow"]) == 0
    assert trainer.pool is None
    assert len(torch.cat(labels).unique()) == 24  # none of them comes again


@pytest.mark.parametrize(
    ("iteration", "unlocked"),
    [(1, 1), (5, 1), (6, 2), (7, 2), (8, 3), (68, 8), (69, 9), (999, 9)],
)
def test_a_batch_has_one_of_the_configurations_unlocked(trained, rise, iteration, unlocked):
    trainer = trained(rise())  # thresholds 5, 7, 10, 15, 22, 32, 47, 68 and 100
    met = set()
    for seed in range(60):
        trainer.draws = Draws(seed)
        trainer.go_to(iteration - 1)
        labels = trainer._fresh(trainer._samples()).labels
        assert len(trainer.task.configurations(labels).unique()) == 1
        met.add(int(trainer.configuration()))
    assert met <= set(range(unlocked))
    assert len(met) >= min(unlocked, 7)


def test_a_pooled_batch_keeps_its_input_and_its_target(trained, rise):
    trainer = trained(rise(0.001), pool=Shuffled(size=100))
    seen = []
    mixed = trainer._mixed
    trainer._mixed = lambda fresh, *, pooled: (
        seen.append(mixed(fresh, pooled=pooled)) or seen[-1]
    )
    for _ in range(4):
        trainer.advance()
    fresh, pooled = torch.cat([one.labels for one in seen[:3]]), seen[3]
    assert set(pooled.labels.tolist()) <= set(fresh.tolist())
    steps = 0.003  # what the one-weight model adds to all channels, the input included
    given = trainer.task.masked(pooled.labels)
    torch.testing.assert_close(pooled.state[:, :3], given + steps)
    torch.testing.assert_close(pooled.state[:, 3:6], torch.full_like(given, 0.5 + steps))


def test_a_validation_is_the_mean_error_over_images_held_out(trained, rise):
    trainer = trained(rise(0.01), validation_steps=7, validation_batch=2, validate_every=2)
    assert "validation_loss" not in trainer.advance()
    scalars = trainer.advance()
    assert float(scalars["validation_loss"]) == pytest.approx(0.6 - 0.57, abs=1e-6)
    shapes = {(len(one), *one.shape[1:]) for one in trainer.model.states}
    assert shapes == {(4, 8, 8, 8), (2, 8, 8, 8)}
    assert trainer.validation.batches == 2
    assert trainer.validation.order.tolist() == [2, 0]


def test_every_validation_is_the_same(trained, rise):
    model = rise(0.01)
    trainer = trained(model, validation_steps=3)
    kinds = []
    for _ in range(2):
        model.states.clear()
        model.masks.clear()
        assert float(trainer.validation()) == pytest.approx(0.07, abs=1e-6)
        kinds.append(
            torch.cat(
                [*(one.flatten() for one in model.states), *map(torch.flatten, model.masks)]
            )
        )
        trainer.advance()
    assert torch.equal(*kinds)


def test_a_validation_is_in_evaluation_mode_and_leaves_training_mode(trained, rise):
    trainer = trained(rise(0.01))
    modes, step = [], trainer.model.step

    def watched(*given, **more):
        modes.append((trainer.model.training, torch.is_grad_enabled()))
        return step(*given, **more)

    trainer.model.step = watched
    trainer.advance()
    trainer.validation()
    trainer.advance()
    assert modes == [(True, True)] * 3 + [(False, False)] * 64 + [(True, True)] * 3


def test_the_weights_of_the_lowest_validation_are_left(trained, rise):
    # towards 0.2, whose weight is -0.1, in steps of 0.01; held-out images want 0.6
    trainer = trained(
        rise(0.055), learning_rate=0.01, iterations=10, validate_every=2, validation_steps=4
    )
    weights, losses = [], []
    for _ in range(10):
        scalars = trainer.advance()
        weights.append(float(trainer.model.weight.detach()))
        losses.append(float(scalars.get("validation_loss", torch.tensor(torch.inf))))
    by_hand = [abs(0.5 + 4 * (0.055 - 0.01 * turn) - 0.6) for turn in (2, 4, 6, 8, 10)]
    assert losses[1::2] == pytest.approx(by_hand, abs=1e-5)
    assert float(scalars["lowest_validation_loss"]) == pytest.approx(by_hand[0], abs=1e-5)
    assert weights[:9] == pytest.approx([0.055 - 0.01 * turn for turn in range(1, 10)])
    assert weights[9] == pytest.approx(0.035)  # that of the second iteration


def test_the_last_iteration_is_validated_even_where_none_is_due(trained, rise):
    scalars = [{**trainer} for trainer in _advances(trained(rise(0.01), iterations=3), 3)]
    assert ["validation_loss" in one for one in scalars] == [False, False, True]


def test_losses_that_are_no_number_are_never_the_lowest(rise):
    model = rise(1.0)
    best = Best(model)
    for weight, loss in ((2.0, torch.nan), (3.0, 0.5), (4.0, torch.nan)):
        model.weight.data.fill_(weight)
        best.see(torch.tensor(loss))
    best.restore()
    assert float(model.weight.detach()) == 3.0


@pytest.mark.parametrize("stop", [1, 2, 3, 5])
def test_a_training_goes_on_bit_for_bit_around_validations(make, stop):
    new = partial(make, "denoising", "nca", pool=SHUFFLED, validate_every=2)
    whole, first, second = new(), new(), new()
    expected = [{**one} for one in _advances(whole, 6)]
    _advances(first, stop)
    second.load_state_dict(first.state_dict())
    for found, other in zip(_advances(second, 6 - stop), expected[stop:], strict=True):
        assert found == other
    kept = zip(second.model.parameters(), whole.model.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in kept)


def test_most_steps_are_taken_by_fused_cells_where_that_is_asked(trained, rise):
    trainer = trained(rise(0.25), steps=(7, 8), fusion=True)
    sides, step = [], trainer.model.step
    trainer.model.step = lambda state, **told: (
        sides.append(state.shape[-1]) or step(state, **told)
    )
    scalars = trainer.advance()
    assert sides == [8, 8, 4, 4, 4, 8, 8]
    assert float(scalars["image_loss"]) == pytest.approx(0.5 + 7 * 0.25 - 0.2)


def test_validations_fuse_no_cells(trained, rise):
    given = {"steps": (7, 8), "validation_steps": 3, "validation_batch": 4}
    trainer, fused = trained(rise(0.25), **given), trained(rise(0.25), **given, fusion=True)
    assert float(fused.validation()) == float(trainer.validation())


def test_rollouts_that_are_too_short_for_fused_cells_are_refused(trained, rise):
    with pytest.raises(ValueError) as caught:
        trained(rise(0.25), fusion=True)
    assert str(caught.value) == "fusion needs more than 4 steps, not 3"


def test_checkpointing_changes_nothing(make):
    kept, again = (make("denoising", "nca", checkpointing=one) for one in (False, True))
    for _ in range(3):
        torch.testing.assert_close(again.advance()["loss"], kept.advance()["loss"])
        assert (kept.segments, again.segments > 0) == (0, True)


@pytest.mark.parametrize("device", DEVICES)
def test_engines_go_the_same_way(make, device, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    traced = partial(Compiled, backend="aot_eager")
    given = {"pool": SHUFFLED, "validate_every": 3, "iterations": 20, "device": device}
    trainers = [
        make("denoising", "nca", engine=engine, **given)
        for engine in (Eager, traced if device == "cpu" else Compiled)
    ]
    for _ in range(6 if device == "cpu" else 20):
        expected, found = (trainer.advance() for trainer in trainers)
        assert set(found) == set(expected)
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=2e-3, atol=1e-4)


class NoWaiting(TorchDispatchMode):
    """Refuses what makes the host wait for the device."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        assert function.overloadpacket.__name__ not in WAITING
        return function(*args, **(kwargs or {}))


def test_the_refusal_sees_what_waits():
    with pytest.raises(AssertionError), NoWaiting():
        torch.ones(3).sum().item()


@pytest.mark.parametrize("count", [0, 4])
def test_nothing_but_the_optimiser_waits_for_the_device(make, count, monkeypatch):
    trainer = make("denoising", "nca", pool=SHUFFLED)
    _advances(trainer, 3)
    zero = torch.zeros(())
    monkeypatch.setattr(trainer.descent, "step", lambda: zero)
    with NoWaiting():
        trainer.work((4, count))
        trainer.best.see(trainer.validation())


@pytest.mark.parametrize(
    "name", ["validate_every", "validation_steps", "validation_batch", "validation_images"]
)
def test_numbers_that_are_too_small_are_refused(trained, rise, name):
    with pytest.raises(ValueError, match=f"^{name} must be at least 1, not 0$"):
        trained(rise(), **{name: 0})


def test_a_task_without_masks_is_refused(rise, plain):
    grow = GrowImage(np.zeros((1, 8, 8, 4), dtype=np.uint8), Draws(0), size_px=8)
    how = {"iterations": 5, "optimiser": plain(), "schedule": Constant()}
    with pytest.raises(TypeError, match=r"^there are no masks in a GrowImage$"):
        Denoising(rise(), grow, Draws(5), Eager(torch.device("cpu")), **how)


def _advances(trainer, times):
    return [{**trainer.advance()} for _ in range(times)]
