import torch

from ncabench.nca.draws import Draws
from ncabench.nca.pool import Batch
from ncabench.nca.pool.replacing import Replacing

B = 2


def batch(*values):
    """States filled with the values, which are their labels as well."""
    filled = torch.tensor(values, dtype=torch.float32)
    state = filled.view(-1, 1, 1, 1).expand(-1, 2, 3, 3).clone()
    return Batch(state=state, labels=filled.long())


def pool(size=8):
    made = Replacing(size=size)
    made.prepare(batch(1, 1), frozen=1)
    return made


def turn(made, iteration, *values, seed=1):
    """An iteration whose states become 100 more, and keep their labels."""
    count = made.count(B, iteration=iteration, iterations=100)
    mixed = made.mix(
        batch(*values), count=count, clock=torch.tensor(iteration), draws=Draws(seed)
    )
    made.commit(Batch(state=mixed.state + 100, labels=mixed.labels))
    return mixed


def held(made):
    saved = made.state_dict()
    levels = saved["states"][:, 0, 0, 0].tolist()
    return dict(zip(saved["labels"].tolist(), levels, strict=True))


def test_the_second_iteration_takes_what_the_first_made_and_puts_it_back():
    made = pool()
    turn(made, 0, 10, 11)
    mixed = turn(made, 1, 98, 99)
    assert sorted(mixed.labels.tolist()) == [10, 11]
    assert torch.equal(mixed.state[:, 0, 0, 0], 100.0 + mixed.labels)
    assert held(made) == {10: 210, 11: 211}


def test_states_that_were_taken_are_replaced_and_fresh_ones_added():
    made = pool()
    turn(made, 0, 10, 11)
    turn(made, 1, 98, 99)
    turn(made, 2, 12, 13)
    mixed = turn(made, 3, 98, 99)
    again = {10: 210, 11: 211, 12: 112, 13: 113}
    assert held(made) == again | {one: again[one] + 100 for one in mixed.labels.tolist()}


def test_a_batch_from_the_pool_is_any_that_it_holds():
    met = torch.zeros(14)
    for seed in range(300):
        made = pool()
        turn(made, 0, 10, 11, seed=seed)
        turn(made, 2, 12, 13, seed=seed)
        met[turn(made, 3, 98, 99, seed=seed).labels] += 1
    assert met[10:].min() > 120  # of 150


def test_no_more_than_its_size_is_kept_once_it_is_shuffled():
    made = pool(size=2)
    for i in range(0, 8, 2):
        turn(made, i, 10 + i, 11 + i)
    turn(made, 7, 98, 99)
    assert len(held(made)) == 2


def test_a_bad_state_replaces_nothing():
    made = pool()
    turn(made, 0, 10, 11)
    mixed = made.mix(batch(98, 99), count=B, clock=torch.tensor(1), draws=Draws(1))
    lost = mixed.state.clone()
    lost[0] = torch.nan
    made.commit(Batch(state=lost + 100, labels=mixed.labels))
    first, second = mixed.labels.tolist()
    assert held(made) == {first: 100 + first, second: 200 + second}


def test_slots_for_which_there_is_no_state_are_fresh():
    made = pool()
    made.load_state_dict({"states": batch(7).state, "labels": torch.tensor([7])})
    mixed = made.mix(batch(98, 99), count=B, clock=torch.tensor(1), draws=Draws(1))
    assert mixed.labels.tolist() == [7, 99]
    made.commit(Batch(state=mixed.state + 100, labels=mixed.labels))
    assert held(made) == {7: 107}
