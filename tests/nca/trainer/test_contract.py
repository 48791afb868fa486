"""What every trainer must do, with every model that names it. New ones are tested unasked."""

import io

import pytest
import torch

from ncabench import catalog

PAIRS = [
    (trainer, model)
    for model in catalog.kinds("model")
    for trainer in catalog.describe("model", model).attributes["trainers"]
]


@pytest.fixture(params=PAIRS, ids="/".join)
def new(request, make):
    return lambda **given: make(*request.param, **given)


def advance(trainer, times):
    return [trainer.advance() for _ in range(times)]


def tensors(saved):
    if isinstance(saved, torch.Tensor):
        return [saved]
    inner = saved.values() if isinstance(saved, dict) else saved
    nested = inner if isinstance(saved, dict | list | tuple) else []
    return [tensor for one in nested for tensor in tensors(one)]


def assert_same(trainer, other):
    pairs = zip(tensors(trainer.state_dict()), tensors(other.state_dict()), strict=True)
    assert all(torch.equal(one, two) for one, two in pairs)


def reloaded(saved):
    file = io.BytesIO()
    torch.save(saved, file)
    return torch.load(io.BytesIO(file.getvalue()), weights_only=True)


def test_every_trainer_has_a_model():
    assert {trainer for trainer, _ in PAIRS} == set(catalog.kinds("trainer"))


def test_scalars_are_finite_detached_and_hold_the_loss(new):
    scalars = new().advance()
    assert "loss" in scalars
    assert all(value.shape == () and value.isfinite() for value in scalars.values())
    assert not any(value.requires_grad for value in scalars.values())


def test_counts_its_iterations(new):
    trainer = new(iterations=9)
    assert (trainer.iteration, trainer.iterations) == (0, 9)
    advance(trainer, 2)
    assert (trainer.iteration, trainer.iterations) == (2, 9)


def test_changes_every_weight(new):
    trainer = new()
    before = {name: value.clone() for name, value in trainer.trained().items()}
    advance(trainer, 5)  # the rate of a stage's first is 0
    after = trainer.trained()
    assert [name for name in before if torch.equal(before[name], after[name])] == []


def test_changes_no_other_weight(new):
    trainer = new()
    named, changed = dict(trainer.model.named_parameters()), trainer.trained()
    assert all(changed[name] is named[name] for name in changed)
    others = {name: one.clone() for name, one in named.items() if name not in changed}
    advance(trainer, 5)
    assert [name for name, one in others.items() if not torch.equal(named[name], one)] == []


def test_what_is_frozen_outside_of_an_iteration_stays_so(new):
    trainer = new()
    before = [one.requires_grad for one in trainer.model.parameters()]
    advance(trainer, 5)
    assert [one.requires_grad for one in trainer.model.parameters()] == before


def test_a_saved_training_goes_on_bit_identically(new):
    whole, first, second = new(), new(), new()
    losses = [each["loss"] for each in advance(whole, 6)]
    advance(first, 3)
    second.load_state_dict(reloaded(first.state_dict()))
    assert second.iteration == 3
    assert [each["loss"] for each in advance(second, 3)] == losses[3:]
    assert_same(second, whole)


def test_a_saved_training_differs_from_one_that_begins(new):
    going, begun = new(), new()
    advance(going, 5)
    pairs = zip(going.trained().values(), begun.trained().values(), strict=True)
    assert not any(torch.equal(one, other) for one, other in pairs)


def test_leaves_the_global_generator_alone(new):
    before = torch.get_rng_state()
    advance(new(), 2)
    assert torch.equal(torch.get_rng_state(), before)


def test_depends_on_no_global_generator(new):
    one, other = new(), new()
    for trainer, number in ((one, 1), (other, 2)):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(number)
            advance(trainer, 2)
    assert_same(one, other)


def test_leaves_the_task_as_it_was(new):
    trainer = new()
    before = {name: value.clone() for name, value in trainer.task.named_buffers()}
    advance(trainer, 2)
    torch.testing.assert_close(dict(trainer.task.named_buffers()), before, rtol=0, atol=0)


def test_bfloat16_computes_in_it_and_keeps_float32_weights(new):
    exact, rough = new(), new(amp=torch.bfloat16)
    # Where a head starts at zero and the first rate is 0, only the third loss is computed.
    expected, found = (advance(trainer, 3)[-1]["loss"] for trainer in (exact, rough))
    assert {weight.dtype for weight in rough.model.parameters()} == {torch.float32}
    assert {tensor.dtype for tensor in tensors(rough.state_dict())} <= {
        torch.float32,
        torch.int64,
    }
    pairs = zip(exact.trained().values(), rough.trained().values(), strict=True)
    assert not all(torch.equal(one, other) for one, other in pairs)
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0)


@pytest.mark.parametrize(("iterations", "batch"), [(-1, 4), (6, 0)])
def test_counts_out_of_range_are_refused(new, request, iterations, batch):
    if request.node.callspec.params["new"][0] == "stages":
        pytest.skip("its stages count, each for itself")
    with pytest.raises(ValueError) as caught:
        new(iterations=iterations, batch=batch)
    assert str(caught.value) == (
        f"iterations must be at least 0 and batch at least 1, not {iterations} and {batch}"
    )
