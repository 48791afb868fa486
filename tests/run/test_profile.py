import time

import pytest
import torch
from torch import nn

from ncabench.nca.engine.eager import Eager
from ncabench.nca.model import Automaton, OnePass
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.run.profile import profile

CPU = torch.device("cpu")
PACED = {  # what is told of the reference in each phase, on a CPU
    *("ratio_to_reference", "ratio_to_reference_iqr", "cpu_ratio_to_reference"),
    *("reference_ms", "reference_cores"),
}


class Spots(Task):
    """Two classes on a grid of 8 x 8 cells."""

    classes = 2

    def __init__(self):
        super().__init__()
        self.layout = Layout(height=8, width=8, visible=3, hidden=2, condition=2)
        self.register_buffer("told", torch.eye(2))

    def seed_state(self, labels, *, samples, draws):
        return self.told.new_ones(len(labels), 5, 8, 8)

    def condition(self, labels):
        return self.told[labels]

    def target(self, labels):
        return self.told.new_zeros(len(labels), 3, 8, 8)


class Mixer(Automaton):
    """Mixes channels, and keeps what it was called with."""

    trainers, protocols = ("rollout",), ("recovery",)

    def __init__(self, *, fire_rate=0.5, noise=0.0):
        super().__init__()
        self.fire_rate, self.noise, self.calls = fire_rate, noise, []
        self.mix = nn.Conv2d(5, 5, 1)

    def step(self, state, *, condition, mask, noise=None):
        shape = None if mask is None else tuple(mask.shape)
        self.calls.append((tuple(condition.shape), shape, noise is not None))
        change = self.mix(state)
        return state + (change if mask is None else change * mask)


class Painter(OnePass):
    trainers, protocols = ("one_pass",), ("one_pass_recovery",)

    def __init__(self):
        super().__init__()
        self.mix = nn.Conv2d(3, 3, 1)
        self.calls = 0

    def forward(self, image, condition):
        self.calls += 1
        return self.mix(image) + condition.sum()


def test_inference_alone_has_time_and_memory_of_a_cpu():
    values = profile(Mixer(), Spots(), device=CPU, warm_up=0, blocks=3, steps_per_block=2)
    names = {"ms_per_step", "ms_per_step_iqr", "peak_rss_mib", *PACED}
    assert set(values) == {f"inference/{name}" for name in names} | {"reference_version"}
    assert 0 < values["inference/ms_per_step"] < 100
    assert values["inference/peak_rss_mib"] > 50


def test_training_has_its_own_values_and_leaves_the_weights_alone():
    model = Mixer()
    before = model.mix.weight.clone()
    values = profile(
        model,
        Spots(),
        device=CPU,
        warm_up=0,
        blocks=2,
        steps_per_block=1,
        train_batch=3,
        train_steps=2,
    )
    names = {name.partition("/")[2] for name in values if name.startswith("training/")}
    assert names == {"ms_per_iteration", "ms_per_iteration_iqr", "peak_rss_mib", *PACED}
    torch.testing.assert_close(model.mix.weight, before, rtol=0, atol=0)


def test_steps_are_those_of_memory_warm_up_blocks_and_pairs_with_a_mask_each():
    model = Mixer()
    profile(model, Spots(), device=CPU, warm_up=1, blocks=3, steps_per_block=4, batch=2)
    assert model.calls == [((2, 2), (2, 1, 8, 8), False)] * (4 * (2 + 1 + 3 + 1 + 3))


def test_no_mask_is_drawn_where_all_cells_update_and_noise_where_it_is_added():
    model = Mixer(fire_rate=1.0, noise=0.1)
    profile(model, Spots(), device=CPU, warm_up=0, blocks=1, steps_per_block=1)
    assert set(model.calls) == {((1, 2), None, True)}


def test_a_pass_counts_as_a_step():
    model = Painter()
    values = profile(
        model, Spots(), device=CPU, warm_up=1, blocks=2, steps_per_block=5, train_batch=2
    )
    assert model.calls == 5 * (2 + 1 + 2 + 1 + 2)  # training runs on a copy
    assert values["training/ms_per_iteration"] > 0


def test_an_engine_is_timed_in_the_place_of_plain_pytorch():
    model, engines = Mixer(), []

    def make():
        engines.append(Eager(CPU))
        return engines[-1]

    values = profile(
        model,
        Spots(),
        device=CPU,
        warm_up=0,
        blocks=2,
        steps_per_block=3,
        train_batch=2,
        train_steps=2,
        engine=make,
    )
    assert len(engines) == 4  # a measure and a pace, of inference and of training
    assert model.calls == [((1, 2), (1, 1, 8, 8), False)] * (3 * (2 + 2 + 1 + 2))
    assert values["training/ms_per_iteration"] > 0


def test_an_engine_times_a_pass_as_a_step():
    model = Painter()
    profile(
        model,
        Spots(),
        device=CPU,
        warm_up=0,
        blocks=1,
        steps_per_block=5,
        train_batch=2,
        engine=lambda: Eager(CPU),
    )
    assert model.calls == 5 * (2 + 1 + 1 + 1)


class Slow(Mixer):
    """Takes at least 4 ms a step."""

    def step(self, state, **rest):
        time.sleep(0.004)
        return super().step(state, **rest)


def test_ratios_are_per_step_and_per_iteration_of_both():
    few, many = (
        profile(
            Slow(),
            Spots(),
            device=CPU,
            warm_up=0,
            blocks=3,
            steps_per_block=steps,
            train_batch=1,
            train_steps=steps,
        )
        for steps in (2, 8)
    )
    assert few["reference_version"] == 1.0
    inference, training = (
        many[f"{phase}/ratio_to_reference"] / few[f"{phase}/ratio_to_reference"]
        for phase in ("inference", "training")
    )
    assert 0.4 < inference < 2.5  # 1 on a quiet machine: a step is a step
    assert 1.6 < training < 10.0  # 4: an iteration of four times the steps


def test_impossible_counts_are_refused_all_at_once():
    wanted = "blocks must be 1 or more, not 0; batch must be 1 or more, not -1"
    with pytest.raises(ValueError, match=f"^{wanted}$"):
        profile(Mixer(), Spots(), device=CPU, blocks=0, batch=-1)
