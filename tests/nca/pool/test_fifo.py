import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.pool import Batch
from ncabench.nca.pool.fifo import Fifo

B = 18
FRESH_LABEL = 9


def marked(values, *, size=5):
    """Return a batch whose states are filled with the values, which are their labels too."""
    labels = torch.tensor(values)
    state = labels.float().view(-1, 1, 1, 1).expand(-1, 2, size, size).clone()
    return Batch(state=state, labels=labels)


def fresh():
    batch = marked([100] * B)
    return Batch(state=batch.state, labels=torch.full((B,), FRESH_LABEL))


def traced(function):
    return torch.compile(function, backend="aot_eager", fullgraph=True, dynamic=False)


def filled(*, faster=None, **settings):
    pool = Fifo(size=64, **settings)
    pool.prepare(fresh(), faster=faster)
    for turn in range(3):
        pool.commit(marked(range(1 + turn * B, 1 + (turn + 1) * B)))
    return pool


def mix(pool, *, iteration=3, iterations=10):
    count = pool.count(B, iteration=iteration, iterations=iterations)
    return pool.mix(fresh(), count=count, clock=torch.tensor(iteration), draws=Draws(1))


def value(batch):
    """Return what each state was filled with, discs of zeros aside."""
    return batch.state.amax(dim=(1, 2, 3)).long().tolist()


def stored(pool):
    return sorted(pool.states[:-1, 0, 0, 0].long().tolist())


def test_half_of_18_is_9_of_which_4_keep_their_class():
    mixed = mix(filled(damage="none"))
    pooled = value(mixed)[:9]
    assert value(mixed)[9:] == [100] * 9
    assert len(set(pooled) - {100}) == 9
    assert mixed.labels.tolist() == [*pooled[:4], *[FRESH_LABEL] * 14]


@pytest.mark.parametrize(("mutation", "kept"), [(0.0, 9), (0.3, 6), (1.0, 0)])
def test_mutation_is_the_share_that_takes_the_fresh_class(mutation, kept):
    mixed = mix(filled(mutation=mutation, damage="none"))
    assert int((mixed.labels != FRESH_LABEL).sum()) == kept


def test_every_iteration_draws_other_states_and_all_alike():
    pool = filled(damage="none", mutation=0.0)
    drawn = [mix(pool, iteration=turn, iterations=900).labels[:9] for turn in range(300)]
    counts = torch.bincount(torch.cat(drawn), minlength=55)[1:]
    assert int(counts.min()) > 25
    assert int(counts.max()) < 80


def test_the_ratio_is_linear_from_the_first_iteration_to_the_last():
    pool = filled(ratio=(0.0, 1.0), damage="none", delay=0)
    counts = [value(mix(pool, iteration=turn, iterations=10)).count(100) for turn in range(10)]
    assert counts == [18, 16, 14, 12, 10, 8, 6, 4, 2, 0]


def test_nothing_is_taken_before_the_delay():
    pool = filled(delay=5, damage="none")
    assert value(mix(pool, iteration=4)).count(100) == 18
    assert value(mix(pool, iteration=5)).count(100) == 9


def test_the_pool_serves_as_soon_as_it_holds_n():
    pool = Fifo(size=64, damage="none")
    pool.prepare(fresh())
    pool.commit(marked(range(1, 9)))
    assert value(mix(pool)).count(100) == 18  # 8 states are not 9
    pool.commit(marked([9]))
    assert sorted(value(mix(pool))[:9]) == list(range(1, 10))


def test_the_newest_states_are_kept():
    pool = Fifo(size=20)
    pool.prepare(fresh())
    for start in (1, 9, 17):
        pool.commit(marked(range(start, start + 8)))
    assert stored(pool) == list(range(5, 25))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_states_with_one_bad_value_are_left_out(bad):
    pool, final = Fifo(size=20), marked([1, 2, 3, 4])
    pool.prepare(fresh())
    final.state[1, 1, 2, 3] = bad
    pool.commit(final)
    assert stored(pool)[-3:] == [1, 3, 4]
    assert int(pool.stored) == 3


def test_states_that_are_zero_everywhere_are_left_out_and_no_others():
    pool, final = Fifo(size=20), marked([0, 0, 3])
    pool.prepare(fresh())
    final.state[1, 0, 4, 4] = -1e-8
    pool.commit(final)
    assert pool.labels[:2].tolist() == [0, 3]
    assert int(pool.stored) == 2


def damaged(batch):
    return [bool((state == 0).any()) for state in batch.state]


def test_all_pooled_samples_are_damaged_in_every_channel_and_fresh_ones_never():
    mixed = mix(filled(damage="all", damage_radius=(0.3, 0.5), damage_ratio=0.1))
    assert damaged(mixed) == [True] * 9 + [False] * 9
    assert torch.equal(mixed.state[:, 0] == 0, mixed.state[:, 1] == 0)


def test_a_fraction_of_the_pooled_samples_is_damaged_whether_mutated_or_not():
    pool = filled(damage="fraction", damage_ratio=0.5, damage_radius=(0.4, 0.5))
    turns = [damaged(mix(pool, iteration=turn, iterations=99)) for turn in range(1, 21)]
    assert {sum(turn) for turn in turns} == {4}
    assert all(any(turn[slot] for turn in turns) for slot in range(9))


def test_other_iterations_have_other_discs():
    pool = filled(damage_radius=(0.3, 0.5))
    first, second = (mix(pool, iteration=turn, iterations=99).state[:9] == 0 for turn in (3, 4))
    assert not torch.equal(first, second)


def test_storing_cuts_the_graph():
    pool, final = filled(), marked([1] * B)
    final.state.requires_grad_()
    pool.commit(final)
    assert not pool.states.requires_grad


def test_a_checkpoint_holds_only_what_is_filled():
    pool = Fifo(size=64)
    pool.prepare(fresh())
    pool.commit(marked([1, 2, 3]))
    assert len(pool.state_dict()["states"]) == len(pool.state_dict()["labels"]) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mutation": 1.5}, "mutation must be in [0, 1], not 1.5"),
        ({"ratio": (0.5, -1.0)}, "ratio[1] must be in [0, 1], not -1.0"),
        ({"size": 0}, "size must be at least 1 and delay at least 0, not 0 and 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError) as caught:
        Fifo(**settings)
    assert str(caught.value) == message


def test_a_pool_smaller_than_the_batch_is_refused():
    with pytest.raises(ValueError) as caught:
        Fifo(size=17).prepare(fresh())
    assert str(caught.value) == "a pool of size 17 is smaller than the batch of 18"


def test_a_checkpoint_of_a_larger_pool_is_refused():
    small = Fifo(size=20)
    small.prepare(fresh())
    with pytest.raises(ValueError) as caught:
        small.load_state_dict(filled().state_dict())
    assert str(caught.value) == (
        "a pool of 20 states (2, 5, 5) cannot hold the saved 54 states (2, 5, 5)"
    )


@pytest.mark.parametrize("damage", ["all", "fraction", "none"])
def test_a_pool_whose_functions_are_compiled_is_the_same(damage):
    plain, compiled = filled(damage=damage), filled(damage=damage, faster=traced)
    assert torch.equal(compiled.states, plain.states)
    for one, other in zip(vars(mix(compiled)).values(), vars(mix(plain)).values(), strict=True):
        assert torch.equal(one, other)


IMAGE = 7.0  # what the frozen channel of a fresh sample shows


def mixed_under_images(**settings):
    """A batch of states 1 to 54 under fresh images; the first channel is frozen."""
    pool = Fifo(size=64, **settings)
    pool.prepare(fresh(), frozen=1)
    for turn in range(3):
        pool.commit(marked(range(1 + turn * B, 1 + (turn + 1) * B)))
    new = fresh()
    new.state[:, 0] = IMAGE
    return pool.mix(new, count=9, clock=torch.tensor(3), draws=Draws(1))


def test_a_sample_with_a_fresh_label_keeps_the_fresh_image():
    mixed = mixed_under_images(mutation=1.0, damage="none")
    assert (mixed.state[:9, 0] == IMAGE).all()
    states = mixed.state[:9, 1].amax(dim=(1, 2)).long().tolist()
    assert len(set(states) & set(range(1, 55))) == 9
    assert (mixed.labels == FRESH_LABEL).all()


def test_a_sample_that_keeps_its_label_keeps_its_image():
    mixed = mixed_under_images(mutation=0.5, damage="none")
    full = mixed.state[:4]
    assert torch.equal(full[:, 0], full[:, 1])
    assert (mixed.state[4:9, 0] == IMAGE).all()


def test_no_damage_touches_an_image():
    mixed = mixed_under_images(mutation=0.5, damage="all", damage_radius=(0.3, 0.5))
    assert not (mixed.state[:9, 0] == 0).any()
    assert (mixed.state[:9, 1] == 0).flatten(1).any(dim=1).all()
