import numpy as np
import pytest
import torch

from ncabench.errors import Diverged
from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.metric.mse import MSE
from ncabench.nca.model import Automaton
from ncabench.nca.perturbation.disc import Disc
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.generation import Generation
from ncabench.nca.task.grow_digit import GrowDigit

GIVEN = {"grown_at": 3, "later_at": 6, "rollouts": 8, "batch": 8, "curve_every": 2, "frames": 3}
LOOKS = ("grown", "later")
LEFT = 255 * np.array([[1, 1, 0, 0]] * 4, dtype=np.uint8)
HALVES = np.stack([LEFT, LEFT.T])  # the left one is of class a, the upper one of class b


def task():
    """Eight images to train on and four to test: 4 x 4 px with one half white."""
    labels = np.arange(12) % 2
    pixels = HALVES[labels]
    parts = {"train": slice(0, 8), "test": slice(8, 12)}
    data = Images(images=pixels, labels=labels, classes=("a", "b"), parts=parts)
    return GrowDigit(data, Draws(0), padding_px=1, channels=5, hidden_seed="zeros")


class Perfect(Automaton):
    """Shows the half of the class that the seed's colour names, or of another, from t = 0."""

    trainers = protocols = ()
    fire_rate = 0.5
    noise = 0.0

    def __init__(self, wrong_until=0):
        super().__init__()
        self.wrong_until = wrong_until

    def begin(self, seed):
        images = task().target(torch.tensor([0, 1]))
        blue = (seed[:, 2].amax(dim=(1, 2)) > 0).long()
        right, wrong = images[blue], images[1 - blue]
        shown = wrong if self.wrong_until else right
        return torch.cat([shown, seed[:, 4:] * 0], dim=1)

    def step(self, state, *, condition, mask, noise=None):
        after = state.clone()
        after[:, 4] += 1
        if int(after[0, 4, 0, 0]) == self.wrong_until:
            after[:, :4] = state[:, :4].transpose(2, 3)
        return after


class Flicker(Perfect):
    """Cells show white where they fire."""

    def step(self, state, *, condition, mask, noise=None):
        return torch.cat([mask.expand(-1, 4, -1, -1).float(), state[:, 4:]], dim=1)


class Burst(Perfect):
    """Leaves the finite numbers."""

    def step(self, state, *, condition, mask, noise=None):
        return state / 0


def measure(model, *, perturbation=None, metrics=None, **settings):
    given = {**GIVEN, "judge_iterations": 150, **settings}
    how, metrics = perturbation or Unperturbed(), metrics or {"mse": MSE()}
    return Generation(**given)(model, task(), how, metrics, Draws(0))


def test_what_shows_its_class_is_recognised_and_does_not_vary():
    values = measure(Perfect()).values
    assert [values[f"accuracy/{when}"] for when in ("real", *LOOKS)] == [100, 100, 100]
    assert [values[f"variance/{when}"] for when in ("real", *LOOKS)] == [0, 0, 0]
    assert [values[f"mse/{when}"] for when in LOOKS] == [0, 0]
    assert values["mse/empty"] == pytest.approx(8 / 36)  # of 6 x 6 cells


def test_each_look_judges_its_own_state():
    found = measure(Perfect(wrong_until=5))
    assert (found.values["accuracy/grown"], found.values["accuracy/later"]) == (0, 100)
    assert found.samples["accuracy/grown"] == [0] * 8
    assert found.curves["accuracy"].steps == [0, 2, 3, 4, 6]
    assert found.curves["accuracy"].values == [0, 0, 0, 0, 100]


def test_variance_is_of_each_pixel_within_its_class():
    found = measure(Flicker(), rollouts=20)
    given = {"samples": torch.arange(20), "height": 6, "width": 6, "rate": 0.5}
    fired = Draws(0).masks("evaluation/fire", steps=range(2, 3), **given)
    cells = fired[0, :, 0, 1:5, 1:5].double().numpy()  # shown by state_3, without the border
    classes = [np.var(cells[one::2], axis=0, ddof=1).mean() for one in (0, 1)]
    assert found.samples["variance/grown"] == pytest.approx(classes)
    assert found.values["variance/grown"] == pytest.approx(np.mean(classes))
    shown = found.frames["variance"]
    assert shown.shape == (2, 1, 8, 4)
    lower = np.var(cells[1::2], axis=0, ddof=1)
    assert shown[0, 0, 4:].numpy() == pytest.approx(4 * lower, abs=1e-6)


def test_filmstrips_stack_the_classes():
    found = measure(Perfect(wrong_until=3), columns=2)
    assert found.frame_steps == {"digits": [0, 3, 6], "samples": [3, 3], "variance": [3, 6]}
    digits = found.frames["digits"]
    assert digits.shape == (3, 3, 12, 6)
    upper, left = [0, 1, 1, 1, 1, 0], [0, 1, 1, 0, 0, 0]
    assert digits[:, 0, 1].tolist() == [upper, left, left]  # class a, wrong at first
    assert digits[:, 0, 7].tolist() == [left, upper, upper]  # class b, below
    assert torch.equal(found.frames["samples"][0], digits[1])


def test_the_batch_changes_nothing():
    together, apart = measure(Flicker(), batch=8), measure(Flicker(), batch=3)
    assert together.values == apart.values
    assert together.samples == apart.samples


def test_a_state_that_is_not_finite_is_named():
    with pytest.raises(Diverged, match=r"^state_1 of the evaluation is not finite$"):
        measure(Burst())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"perturbation": Disc()}, "generation perturbs nothing, not by Disc"),
        (
            {"metrics": {"variance": MSE()}},
            "metric.variance: generation itself measures the variance",
        ),
        (
            {"rollouts": 2},
            "rollouts must give each of 2 classes two samples at least, so 4, not 2",
        ),
        ({"batch": 0}, "batch must be at least 1, not 0"),
    ],
)
def test_what_cannot_be_measured_is_refused(given, said):
    with pytest.raises(ValueError) as caught:
        measure(Perfect(), **given)
    assert str(caught.value) == said
