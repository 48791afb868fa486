"""Whole answers: what is inside the clocks, in which order, and what memory's end leaves."""

import pytest
import torch
from torch import nn

from ncabench.nca.autoencoder.vqvae import VQVAE
from ncabench.nca.draws import Draws
from ncabench.nca.model import Automaton, OnePass
from ncabench.nca.model.gan import GAN
from ncabench.nca.model.latent import Latent
from ncabench.nca.perception.conv import Conv
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.nca.update.mlp import MLP
from ncabench.nca.weights import initialise
from ncabench.run import plain
from ncabench.run.answers import Asked, answers
from ncabench.run.workload import Workload

CPU = torch.device("cpu")


class Dot(Task):
    """One class: black seeds and a grey image of 24 x 24 px."""

    classes = 1

    def __init__(self):
        super().__init__()
        self.layout = Layout(height=24, width=24, visible=3)
        self.register_buffer("grey", torch.full((1, 3, 24, 24), 0.5))

    def seed_state(self, labels, *, samples, draws):
        return torch.zeros(len(labels), 3, 24, 24)

    def condition(self, labels):
        return None

    def target(self, labels):
        return self.grey.expand(len(labels), -1, -1, -1)


class Counting(Automaton):
    """Adds its one weight, and counts what it is asked for: (what, batch, gradient)."""

    trainers, protocols = ("rollout",), ("recovery",)
    fire_rate, noise = 1.0, 0.0

    def __init__(self, limit=1000):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.0))
        self.limit, self.calls = limit, []

    def note(self, what, state):
        self.calls.append((what, len(state), torch.is_grad_enabled()))

    def begin(self, seed):
        self.note("begin", seed)
        return seed

    def step(self, state, *, condition, mask, noise=None):
        self.note("step", state)
        if torch.is_grad_enabled() and len(state) > self.limit:
            raise torch.OutOfMemoryError("out of memory. Tried to allocate more")
        return state + self.weight

    def end(self, state):
        self.note("end", state)
        return state


class Painter(OnePass):
    trainers, protocols = ("one_pass",), ("one_pass_recovery",)

    def __init__(self):
        super().__init__()
        self.mix = nn.Conv2d(3, 3, 1)

    def forward(self, image, condition):
        return self.mix(image)


def asked(**given):
    small = {"warm_up": 0, "blocks": 2, "steps_per_block": 2, "train_steps": 3}
    return Asked(**{"answers": (1,), **small, **given})


def latent():
    coder = VQVAE(image_channels=3, base=4, latent_channels=5, groups=2, codes=7)
    made = Latent(Dot().layout, Conv(5, out_channels=6), MLP(6, 5), autoencoder=coder)
    initialise(made, Draws(0))
    return made


def test_an_answer_is_a_whole_rollout_between_its_beginning_and_its_end():
    model = Counting()
    load = Workload(model=model, task=Dot(), batch=2, steps=3)
    plain.answer(load)()
    assert model.calls == [(what, 2, False) for what in ("begin", *["step"] * 3, "end")]


def test_an_automaton_is_measured_at_each_batch_then_trained_then_measured_beside_it():
    model = Counting()
    found = answers(model, Dot(), asked(answers=(1, 4), train_batch=2), device=CPU)
    stepped = [(batch, gradient) for what, batch, gradient in model.calls if what == "step"]
    assert list(dict.fromkeys(stepped)) == [(1, False), (4, False), (2, True)]
    assert model.calls[-1] == ("end", 4, False)
    assert found.failed is None
    assert set(found.values) == {
        "steps",
        *(f"inference/batch_{batch}/{name}" for batch in (1, 4) for name in TIMED),
        *(f"trained/batch_{batch}/peak_rss_mib" for batch in (1, 4)),
        *(f"training/{name}" for name in ("ms_per_iteration", "ms_per_iteration_iqr")),
        "training/peak_rss_mib",
    }


TIMED = ("ms", "ms_iqr", "ms_per_step", "ms_per_step_iqr", "peak_rss_mib")


def test_iterations_have_a_count_of_their_own():
    model = Counting()
    answers(model, Dot(), asked(train_batch=2, train_blocks=5), device=CPU)
    trained = [call for call in model.calls if call == ("step", 2, True)]
    assert len(trained) == 3 * (2 + 5)  # twice for memory


def test_an_answer_of_a_one_pass_model_is_a_pass():
    found = answers(Painter(), Dot(), asked(train_batch=2), device=CPU).values
    assert "inference/batch_1/ms" in found
    assert not {"steps", "inference/batch_1/ms_per_step"} & set(found)


def test_a_latent_automatons_coding_is_timed_apart():
    found = answers(latent(), Dot(), asked(train_batch=1), device=CPU).values
    assert found["inference/batch_1/encode_ms"] > 0
    assert found["inference/batch_1/decode_ms"] > 0
    assert not any(
        "code_ms" in name for name in answers(Counting(), Dot(), asked(), device=CPU).values
    )


def test_where_memory_ends_what_was_measured_stays():
    found = answers(Counting(limit=2), Dot(), asked(train_batch=3), device=CPU)
    assert found.failed.outcome == "oom"
    assert found.failed.reason == "training: out of memory. Tried to allocate more"
    assert "inference/batch_1/ms" in found.values
    assert not any(name.startswith(("training", "trained")) for name in found.values)


def test_other_failures_are_not_taken_for_it():
    with pytest.raises(ValueError, match="H and W must be multiples of 4"):
        answers(GAN(Layout(height=24, width=24, visible=3), base=2), Odd(), asked(), device=CPU)


class Odd(Dot):
    """An image that no U-Net takes."""

    def target(self, labels):
        return torch.zeros(len(labels), 3, 6, 6)


def test_precision_is_as_asked_while_it_is_measured_and_as_it_was_after():
    seen = []

    class Looking(Painter):
        def forward(self, image, condition):
            seen.append(torch.backends.cudnn.allow_tf32)
            return super().forward(image, condition)

    before = torch.backends.cudnn.allow_tf32
    for precision in ("float32", "tf32", ""):
        answers(Looking(), Dot(), asked(precision=precision), device=CPU)
    assert set(seen[: len(seen) // 3]) == {False}
    assert seen[-1] == before == torch.backends.cudnn.allow_tf32


def test_an_iteration_learns_the_image():
    for model in (Painter(), latent()):
        initialise(model, Draws(0))
        load = Workload(model=model, task=Dot(), batch=2, steps=2)
        step = plain.iteration(load, plain.optimisers(model))
        losses = [float(step()) for _ in range(30)]
        assert losses[-1] < losses[0]


def test_a_latent_iteration_leaves_the_autoencoder_and_its_optimiser_alone():
    model = latent()
    before = [one.clone() for one in model.autoencoder.parameters()]
    [adam] = plain.optimisers(model)
    plain.iteration(Workload(model=model, task=Dot(), batch=1, steps=2), [adam])()
    assert all(map(torch.equal, model.autoencoder.parameters(), before))
    assert len(adam.state) == len([one for one in model.parameters() if one.requires_grad])


def test_a_gans_iteration_moves_the_generator_then_the_critic():
    model = GAN(Dot().layout, base=2)
    initialise(model, Draws(0))
    before = {name: one.clone() for name, one in model.named_parameters()}
    made = plain.optimisers(model)
    loss = plain.iteration(Workload(model=model, task=Dot(), batch=1, steps=9), made)()
    start = Workload(model=model, task=Dot(), batch=1, steps=1)
    assert all(not torch.equal(one, before[name]) for name, one in model.named_parameters())
    assert [len(one.state) for one in made] == [
        len(list(part.parameters())) for part in (model.generator, model.critic)
    ]
    with torch.no_grad():
        for name, one in model.named_parameters():
            one.copy_(before[name])
        image = model(start.given, None)
        wanted = (
            100 * (image - 0.5).abs().mean()
            + nn.functional.softplus(-model.scores(image, None)).mean()
        )  # minus the log of the chance of being real
    torch.testing.assert_close(loss, wanted)
