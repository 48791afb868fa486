"""The kernels of a step's gradients. What the step computed is computed again.

A program takes tile after tile and keeps its sums of the weights' gradients to itself, in a
slot of its own, so that nothing is added in an order left to chance.

Source: none; the gradients are those of ``ncabench.nca.model.nca.NCA``'s step.
"""

from __future__ import annotations

import triton
import triton.language as tl

from ncabench.nca.engine.kernels.pieces import (
    add_to,
    convolved,
    layer,
    leaky,
    matrix,
    near,
    unlayer,
    unleaky,
)


@triton.jit
def _tiles(counts, batch, BATCH: tl.constexpr, ROWS: tl.constexpr):
    """Return how many tiles hold all rows of all samples, the samples in turns."""
    sample = tl.arange(0, BATCH)
    most = tl.max(tl.load(counts + sample, mask=sample < batch, other=0), 0)
    return ((most + ROWS - 1) // ROWS) * batch


@triton.jit
def _store_percepts(
    places, told, one, other, valid, A: tl.constexpr, B: tl.constexpr, NARROW: tl.constexpr
):
    """Store a branch's gradient of rows, and add its sum to that of the tile's sample."""
    along = tl.arange(0, A)
    tl.store(places[:, None] + along[None, :], one.to(NARROW), mask=valid[:, None])
    tl.store(told + along, tl.load(told + along) + tl.sum(one, 0))
    if B > 0:
        beside = A + tl.arange(0, B)
        tl.store(places[:, None] + beside[None, :], other.to(NARROW), mask=valid[:, None])
        tl.store(told + beside, tl.load(told + beside) + tl.sum(other, 0))


@triton.jit
def unthink(
    values,
    rows,
    counts,
    gradient,
    batch,
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
    percepts_1,
    percepts_2,
    told_slots_1,
    told_slots_2,
    middle_slots,
    bias_slots,
    last_slots,
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
    BATCH: tl.constexpr,
    NARROW: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Compute the gradients of a step's layers, and of what they see, row by row.

    ``percepts_1`` and ``percepts_2`` get the gradients of the convolutions' sums.
    """
    program = tl.program_id(0)
    N_1: tl.constexpr = A_1 + B_1
    N_2: tl.constexpr = A_2 + B_2
    N: tl.constexpr = A + B
    BX: tl.constexpr = B if B > 0 else 16
    BX_1: tl.constexpr = B_1 if B_1 > 0 else 16
    A_2X: tl.constexpr = A_2 if SIDE_2 > 0 else 16
    BX_2: tl.constexpr = B_2 if B_2 > 0 else 16
    INPUTS: tl.constexpr = N_1 + N_2
    channel = tl.arange(0, CP)
    last_one = tl.zeros([A, CP], WIDE)
    last_other = tl.zeros([BX, CP], WIDE)
    last_bias = tl.zeros([CP], WIDE)
    bias_one = tl.zeros([A], WIDE)
    bias_other = tl.zeros([BX], WIDE)
    first_one = tl.zeros([A_1, A], WIDE)
    first_other = tl.zeros([A_1, BX], WIDE)
    second_one = tl.zeros([BX_1, A], WIDE)
    second_other = tl.zeros([BX_1, BX], WIDE)
    third_one = tl.zeros([A_2X, A], WIDE)
    third_other = tl.zeros([A_2X, BX], WIDE)
    fourth_one = tl.zeros([BX_2, A], WIDE)
    fourth_other = tl.zeros([BX_2, BX], WIDE)
    for tile in range(program, _tiles(counts, batch, BATCH, ROWS), tl.num_programs(0)):
        sample = tile % batch
        base = sample * cells
        row = (tile // batch) * ROWS + tl.arange(0, ROWS)
        valid = row < tl.load(counts + sample)
        cell = tl.load(rows + base + row, mask=valid, other=0)
        one_1, other_1 = convolved(
            values + base * C,
            cell,
            valid,
            height,
            width,
            sense_1,
            told_1 + sample * N_1,
            SIDE_1,
            DILATION_1,
            CIRCULAR_1,
            C,
            CP,
            TAPS,
            A_1,
            B_1,
            SLOPE_1,
            NARROW,
            WIDE,
            PRECISION,
        )
        if SIDE_2 > 0:
            one_2, other_2 = convolved(
                values + base * C,
                cell,
                valid,
                height,
                width,
                sense_2,
                told_2 + sample * N_2,
                SIDE_2,
                DILATION_2,
                CIRCULAR_2,
                C,
                CP,
                TAPS,
                A_2,
                B_2,
                SLOPE_2,
                NARROW,
                WIDE,
                PRECISION,
            )
        if MIDDLE:
            thought = tl.zeros([ROWS, A], WIDE)
            thought += tl.load(middle_bias + tl.arange(0, A))[None, :].to(WIDE)
            also = tl.zeros([ROWS, BX], WIDE)
            if B > 0:
                also += tl.load(middle_bias + A + tl.arange(0, BX))[None, :].to(WIDE)
            thought, also = layer(
                one_1, other_1, middle, 0, thought, also, A_1, B_1, A, B, PRECISION
            )
            if SIDE_2 > 0:
                thought, also = layer(
                    one_2, other_2, middle, N_1, thought, also, A_2, B_2, A, B, PRECISION
                )
            one, other = leaky(thought, 0.2).to(NARROW), leaky(also, 0.2).to(NARROW)
        else:
            one, other = one_1, other_1
        own = valid[:, None] & (channel >= FROZEN)[None, :] & (channel < C)[None, :]
        done = tl.load(
            gradient + (base + cell)[:, None] * C + channel[None, :], mask=own, other=0.0
        )
        done = (done * step_size).to(WIDE)
        last_bias += tl.sum(done, 0)
        done = done.to(NARROW)
        last_one = tl.dot(tl.trans(one), done, last_one, PRECISION, out_dtype=WIDE)
        back_one = unlayer(done, done, last, 0, A, CP, 0, WIDE, PRECISION)
        if B > 0:
            last_other = tl.dot(tl.trans(other), done, last_other, PRECISION, out_dtype=WIDE)
            back_other = unlayer(done, done, last, A, BX, CP, 0, WIDE, PRECISION)
        else:
            back_other = tl.zeros([ROWS, BX], WIDE)
        places = percepts_1 + (base + row).to(tl.int64) * N_1
        spot = told_slots_1 + tile * N_1
        if MIDDLE:
            back_one = unleaky(back_one, one, 0.2)
            back_other = unleaky(back_other, other, 0.2)
            bias_one += tl.sum(back_one, 0)
            bias_other += tl.sum(back_other, 0)
            back_one, back_other = back_one.to(NARROW), back_other.to(NARROW)
            first_one = tl.dot(tl.trans(one_1), back_one, first_one, PRECISION, out_dtype=WIDE)
            if B > 0:
                first_other = tl.dot(
                    tl.trans(one_1), back_other, first_other, PRECISION, out_dtype=WIDE
                )
            seen = unlayer(back_one, back_other, middle, 0, A_1, A, B, WIDE, PRECISION)
            seen = unleaky(seen, one_1, SLOPE_1)
            also_seen = tl.zeros([ROWS, BX_1], WIDE)
            if B_1 > 0:
                second_one = tl.dot(
                    tl.trans(other_1), back_one, second_one, PRECISION, out_dtype=WIDE
                )
                if B > 0:
                    second_other = tl.dot(
                        tl.trans(other_1), back_other, second_other, PRECISION, out_dtype=WIDE
                    )
                also_seen = unlayer(
                    back_one, back_other, middle, A_1, BX_1, A, B, WIDE, PRECISION
                )
                also_seen = unleaky(also_seen, other_1, SLOPE_1)
            _store_percepts(places, spot, seen, also_seen, valid, A_1, B_1, NARROW)
            if SIDE_2 > 0:
                third_one = tl.dot(
                    tl.trans(one_2), back_one, third_one, PRECISION, out_dtype=WIDE
                )
                if B > 0:
                    third_other = tl.dot(
                        tl.trans(one_2), back_other, third_other, PRECISION, out_dtype=WIDE
                    )
                seen = unlayer(back_one, back_other, middle, N_1, A_2, A, B, WIDE, PRECISION)
                seen = unleaky(seen, one_2, SLOPE_2)
                beside = tl.zeros([ROWS, BX_2], WIDE)
                if B_2 > 0:
                    fourth_one = tl.dot(
                        tl.trans(other_2), back_one, fourth_one, PRECISION, out_dtype=WIDE
                    )
                    if B > 0:
                        fourth_other = tl.dot(
                            tl.trans(other_2),
                            back_other,
                            fourth_other,
                            PRECISION,
                            out_dtype=WIDE,
                        )
                    beside = unlayer(
                        back_one, back_other, middle, N_1 + A_2, BX_2, A, B, WIDE, PRECISION
                    )
                    beside = unleaky(beside, other_2, SLOPE_2)
                _store_percepts(
                    percepts_2 + (base + row).to(tl.int64) * N_2,
                    told_slots_2 + tile * N_2,
                    seen,
                    beside,
                    valid,
                    A_2,
                    B_2,
                    NARROW,
                )
        else:
            seen = unleaky(back_one, one, SLOPE_1)
            also_seen = unleaky(back_other, other, SLOPE_1)
            _store_percepts(places, spot, seen, also_seen, valid, A_1, B_1, NARROW)
    last_slots += program * (N * CP + CP)
    add_to(last_slots, last_one, A, CP, 0, 0, CP)
    if B > 0:
        add_to(last_slots, last_other, BX, CP, A, 0, CP)
    spots = last_slots + N * CP + channel
    tl.store(spots, tl.load(spots) + last_bias)
    if MIDDLE:
        middle_slots += program * (INPUTS * N)
        bias_slots += program * N
        spots = bias_slots + tl.arange(0, A)
        tl.store(spots, tl.load(spots) + bias_one)
        add_to(middle_slots, first_one, A_1, A, 0, 0, N)
        if B_1 > 0:
            add_to(middle_slots, second_one, BX_1, A, A_1, 0, N)
        if SIDE_2 > 0:
            add_to(middle_slots, third_one, A_2X, A, N_1, 0, N)
            if B_2 > 0:
                add_to(middle_slots, fourth_one, BX_2, A, N_1 + A_2, 0, N)
        if B > 0:
            spots = bias_slots + A + tl.arange(0, BX)
            tl.store(spots, tl.load(spots) + bias_other)
            add_to(middle_slots, first_other, A_1, BX, 0, A, N)
            if B_1 > 0:
                add_to(middle_slots, second_other, BX_1, BX, A_1, A, N)
            if SIDE_2 > 0:
                add_to(middle_slots, third_other, A_2X, BX, N_1, A, N)
                if B_2 > 0:
                    add_to(middle_slots, fourth_other, BX_2, BX, N_1 + A_2, A, N)


@triton.jit
def unsee(
    values,
    rows,
    counts,
    percepts,
    batch,
    cells,
    height,
    width,
    first,
    weights,
    seen,
    slots,
    SIDE: tl.constexpr,
    DILATION: tl.constexpr,
    CIRCULAR: tl.constexpr,
    A: tl.constexpr,
    B: tl.constexpr,
    C: tl.constexpr,
    CP: tl.constexpr,
    TAPS: tl.constexpr,
    ROWS: tl.constexpr,
    BATCH: tl.constexpr,
    NARROW: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Compute the gradients of what rows see at some taps, and of these taps' weights."""
    N: tl.constexpr = A + B
    BX: tl.constexpr = B if B > 0 else 16
    K: tl.constexpr = TAPS * CP
    tap = first + tl.program_id(1) * TAPS
    one = tl.zeros([K, A], WIDE)
    other = tl.zeros([K, BX], WIDE)
    column = tl.arange(0, K)
    for tile in range(tl.program_id(0), _tiles(counts, batch, BATCH, ROWS), tl.num_programs(0)):
        sample = tile % batch
        base = sample * cells
        row = (tile // batch) * ROWS + tl.arange(0, ROWS)
        valid = row < tl.load(counts + sample)
        cell = tl.load(rows + base + row, mask=valid, other=0)
        sight = near(
            values + base * C,
            cell,
            valid,
            height,
            width,
            tap,
            TAPS,
            SIDE,
            DILATION,
            CIRCULAR,
            C,
            CP,
        ).to(NARROW)
        places = percepts + (base + row).to(tl.int64)[:, None] * N
        back = tl.load(places + tl.arange(0, A)[None, :], mask=valid[:, None], other=0.0)
        one = tl.dot(tl.trans(sight), back, one, PRECISION, out_dtype=WIDE)
        kernel = matrix(weights, tap * CP, 0, K, A, N)
        found = tl.dot(back, tl.trans(kernel), input_precision=PRECISION, out_dtype=WIDE)
        if B > 0:
            beside = A + tl.arange(0, BX)
            back = tl.load(places + beside[None, :], mask=valid[:, None], other=0.0)
            other = tl.dot(tl.trans(sight), back, other, PRECISION, out_dtype=WIDE)
            kernel = matrix(weights, tap * CP, A, K, BX, N)
            found = tl.dot(back, tl.trans(kernel), found, PRECISION, out_dtype=WIDE)
        spots = (base + row).to(tl.int64) * (SIDE * SIDE * CP) + tap * CP
        tl.store(seen + spots[:, None] + column[None, :], found.to(NARROW), mask=valid[:, None])
    slots += tl.program_id(0) * (SIDE * SIDE * CP * N)
    add_to(slots, one, K, A, tap * CP, 0, N)
    if B > 0:
        add_to(slots, other, K, BX, tap * CP, A, N)
