import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ncabench import catalog
from ncabench.errors import Diverged
from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.model import Automaton
from ncabench.nca.model.pixels import Pixels
from ncabench.nca.model.unet import UNet
from ncabench.nca.perturbation.half_plane import HalfPlane
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol._features import Features, Kept
from ncabench.nca.protocol.linear_probe import LinearProbe
from ncabench.nca.task.denoising import Denoising
from ncabench.nca.task.grow_image import GrowImage
from ncabench.nca.weights import initialise

TRAIN, TESTS = 12, 5
SHORT = {"steps": 3, "iterations": 4, "batch": 2, "validate_every": 2}
COUNTS = {  # of table 3: weights of a probe on grey and on colour images
    "vitca_unet": ({}, 15_370, 15_370),
    "vit": ({}, 1_310_730, 1_310_730),
    "unetca": ({}, 327_690, 327_690),
    "vitca": ({}, 327_690, 327_690),
    "pixels": ({}, 10_250, 30_730),
    "pixels, 100": ({"hidden": 100}, 103_510, 308_310),
    "pixels, 1000": ({"hidden": 1000}, 1_035_010, 3_083_010),
}


class Remember(Automaton):
    """Writes the red plane that it is given into the first hidden channel, in every step."""

    trainers = protocols = ()
    fire_rate = 0.5
    noise = 0.0

    def __init__(self, layout):
        super().__init__()
        self.layout, self.modes = layout, set()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def step(self, state, *, condition, mask, noise=None):
        self.modes.add((self.training, torch.is_grad_enabled(), condition is None))
        after = state.clone()
        after[:, 6:7] = self.scale * state[:, :1]
        return after

    def features(self, shown):
        return shown[:, self.layout.hidden_slice]


class Count(Remember):
    """Counts in the first hidden channel how often a cell fired."""

    def step(self, state, *, condition, mask, noise=None):
        after = state.clone()
        after[:, 6:7] += mask
        return after


class Jitter(Remember):
    """Adds the noise of the first hidden channel to it."""

    noise = 1.0

    def step(self, state, *, condition, mask, noise=None):
        after = state.clone()
        after[:, 6:7] += noise[:, 6:7]
        return after


class Burst(Remember):
    """Leaves the finite numbers at once."""

    def step(self, state, *, condition, mask, noise=None):
        return state / 0


def images(*, colours=3, side=8, count=TRAIN + TESTS):
    """Images of noise, of three classes that go by the number; the last five are tested."""
    shape = (count, side, side, 3) if colours == 3 else (count, side, side)
    pixels = np.random.RandomState(0).randint(0, 256, size=shape, dtype=np.uint8)
    parts = {"train": slice(0, count - TESTS), "test": slice(count - TESTS, count)}
    labels = np.arange(count, dtype=np.int64) % 3
    return Images(images=pixels, labels=labels, classes=tuple("abc"), parts=parts)


@pytest.fixture
def task():
    return Denoising(images(), Draws(0), hidden=2)


def probe(model, task, *, rng_seed=5, metrics=None, perturbation=None, **settings):
    protocol = LinearProbe(**{**SHORT, **settings})
    given = perturbation or Unperturbed(), metrics or {}, Draws(rng_seed)
    return protocol(model, task, *given)


def by_hand(inputs, *, units, rate, cosine=False):
    """Loss and accuracies of four iterations of two images, with PyTorch's own parts."""
    sizes = [(inputs, units), (units, 3)] if units else [(inputs, 3)]
    head = nn.Sequential(*[nn.Linear(*size) for size in sizes])
    if units:
        head.insert(1, nn.ReLU())
    initialise(head, Draws(5))
    optimiser = torch.optim.AdamW(head.parameters(), lr=rate, weight_decay=0.01)
    shown = (torch.from_numpy(images().images).movedim(-1, 1) / 255).flatten(1)
    classes, losses, accuracies = torch.arange(TRAIN + TESTS) % 3, [], []
    for turn in range(4):
        optimiser.param_groups[0]["lr"] = rate * (
            0.5 * (1 + np.cos(np.pi * turn / 4)) if cosine else 1
        )
        rows = Draws(5).integers(
            "probe/sample", low=0, high=TRAIN, samples=torch.arange(2), index=turn + 1
        )
        loss = F.cross_entropy(head(shown[rows]), classes[rows])
        losses.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        right = (head(shown[TRAIN:]).argmax(1) == classes[TRAIN:]).float()
        accuracies.append(100 * float(right[:2].mean() + right[2:4].mean() + right[4]) / 3)
    return losses, accuracies


@pytest.mark.parametrize("units", [0, 4])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_it_learns_as_pytorch_does_by_hand(task, units, schedule):
    losses, accuracies = by_hand(192, units=units, rate=0.1, cosine=schedule == "cosine")
    found = probe(Pixels(task.layout, hidden=units), task, learning_rate=0.1, schedule=schedule)
    curves = found.curves["probe"], found.curves["probe_loss"]
    assert curves[0].steps == curves[1].steps == [2, 4]
    assert curves[0].over == curves[1].over == "iterations"
    assert curves[0].values == pytest.approx(accuracies[1::2])
    assert curves[1].values == pytest.approx([sum(losses[:2]) / 2, sum(losses[2:]) / 2])
    assert len({*losses}) == 4  # so that an iteration that is left out shows


def test_the_best_test_counts_and_the_last_stands_beside(task):
    found = probe(Pixels(task.layout), task, iterations=9, validate_every=1, learning_rate=0.3)
    tests = found.curves["probe"].values
    assert len(tests) == 9
    assert tests[-1] < max(tests)
    assert found.values["probe/accuracy"] == max(tests)
    assert found.values["probe/best_at"] == tests.index(max(tests)) + 1
    assert found.values["probe/final"] == tests[-1]


def test_the_smaller_last_batch_counts_as_much_as_the_others(task):
    still = probe(Pixels(task.layout), task, iterations=1, learning_rate=0.0)
    whole = probe(Pixels(task.layout), task, iterations=1, learning_rate=0.0, batch=5)
    head = nn.Sequential(nn.Linear(192, 3))
    initialise(head, Draws(5))
    shown = (torch.from_numpy(images().images[TRAIN:]).movedim(-1, 1) / 255).flatten(1)
    right = (head(shown).argmax(1) == (torch.arange(TESTS) + TRAIN) % 3).float()
    assert right.mean() not in (right[:2].mean(), right[4])
    assert whole.values["probe/accuracy"] == pytest.approx(100 * float(right.mean()))
    batches = [float(100 * right[part].mean()) for part in (slice(2), slice(2, 4), slice(4, 5))]
    assert still.values["probe/accuracy"] == pytest.approx(sum(batches) / 3)


@pytest.mark.parametrize(("split", "first"), [("train", 0), ("test", TRAIN)])
def test_an_automaton_is_shown_whole_images_and_asked_for_hidden_channels(task, split, first):
    model, turns = Remember(task.layout), torch.tensor([4, 0])
    found = Features(model, task, Draws(5), split=split, steps=2)
    whole = torch.from_numpy(images().images[[first + 4, first]]) / 255
    expected = torch.stack([whole[..., 0], torch.zeros(2, 8, 8)], dim=1)
    torch.testing.assert_close(found(turns, index=7), expected.flatten(1))
    assert found.classes(turns).tolist() == [(first + 4) % 3, first % 3]


def test_which_cells_fire_depends_on_the_image_and_on_the_iteration(task):
    found = Features(Count(task.layout), task, Draws(5), split="test", steps=70)
    both = found(torch.tensor([3, 1]), index=9)
    fired = Draws(5).masks(
        "probe/fire",
        samples=torch.tensor([TRAIN + 3, TRAIN + 1]),
        steps=range(70),
        height=8,
        width=8,
        rate=0.5,
        index=9,
    )
    torch.testing.assert_close(both[:, :64], fired.sum(dim=0).flatten(1).float())
    assert not torch.equal(both, found(torch.tensor([3, 1]), index=10))


def test_many_steps_are_drawn_a_few_at_a_time_and_are_the_same(task, monkeypatch):
    found = Features(Jitter(task.layout), task, Draws(5), split="test", steps=6)
    whole = found(torch.tensor([3]), index=2)
    monkeypatch.setattr("ncabench.nca.protocol._features.VALUES_AT_ONCE", 2 * 8 * 8 * 8)
    torch.testing.assert_close(found(torch.tensor([3]), index=2), whole, rtol=0, atol=0)
    assert 1 < float(whole[:, :64].std()) < 4  # six normal values: 2.4


def test_what_is_kept_is_what_would_be_computed(task, monkeypatch):
    monkeypatch.setattr("ncabench.nca.protocol._features.AT_ONCE", 2)
    found = Features(Count(task.layout), task, Draws(5), split="test", steps=9)
    kept, turns = Kept(found, count=TESTS), torch.tensor([4, 0, 3])
    for index in (0, 6):
        assert torch.equal(kept(turns, index=index), found(turns, index=0))


def test_a_probe_of_kept_features_is_that_of_features_that_never_change(task):
    same = [probe(Remember(task.layout), task, cached=cached) for cached in (False, True)]
    assert same[0] == same[1]


def test_the_first_images_can_be_taken_alone(task):
    model = Remember(task.layout)
    few = probe(model, task, images=3, test_images=4, learning_rate=0.1)
    smaller = Denoising(images(), Draws(0), hidden=2)
    smaller.trained, smaller.tested = slice(0, 3), slice(TRAIN, TRAIN + 4)
    assert probe(model, smaller, learning_rate=0.1) == few
    assert probe(model, task, learning_rate=0.1) != few


def test_the_model_is_left_as_it_was_and_learns_nothing(task):
    model = Remember(task.layout).train()
    probe(model, task, learning_rate=0.5)
    assert model.modes == {(False, False, True)}  # evaluation, no gradients, no condition
    assert model.training
    assert model.scale.item() == 1.0
    assert model.scale.grad is None


def test_no_generator_but_the_draws_is_used(task):
    before = torch.get_rng_state()
    found = probe(Remember(task.layout), task)
    assert torch.equal(torch.get_rng_state(), before)
    assert probe(Remember(task.layout), task) == found
    assert probe(Remember(task.layout), task, rng_seed=6) != found


@pytest.mark.parametrize("row", COUNTS)
@pytest.mark.parametrize("colours", [1, 3])
def test_probes_have_the_papers_numbers_of_weights(row, colours):
    given, *counts = COUNTS[row]
    data = images(colours=colours, side=32, count=TESTS + 10)
    ten = Images(
        images=data.images, labels=data.labels, classes=tuple("0123456789"), parts=data.parts
    )
    task = Denoising(ten, Draws(0), hidden=32)
    model = catalog.find("model", row.partition(",")[0])(task.layout, **given)
    found = probe(model, task, steps=1, iterations=1, batch=1, test_images=1)
    assert found.values["probe/parameters"] == counts[colours // 2]


def test_features_that_are_not_finite_have_diverged(task):
    with pytest.raises(Diverged) as caught:
        probe(Burst(task.layout), task)
    assert str(caught.value) == "the probe's loss stopped being finite by iteration 2"


def test_scores_that_are_not_finite_have_diverged(task):
    task.pixels = task.pixels.float()
    task.pixels[-1] = torch.inf  # of a test image
    with pytest.raises(Diverged) as caught:
        probe(Pixels(task.layout), task)
    assert (
        str(caught.value) == "a score of the probe's test stopped being finite by iteration 2"
    )


def test_a_model_that_names_no_features_is_refused(task):
    with pytest.raises(TypeError, match=r"^UNet has no features to probe$"):
        probe(UNet(task.layout, base=2), task)


def test_an_automaton_without_hidden_channels_is_refused():
    task = Denoising(images(), Draws(0), hidden=0)
    model = catalog.find("model", "unetca")(task.layout, width=4)
    with pytest.raises(ValueError, match=r"^UNetCA has no channels to probe$"):
        probe(model, task)


def test_a_metric_is_refused(task):
    with pytest.raises(ValueError, match=r"^metric.psnr: linear_probe scores no image$"):
        probe(Pixels(task.layout), task, metrics={"psnr": None})


def test_a_perturbation_is_refused(task):
    with pytest.raises(ValueError, match=r"^linear_probe perturbs nothing, not by HalfPlane$"):
        probe(Pixels(task.layout), task, perturbation=HalfPlane())


def test_another_task_is_refused(task):
    grown = GrowImage(np.zeros((1, 12, 12, 4), dtype=np.uint8), Draws(0))
    said = r"^linear_probe needs a task of images with classes, not GrowImage$"
    with pytest.raises(TypeError, match=said):
        probe(Pixels(task.layout), grown)


@pytest.mark.parametrize(
    "name", ["steps", "iterations", "batch", "validate_every", "images", "test_images"]
)
def test_counts_below_one_are_refused(name):
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        LinearProbe(**{name: 0})
