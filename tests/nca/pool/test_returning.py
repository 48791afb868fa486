import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.pool import Batch
from ncabench.nca.pool.returning import Returning

B = 2


def batch(*values):
    """States filled with the values, which are their labels as well."""
    filled = torch.tensor(values, dtype=torch.float32)
    state = filled.view(-1, 1, 1, 1).expand(-1, 2, 3, 3).clone()
    return Batch(state=state, labels=filled.long())


def pool(**given):
    made = Returning(**{"size": 4, "every": 1000, **given})
    made.prepare(batch(0, 0))
    return made


def turn(made, iteration, *, grow=100.0):
    """An iteration of two seeds, named by it; states become more, and keep their labels."""
    seeds = batch(iteration + 1, iteration + 1)
    count = made.count(B, iteration=iteration, iterations=100)
    mixed = made.mix(seeds, count=count, clock=torch.tensor(iteration), draws=Draws(1))
    made.commit(Batch(state=mixed.state + grow, labels=mixed.labels))
    return mixed.state[:, 0, 0, 0].tolist()


def ages(values):
    """How many iterations each has been through."""
    return [int(one) // 100 for one in values]


def test_all_of_a_batch_comes_from_the_pool_and_goes_back():
    made = pool(size=2)
    assert [ages(turn(made, i)) for i in range(4)] == [[0, 0], [1, 1], [2, 2], [3, 3]]


def test_states_are_drawn_without_replacement():
    made = pool(size=4)
    for iteration in range(60):
        turn(made, iteration)
        assert len(set(made.taken.tolist())) == B
    assert sum(ages(made.state_dict()["states"][:, 0, 0, 0])) == 60 * B  # none went lost


def test_every_so_often_the_first_sample_is_the_seed():
    made = pool(size=2, every=3)
    found = [ages(turn(made, i)) for i in range(7)]
    assert [first == 0 for first, _ in found] == [True, False, False] * 2 + [True]
    assert all(second > 0 for _, second in found[1:])


def test_a_seed_takes_the_fresh_samples_label():
    made = pool(size=2, every=3)
    for iteration in range(4):
        turn(made, iteration)
    assert sorted(made.state_dict()["labels"].tolist()) == [1, 4]


def test_a_restart_makes_all_of_the_pool_seeds():
    made = pool(size=4, restart=20)
    for iteration in range(20):
        turn(made, iteration)
    assert min(ages(made.state_dict()["states"][:, 0, 0, 0])) > 1
    assert ages(turn(made, 20)) == [0, 0]
    later = [age for i in range(21, 40) for age in ages(turn(made, i))]
    assert later.count(0) == 2  # the other two of four, once each
    assert max(later) < 20


def test_bad_states_are_not_stored():
    made = pool(size=2)
    turn(made, 0)
    turn(made, 1, grow=float("nan"))
    assert ages(turn(made, 2)) == [1, 1]


def test_a_saved_pool_remembers_what_was_of_an_earlier_cycle():
    made, other = pool(size=4, restart=5), pool(size=4, restart=5)
    for iteration in range(6):
        turn(made, iteration)
    other.load_state_dict(made.state_dict())
    for iteration in range(6, 9):
        assert turn(other, iteration) == turn(made, iteration)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"size": 0}, "0, 32 and 0"),
        ({"every": 0}, "512, 0 and 0"),
        ({"restart": -1}, "512, 32 and -1"),
    ],
    ids=("size", "every", "restart"),
)
def test_counts_out_of_range_are_refused(given, found):
    said = f"^size and every must be at least 1 and restart at least 0, not {found}$"
    with pytest.raises(ValueError, match=said):
        Returning(**given)


def test_a_batch_larger_than_the_pool_is_refused():
    with pytest.raises(ValueError, match=r"^a pool of size 1 is smaller than the batch of 2$"):
        pool(size=1)


def test_a_pool_of_another_size_is_refused():
    made = pool(size=4)
    turn(made, 0)
    with pytest.raises(ValueError, match=r"^a pool of 8 states cannot go on as one of 4$"):
        pool(size=8).load_state_dict(made.state_dict())
