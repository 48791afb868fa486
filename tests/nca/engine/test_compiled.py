"""Compiled rollouts and trainings against eager ones, on every device of the machine."""

import copy
from functools import partial

import pytest
import torch
from torch import nn

from ncabench.errors import EngineFailed
from ncabench.nca.autoencoder.vqvae import VQVAE
from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.engine.eager import Eager
from ncabench.nca.model.latent import Latent
from ncabench.nca.model.unetca import UNetCA
from ncabench.nca.perception.conv import Conv
from ncabench.nca.state import Layout
from ncabench.nca.update.mlp import MLP
from ncabench.nca.weights import initialise

DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
Traced = partial(Compiled, backend="aot_eager")  # traces, and generates no code


def rolls(engine):
    def roll(model, *, state, condition, masks):
        return engine.rollout(model, state, condition=condition, masks=masks)

    return roll


# By rows, and by whole grids, which take a CPU's compiler a minute.
CASES = [("cpu", "conv"), ("cuda", "conv"), ("cuda", "transformer")]


@pytest.mark.parametrize(("device", "kind"), [case for case in CASES if case[0] in DEVICES])
def test_a_rollout_and_every_gradient_are_the_definitions(
    automaton, scene, outcome, error, kind, device
):
    model = automaton(kind).to(device)
    given = scene(model, steps=64, batch=1)
    expected = outcome(rolls(Eager(torch.device(device))), model, given)
    found = outcome(rolls(Compiled(torch.device(device))), model, given)
    assert error(found, expected) < 1e-9


@pytest.mark.parametrize("kind", ["attention", "residual", "sobel", "deformable", "combined"])
def test_every_perception_can_be_traced_whole(automaton, scene, outcome, error, kind):
    model = automaton(kind)
    given = scene(model, steps=1)
    expected = outcome(rolls(Eager(torch.device("cpu"))), model, given)
    assert error(outcome(rolls(Traced(torch.device("cpu"))), model, given), expected) < 1e-12


@pytest.mark.parametrize("given", [{"noise": 0.1}, {"normalise": True}, {"fire_rate": 1.0}])
def test_what_touches_every_cell_is_stepped_as_a_grid(automaton, scene, error, given):
    model = automaton(**given)
    made = scene(model)
    chance = torch.Generator().manual_seed(4)
    noises = torch.randn(5, *made["state"].shape, generator=chance).double()
    made["noises"] = noises if model.noise else None
    cpu = torch.device("cpu")
    ends = [engine(cpu).rollout(model, **made).detach() for engine in (Traced, Eager)]
    assert error(ends[:1], ends[1:]) < 1e-12


def test_segments_save_memory_and_change_nothing(automaton, scene, error):
    model = automaton()
    made = scene(model, steps=6)
    engine = Traced(torch.device("cpu"))
    gradients = [
        torch.autograd.grad(engine.rollout(model, **made, segments=parts).sum(), made["state"])
        for parts in (0, 3)
    ]
    assert error(gradients[1], gradients[0]) < 1e-12


@pytest.mark.parametrize(
    ("precision", "limit"), [(torch.float32, 1e-5), (torch.bfloat16, 0.05)]
)
@pytest.mark.parametrize("kind", ["conv", "sobel", "combined"])
def test_rounding_is_that_of_the_operands(
    automaton, scene, outcome, error, kind, precision, limit
):
    model = automaton(kind)
    given = scene(model, steps=2)
    expected = outcome(rolls(Eager(torch.device("cpu"))), model, given)
    rough = copy.deepcopy(model).float()
    given = {**given, "state": given["state"].detach().float().requires_grad_()}
    given["condition"] = given["condition"].float()
    engine = Traced(torch.device("cpu"), None if precision == torch.float32 else precision)
    assert error(outcome(rolls(engine), rough, given), expected) < limit


@pytest.mark.parametrize("device", DEVICES)
def test_an_automaton_for_inference_takes_the_same_steps(automaton, scene, error, device):
    model = automaton().to(device)
    made = scene(model, steps=1)
    stepped = Traced(torch.device(device)).inference(model)
    given = {"condition": made["condition"], "mask": made["masks"][0]}
    with torch.no_grad():
        ends = [one.step(made["state"], **given) for one in (stepped, model)]
    assert (stepped.fire_rate, stepped.noise) == (0.5, 0.0)
    assert error(ends[:1], ends[1:]) < 1e-12


def test_an_automaton_for_inference_has_the_same_latent_grid():
    coder = VQVAE(base=4, latent_channels=3, groups=2, codes=5)
    layout = Layout(height=16, width=16, visible=4)
    model = Latent(layout, Conv(3, out_channels=4), MLP(4, 3), autoencoder=coder)
    initialise(model, Draws(0))
    stepped = Traced(torch.device("cpu")).inference(model)
    image = torch.rand(2, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(stepped.begin(image), coder.encode(image))
        assert torch.equal(stepped.end(stepped.begin(image)), stepped.reconstruct(image))
        assert torch.equal(stepped.reconstruct(image), model.reconstruct(image))
        assert torch.equal(stepped.codes(image), coder.codes(image))


def test_an_automaton_for_inference_is_probed_as_the_model_is():
    model = UNetCA(Layout(height=4, width=4, frozen=1, visible=1, hidden=3), width=4)
    stepped, state = Traced(torch.device("cpu")).inference(model), torch.rand(2, 5, 4, 4)
    assert torch.equal(stepped.features(state), state[:, 2:])


def test_what_the_compiler_refuses_is_named():
    def odd(state):
        return (
            state if state.sum() > 2 else -state
        )  # the host decides by a number of the device's

    engine = Traced(torch.device("cpu"))
    compiled = engine.faster(odd)
    with pytest.raises(EngineFailed, match=r"^the compiler refuses: "):
        engine.run(lambda: {"sum": compiled(torch.ones(2))}, key=())


def test_a_layout_that_a_program_was_not_compiled_for_is_named():
    def given():
        torch._C._dynamo.guards.assert_size_stride(torch.ones(2, 3), (2, 3), (1, 2))
        return {}

    with pytest.raises(EngineFailed, match=r"^a compiled program was given another layout: "):
        Traced(torch.device("cpu")).run(given, key=())


@pytest.mark.parametrize("failure", [ZeroDivisionError, AssertionError, RuntimeError])
def test_other_failures_stay_what_they_are(failure):
    def fails():
        raise failure("for another reason")

    with pytest.raises(failure, match=r"^for another reason$"):
        Traced(torch.device("cpu")).run(fails, key=())


@pytest.mark.parametrize(("kind", "allowed"), [("conv", True), ("residual", False)])
def test_products_have_the_operands_of_convolutions_where_they_stand_for_them(
    automaton, scene, monkeypatch, kind, allowed
):
    model = automaton(kind)
    given, engine = scene(model, steps=1), Traced(torch.device("cpu"))
    matmul = torch.backends.cuda.matmul
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)

    def work():
        engine.rollout(model, **given)
        return {"during": torch.tensor(matmul.allow_tf32)}

    assert bool(engine.run(work, key=())["during"]) is allowed
    assert matmul.allow_tf32 is False


class Careless(Compiled):
    """Compiles to something that is almost the same: the gradient of the state is halved."""

    def _compiled(self, function, **options):
        def wrong(values, *rest):
            return function(values / 2 + values.detach() / 2, *rest)

        return wrong


def test_steps_that_are_not_the_definitions_are_refused(automaton, scene):
    model = automaton()
    engine = Careless(torch.device("cpu"))
    with pytest.raises(EngineFailed) as caught:
        engine.rollout(model, **scene(model))
    assert str(caught.value).startswith(
        "the compiled steps are not the definition's: the state's gradient after 2 steps is off"
    )


def test_agreement_is_asked_once_for_each_size(automaton, scene):
    model, engine = automaton(), Traced(torch.device("cpu"))
    for batch in (2, 2, 3):
        engine.rollout(model, **scene(model, batch=batch))
    assert len(engine._agreed) == 2


def test_a_network_of_very_many_layers_is_recorded_and_not_compiled():
    engine = Compiled(torch.device("cpu"))
    few, many = (nn.Sequential(*map(nn.Linear, [1] * n, [1] * n)) for n in (200, 201))
    assert engine.faster(many) is not many  # nothing is recorded on a CPU
    engine.captures = True
    assert engine.faster(many) is many
    assert engine.faster(few) is not few
    assert engine.notes == ["a network of 201 layers is recorded, and not compiled"]
