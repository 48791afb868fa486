"""What restoring images costs: what is inside the clocks, and what memory's end leaves."""

import time
from itertools import pairwise

import pytest
import torch
from torch import nn

from ncabench.nca.autoencoder.skip import Skip
from ncabench.nca.draws import Draws
from ncabench.nca.model import Automaton, OnePass
from ncabench.nca.model.latent_nafca import LatentNAFCA
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.nca.weights import initialise
from ncabench.run.trainings import Asked, trainings

CPU = torch.device("cpu")
LAYOUT = Layout(height=12, width=12, frozen=3, visible=3, hidden=1)


class Sized(Task):
    """Nothing but a size: whoever asks for more fails."""

    classes = 1
    layout = LAYOUT

    def seed_state(self, labels, *, samples, draws):
        raise AssertionError

    def condition(self, labels):
        raise AssertionError

    def target(self, labels):
        raise AssertionError


class Counting(Automaton):
    """Adds its one weight, and notes (batch, gradient) of each step."""

    trainers, protocols = ("rollout",), ("quality",)
    fire_rate, noise, layout = 1.0, 0.0, LAYOUT

    def __init__(self, limit=1000, error=torch.OutOfMemoryError):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.0))
        self.limit, self.error, self.calls = limit, error, []

    def step(self, state, *, condition, mask, noise=None):
        self.calls.append((len(state), torch.is_grad_enabled()))
        if torch.is_grad_enabled() and len(state) > self.limit:
            raise self.error("out of memory. Tried to allocate more")
        return torch.cat([state[:, :3], state[:, 3:] + self.weight], dim=1)


class Painter(OnePass):
    trainers, protocols = ("one_pass",), ("one_pass_recovery",)

    def __init__(self):
        super().__init__()
        self.mix, self.images = nn.Conv2d(3, 3, 1), []

    def forward(self, image, condition):
        self.images.append(image)
        return self.mix(image)


def measured(model, **given):
    small = {"trainings": (2,), "train_steps": 4, "warm_up": 1, "blocks": 2}
    return trainings(model, Sized(), Asked(**{**small, **given}), device=CPU)


TIMED = ("unsynchronised_s", "synchronised_s", "synchronised_s_iqr", "peak_rss_gb")


def names(batch):
    return {
        *(f"inference/batch_{batch}/{name}" for name in TIMED),
        f"training/batch_{batch}/peak_rss_gb",
        f"epochs/batch_{batch}/s",
    }


def test_every_batch_has_memory_and_times_in_inference_and_in_training():
    found = measured(Painter(), trainings=(1, 2), samples=10, epochs=1)
    assert (found.failed, set(found.values)) == (None, names(1) | names(2))


def test_an_automaton_has_a_number_of_steps_twice_that_of_its_longest_rollout():
    found = measured(Counting(), samples=10, epochs=1).values
    assert (set(found) - names(2), found["steps"]) == ({"steps"}, 8.0)


def test_a_latent_automaton_has_the_sum_of_its_two_trainings_times():
    model = LatentNAFCA(LAYOUT, autoencoder=Skip(base=4))
    initialise(model, Draws(0))
    found = measured(model, samples=10, epochs=1, pool=4).values
    parts = [found[f"epochs/batch_2/{name}_s"] for name in ("autoencoder", "automaton")]
    assert found["epochs/batch_2/s"] == pytest.approx(sum(parts))
    assert min(parts) > 0


def test_answers_are_whole_rollouts_for_memory_then_for_both_clocks():
    model = Counting()
    measured(model)
    answers = [one for one in model.calls if one == (2, False)]
    assert len(answers) == 8 * (2 + (1 + 2) + (1 + 2))  # memory, and each clock's warm-up


def test_unsynchronised_calls_have_new_images_each():
    model = Painter()
    measured(model)
    last = model.images[2 + 3 : 2 + 3 + 3]  # after memory, and the clock that waits
    assert not any(torch.equal(one, other) for one, other in pairwise(last))
    assert all(torch.equal(model.images[0], one) for one in model.images[:5])


@pytest.mark.parametrize(("pool", "descents"), [(0, 1), (4, 2)])
def test_memory_of_training_is_that_of_the_longest_rollouts(pool, descents):
    model = Counting()
    measured(model, pool=pool)
    assert model.calls.count((2, True)) == 4 * descents * 2  # a batch, twice


def test_epochs_take_all_lengths_down_to_a_quarter_after_some_batches():
    model = Counting()
    measured(model, epochs=2, samples=10)
    before = 4 * 2
    lengths = [(4 - one % 4) for one in range(1 + 4 * 2)]  # four batches in each epoch
    assert model.calls.count((2, True)) == before + sum(lengths)
    assert model.calls[-8:] == [(2, False)] * 8  # the last batch is validated


def test_batches_before_the_first_epoch_are_not_counted():
    class Slow(Painter):
        def forward(self, image, condition):
            early = 2 <= len(self.images) - calls < 4  # after a batch twice for memory
            time.sleep(0.2 if self.training and early else 0)
            return super().forward(image, condition)

    calls = 2 + 4 + 4  # answers
    found = measured(Slow(), samples=10, epochs=1, warm_up=2).values
    assert found["epochs/batch_2/s"] < 0.2  # those before take 0.4


def test_where_memory_ends_other_phases_are_still_measured():
    found = measured(Counting(limit=2), trainings=(2, 4), samples=20, epochs=1)
    assert found.failed.outcome == "oom"
    assert found.failed.reason == "training/batch_4: out of memory. Tried to allocate more"
    left = {name for name in names(4) if name.startswith("inference")}
    assert set(found.values) == {"steps"} | names(2) | left


def test_a_batch_that_cannot_be_trained_has_no_epoch():
    model = Counting(limit=1)
    measured(model, samples=10, epochs=1)
    assert model.calls.count((2, True)) == 1


def test_other_failures_are_not_taken_for_it():
    with pytest.raises(ZeroDivisionError):
        measured(Counting(limit=1, error=ZeroDivisionError))


def test_precision_is_as_asked_while_it_is_measured_and_as_it_was_after():
    seen = []

    class Looking(Painter):
        def forward(self, image, condition):
            seen.append(torch.backends.cuda.matmul.allow_tf32)
            return super().forward(image, condition)

    before = torch.backends.cuda.matmul.allow_tf32
    measured(Looking(), precision="tf32")
    assert (set(seen), torch.backends.cuda.matmul.allow_tf32) == ({True}, before)
