import pytest
import torch

from ncabench.errors import SuiteError
from ncabench.plan import assemble


def refused(made):
    with pytest.raises(SuiteError) as caught:
        assemble.check(made)
    return str(caught.value)


def test_counts_are_those_of_the_built_models(plan):
    made = plan()
    counts = assemble.check(made)
    assert [counts[one.id] for one in made.trainings()] == [8096, 8096, 22976, 22976]
    assert assemble.count(made.entries[0].spec, root=None) == 8096


def test_a_task_that_is_there_is_not_built_again(plan):
    sobel, conv = (plan().trainings({"perception": one})[0] for one in ("sobel", "conv3x3"))
    task = assemble.assemble(sobel.spec, root=None, meta=True).task
    again = assemble.assemble(conv.spec, root=None, meta=True, task=task)
    assert again.task is task
    assert again.parameters == 22976


def test_weights_depend_on_the_rng_seed_alone(plan):
    zero, one = (entry.spec for entry in plan(sets=["grid.perception=sobel"]).trainings())
    first, again, other = (
        assemble.assemble(spec, root=None).model for spec in (zero, zero, one)
    )
    weight = next(first.parameters())
    torch.testing.assert_close(next(again.parameters()), weight, rtol=0, atol=0)
    assert not torch.equal(next(other.parameters()), weight)


def test_assembling_leaves_the_global_generator_as_it_was(plan):
    spec = plan().entries[0].spec
    before = torch.get_rng_state()
    assemble.assemble(spec, root=None)
    assert torch.equal(torch.get_rng_state(), before)


def test_counting_allocates_no_weights(plan):
    model = assemble.assemble(plan().entries[0].spec, root=None, meta=True).model
    assert {weight.device.type for weight in model.parameters()} == {"meta"}


def test_a_constructors_refusal_names_the_suites_component(plan):
    assert refused(plan(sets=["model.nca.fire_rate=2.0"])) == (
        "small.toml:\nmodel.nca: fire_rate must be above 0 and at most 1, not 2.0"
    )


def test_every_refusal_is_listed(plan):
    message = refused(plan(sets=["model.nca.fire_rate=2.0", "grid.perception=sobel"]))
    assert message.count("fire_rate") == 1
    message = refused(plan(sets=["task.emoji.channels=3", "perturbation.damage.radius=-1"]))
    assert message.startswith("small.toml:\ntask.emoji: ")


def test_a_pools_refusal_stands_under_the_recipe(plan):
    message = refused(plan(sets=["train.pool.kind=fifo", "train.pool.size=0"]))
    assert message.startswith("small.toml:\ntrain.pool: ")


def test_a_trainers_refusal_stands_under_the_recipe(plan):
    made = plan(sets=["train.steps=[9, 8]", "grid.recipe=other", "recipe.other.batch=4"])
    assert refused(made) == (
        "small.toml:\nrecipe.other: steps: [least, end] must be 1 <= least < end, not [9, 8]"
    )


def test_roll_outs_that_do_not_divide_are_refused(plan):
    assert refused(plan(sets=["protocol.recovery.rollouts=50"])) == (
        "small.toml:\n"
        "protocol.recovery: rollouts must be a multiple of the 20 cases of mutation, "
        "such as 40 or 60, not 50"
    )
