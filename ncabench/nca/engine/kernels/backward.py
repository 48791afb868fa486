"""The kernels of rows' gradients. What the steps computed is computed again.

That of several steps at once, since it needs no order; then, step by step, rows' gradients
are computed and kept. Weights' gradients are again taken of several steps at once
(`ncabench.nca.engine.kernels.learning`).

Source: none; the gradients are those of ``ncabench.nca.model.nca.NCA``'s step.
"""

from __future__ import annotations

import triton
import triton.language as tl

from ncabench.nca.engine.kernels.pieces import (
    BLOCK,
    block,
    filled,
    load_rows,
    store_part,
    store_rows,
    unleaky,
    unproduct,
)
from ncabench.nca.engine.kernels.thought import sensed


@triton.jit
def _store_seen(
    places,
    row,
    within,
    one,
    other,
    weights,
    SIDE: tl.constexpr,
    CP: tl.constexpr,
    TAPS: tl.constexpr,
    A: tl.constexpr,
    B: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Store the gradients of what rows see, given those of a convolution's sums."""
    SOME: tl.constexpr = TAPS if TAPS < 4 else 4  # fewer registers
    K: tl.constexpr = SOME * CP
    FULL: tl.constexpr = (SIDE * SIDE) // SOME
    if FULL * SOME < SIDE * SIDE:
        rest_one, rest_other = block(weights, FULL * K, CP, A, B, 0)
        rest = unproduct(one, other, rest_one, rest_other, B, WIDE, PRECISION)
        store_part(places, row, FULL * K, rest, within, CP, SIDE * SIDE * CP, False)
    for part in range(FULL):
        weight_one, weight_other = block(weights, part * K, K, A, B, 0)
        found = unproduct(one, other, weight_one, weight_other, B, WIDE, PRECISION)
        store_part(places, row, part * K, found, within, K, SIDE * SIDE * CP, False)


@triton.jit(do_not_specialize_on_alignment=["rows", "counts", "starts"])
def rethink(
    values,
    rows,
    counts,
    starts,
    cells,
    height,
    width,
    sense_1,
    told_1,
    sense_2,
    told_2,
    middle,
    middle_bias,
    places,
    percepts_1,
    percepts_2,
    thoughts,
    SIDE_1: tl.constexpr,
    DILATION_1: tl.constexpr,
    CIRCULAR_1: tl.constexpr,
    A_1: tl.constexpr,
    B_1: tl.constexpr,
    SLOPE_1: tl.constexpr,
    SIDE_2: tl.constexpr,
    DILATION_2: tl.constexpr,
    CIRCULAR_2: tl.constexpr,
    A_2: tl.constexpr,
    B_2: tl.constexpr,
    SLOPE_2: tl.constexpr,
    MIDDLE: tl.constexpr,
    A: tl.constexpr,
    B: tl.constexpr,
    C: tl.constexpr,
    CP: tl.constexpr,
    TAPS: tl.constexpr,
    ROWS: tl.constexpr,
    NARROW: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
    TURNED: tl.constexpr,
):
    """Compute what the rows of several steps sense and think again, and keep it.

    Rows of all samples and steps stand one after another, each sample's in blocks of their
    own, of which ``starts`` are the first; ``places`` says which cell a row is. Rows that fill
    up a block are of no cell, and their gradients are 0. Thoughts are the percepts where
    nothing is between them and the last layer.
    """
    sample, samples = tl.program_id(1), tl.num_programs(1)
    segment = tl.program_id(2) * samples + sample
    first = tl.program_id(0) * ROWS
    count = tl.load(counts + segment)
    if first < filled(count):
        row = first + tl.arange(0, ROWS)
        valid = row < count
        cell = tl.load(rows + segment * cells + row, mask=valid, other=0)
        percepts, one, other = sensed(
            values + segment * cells * C,
            cell,
            valid,
            sample,
            height,
            width,
            sense_1,
            told_1,
            sense_2,
            told_2,
            middle,
            middle_bias,
            SIDE_1,
            DILATION_1,
            CIRCULAR_1,
            A_1,
            B_1,
            SLOPE_1,
            SIDE_2,
            DILATION_2,
            CIRCULAR_2,
            A_2,
            B_2,
            SLOPE_2,
            MIDDLE,
            A,
            B,
            C,
            CP,
            TAPS,
            NARROW,
            WIDE,
            PRECISION,
            TURNED,
        )
        spot = row + (tl.load(starts + segment) - tl.load(starts)) * BLOCK
        within = row < filled(count)
        tl.store(places + spot, segment * cells + cell, mask=within)
        store_rows(thoughts, spot, one, other, within, A, B, TURNED)
        if MIDDLE:
            store_rows(percepts_1, spot, percepts[0], percepts[1], within, A_1, B_1, TURNED)
            if SIDE_2 > 0:
                store_rows(percepts_2, spot, percepts[2], percepts[3], within, A_2, B_2, TURNED)


@triton.jit
def _unthought(
    gradient_one,
    gradient_other,
    middle,
    column,
    percepts,
    from_percepts,
    seen,
    sense,
    spot,
    own_spot,
    within,
    SIDE: tl.constexpr,
    A_1: tl.constexpr,
    B_1: tl.constexpr,
    SLOPE: tl.constexpr,
    A: tl.constexpr,
    B: tl.constexpr,
    CP: tl.constexpr,
    TAPS: tl.constexpr,
    NARROW: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
    TURNED: tl.constexpr,
):
    """Keep the gradients of a branch's sums and of what it sees, given those of thoughts'.

    ``column`` is where its percepts begin among those of all branches.
    """
    felt_one, felt_other = load_rows(percepts, spot, within, A_1, B_1, TURNED)
    one_one, one_other = block(middle, column, A_1, A, B, 0)
    one = unproduct(gradient_one, gradient_other, one_one, one_other, B, WIDE, PRECISION)
    one = unleaky(one, felt_one, SLOPE).to(NARROW)
    other = one
    if B_1 > 0:
        other_one, other_other = block(middle, column + A_1, B_1, A, B, 0)
        other = unproduct(
            gradient_one, gradient_other, other_one, other_other, B, WIDE, PRECISION
        )
        other = unleaky(other, felt_other, SLOPE).to(NARROW)
    store_rows(from_percepts, spot, one, other, within, A_1, B_1, TURNED)
    _store_seen(
        seen, own_spot, within, one, other, sense, SIDE, CP, TAPS, A_1, B_1, WIDE, PRECISION
    )


@triton.jit(do_not_specialize_on_alignment=["rows", "counts", "starts", "origin"])
def unthink(
    rows,
    counts,
    starts,
    origin,
    gradient,
    cells,
    step_size,
    sense_1,
    sense_2,
    middle,
    last,
    percepts_1,
    percepts_2,
    thoughts,
    ends,
    from_percepts_1,
    from_percepts_2,
    from_thoughts,
    seen_1,
    seen_2,
    FROZEN: tl.constexpr,
    SIDE_1: tl.constexpr,
    A_1: tl.constexpr,
    B_1: tl.constexpr,
    SLOPE_1: tl.constexpr,
    SIDE_2: tl.constexpr,
    A_2: tl.constexpr,
    B_2: tl.constexpr,
    SLOPE_2: tl.constexpr,
    MIDDLE: tl.constexpr,
    A: tl.constexpr,
    B: tl.constexpr,
    C: tl.constexpr,
    CP: tl.constexpr,
    TAPS: tl.constexpr,
    ROWS: tl.constexpr,
    NARROW: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
    TURNED: tl.constexpr,
):
    """Compute the gradients of what a step's rows think, sense and see, and keep them.

    Given are the rows' percepts and thoughts, as `rethink` keeps them. Kept are the gradients
    (``from_...``) of their sums, before their leaky ReLUs, of the change (``ends``), and of
    what is seen. Where nothing is between percepts and the last layer, ``from_thoughts`` are
    those of the percepts' sums.
    """
    sample = tl.program_id(1)
    first = tl.program_id(0) * ROWS
    count = tl.load(counts + sample)
    if first < filled(count):
        base = sample * cells
        row = first + tl.arange(0, ROWS)
        valid = row < count
        cell = tl.load(rows + base + row, mask=valid, other=0)
        within = row < filled(count)
        start = tl.load(starts + sample)
        spot = row + (start - tl.load(origin)) * BLOCK
        one, other = load_rows(thoughts, spot, within, A, B, TURNED)
        channel = tl.arange(0, CP)
        own = valid[:, None] & (channel >= FROZEN)[None, :] & (channel < C)[None, :]
        end = tl.load(
            gradient + (base + cell)[:, None] * C + channel[None, :], mask=own, other=0.0
        )
        last_one, _ = block(last, 0, A, CP, 0, 0)
        end = (end * step_size).to(NARROW)
        store_rows(ends, spot, end, end, within, CP, 0, TURNED)
        SLOPE: tl.constexpr = 0.2 if MIDDLE else SLOPE_1
        back = unproduct(end, end, last_one, last_one, 0, WIDE, PRECISION)
        back = unleaky(back, one, SLOPE).to(NARROW)
        also = back
        if B > 0:
            last_other, _ = block(last, A, B, CP, 0, 0)
            also = unproduct(end, end, last_other, last_other, 0, WIDE, PRECISION)
            also = unleaky(also, other, SLOPE).to(NARROW)
        store_rows(from_thoughts, spot, back, also, within, A, B, TURNED)
        own_spot = (row + (start - tl.load(starts)) * BLOCK).to(tl.int64)
        if MIDDLE:
            _unthought(
                back,
                also,
                middle,
                0,
                percepts_1,
                from_percepts_1,
                seen_1,
                sense_1,
                spot,
                own_spot,
                within,
                SIDE_1,
                A_1,
                B_1,
                SLOPE_1,
                A,
                B,
                CP,
                TAPS,
                NARROW,
                WIDE,
                PRECISION,
                TURNED,
            )
            if SIDE_2 > 0:
                _unthought(
                    back,
                    also,
                    middle,
                    A_1 + B_1,
                    percepts_2,
                    from_percepts_2,
                    seen_2,
                    sense_2,
                    spot,
                    own_spot,
                    within,
                    SIDE_2,
                    A_2,
                    B_2,
                    SLOPE_2,
                    A,
                    B,
                    CP,
                    TAPS,
                    NARROW,
                    WIDE,
                    PRECISION,
                    TURNED,
                )
        else:
            _store_seen(
                seen_1,
                own_spot,
                within,
                back,
                also,
                sense_1,
                SIDE_1,
                CP,
                TAPS,
                A,
                B,
                WIDE,
                PRECISION,
            )
