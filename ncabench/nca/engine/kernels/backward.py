"""The kernels of a step's gradients. What the step computed is computed again.

Step by step, what rows' gradients are is computed and kept; the sums that weights' gradients
are need no order, and are taken of several steps at once, whose samples then are one batch.

Source: none; the gradients are those of ``ncabench.nca.model.nca.NCA``'s step.
"""

from __future__ import annotations

import triton
import triton.language as tl

from ncabench.nca.engine.kernels.pieces import (
    add_to,
    block,
    load_rows,
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


@triton.jit
def unthink(
    values,
    rows,
    counts,
    gradient,
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
    is between them and the last layer.
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
        spots = (base + row).to(tl.int64)
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
            seen_1 + spots * (SIDE_1 * SIDE_1 * CP),
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
                seen_2 + spots * (SIDE_2 * SIDE_2 * CP),
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
def _tiles(counts, batch, BATCH: tl.constexpr, ROWS: tl.constexpr):
    """Return how many tiles hold all rows of all samples, the samples in turns."""
    sample = tl.arange(0, BATCH)
    most = tl.max(tl.load(counts + sample, mask=sample < batch, other=0), 0)
    return ((most + ROWS - 1) // ROWS) * batch


@triton.jit
def learn(
    values,
    gradients,
    counts,
    slots,
    sums,
    batch,
    cells,
    A: tl.constexpr,
    B: tl.constexpr,
    TO_A: tl.constexpr,
    TO_B: tl.constexpr,
    SLOT: tl.constexpr,
    SUMS: tl.constexpr,
    ROWS: tl.constexpr,
    BATCH: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Add up the gradient of a layer's matrix, and where ``SUMS`` that of its bias.

    A program takes tile after tile and keeps its sums to itself, in a slot of its own of
    ``SLOT`` numbers, so that nothing is added in an order left to chance.
    """
    program = tl.program_id(0)
    N: tl.constexpr = TO_A + TO_B
    BX: tl.constexpr = B if B > 0 else 16
    TO_BX: tl.constexpr = TO_B if TO_B > 0 else 16
    first_one = tl.zeros([A, TO_A], WIDE)
    first_other = tl.zeros([A, TO_BX], WIDE)
    second_one = tl.zeros([BX, TO_A], WIDE)
    second_other = tl.zeros([BX, TO_BX], WIDE)
    bias_one = tl.zeros([TO_A], WIDE)
    bias_other = tl.zeros([TO_BX], WIDE)
    for tile in range(program, _tiles(counts, batch, BATCH, ROWS), tl.num_programs(0)):
        sample = tile % batch
        row = (tile // batch) * ROWS + tl.arange(0, ROWS)
        valid = row < tl.load(counts + sample)
        spots = sample.to(tl.int64) * cells + row
        one, other = load_rows(values + spots * (A + B), valid, A, B)
        to_one, to_other = load_rows(gradients + spots * N, valid, TO_A, TO_B)
        turned = tl.trans(one)
        first_one = tl.dot(turned, to_one, first_one, PRECISION, out_dtype=WIDE)
        if TO_B > 0:
            first_other = tl.dot(turned, to_other, first_other, PRECISION, out_dtype=WIDE)
        if B > 0:
            turned = tl.trans(other)
            second_one = tl.dot(turned, to_one, second_one, PRECISION, out_dtype=WIDE)
            if TO_B > 0:
                second_other = tl.dot(turned, to_other, second_other, PRECISION, out_dtype=WIDE)
        if SUMS:
            bias_one += tl.sum(to_one.to(WIDE), 0)
            if TO_B > 0:
                bias_other += tl.sum(to_other.to(WIDE), 0)
    slots += program * SLOT
    add_to(slots, first_one, A, TO_A, 0, 0, N)
    if TO_B > 0:
        add_to(slots, first_other, A, TO_BX, 0, TO_A, N)
    if B > 0:
        add_to(slots, second_one, BX, TO_A, A, 0, N)
        if TO_B > 0:
            add_to(slots, second_other, BX, TO_BX, A, TO_A, N)
    if SUMS:
        spots = sums + program * N + tl.arange(0, TO_A)
        tl.store(spots, tl.load(spots) + bias_one)
        if TO_B > 0:
            spots = sums + program * N + TO_A + tl.arange(0, TO_BX)
            tl.store(spots, tl.load(spots) + bias_other)


@triton.jit
def _add_told(told, one, other, A: tl.constexpr, B: tl.constexpr, WIDE: tl.constexpr):
    """Add what rows have of what their sample is told to the slot of their tile."""
    spots = told + tl.arange(0, A)
    tl.store(spots, tl.load(spots) + tl.sum(one.to(WIDE), 0))
    if B > 0:
        spots = told + A + tl.arange(0, B)
        tl.store(spots, tl.load(spots) + tl.sum(other.to(WIDE), 0))


@triton.jit
def learn_to_see(
    values,
    rows,
    counts,
    gradients,
    slots,
    told,
    batch,
    room,
    cells,
    height,
    width,
    first,
    SIDE: tl.constexpr,
    DILATION: tl.constexpr,
    CIRCULAR: tl.constexpr,
    A: tl.constexpr,
    B: tl.constexpr,
    C: tl.constexpr,
    CP: tl.constexpr,
    TAPS: tl.constexpr,
    TOLD: tl.constexpr,
    ROWS: tl.constexpr,
    BATCH: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Add up the gradients of some taps' weights of a convolution, as `learn` does.

    The first of them, where ``TOLD``, adds up the gradient of what samples are told as well,
    a row for each tile and each of ``room`` samples.
    """
    N: tl.constexpr = A + B
    BX: tl.constexpr = B if B > 0 else 16
    K: tl.constexpr = TAPS * CP
    part = tl.program_id(1)
    tap = first + part * TAPS
    one = tl.zeros([K, A], WIDE)
    other = tl.zeros([K, BX], WIDE)
    for tile in range(tl.program_id(0), _tiles(counts, batch, BATCH, ROWS), tl.num_programs(0)):
        sample = tile % batch
        base = sample.to(tl.int64) * cells
        row = (tile // batch) * ROWS + tl.arange(0, ROWS)
        valid = row < tl.load(counts + sample)
        cell = tl.load(rows + base + row, mask=valid, other=0)
        to_one, to_other = load_rows(gradients + (base + row) * N, valid, A, B)
        seen = near(
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
        )
        seen = tl.trans(seen)
        one = tl.dot(seen, to_one, one, PRECISION, out_dtype=WIDE)
        if B > 0:
            other = tl.dot(seen, to_other, other, PRECISION, out_dtype=WIDE)
        if TOLD and part == 0:
            spot = ((tile // batch) * room + sample).to(tl.int64) * N
            _add_told(told + spot, to_one, to_other, A, B, WIDE)
    slots += tl.program_id(0) * (SIDE * SIDE * CP * N)
    add_to(slots, one, K, A, tap * CP, 0, N)
    if B > 0:
        add_to(slots, other, K, BX, tap * CP, A, N)
