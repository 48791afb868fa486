"""The passes of a training by themselves: what is in each, and what segments and fusion do."""

import pytest
import torch
from torch import nn

from ncabench.nca.model import Automaton, OnePass
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.run import passes
from ncabench.run.passes import Asked
from ncabench.run.workload import Workload

CPU = torch.device("cpu")
LAYOUT = Layout(height=4, width=4, frozen=1, visible=1, hidden=1)


class Grey(Task):
    """Seeds of ones, and an image of 0.5."""

    classes = 1
    layout = LAYOUT

    def seed_state(self, labels, *, samples, draws):
        return torch.ones(len(labels), 3, 4, 4)

    def condition(self, labels):
        return None

    def target(self, labels):
        return torch.full((len(labels), 1, 4, 4), 0.5)


class Shrinking(Automaton):
    """Multiplies by its one weight, and notes the side of each grid that it is given."""

    trainers, protocols = ("rollout",), ("recovery",)
    fire_rate, noise = 1.0, 0.0

    def __init__(self, fails=False):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.5))
        self.fails, self.sides = fails, []

    def step(self, state, *, condition, mask, noise=None):
        self.sides.append(state.shape[-1])
        if self.fails:
            raise torch.OutOfMemoryError("out of memory. Tried to allocate more")
        return torch.cat([state[:, :1], self.weight * state[:, 1:]], dim=1)


class Painter(OnePass):
    trainers, protocols = ("one_pass",), ("one_pass_recovery",)

    def __init__(self):
        super().__init__()
        self.mix = nn.Conv2d(2, 1, 1)

    def forward(self, image, condition):
        return self.mix(torch.cat([image, image], dim=1))


def asked(**given):
    return Asked(**{"train_batch": 2, "train_steps": 4, "warm_up": 0, "blocks": 2, **given})


def iteration(model, **given):
    terms = asked(**given)
    load = Workload(model=model, task=Grey(), batch=2, steps=terms.train_steps)
    return passes._Iteration(load, terms)


@pytest.mark.parametrize("segments", [0, 1, 2, 4])
def test_the_gradient_is_that_of_the_rollout_whatever_the_segments(segments):
    model = Shrinking()
    one = iteration(model, segments=segments)
    one.forward()
    one.backward()
    # loss = (w^4 - 1/2)^2, so its slope is 2 (w^4 - 1/2) 4 w^3, at w = 1/2
    torch.testing.assert_close(model.weight.grad, torch.tensor(2 * (1 / 16 - 0.5) * 4 / 8))


@pytest.mark.parametrize(("segments", "again"), [(0, 0), (1, 0), (2, 2), (4, 3)])
def test_the_backward_pass_computes_all_but_the_last_segment_again(segments, again):
    model = Shrinking()
    one = iteration(model, segments=segments)
    one.forward()
    assert len(model.sides) == 4
    one.backward()
    assert len(model.sides) == 4 + again


def test_fused_cells_are_stepped_on_half_the_grid():
    model = Shrinking()
    one = iteration(model, train_steps=7, fusion=True)
    one.whole()
    assert model.sides == [4, 4, 2, 2, 2, 4, 4]


def test_a_whole_iteration_descends():
    model = Shrinking()
    iteration(model).whole()
    assert model.weight.item() > 0.5  # the loss falls as the weight grows
    assert model.weight.grad is None


def test_both_passes_and_their_memory_are_measured():
    model = Shrinking()
    found = passes.passes(model, Grey(), asked(warm_up=3), device=CPU)
    spread = {f"{one}/ms{more}" for one in ("forward", "backward") for more in ("", "_iqr")}
    assert set(found.values) == {*spread, "steps", "training/ms", "training/peak_rss_gb"}
    assert found.values["training/ms"] == sum(
        found.values[f"{one}/ms"] for one in ("forward", "backward")
    )
    assert len(model.sides) == 4 * (2 + 3 + 2)  # memory, warm-up, blocks


def test_where_memory_ends_nothing_more_is_measured():
    found = passes.passes(Shrinking(fails=True), Grey(), asked(), device=CPU)
    assert (found.failed.outcome, found.values) == ("oom", {"steps": 4.0})


def test_a_model_of_one_pass_has_passes_and_no_segments():
    class Given(Grey):
        def image(self, labels):
            return torch.ones(len(labels), 1, 4, 4)

    found = passes.passes(Painter(), Given(), asked(), device=CPU).values
    assert ("backward/ms" in found, "steps" in found) == (True, False)
    with pytest.raises(ValueError) as caught:
        passes.passes(Painter(), Given(), asked(segments=2), device=CPU)
    told = "a model of one pass has no rollout to cut into segments or fuse"
    assert str(caught.value) == told
