"""What rows that fire sense and think: the part of a step that its gradients compute again.

Source: none; the step is ``ncabench.nca.model.nca.NCA``'s.
"""

from __future__ import annotations

import triton
import triton.language as tl

from ncabench.nca.engine.kernels.pieces import begun, block, convolved, leaky, product


@triton.jit
def sensed(
    values,
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
    NARROW: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
    TURNED: tl.constexpr,
):
    """Return both parts of each branch's percepts and of what is thought of them.

    What is not there stands for itself by something that is.
    """
    W_1: tl.constexpr = A_1 + B_1
    TALL: tl.constexpr = W_1 + A_2 + B_2 if TURNED else 0
    if MIDDLE:
        matrix_one, matrix_other = block(middle, 0, A_1, A, B, TALL)
        matrix_also, matrix_rest = matrix_one, matrix_other
        if B_1 > 0:
            matrix_also, matrix_rest = block(middle, A_1, B_1, A, B, TALL)
        thought, also = begun(middle_bias, cell.shape[0], A, B, WIDE)
    one_1, other_1 = convolved(
        values,
        cell,
        valid,
        height,
        width,
        sense_1,
        told_1 + sample * (A_1 + B_1),
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
        TURNED,
    )
    one_2, other_2 = one_1, other_1
    if MIDDLE:
        thought, also = product(one_1, matrix_one, matrix_other, thought, also, B, PRECISION)
        if B_1 > 0:
            thought, also = product(
                other_1, matrix_also, matrix_rest, thought, also, B, PRECISION
            )
        if SIDE_2 > 0:
            matrix_one, matrix_other = block(middle, W_1, A_2, A, B, TALL)
            if B_2 > 0:
                matrix_also, matrix_rest = block(middle, W_1 + A_2, B_2, A, B, TALL)
            one_2, other_2 = convolved(
                values,
                cell,
                valid,
                height,
                width,
                sense_2,
                told_2 + sample * (A_2 + B_2),
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
                TURNED,
            )
            thought, also = product(
                one_2, matrix_one, matrix_other, thought, also, B, PRECISION
            )
            if B_2 > 0:
                thought, also = product(
                    other_2, matrix_also, matrix_rest, thought, also, B, PRECISION
                )
        one, other = leaky(thought, 0.2).to(NARROW), leaky(also, 0.2).to(NARROW)
    else:
        one, other = one_1, other_1
    percepts = one_1, other_1, one_2, other_2
    return percepts, one, other
