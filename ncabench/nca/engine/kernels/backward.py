"""The kernel of a step's gradients. What the step computed is computed again.

Step by step, what rows' gradients are is computed and kept; weights' gradients are taken of
several steps at once (`ncabench.nca.engine.kernels.learning`).

Source: none; the gradients are those of ``ncabench.nca.model.nca.NCA``'s step.
"""

from __future__ import annotations

import triton
import triton.language as tl

from ncabench.nca.engine.kernels.pieces import (
    block,
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
        rest_one, rest_other = block(weights, FULL * K, CP, A, B, 0)
        rest = unproduct(one, other, rest_one, rest_other, B, WIDE, PRECISION)
        store_part(places, row, FULL * K, rest, valid, CP, SIDE * SIDE * CP, None)
    for part in range(FULL):
        weight_one, weight_other = block(weights, part * K, K, A, B, 0)
        found = unproduct(one, other, weight_one, weight_other, B, WIDE, PRECISION)
        store_part(places, row, part * K, found, valid, K, SIDE * SIDE * CP, None)


@triton.jit
def _unthought(
    gradient_one,
    gradient_other,
    weights,
    row,
    one,
    other,
    ROWS: tl.constexpr,
    A: tl.constexpr,
    B: tl.constexpr,
    TURNED: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Return the gradient of a part of what is thought of.

    By the part of the matrix that was multiplied with, or, where that was turned, by what
    the matrix is otherwise: TF32's products take matrices turned in one way alone.
    """
    if TURNED:
        one, other = block(weights, row, ROWS, A, B, 0)
    return unproduct(gradient_one, gradient_other, one, other, B, WIDE, PRECISION)


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
    back_sense_1,
    back_sense_2,
    back_middle,
    back_last,
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
    stride,
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
    TURNED: tl.constexpr,
):
    """Compute the gradients of what rows sense, think and see, and keep them.

    Kept are percepts and thoughts, and the gradients (``from_...``) of their sums, before
    their leaky ReLUs, and of the change (``ends``). Thoughts are the percepts where nothing
    is between them and the last layer. Rows of all samples and of all steps that are
    kept together stand one after another; ``places`` says which cell of theirs each is.
    Matrices (``back_...``) are as they are, the others may be turned; with a ``stride`` what
    is kept is.
    """
    W_1: tl.constexpr = A_1 + B_1
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
        last_one, _ = block(back_last, 0, A, CP, 0, 0)
        last_other = last_one
        if B > 0:
            last_other, _ = block(back_last, A, B, CP, 0, 0)
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
            TURNED,
        )
        start = tl.load(starts + sample)
        seen = (row + start - tl.load(starts)).to(tl.int64)
        spots = row + start - tl.load(origin)
        tl.store(places + spots, turn * tl.num_programs(1) * cells + base + cell, mask=valid)
        end = (end * step_size).to(NARROW)
        store_rows(ends, spots, end, end, valid, CP, 0, stride)
        store_rows(thoughts, spots, one, other, valid, A, B, stride)
        back = unproduct(end, end, last_one, last_one, 0, WIDE, PRECISION)
        also = back
        if B > 0:
            also = unproduct(end, end, last_other, last_other, 0, WIDE, PRECISION)
        if MIDDLE:
            back = unleaky(back, one, 0.2).to(NARROW)
            if B > 0:
                also = unleaky(also, other, 0.2).to(NARROW)
            store_rows(from_thoughts, spots, back, also, valid, A, B, stride)
            store_rows(percepts_1, spots, percepts[0], percepts[1], valid, A_1, B_1, stride)
            one_1 = _unthought(
                back,
                also,
                back_middle,
                0,
                matrices[0],
                matrices[1],
                A_1,
                A,
                B,
                TURNED,
                WIDE,
                PRECISION,
            )
            other_1 = one_1
            if B_1 > 0:
                other_1 = _unthought(
                    back,
                    also,
                    back_middle,
                    A_1,
                    matrices[2],
                    matrices[3],
                    B_1,
                    A,
                    B,
                    TURNED,
                    WIDE,
                    PRECISION,
                )
        else:
            one_1, other_1 = back, also
        one_1 = unleaky(one_1, percepts[0], SLOPE_1).to(NARROW)
        if B_1 > 0:
            other_1 = unleaky(other_1, percepts[1], SLOPE_1).to(NARROW)
        store_rows(from_percepts_1, spots, one_1, other_1, valid, A_1, B_1, stride)
        _store_seen(
            seen_1,
            seen,
            valid,
            one_1,
            other_1,
            back_sense_1,
            SIDE_1,
            CP,
            TAPS,
            A_1,
            B_1,
            WIDE,
            PRECISION,
        )
        if SIDE_2 > 0:
            store_rows(percepts_2, spots, percepts[2], percepts[3], valid, A_2, B_2, stride)
            one_2 = _unthought(
                back,
                also,
                back_middle,
                W_1,
                matrices[4],
                matrices[5],
                A_2,
                A,
                B,
                TURNED,
                WIDE,
                PRECISION,
            )
            one_2 = unleaky(one_2, percepts[2], SLOPE_2).to(NARROW)
            other_2 = one_2
            if B_2 > 0:
                other_2 = _unthought(
                    back,
                    also,
                    back_middle,
                    W_1 + A_2,
                    matrices[6],
                    matrices[7],
                    B_2,
                    A,
                    B,
                    TURNED,
                    WIDE,
                    PRECISION,
                )
                other_2 = unleaky(other_2, percepts[3], SLOPE_2).to(NARROW)
            store_rows(from_percepts_2, spots, one_2, other_2, valid, A_2, B_2, stride)
            _store_seen(
                seen_2,
                seen,
                valid,
                one_2,
                other_2,
                back_sense_2,
                SIDE_2,
                CP,
                TAPS,
                A_2,
                B_2,
                WIDE,
                PRECISION,
            )
