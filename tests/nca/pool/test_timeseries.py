import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.pool import Batch
from ncabench.nca.pool.timeseries import Timeseries

FRESH = 100.0


def batch(labels, values=None):
    """States filled with the values, or all as fresh ones are."""
    filled = torch.tensor([FRESH] * len(labels) if values is None else values)
    state = filled.float().view(-1, 1, 1, 1).expand(-1, 2, 3, 3).clone()
    return Batch(state=state, labels=torch.tensor(labels))


def pool(*, size=8, room=2, **settings):
    made = Timeseries(size=size, **settings)
    made.prepare(batch([0] * room))
    return made


def mixed(made, labels, *, count=None):
    given = {"clock": torch.tensor(3), "draws": Draws(1)}
    found = made.mix(batch(labels), count=len(labels) if count is None else count, **given)
    assert found.labels.tolist() == labels
    return found.state[:, 0, 0, 0].tolist()


def test_a_sample_starts_from_what_was_made_of_the_frame_before():
    made = pool()
    made.commit(batch([4, 20], [1.0, 2.0]))
    assert mixed(made, [5, 4, 21, 20, 6]) == [1.0, FRESH, 2.0, FRESH, FRESH]


def test_only_the_first_of_a_batch_are_offered_one():
    made = pool()
    made.commit(batch([4, 20], [1.0, 2.0]))
    assert mixed(made, [5, 21, 5, 21], count=2) == [1.0, 2.0, FRESH, FRESH]


def test_the_newest_prediction_of_a_frame_replaces_the_older():
    made = pool()
    made.commit(batch([4, 7], [1.0, 2.0]))
    made.commit(batch([4, 4], [3.0, 5.0]))
    assert mixed(made, [5, 8]) == [5.0, 2.0]
    assert sorted(made.state_dict()["labels"].tolist()) == [4, 7]


def test_what_was_stored_longest_ago_is_dropped():
    made = pool(size=3)
    for labels in ([10, 20], [10, 30], [40]):  # 10 was stored again after 20
        made.commit(batch(labels, [float(label) for label in labels]))
    assert mixed(made, [11, 21, 31, 41]) == [10.0, FRESH, 30.0, 40.0]


def test_nothing_follows_from_an_empty_row():
    assert mixed(pool(), [0, 1]) == [FRESH, FRESH]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 0.0])
def test_bad_states_are_left_out_and_replace_none(bad):
    made = pool()
    made.commit(batch([4, 7], [1.0, 2.0]))
    made.commit(batch([4, 9], [bad, 3.0]))
    assert mixed(made, [5, 8, 10]) == [1.0, 2.0, 3.0]
    assert int(made.stored) == 3


def test_frozen_channels_stay_the_fresh_ones():
    made = Timeseries(size=4)
    made.prepare(batch([0]), frozen=1)
    made.commit(batch([4], [1.0]))
    given = {"clock": torch.tensor(3), "draws": Draws(1)}
    state = made.mix(batch([5]), count=1, **given).state
    assert state[0, :, 0, 0].tolist() == [FRESH, 1.0]


@pytest.mark.parametrize(
    ("delay", "counts"), [(1, [0, 9, 9]), (50_000, [0, 0, 0]), (0, [9, 9, 9])]
)
def test_the_delay_as_it_ran_and_as_it_was_written(delay, counts):
    made = Timeseries(delay=delay)
    found = [made.count(18, iteration=turn, iterations=100_000) for turn in (0, 1, 49_999)]
    assert found == counts
    assert made.count(18, iteration=50_000, iterations=100_000) == 9


def test_storing_cuts_the_graph():
    made, final = pool(), batch([1, 2], [1.0, 2.0])
    final.state.requires_grad_()
    made.commit(final)
    assert not made.states.requires_grad


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ratio": (0.5, 2.0)}, "ratio[1] must be in [0, 1], not 2.0"),
        ({"size": 0}, "size must be at least 1 and delay at least 0, not 0 and 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError) as caught:
        Timeseries(**settings)
    assert str(caught.value) == message


def test_a_pool_smaller_than_the_batch_is_refused():
    with pytest.raises(ValueError) as caught:
        Timeseries(size=1).prepare(batch([0, 1]))
    assert str(caught.value) == "a pool of size 1 is smaller than the batch of 2"


def test_a_checkpoint_of_a_larger_pool_is_refused():
    large, small = pool(), pool(size=2)
    large.commit(batch([1, 2, 3], [1.0, 2.0, 3.0]))
    with pytest.raises(ValueError) as caught:
        small.load_state_dict(large.state_dict())
    assert str(caught.value) == (
        "a pool of 2 states (2, 3, 3) cannot hold the saved 3 states (2, 3, 3)"
    )


def test_it_is_one_program_without_a_word_from_the_host():
    plain, traced = pool(size=3), pool(size=3)
    compiled = [
        torch.compile(one, backend="aot_eager", fullgraph=True, dynamic=False)
        for one in (traced.mix, traced.commit)
    ]
    for made, (mix, commit) in ((plain, (plain.mix, plain.commit)), (traced, compiled)):
        for turn, labels in enumerate(([4, 7], [5, 5], [6, 8])):
            given = {"clock": torch.tensor(turn), "draws": Draws(1)}
            commit(mix(batch(labels, [turn + 1.0, turn + 2.0]), count=2, **given))
        assert mixed(made, [5, 6, 7, 8, 9]) == [FRESH, 1.0, 1.0, FRESH, 2.0]
    assert torch.equal(traced.states[:3], plain.states[:3])
