"""Trainings of classifications: what is compared, what the pool keeps, and both engines."""

from functools import partial

import pytest
import torch

from ncabench import catalog, schema
from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.engine.eager import Eager
from ncabench.nca.losses.distance import distance
from ncabench.plan import assemble

DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
Traced = partial(Compiled, backend="aot_eager")  # traces, and generates no code
IMAGES = {"split": "all", "classes": ["0", "1", "7"], "per_class": 6}
CLOTHES = {"split": "all", "classes": ["Trouser", "Bag"], "per_class": 6}
POOL = {"kind": "fifo", "size": 8, "mutation": 1.0, "damage": "none"}
ADAM = {"kind": "adam", "learning_rate": 0.01}
TASKS = {  # task: the set it reads here, the selection, channels
    "self_classification": ("mnist_5k", IMAGES, 7),
    "image_classification": ("fashion_mnist_500", CLOTHES, 6),
}
SMALL = {
    "nca": {},
    "unet": {"base": 4},
    "gan": {"base": 4},
}
RECIPES = {
    "rollout": {"steps": [3, 6], "pool": POOL},
    "one_pass": {"loss": "pixel_ce"},
    "adversarial": {"critic_optimiser": {**ADAM, "learning_rate": 1e-4}},
}


def complete(family, **given):
    """The completed spec of a component."""
    completed, problems = schema.complete(family, given, where=family)
    assert problems == []
    return completed


def parts(width):
    """A 3x3 convolution and two layers of that width."""
    return {
        "perception": complete("perception", kind="conv", out_channels=width),
        "update": complete("update", kind="mlp", hidden=width),
    }


@pytest.fixture
def training():
    """Builds a small training that classifies 28 x 28 px images."""

    def build(
        kind="self_classification",
        *,
        model="nca",
        trainer="rollout",
        engine=Eager,
        device="cpu",
        double=False,
        background="zeros",
        **given,
    ):
        dataset, selection, channels = TASKS[kind]
        sizes = {"dataset": dataset, "channels": channels, "padding_px": 0}
        sizes |= {"background": background} if kind == "self_classification" else {}
        made = assemble.assemble(
            {
                "model": complete("model", kind=model, **SMALL[model]),
                "parts": parts(8) if model == "nca" else {},
                "task": complete("task", kind=kind, images=selection, **sizes),
                "data": {"kind": dataset, "selection": selection},
                "rng_seed": 5,
            },
            root=None,
        )
        numbers = torch.float64 if double else torch.float32
        made.model.to(device, numbers)
        made.task.to(device, numbers)
        counts = {"iterations": 40, "batch": 4}
        rates = {"optimiser": ADAM, "schedule": {"kind": "constant"}}
        recipe = {"kind": trainer, **counts, **rates, **RECIPES[trainer], **given}
        engine = engine(torch.device(device))
        return catalog.build(
            "trainer", complete("trainer", **recipe), made.model, made.task, Draws(5), engine
        )

    return build


@pytest.mark.parametrize("loss", ["mse", "pixel_ce"])
@pytest.mark.parametrize("background", ["zeros", "class"])
def test_the_loss_is_of_the_class_scores_and_the_lesson(training, loss, background):
    trainer = training(loss=loss, pool="none", background=background, steps=[1, 2])
    first = trainer._fresh(torch.arange(4))
    with torch.no_grad():
        scores = trainer._roll(first, torch.arange(4), steps=1)[:, -3:]
    expected = distance(loss)(scores, trainer.task.lesson(first.labels))
    torch.testing.assert_close(trainer.advance()["image_loss"], expected)


def test_final_states_keep_the_image_of_their_label(training):
    trainer = training()
    for _ in range(4):
        trainer.advance()
    pool = trainer.pool
    assert int(pool.stored) == 16
    assert torch.equal(pool.states[:8, :1], trainer.task.image(pool.labels[:8]))


@pytest.mark.parametrize(("loss", "share"), [("mse", 0.8), ("pixel_ce", 0.98)])
def test_learns_a_little_of_three_digits(training, loss, share):
    """Of the cross entropy most is that of cells that are dead, and stays."""
    trainer = training(loss=loss, overflow=0.0, steps=[6, 9])
    losses = [float(trainer.advance()["image_loss"]) for _ in range(40)]
    assert sum(losses[-8:]) < share * sum(losses[:8])


@pytest.mark.parametrize(("model", "trainer"), [("unet", "one_pass"), ("gan", "adversarial")])
def test_a_one_pass_model_learns_from_intact_images(training, model, trainer):
    made = training(model=model, trainer=trainer)
    before = made.model(made.task.image(torch.tensor([0])), None)
    assert before.shape == (1, 3, 28, 28)
    name = "l1" if model == "gan" else "loss"
    losses = [float(made.advance()[name]) for _ in range(20)]
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])


def test_the_critic_is_shown_probabilities_and_planes_without_a_gap(training):
    made = training(model="gan", trainer="adversarial")
    answer, target = torch.randn(1, 3, 2, 2), torch.zeros(1, 3, 2, 2)
    target[0, 2, 0, 0] = 1.0
    whole = torch.ones(1, 2, 2)
    torch.testing.assert_close(made._plausible(answer).sum(dim=1), whole)
    ideal = made._ideal(target)
    assert ideal.argmax(dim=1).tolist() == [[[2, 0], [0, 0]]]
    torch.testing.assert_close(ideal.sum(dim=1), whole)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("self_classification", {"loss": "mse"}),
        ("self_classification", {"loss": "pixel_ce"}),
        ("image_classification", {"loss": "mse"}),
        ("self_classification", {"model": "gan", "trainer": "adversarial"}),
    ],
)
def test_every_engine_goes_the_same_way(training, kind, given, device):
    compiling = Traced if device == "cpu" else Compiled
    engines = (Eager, compiling)
    made = {"device": device, "double": True, **given}
    trainers = [training(kind, engine=one, **made) for one in engines]
    for _ in range(3 if device == "cpu" else 12):
        expected, found = (trainer.advance() for trainer in trainers)
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("model", "own", "count"),
    [({"kind": "nca"}, parts(80), 22_580), ({"kind": "gan", "base": 6}, {}, 24_556)],
)
def test_the_models_of_table_3_have_the_printed_sizes(model, own, count):
    spec = {
        "model": complete("model", **model),
        "parts": own,
        "task": complete("task", kind="self_classification", dataset="mnist_5k"),
        "data": {"kind": "mnist_5k", "selection": "all"},
    }
    assert assemble.count(spec, root=None) == count
