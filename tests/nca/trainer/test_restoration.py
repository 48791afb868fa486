"""Trainings on corrupted images: losses by hand, two steps a batch, what is kept."""

from functools import partial

import numpy as np
import pytest
import torch

from ncabench.nca.data import Images, Pairs
from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.engine.eager import Eager
from ncabench.nca.optimiser.adam import Adam
from ncabench.nca.pool.replacing import Replacing
from ncabench.nca.schedule.constant import Constant
from ncabench.nca.schedule.cosine import Cosine
from ncabench.nca.task.grow_image import GrowImage
from ncabench.nca.task.restoration import Restoration as RestorationTask
from ncabench.nca.trainer._corrupted import Curriculum
from ncabench.nca.trainer.restoration import Restoration

DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
REPLACING = {"kind": "replacing", "size": 8}


def images(side=12):
    """Images of one level: 0.2 to train on, 0.6 to validate on."""
    levels = np.array([51] * 4 + [153] * 4, dtype=np.uint8)
    pixels = np.broadcast_to(levels[:, None, None, None], (8, side, side, 3)).copy()
    parts = {"train": slice(0, 4), "test": slice(4, 8)}
    return Images(images=pixels, labels=np.zeros(8), classes=("a",), parts=parts)


@pytest.fixture
def task():
    return RestorationTask(images(), Draws(0), hidden=2)


@pytest.fixture
def trained(task, plain):
    """Builds a trainer of a one-weight model, at a learning rate of 0 unless told."""

    def build(model, *, learning_rate=0.0, on=task, **given):
        given = {"iterations": 1000, "batch": 4, "steps": (3, 4), **given}
        engine = Eager(torch.device("cpu"))
        how = {"optimiser": plain(learning_rate), "schedule": Constant(), **given}
        return Restoration(model, on, Draws(5), engine, **how)

    return build


def advances(trainer, times):
    return [
        {name: one.clone() for name, one in trainer.advance().items()} for _ in range(times)
    ]


def alike(one, other):
    """SSIM of two images of one level each."""
    return (2 * one * other + 1e-4) / (one**2 + other**2 + 1e-4)


def test_the_loss_is_a_hundred_times_error_and_both_overflows(trained, rise):
    scalars = trained(rise(0.45)).advance()  # three steps: 0.5 and 0 become 1.85 and 1.35
    assert float(scalars["image_loss"]) == pytest.approx(1.85 - 0.2)
    assert float(scalars["overflow"]) == pytest.approx(0.85 + 0.35)
    assert float(scalars["loss"]) == pytest.approx(100 * 1.65 + 100 * 1.2)


def test_nafnets_loss_is_minus_the_mean_psnr_of_a_corrupted_image(trained, shift):
    trainer = trained(shift(0.0), loss="psnr", reconstruction=1.0, overflow=0.0)
    labels = trainer._fresh(trainer._samples()).labels
    errors = (trainer.task.corrupted(labels) - 0.2).square().mean(dim=(1, 2, 3))
    wanted = float((10 * errors.log10()).mean())
    assert float(trainer.advance()["loss"]) == pytest.approx(wanted, rel=1e-5)


def test_restormers_loss_is_the_mean_absolute_error(trained, shift):
    trainer = trained(shift(0.0), reconstruction=1.0, overflow=0.0)
    labels = trainer._fresh(trainer._samples()).labels
    wanted = float((trainer.task.corrupted(labels) - 0.2).abs().mean())
    assert float(trainer.advance()["loss"]) == pytest.approx(wanted, rel=1e-5)


def test_a_batch_has_a_fresh_step_and_one_from_the_pool_that_goes_on(trained, rise):
    trainer, firsts = trained(rise(0.01), pool=Replacing(size=100)), []
    for _ in range(4):
        before = len(trainer.model.states)
        trainer.advance()
        firsts.append(trainer.model.states[before][:, 3:6].unique().tolist())
    assert firsts[0] == firsts[2] == [0.5]
    assert firsts[1] == pytest.approx([0.53])
    assert set(np.round(firsts[3], 4)) <= {0.53, 0.56}  # of the second batch, or the first
    steps = ((trainer.pool.state_dict()["states"][:, 3, 0, 0] - 0.5) / 0.01).round()
    assert (len(steps), steps.sum()) == (8, 3 * 16)  # four rollouts of four, none of them lost


def test_a_model_of_one_pass_is_never_given_a_state_of_the_pool(trained, shift):
    trainer = trained(shift(0.0), pool=Replacing(size=8))
    assert trainer.pool is None
    assert [trainer.decide() for _ in range(2)] == [(1, 0), (1, 0)]


@pytest.mark.parametrize(
    ("horizon", "pool", "wanted"),
    [
        ("batches", Replacing(size=8), [1.0, 0.5, 0.0, 0.0, 0.0]),
        ("steps", Replacing(size=8), [1.0, 0.853553, 0.5, 0.146447, 0.0]),
        ("batches", None, [1.0, 0.853553, 0.5, 0.146447, 0.0]),
    ],
)
def test_the_schedule_is_sized_by_batches_or_by_steps(trained, rise, horizon, pool, wanted):
    trainer = trained(
        rise(),
        pool=pool,
        horizon=horizon,
        iterations=100,
        optimiser=Adam(learning_rate=1.0),
        schedule=Cosine(),
    )
    rates = []
    for turn in (0, 25, 50, 75, 100):
        trainer.descent.prepare(turn)
        rates.append(trainer.descent.optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx(wanted, abs=1e-6)


def test_each_tensors_gradient_is_divided_by_its_norm(trained, rise):
    trainer = trained(rise(0.25), learning_rate=0.5)
    trainer.advance()  # the gradient is positive, whatever its size
    assert float(trainer.model.weight.detach()) == pytest.approx(-0.25, abs=1e-6)


def test_corruptions_grow_in_as_many_epochs_as_there_are(trained, rise):
    trainer = trained(rise(), iterations=40, epochs=10)
    met = []
    for turn in range(0, 40, 4):
        trainer.go_to(turn)
        strengths = trainer.task.strength(trainer._fresh(trainer._samples()).labels)
        met.append(strengths.unique().item())
    assert met == [250, 250, 250, 300, 400, 500, 600, 700, 750, 750]


def test_the_published_epochs_are_those_of_so_many_batches(task):
    found = Curriculum(task, epochs=20, iterations=20 * 7, device=torch.device("cpu"))
    strengths = [int(found.at(torch.tensor(turn))) for turn in range(20 * 7 + 1)]
    assert strengths[:-1] == [one for one in task.strengths(epochs=20) for _ in range(7)]
    assert strengths[-1] == 750


def test_real_pairs_are_trained_on_as_they_are_whatever_the_epoch(trained, shift):
    whole = images()
    given = np.full_like(whole.images, 102)  # 0.4, of which 0.2 is to be made
    pairs = Pairs(inputs=given, targets=whole.images, parts=whole.parts)
    on = RestorationTask(pairs, Draws(0), corruption="real", hidden=2)
    trainer = trained(shift(0.05), on=on, iterations=4, validate_every=4)
    losses = [float(one["image_loss"]) for one in advances(trainer, 4)]
    assert losses == pytest.approx([0.25] * 4, abs=1e-6)
    assert float(trainer.best.loss) == pytest.approx(1 - alike(0.45, 0.6), abs=1e-6)


def test_a_validation_is_how_unlike_answers_are_to_images_held_out(trained, rise):
    trainer = trained(rise(0.01), validation_steps=7, validation_batch=2, validate_every=2)
    assert "validation_loss" not in trainer.advance()
    scalars = trainer.advance()
    assert float(scalars["validation_loss"]) == pytest.approx(1 - alike(0.57, 0.6), abs=1e-6)
    assert trainer.validation.batches == 2


@pytest.mark.parametrize(("keep", "left"), [("best", 0.035), ("last", -0.045)])
def test_the_weights_of_the_best_validation_are_left_or_the_last(trained, rise, keep, left):
    # towards 0.2, whose weight is -0.1, in steps of 0.01; held-out images want 0.6
    trainer = trained(
        rise(0.055),
        learning_rate=0.01,
        iterations=10,
        validate_every=2,
        validation_steps=4,
        keep=keep,
    )
    losses = [float(one.get("validation_loss", torch.inf)) for one in advances(trainer, 10)]
    by_hand = [1 - alike(0.5 + 4 * (0.055 - 0.01 * turn), 0.6) for turn in (2, 4, 6, 8, 10)]
    assert losses[1::2] == pytest.approx(by_hand, abs=1e-5)
    assert float(trainer.model.weight.detach()) == pytest.approx(left)


@pytest.mark.parametrize("model", ["ported_vitca", "nafnet"])
@pytest.mark.parametrize("stop", [1, 2, 3, 5])
def test_a_training_goes_on_bit_for_bit_around_validations(make, model, stop):
    new = partial(make, "restoration", model, pool=REPLACING, validate_every=2)
    whole, first, second = new(), new(), new()
    expected = advances(whole, 6)
    advances(first, stop)
    second.load_state_dict(first.state_dict())
    for found, other in zip(advances(second, 6 - stop), expected[stop:], strict=True):
        assert found == other
    kept = zip(second.model.parameters(), whole.model.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in kept)


@pytest.mark.parametrize("model", ["ported_vitca", "nafnet"])
@pytest.mark.parametrize("device", DEVICES)
def test_engines_go_the_same_way(make, model, device):
    traced = partial(Compiled, backend="aot_eager")
    given = {"pool": REPLACING, "validate_every": 3, "iterations": 20, "device": device}
    trainers = [
        make("restoration", model, engine=engine, double=True, **given)
        for engine in (Eager, traced if device == "cpu" else Compiled)
    ]
    for _ in range(4 if device == "cpu" else 20):
        expected, found = (trainer.advance() for trainer in trainers)
        assert set(found) == set(expected)
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["epochs", "validate_every", "validation_steps"])
def test_numbers_that_are_too_small_are_refused(trained, rise, name):
    with pytest.raises(ValueError, match=f"^{name} must be at least 1, not 0$"):
        trained(rise(), **{name: 0})


def test_a_task_without_corrupted_images_is_refused(trained, rise):
    grow = GrowImage(np.zeros((1, 8, 8, 4), dtype=np.uint8), Draws(0), size_px=8)
    with pytest.raises(TypeError, match=r"^there are no corrupted images in a GrowImage$"):
        trained(rise(), on=grow)


def test_images_smaller_than_the_window_of_ssim_are_refused(trained, rise):
    with pytest.raises(ValueError) as caught:
        trained(rise(), on=RestorationTask(images(8), Draws(0)))
    assert str(caught.value) == (
        "images must have sides of 11 px or more, to be validated by SSIM, not 8 x 8"
    )
