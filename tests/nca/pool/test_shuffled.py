import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.pool import Batch
from ncabench.nca.pool.shuffled import Shuffled

B = 2


def batch(*values):
    """States filled with the values, which are their labels as well."""
    filled = torch.tensor(values, dtype=torch.float32)
    state = filled.view(-1, 1, 1, 1).expand(-1, 2, 3, 3).clone()
    return Batch(state=state, labels=filled.long())


def pool(size):
    made = Shuffled(size=size)
    made.prepare(batch(1, 1), frozen=1)
    return made


def turn(made, iteration, *values):
    """An iteration that ends as it began; returns what it began with."""
    count = made.count(B, iteration=iteration, iterations=100)
    clock = torch.tensor(iteration)
    mixed = made.mix(batch(*values), count=count, clock=clock, draws=Draws(1))
    assert torch.equal(mixed.state[:, 0, 0, 0].long(), mixed.labels)
    made.commit(mixed)
    return mixed.labels.tolist()


def held(made):
    return made.state_dict()["labels"].tolist()


def test_the_fourth_iteration_is_the_first_that_is_not_fresh_then_every_other():
    made = pool(100)
    for i in range(12):
        begun = turn(made, i, 10 + 2 * i, 11 + 2 * i)
        fresh = begun == [10 + 2 * i, 11 + 2 * i]
        assert fresh == (i not in (3, 5, 7, 9, 11))


def test_a_pooled_batch_is_the_pools_first_after_shuffling_and_they_stay_in_it():
    made = pool(100)
    for i in range(3):
        turn(made, i, 10 + 2 * i, 11 + 2 * i)
    assert held(made)[-2:] == [14, 15]  # the newest are at the end until it is shuffled
    begun = turn(made, 3, 99, 99)
    stored = held(made)
    assert stored[:2] == begun
    assert sorted(stored) == sorted([*range(10, 16), *begun])


def test_no_more_than_its_size_is_kept_and_all_are_kept_alike():
    met = torch.zeros(60)
    for seed in range(200):
        made = pool(6)
        for i in range(0, 20, 2):  # no iteration of these takes states
            mixed = made.mix(
                batch(10 + i, 11 + i), count=0, clock=torch.tensor(i), draws=Draws(seed)
            )
            made.commit(mixed)
        assert len(held(made)) == 6 + B
        met[held(made)] += 1
    # a state that has been through k cuts from 8 to 6 is still there with chance 0.75 ** k
    expected = [0.75 ** max(min(9 - turn, 6), 0) for turn in range(10)]
    found = (met[10:30:2] + met[11:31:2]) / 400
    torch.testing.assert_close(found, torch.tensor(expected), atol=0.08, rtol=0)


def test_the_whole_order_is_drawn_anew_each_time():
    made = pool(8)
    made.load_state_dict({"states": batch(*range(1, 9)).state, "labels": torch.arange(1, 9)})
    orders = []
    for i in range(3):
        made.mix(batch(1, 1), count=0, clock=torch.tensor(i), draws=Draws(1))
        orders.append(tuple(held(made)))
    assert len({*orders, tuple(range(1, 9))}) == 4
    assert all(sorted(one) == list(range(1, 9)) for one in orders)


def test_bad_states_are_not_stored_and_a_poor_pool_gives_nothing():
    made = pool(100)
    for i in range(3):
        bad = batch(0, float("nan")) if i else batch(0, 5)
        made.mix(batch(1, 1), count=0, clock=torch.tensor(i), draws=Draws(1))
        made.commit(Batch(state=bad.state, labels=torch.tensor([3, 5])))
    assert held(made) == [5]
    assert turn(made, 3, 8, 9) == [8, 9]


def test_a_pool_of_a_batch_gives_nothing():
    made = pool(B)
    assert [turn(made, i, 4, 5) for i in range(8)] == [[4, 5]] * 8


def test_a_larger_saved_pool_is_refused():
    large, small = pool(20), pool(2)
    for i in range(9):
        turn(large, i, 1, 2)
    with pytest.raises(ValueError, match=r"^a pool of 4 states .* the saved 18 states"):
        small.load_state_dict(large.state_dict())


def test_sizes_that_do_not_do_are_refused():
    with pytest.raises(ValueError, match=r"^size must be at least 1, not 0$"):
        Shuffled(size=0)
    with pytest.raises(ValueError, match=r"^a pool of size 1 is smaller than the batch of 2$"):
        pool(1)
