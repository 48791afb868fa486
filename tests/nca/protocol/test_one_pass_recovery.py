import pytest
import torch

from ncabench.errors import Diverged
from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.mutation import Mutation
from ncabench.nca.perturbation.random_disc import RandomDisc
from ncabench.nca.protocol.one_pass_recovery import OnePassRecovery
from ncabench.nca.protocol.recovery import Recovery


@pytest.fixture
def measure(models, task, metrics):
    def run(perturbation, *, size=2, model="Offset", **settings):
        protocol = OnePassRecovery(**{"rollouts": 4, **settings})
        return protocol(models[model](), task(size), perturbation, metrics, Draws(7))

    return run


def test_every_value_is_that_of_its_pass(measure, reset):
    found = measure(reset)  # the answers are 13 and 16 to intact images, 3 and 5 to zeros
    assert found.values == {
        "error/before": (3 + 5) / 2,
        "error/damaged": (10 + 11) / 2,
        "error/final": (7 + 6) / 2,
        "error/recovery": pytest.approx(100 * (10.5 - 6.5) / (10.5 - 4)),
        "error/recovery_clipped": pytest.approx(100 * (3 / 7 + 5 / 6) / 2),
        "error/empty": 10.5,  # the mean of the targets, 10 and 11
    }


def test_a_mutation_tells_the_second_pass_the_class_after(measure):
    found = measure(Mutation()).samples
    assert found["error/before"] == [3, 5, 3, 5]
    assert found["error/damaged"] == [1, 1, 1, 1]
    assert found["error/final"] == [4, 4, 4, 4]  # 10 + 5 for 11, and 11 + 3 for 10


@pytest.mark.parametrize("batch", [1, 3])
def test_the_batch_changes_nothing(measure, batch):
    disc = RandomDisc(radius=(0.3, 1.5))
    whole, split = (measure(disc, size=9, rollouts=6, batch=size) for size in (6, batch))
    assert (split.values, split.samples) == (whole.values, whole.samples)
    assert all(torch.equal(split.frames[film], whole.frames[film]) for film in whole.frames)


def test_samples_meet_the_discs_that_an_automatons_do(measure, models, task, metrics):
    disc = RandomDisc(radius=(0.3, 1.5))
    strip = measure(disc, size=9).frames["class_1"]
    protocol = Recovery(perturb_at=4, horizon=1, stage_1=(1, 1), rollouts=4)
    grown = protocol(models["Climb"](), task(9), disc, metrics, Draws(7))
    after = grown.frame_steps["class_1"].index(4) + 1
    assert torch.equal(grown.frames["class_1"][after] == 0, strip[2] == 0)


def test_filmstrips_show_both_images_and_their_answers(measure, reset):
    found = measure(reset)
    assert found.frames["class_1"][:, 0, 0, 0].tolist() == [11, 16, 0, 5]
    assert found.frame_steps == {"class_0": [0, 1, 0, 1], "class_1": [0, 1, 0, 1]}


class Burst(RandomDisc):
    def __call__(self, state, *, samples, draws):
        perturbed, touched = super().__call__(state, samples=samples, draws=draws)
        return perturbed + torch.inf, touched


def test_an_answer_that_is_not_finite_is_named(measure):
    with pytest.raises(Diverged) as caught:
        measure(Burst())
    assert str(caught.value) == "the answer to the perturbed image is not finite"


def test_an_automaton_is_refused(measure, reset):
    with pytest.raises(TypeError) as caught:
        measure(reset, model="Climb")
    assert str(caught.value) == "one_pass_recovery needs a one-pass model, not Climb"
