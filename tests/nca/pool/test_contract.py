"""What every pool must do, whichever it is. New ones are tested unasked."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.draws import Draws
from ncabench.nca.pool import Batch, Pool

B, C, H, W = 8, 4, 9, 9


def batch(number: int) -> Batch:
    noise = torch.randn(B, C, H, W, generator=torch.Generator().manual_seed(number))
    return Batch(state=noise, labels=torch.arange(B) % 3)


@pytest.fixture(params=catalog.kinds("pool"))
def make(request: pytest.FixtureRequest):
    def build() -> Pool:
        pool = catalog.find("pool", request.param)()
        pool.prepare(batch(0))
        return pool

    return build


def mix(pool, turn, fresh=None):
    count = pool.count(B, iteration=turn, iterations=20)
    clock, draws = torch.tensor(turn), Draws(5)
    return pool.mix(fresh or batch(turn), count=count, clock=clock, draws=draws)


def play(pool, turns):
    mixed = [batch(0)]
    for turn in turns:
        mixed.append(mix(pool, turn))
        pool.commit(Batch(state=mixed[-1].state * 2, labels=mixed[-1].labels))
    return mixed[-1]


def test_a_mixed_batch_has_the_shape_of_a_fresh_one(make):
    mixed = play(make(), range(4))
    assert (mixed.state.shape, mixed.labels.shape) == ((B, C, H, W), (B,))
    assert mixed.labels.dtype == torch.int64


def test_an_empty_pool_gives_back_what_is_fresh(make):
    mixed = mix(make(), 10)
    assert torch.equal(mixed.state, batch(10).state)
    assert torch.equal(mixed.labels, batch(10).labels)


def test_goes_on_bit_identically_from_a_saved_state(make):
    whole = play(make(), range(6))
    first, second = make(), make()
    play(first, range(3))
    second.load_state_dict(first.state_dict())
    resumed = play(second, range(3, 6))
    assert torch.equal(resumed.state, whole.state)
    assert torch.equal(resumed.labels, whole.labels)


def test_leaves_fresh_and_final_batches_as_they_were(make):
    pool, fresh = make(), batch(1)
    pool.commit(fresh)
    mix(pool, 1, fresh)
    assert torch.equal(fresh.state, batch(1).state)


def test_draws_from_no_global_generator(make):
    before = torch.get_rng_state()
    play(make(), range(3))
    assert torch.equal(torch.get_rng_state(), before)
