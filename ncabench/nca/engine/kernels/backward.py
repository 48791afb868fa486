"""The kernels of a step's gradients. What the step computed is computed again.

Step by step, what rows' gradients are is computed and kept; the sums that weights' gradients
are need no order, and are taken of several steps at once, whose samples then are one batch.

Source: none; the gradients are those of ``ncabench.nca.model.nca.NCA``'s step.
"""

from __future__ import annotations

import triton
import triton.language as tl

from ncabench.nca.engine.kernels.pieces import (
    block,
    near,
    store_rows,
    unleaky,
    unproduct,
)
from ncabench.nca.engine.kernels.thought import sensed


@triton.jit
def _store_seen(
    places,
    valid,
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
    HALF: tl.constexpr = TAPS // 2 if TAPS > 1 else 1  # fewer registers
    K: tl.constexpr = HALF * CP
    FULL: tl.constexpr = (SIDE * SIDE) // HALF
    if FULL * HALF < SIDE * SIDE:
        rest_one, rest_other = block(weights, FULL * K, CP, A, B)
        rest = unproduct(one, other, rest_one, rest_other, B, WIDE, PRECISION)
        store_rows(places + FULL * K, rest, rest, valid, CP, 0)
    for part in range(FULL):
        weight_one, weight_other = block(weights, part * K, K, A, B)
        found = unproduct(one, other, weight_one, weight_other, B, WIDE, PRECISION)
        store_rows(places + part * K, found, found, valid, K, 0)


@triton.jit(
    do_not_specialize=["turn"],
    do_not_specialize_on_alignment=["counts", "starts", "origin"],
)
def unthink(
    values,
    rows,
    counts,
    starts,
    origin,
    gradient,
    turn,
    cells,
    height,
    width,
    step_size,
    sense_1,
    told_1,
    sense_2,
    told_2,
    middle,
    middle_bias,
    last,
    places,
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
):
    """Compute the gradients of what rows sense, think and see, and keep them.

    Kept are percepts and thoughts, and the gradients (``from_...``) of their sums, before
    their leaky ReLUs, and of the change (``ends``). Thoughts are the percepts where nothing
    is between them and the last layer. Rows of all samples and of all steps that are
    kept together stand one after another; ``places`` says which cell of theirs each is.
    """
    sample = tl.program_id(1)
    first = tl.program_id(0) * ROWS
    count = tl.load(counts + sample)
    if first < count:
        base = sample * cells
        row = first + tl.arange(0, ROWS)
        valid = row < count
        cell = tl.load(rows + base + row, mask=valid, other=0)
        channel = tl.arange(0, CP)
        own = valid[:, None] & (channel >= FROZEN)[None, :] & (channel < C)[None, :]
        end = tl.load(
            gradient + (base + cell)[:, None] * C + channel[None, :], mask=own, other=0.0
        )
        last_one, _ = block(last, 0, A, CP, 0)
        last_other = last_one
        if B > 0:
            last_other, _ = block(last, A, B, CP, 0)
        percepts, one, other, matrices = sensed(
            values + base * C,
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
        )
        seen = (row + tl.load(starts + sample) - tl.load(starts)).to(tl.int64)
        spots = seen + tl.load(starts) - tl.load(origin)
        tl.store(places + spots, turn * tl.num_programs(1) * cells + base + cell, mask=valid)
        end = (end * step_size).to(NARROW)
        store_rows(ends + spots * CP, end, end, valid, CP, 0)
        store_rows(thoughts + spots * (A + B), one, other, valid, A, B)
        back = unproduct(end, end, last_one, last_one, 0, WIDE, PRECISION)
        also = back
        if B > 0:
            also = unproduct(end, end, last_other, last_other, 0, WIDE, PRECISION)
        if MIDDLE:
            back = unleaky(back, one, 0.2).to(NARROW)
            if B > 0:
                also = unleaky(also, other, 0.2).to(NARROW)
            store_rows(from_thoughts + spots * (A + B), back, also, valid, A, B)
            store_rows(
                percepts_1 + spots * (A_1 + B_1), percepts[0], percepts[1], valid, A_1, B_1
            )
            one_1 = unproduct(back, also, matrices[0], matrices[1], B, WIDE, PRECISION)
            other_1 = one_1
            if B_1 > 0:
                other_1 = unproduct(back, also, matrices[2], matrices[3], B, WIDE, PRECISION)
        else:
            one_1, other_1 = back, also
        one_1 = unleaky(one_1, percepts[0], SLOPE_1).to(NARROW)
        if B_1 > 0:
            other_1 = unleaky(other_1, percepts[1], SLOPE_1).to(NARROW)
        store_rows(from_percepts_1 + spots * (A_1 + B_1), one_1, other_1, valid, A_1, B_1)
        _store_seen(
            seen_1 + seen * (SIDE_1 * SIDE_1 * CP),
            valid,
            one_1,
            other_1,
            sense_1,
            SIDE_1,
            CP,
            TAPS,
            A_1,
            B_1,
            WIDE,
            PRECISION,
        )
        if SIDE_2 > 0:
            store_rows(
                percepts_2 + spots * (A_2 + B_2), percepts[2], percepts[3], valid, A_2, B_2
            )
            one_2 = unproduct(back, also, matrices[4], matrices[5], B, WIDE, PRECISION)
            one_2 = unleaky(one_2, percepts[2], SLOPE_2).to(NARROW)
            other_2 = one_2
            if B_2 > 0:
                other_2 = unproduct(back, also, matrices[6], matrices[7], B, WIDE, PRECISION)
                other_2 = unleaky(other_2, percepts[3], SLOPE_2).to(NARROW)
            store_rows(from_percepts_2 + spots * (A_2 + B_2), one_2, other_2, valid, A_2, B_2)
            _store_seen(
                seen_2 + seen * (SIDE_2 * SIDE_2 * CP),
                valid,
                one_2,
                other_2,
                sense_2,
                SIDE_2,
                CP,
                TAPS,
                A_2,
                B_2,
                WIDE,
                PRECISION,
            )


@triton.jit
def _add_up(slots, total, row, column, height, width: tl.constexpr):
    """Add what lies within a matrix of ``width`` columns to what stands there in memory."""
    within = (row < height)[:, None] & (column < width)[None, :]
    places = slots + row[:, None] * width + column[None, :]
    tl.store(places, tl.load(places, mask=within, other=0.0) + total, mask=within)


@triton.jit(do_not_specialize_on_alignment=["origin", "end"])
def learn(
    values,
    gradients,
    origin,
    end,
    slots,
    first,
    to_first,
    WIDTH: tl.constexpr,
    TO_WIDTH: tl.constexpr,
    P: tl.constexpr,
    Q: tl.constexpr,
    ROWS: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Add up the gradients of a layer's matrix, and of its bias as one row more.

    Of the matrix a part of ``P`` rows and ``Q`` columns. Rows are those from ``origin`` up to
    ``end``. A program takes tile after tile and keeps its sums to itself, in a slot of its
    own, so that nothing is added in an order left to chance.
    """
    program = tl.program_id(0)
    column = first + tl.arange(0, P)
    to_column = to_first + tl.arange(0, Q)
    total = tl.zeros([P, Q], WIDE)
    count = tl.load(end) - tl.load(origin)
    for tile in range(program, tl.cdiv(count, ROWS), tl.num_programs(0)):
        row = tile * ROWS + tl.arange(0, ROWS)
        valid = row < count
        spots = row.to(tl.int64)[:, None]
        given = tl.load(
            values + spots * WIDTH + column[None, :],
            mask=valid[:, None] & (column < WIDTH)[None, :],
            other=0.0,
        )
        given = tl.where((column == WIDTH)[None, :], 1.0, given)
        back = tl.load(
            gradients + spots * TO_WIDTH + to_column[None, :],
            mask=valid[:, None] & (to_column < TO_WIDTH)[None, :],
            other=0.0,
        )
        total = tl.dot(tl.trans(given), back, total, PRECISION, out_dtype=WIDE)
    slots += program * ((WIDTH + 1) * TO_WIDTH)
    _add_up(slots, total, column, to_column, WIDTH + 1, TO_WIDTH)


@triton.jit(do_not_specialize_on_alignment=["origin", "end"])
def learn_to_see(
    values,
    places,
    gradients,
    origin,
    end,
    slots,
    told,
    cells,
    height,
    width,
    to_first,
    SIDE: tl.constexpr,
    DILATION: tl.constexpr,
    CIRCULAR: tl.constexpr,
    TO_WIDTH: tl.constexpr,
    Q: tl.constexpr,
    C: tl.constexpr,
    CP: tl.constexpr,
    TAPS: tl.constexpr,
    REST: tl.constexpr,
    ROWS: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Add up the gradients of a convolution's weights, and of what each sample is told.

    As `learn` does; each part of the programs has ``TAPS`` of the taps. The last part has the
    one that is left as well, and beside it a column for each of ``told`` samples.
    """
    FULL: tl.constexpr = (SIDE * SIDE) // TAPS
    part = tl.program_id(1)
    left = part == tl.num_programs(1) - 1
    to_column = to_first + tl.arange(0, Q)
    main = tl.zeros([TAPS * CP, Q], WIDE)
    rest = tl.zeros([REST * CP, Q], WIDE)
    column = tl.arange(0, REST * CP)
    count = tl.load(end) - tl.load(origin)
    of_rest = count * left.to(tl.int32)
    for tile in range(tl.program_id(0), tl.cdiv(count, ROWS), tl.num_programs(0)):
        row = tile * ROWS + tl.arange(0, ROWS)
        valid = row < count
        place = tl.load(places + row, mask=valid, other=0)
        sample, cell = place // cells, place % cells
        grids = values + (sample.to(tl.int64) * cells * C)[:, None, None]
        back = tl.load(
            gradients + row.to(tl.int64)[:, None] * TO_WIDTH + to_column[None, :],
            mask=valid[:, None] & (to_column < TO_WIDTH)[None, :],
            other=0.0,
        )
        if FULL > 0:
            seen = near(
                grids,
                cell,
                valid,
                height,
                width,
                part * TAPS,
                TAPS,
                SIDE,
                DILATION,
                CIRCULAR,
                C,
                CP,
            )
            main = tl.dot(tl.trans(seen), back, main, PRECISION, out_dtype=WIDE)
        also = near(
            grids,
            cell,
            row < of_rest,
            height,
            width,
            FULL * TAPS,
            REST,
            SIDE,
            DILATION,
            CIRCULAR,
            C,
            CP,
        )
        also = tl.where((column - CP)[None, :] == (sample % told)[:, None], 1.0, also)
        rest = tl.dot(tl.trans(also), back, rest, PRECISION, out_dtype=WIDE)
    most = SIDE * SIDE * CP + told
    slots += tl.program_id(0) * (most * TO_WIDTH)
    if FULL > 0:
        taps = part * (TAPS * CP) + tl.arange(0, TAPS * CP)
        _add_up(slots, main, taps, to_column, most, TO_WIDTH)
    if left:
        _add_up(slots, rest, FULL * TAPS * CP + column, to_column, most, TO_WIDTH)
