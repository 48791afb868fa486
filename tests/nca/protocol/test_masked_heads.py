import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.model.unetca import UNetCA
from ncabench.nca.model.vitca import ViTCA
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.denoising import Denoising
from ncabench.nca.protocol.masked_heads import MaskedHeads

SHORT = {"steps": 2, "images": 4, "films": 1}


@pytest.fixture
def task(levels):
    return levels(*range(20, 220, 20), tests=5)


def vitca(task, *, heads=2, **settings):
    """One whose heads' answers matter: a head of other weights than zero."""
    model = ViTCA(task.layout, embedding=8, mlp=8, heads=heads, fire_rate=1.0, **settings)
    chance = torch.Generator().manual_seed(1)
    for weight in model.parameters():
        weight.data = 0.5 * torch.randn(weight.shape, generator=chance)
    model.encoder.head.weight.data *= 0.02  # so that answers stay between black and white
    model.encoder.head.bias.data.zero_()
    return model


@pytest.fixture
def measure(task, metrics):
    def run(model, **settings):
        protocol = MaskedHeads(**{**SHORT, **settings})
        return protocol(model, task, Unperturbed(), metrics, Draws(7))

    return run


def test_every_choice_is_what_a_model_built_so_answers(measure, task, metrics):
    found = measure(vitca(task, heads=3)).samples
    same = Denoising(steps=2, images=4, curve_images=0, films=0)
    choices = {"all_heads": (), "without_head_1": (1,), "only_head_0": (1, 2)}
    for name, masked in choices.items():
        built = vitca(task, heads=3, masked_heads=masked)
        known = same(built, task, Unperturbed(), metrics, Draws(7))
        assert found[f"error/denoising_{name}"] == known.samples["error/answer"]
    assert len({tuple(found[f"error/denoising_{name}"]) for name in choices}) == 3


def test_autoencoding_starts_from_whole_images(measure, task):
    found = measure(vitca(task))
    given = found.frames["autoencoding_0"][0]
    turns = torch.tensor([0])
    torch.testing.assert_close(given, task.target(task.test_labels(turns, turns=turns))[0])
    assert found.values["error/autoencoding_all_heads"] != pytest.approx(
        found.values["error/denoising_all_heads"]
    )


def test_of_two_heads_one_without_is_the_other_alone(measure, task):
    values = measure(vitca(task)).values
    for one, other in ((0, 1), (1, 0)):
        without = values[f"error/autoencoding_without_head_{one}"]
        assert without == values[f"error/autoencoding_only_head_{other}"]
    assert len([name for name in values if name.startswith("error/")]) == 2 * 5


def test_a_single_head_alone_is_all_there_is(measure, task):
    values = measure(vitca(task, heads=1)).values
    only, every = (values[f"error/denoising_{one}"] for one in ("only_head_0", "all_heads"))
    assert only == every
    assert values["error/denoising_without_head_0"] != every


def test_the_model_is_left_as_it_was(measure, task):
    model = vitca(task, masked_heads=(1,)).train()
    before = {name: one.clone() for name, one in model.state_dict().items()}
    measure(model)
    assert model.encoder.masked_heads == (1,)
    assert model.training
    assert all(torch.equal(before[name], one) for name, one in model.state_dict().items())


def test_a_compiled_model_is_measured_as_it_is(measure, task):
    model = vitca(task)
    compiled = Compiled(torch.device("cpu"), backend="aot_eager").inference(model)
    assert measure(compiled).samples == measure(model).samples


def test_one_filmstrip_shows_every_choice_between_what_is_given_and_true(measure, task):
    found = measure(vitca(task))
    assert found.frames.keys() == {"autoencoding_0", "denoising_0"}
    strip = found.frames["denoising_0"]
    assert found.frame_steps["denoising_0"] == [0, 2, 2, 2, 2, 2, 2]
    torch.testing.assert_close(strip[2], strip[5])  # without the first: the second alone
    assert measure(vitca(task), films=0).frames == {}


def test_divergence_is_a_value(measure, task):
    model = vitca(task)
    model.encoder.head.bias.data[1] = torch.inf  # the hidden channel's
    values = measure(model).values
    diverged = [value for name, value in values.items() if name.startswith("states/diverged")]
    assert diverged == [1.0] * 10


def test_an_automaton_without_heads_is_refused(measure, task):
    message = r"^masked_heads needs an automaton with heads, not UNetCA$"
    with pytest.raises(TypeError, match=message):
        measure(UNetCA(task.layout, width=4))


@pytest.mark.parametrize("name", ["steps", "images"])
def test_numbers_that_are_too_small_are_refused(name):
    with pytest.raises(ValueError, match=f"^{name} must be at least 1, not 0$"):
        MaskedHeads(**{name: 0})
