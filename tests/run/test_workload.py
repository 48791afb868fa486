import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.engine.eager import Eager
from ncabench.nca.rollout import rollout
from ncabench.run.workload import inference, plain_inference, plain_training, training

CPU = torch.device("cpu")


def masks(first):
    return Draws(0).masks(
        "profile/fire",
        samples=torch.arange(first, first + 2),
        steps=range(3),
        height=6,
        width=8,
        rate=0.5,
    )


def test_a_rollout_of_an_engine_is_the_definition_with_new_masks_each_time(workload):
    load = workload()
    action = inference(load, Eager(CPU))
    for first in (0, 2):
        wanted = rollout(load.model, load.start, condition=None, masks=masks(first))
        torch.testing.assert_close(action()["last"], wanted.detach(), rtol=0, atol=0)


def test_an_iteration_learns_and_leaves_the_weights_alone(workload):
    load = workload(fire_rate=1.0)
    before = [weight.clone() for weight in load.model.parameters()]
    action = training(load, Eager(CPU))
    losses = [float(action()["loss"]) for _ in range(60)]
    assert losses[-1] < losses[0]
    assert all(map(torch.equal, load.model.parameters(), before))


def test_an_engine_and_plain_pytorch_descend_alike_where_all_cells_fire(workload):
    load = workload(fire_rate=1.0)
    plain, eager = plain_training(load), training(load, Eager(CPU))
    for _ in range(5):
        assert float(eager()["loss"]) == pytest.approx(float(plain()), rel=1e-5)


def test_plain_inference_keeps_no_gradient(workload):
    last = plain_inference(workload())()
    assert (last.shape, last.requires_grad) == ((2, 5, 6, 8), False)
