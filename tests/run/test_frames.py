"""Frames: what is in one, where the next goes on, and what memory's end leaves."""

import pytest
import torch
from torch import nn

from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.engine.eager import Eager
from ncabench.nca.model import Automaton, OnePass
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.run import frames
from ncabench.run.frames import Asked

CPU = torch.device("cpu")
TIMED = ("ms", "ms_iqr", "peak_rss_mib")


class Two(Task):
    """Two classes on 4 x 4 cells."""

    classes = 2
    layout = Layout(height=4, width=4, visible=1, condition=2)

    def seed_state(self, labels, *, samples, draws):
        return torch.zeros(len(labels), 1, 4, 4)

    def condition(self, labels):
        return nn.functional.one_hot(labels, 2).float()

    def target(self, labels):
        return torch.zeros(len(labels), 1, 4, 4)


class Counting(Automaton):
    """Adds what it is told of the first class to cells that fire, and is seen as 10 times that.

    It notes (what, type, sides) of all that it is asked for.
    """

    trainers, protocols = ("rollout",), ("recovery",)
    noise = 0.0

    def __init__(self, *, fire_rate=1.0, fails=()):
        super().__init__()
        self.fire_rate, self.fails, self.calls = fire_rate, fails, []
        self.weight = nn.Parameter(torch.tensor(1.0))

    def note(self, what, state):
        self.calls.append((what, state.dtype, tuple(state.shape[-2:])))
        if (what, torch.is_grad_enabled()) in self.fails:
            raise torch.OutOfMemoryError("out of memory. Tried to allocate more")

    def step(self, state, *, condition, mask, noise=None):
        self.note("step", state)
        change = self.weight * condition[:, :1, None, None].expand_as(state)
        return state + (change if mask is None else change * mask)

    def end(self, state):
        self.note("end", state)
        return 10 * state


class Bare(Counting):
    """The same without notes, so that a compiler can take it."""

    def note(self, what, state):
        pass


class Painter(OnePass):
    trainers, protocols = ("one_pass",), ("one_pass_recovery",)

    def forward(self, image, condition):
        return image


def asked(**given):
    return Asked(**{"frames": (2,), "warm_up": 0, "blocks": 2, **given})


@pytest.mark.parametrize("engine", [None, Eager(CPU), Compiled(CPU, backend="aot_eager")])
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_a_frame_is_some_steps_and_what_is_seen_and_the_next_goes_on(engine, steps):
    state = torch.zeros(1, 1, 2, 3)
    draw = frames.action(Bare(), Two(), state, steps=steps, engine=engine)
    seen = [draw() for _ in range(3)]
    last = seen[-1] if engine is None else seen[-1]["image"]
    torch.testing.assert_close(state, torch.full((1, 1, 2, 3), 3.0 * steps))
    torch.testing.assert_close(last, 10 * state)


def test_every_frame_of_an_engine_has_masks_of_its_own():
    state = torch.zeros(1, 1, 40, 40)
    draw = frames.action(Bare(fire_rate=0.5), Two(), state, steps=2, engine=Eager(CPU))
    draw()
    draw()
    masks = Draws(0).masks(
        "profile/fire",
        samples=torch.arange(2),
        steps=range(2),
        height=40,
        width=40,
        rate=0.5,
    )
    torch.testing.assert_close(state[0], masks.sum(dim=(0, 1)).float())


def test_plain_frames_have_masks_of_chance():
    state = torch.zeros(1, 1, 64, 64)
    frames.action(Bare(fire_rate=0.5), Two(), state, steps=4, engine=None)()
    assert set(state.unique().tolist()) == {0.0, 1.0, 2.0, 3.0, 4.0}
    assert float(state.mean()) == pytest.approx(2.0, abs=0.1)  # sd 0.016


def test_each_engine_is_measured_at_each_precision_and_count():
    terms = asked(frames=(0, 2), engines=("plain", "eager"), precisions=("float32", "fp16"))
    found = frames.frames(Counting(), Two(), terms, device=CPU)
    assert found.failed is None
    assert set(found.values) == {
        f"frame/{engine}/{precision}/steps_{steps}/{name}"
        for engine in ("plain", "eager")
        for precision in ("float32", "fp16")
        for steps in (0, 2)
        for name in TIMED
    }


def test_a_frame_is_drawn_for_memory_twice_then_to_warm_up_then_in_blocks():
    model = Counting()
    frames.frames(model, Two(), asked(warm_up=3, blocks=4), device=CPU)
    calls = ["step", "step", "end"] * (2 + 3 + 4)
    assert [what for what, _, _ in model.calls] == calls


def test_half_precision_is_that_of_weights_and_states():
    terms = asked(precisions=("float32", "fp16", "bf16"))
    found = frames._Meter(model=Counting(), task=Two(), asked=terms, device=CPU)
    kinds = [found._at(one).weight.dtype for one in terms.precisions]
    assert kinds == [torch.float32, torch.float16, torch.bfloat16]
    assert [found._state(one).dtype for one in terms.precisions] == kinds


def test_cells_may_be_other_than_those_of_the_models_grid():
    for given, sides in (((), (4, 4)), ((3, 7), (3, 7))):
        model = Counting()
        frames.frames(model, Two(), asked(frame_cells=given), device=CPU)
        assert {shape for _, _, shape in model.calls} == {sides}


def test_a_training_has_what_it_keeps_and_its_own_count_of_blocks():
    model = Counting()
    terms = asked(train_batch=2, train_steps=5, train_blocks=3)
    values = frames.frames(model, Two(), terms, device=CPU).values
    names = ("ms_per_iteration", "ms_per_iteration_iqr", "peak_rss_mib")
    assert {name for name in values if not name.startswith("frame")} == {
        *("steps", "kept/step_mib", "kept/render_mib"),
        *(f"training/{name}" for name in names),
    }
    assert values["steps"] == 5.0
    steps = [what for what, _, shape in model.calls if what == "step"]
    assert len(steps) == 2 * (2 + 2) + 3 + 5 * (2 + 3)  # frames, what is kept, iterations


def test_where_memory_ends_the_other_phases_are_still_measured():
    model = Counting(fails={("end", False)})
    found = frames.frames(model, Two(), asked(frames=(0, 1), train_batch=1), device=CPU)
    assert found.failed.outcome == "oom"
    why = "frame/plain/default/steps_0: out of memory. Tried to allocate more"
    assert found.failed.reason == why
    assert "training/ms_per_iteration" in found.values
    assert not any(name.startswith("frame") for name in found.values)


def test_an_engine_that_fails_leaves_a_note_and_the_others_their_values():
    class Looking(Bare):
        def step(self, state, *, condition, mask, noise=None):
            more = 1 if float(state.sum()) > 0 else 2  # no compiler can know
            return state + more

    terms = asked(engines=("compiled", "plain"))
    found = frames.frames(Looking(), Two(), terms, device=CPU)
    assert {name.split("/")[1] for name in found.values} == {"plain"}
    [note] = found.notes
    told = "frame/compiled/default/steps_2: crashed: the compiler refuses: "
    assert note.startswith(told)


def test_other_failures_are_not_taken_for_it():
    class Wrong(Counting):
        def end(self, state):
            raise RuntimeError("no such thing")

    with pytest.raises(RuntimeError, match=r"^no such thing$"):
        frames.frames(Wrong(), Two(), asked(), device=CPU)


def test_what_has_no_frames_is_refused():
    class Noisy(Counting):
        noise = 0.1

    for model in (Painter(), Noisy()):
        with pytest.raises(ValueError) as caught:
            frames.frames(model, Two(), asked(), device=CPU)
        name = type(model).__name__
        assert str(caught.value) == f"frames are of an automaton without noise, not of {name}"
