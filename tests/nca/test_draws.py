import hashlib
import math

import pytest
import torch

from ncabench.nca.draws import Draws, philox

SAMPLES = torch.tensor([0, 5, 2**32 - 1])
GRID = {"height": 5, "width": 3}
DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
GOLDEN = ["a9d0121d9acbef51", "f7fa124f4bff7f31", "bd06b400eca28dbb"]


def digest(found):
    return hashlib.sha256(found.cpu().contiguous().numpy().tobytes()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((2**32 - 1,) * 4, (2**32 - 1,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_gives_the_published_answers(counter, key, words):
    found = philox(tuple(torch.tensor(word) for word in counter), key)
    assert " ".join(f"{int(word):08x}" for word in found) == words


def test_philox_broadcasts_its_counters():
    axes = [
        torch.arange(n).view([-1 if i == j else 1 for j in range(4)])
        for i, n in enumerate((2, 3, 4, 5))
    ]
    found = philox(tuple(axes), (1, 2))
    single = philox(tuple(torch.tensor(word) for word in (1, 2, 3, 4)), (1, 2))
    assert [int(word[1, 2, 3, 4]) for word in found] == [int(word) for word in single]


def test_a_draw_is_keyed_as_the_docstring_says():
    words = Draws(7).words(
        "fire", samples=torch.tensor([3]), steps=range(2, 3), cells=7, index=9
    )
    key = (7, 0xDC9F28B1)  # SHA-256 of "fire" begins so
    block = philox(tuple(torch.tensor(word) for word in (1, 2, 3, 9)), key)
    assert words[0, 0, 4:].tolist() == [int(word) for word in block[:3]]


def test_a_batch_may_be_split_by_samples_and_by_steps():
    draws = Draws(3)
    whole = draws.words("x", samples=SAMPLES, steps=range(6), cells=9)
    early = draws.words("x", samples=SAMPLES[:1], steps=range(2), cells=9)
    late = draws.words("x", samples=SAMPLES[1:], steps=range(2, 6), cells=9)
    assert torch.equal(whole[:1, :2], early)
    assert torch.equal(whole[1:, 2:], late)


@pytest.mark.parametrize("kind", ["words", "uniform", "normal"])
def test_more_cells_leave_the_first_as_they_were(kind):
    draw = getattr(Draws(3), kind)
    few, many = (draw("x", samples=SAMPLES, cells=cells) for cells in (5, 11))
    assert torch.equal(many[..., :5], few)


def test_every_part_of_a_name_changes_the_draw():
    one = torch.tensor([1])
    names = [
        (0, "x", one, 0),
        (1, "x", one, 0),
        (0, "y", one, 0),
        (0, "x", one + 1, 0),
        (0, "x", one, 1),
    ]
    drawn = {int(Draws(r).words(p, samples=s, index=i)) for r, p, s, i in names}
    drawn.add(int(Draws(0).words("x", samples=one, steps=range(1, 2))))
    assert len(drawn) == 6


def test_uniforms_are_words_without_their_last_byte():
    draws = Draws(1)
    words = draws.words("x", samples=SAMPLES, cells=100)
    uniform = draws.uniform("x", samples=SAMPLES, cells=100)
    assert uniform.dtype == torch.float32
    assert (uniform.double() * 2**24).tolist() == (words // 256).double().tolist()


def test_uniforms_have_the_moments_of_the_uniform_distribution():
    drawn = Draws(1).uniform("x", samples=torch.arange(4), cells=50_000).double()
    assert abs(float(drawn.mean()) - 1 / 2) < 0.003
    assert abs(float(drawn.var()) - 1 / 12) < 0.001
    assert float(drawn.min()) >= 0
    assert float(drawn.max()) < 1


def test_normals_have_the_moments_of_the_normal_distribution():
    drawn = Draws(1).normal("x", samples=torch.arange(4), cells=50_001).double()
    moments = [float((drawn**power).mean()) for power in (1, 2, 3, 4)]
    assert moments == pytest.approx([0, 1, 0, 3], abs=0.06)
    assert bool(drawn.isfinite().all())


def test_normals_follow_box_and_muller():
    draws = Draws(2)
    first, second = (draws.words("x", samples=SAMPLES[:1], cells=2)[0, 0] >> 8).tolist()
    radius = math.sqrt(-2 * math.log((first + 1) / 2**24))
    angle = 2 * math.pi * second / 2**24
    expected = torch.tensor([radius * math.cos(angle), radius * math.sin(angle)])
    torch.testing.assert_close(draws.normal("x", samples=SAMPLES[:1], cells=2)[0, 0], expected)


def test_masks_are_uniforms_below_the_rate():
    draws = Draws(4)
    masks = draws.masks("fire", samples=SAMPLES, steps=range(3, 7), rate=0.3, **GRID)
    uniform = draws.uniform("fire", samples=SAMPLES, steps=range(3, 7), cells=15).double()
    expected = (uniform < 0.3).transpose(0, 1).reshape(4, 3, 1, 5, 3)
    assert masks.shape == (4, 3, 1, 5, 3)
    assert torch.equal(masks, expected)


@pytest.mark.parametrize(("rate", "share"), [(0.0, 0.0), (0.25, 0.25), (1.0, 1.0)])
def test_masks_let_the_rates_share_of_cells_update(rate, share):
    masks = Draws(0).masks(
        "fire", samples=torch.arange(8), steps=range(10), height=32, width=32, rate=rate
    )
    assert abs(float(masks.float().mean()) - share) < 0.01 * (0 < share < 1) + 1e-12


def test_integers_cover_their_range_evenly():
    drawn = Draws(5).integers("x", low=48, high=64, samples=torch.arange(16_000))
    counts = torch.bincount(drawn - 48, minlength=16)
    assert drawn.dtype == torch.int64
    assert len(counts) == 16
    assert int(counts.min()) > 880
    assert int(counts.max()) < 1120


def test_one_integer_is_that_of_sample_0():
    draws, zero = Draws(5), torch.tensor([0])
    for index in range(20):
        of_sample = draws.integers("x", low=-3, high=4, samples=zero, index=index)
        assert draws.integer("x", low=-3, high=4, index=index) == int(of_sample)


def test_a_choice_has_no_element_twice_and_favours_none():
    draws = Draws(6)
    chosen = [draws.choice("x", population=10, count=4, index=index) for index in range(1000)]
    assert all(len(set(each.tolist())) == 4 for each in chosen)
    counts = torch.bincount(torch.cat(chosen), minlength=10)
    assert int(counts.min()) > 330
    assert int(counts.max()) < 470


@pytest.mark.parametrize("rng_seed", [-1, 2**32])
def test_an_rng_seed_out_of_range_is_refused(rng_seed):
    with pytest.raises(ValueError) as caught:
        Draws(rng_seed)
    assert str(caught.value) == f"rng_seed must be in [0, 2**32), not {rng_seed}"


def test_an_empty_range_and_too_large_a_choice_are_refused():
    with pytest.raises(ValueError) as empty:
        Draws(0).integer("x", low=3, high=3)
    with pytest.raises(ValueError) as large:
        Draws(0).choice("x", population=2, count=3)
    assert str(empty.value) == "[low, high) must hold 1 to 2**31 integers, not [3, 3)"
    assert str(large.value) == "cannot choose 3 of 2 without replacement"


def test_no_global_generator_is_used():
    before = torch.get_rng_state()
    Draws(0).normal("x", samples=SAMPLES, cells=10)
    Draws(0).choice("x", population=5, count=2)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("device", DEVICES)
def test_the_bits_are_these_on_every_device(device):
    draws, samples = Draws(11), SAMPLES.to(device)
    masks = draws.masks("x", samples=samples, steps=range(9), rate=0.5, **GRID)
    uniform = draws.uniform("x", samples=samples, steps=range(9), cells=99)
    chosen = draws.choice("x", population=99, count=9, device=device)
    digests = [digest(found) for found in (masks, uniform, chosen)]
    assert digests == GOLDEN


def test_a_tensor_may_name_the_repetition():
    draws, samples = Draws(3), torch.arange(2)
    expected = draws.words("turn", samples=samples, cells=5, index=7)
    assert torch.equal(
        draws.words("turn", samples=samples, cells=5, index=torch.tensor(7)), expected
    )


def test_a_faster_generator_is_given_its_numbers_as_tensors_and_gives_the_same_masks():
    def faster(function):
        def other(counts, key, *rest):
            assert all(isinstance(one, torch.Tensor) for one in (*counts, *key))
            return function(counts, key, *rest)

        return other

    given = {
        "samples": torch.arange(2),
        "steps": range(2),
        "height": 3,
        "width": 4,
        "rate": 0.5,
    }
    expected = Draws(3).masks("fire", **given)
    assert torch.equal(Draws(3, faster=faster).masks("fire", **given), expected)


def test_draws_can_be_compiled_whole():
    def faster(function):
        return torch.compile(function, backend="aot_eager", fullgraph=True, dynamic=False)

    plain, compiled = Draws(3), Draws(3, faster=faster)
    given = {"samples": torch.arange(3), "steps": range(2, 6), "cells": 5}
    for draw in ("words", "uniform", "normal"):
        expected = getattr(plain, draw)("any", **given)
        assert torch.equal(getattr(compiled, draw)("any", **given), expected)
