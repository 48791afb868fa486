"""What the kernels of a step have in common; each is inlined where it is called.

Rows are cells that fire; values of a grid lie cell by cell, ``(cells, C)``. Widths of tiles
are powers of two, so a layer of width 80 is a part of 64 and a part of 16: ``A`` and ``B``.
Where a layer is one part, ``B`` is 0 and its second part is neither computed nor read.
Accumulators have the type ``WIDE``, operands of products the type ``NARROW``.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def near(
    values,
    cells,
    valid,
    height,
    width,
    first,
    TAPS: tl.constexpr,
    SIDE: tl.constexpr,
    DILATION: tl.constexpr,
    CIRCULAR: tl.constexpr,
    C: tl.constexpr,
    CP: tl.constexpr,
):
    """Return what cells see at ``TAPS`` taps from ``first`` on, ``(rows, TAPS * CP)``."""
    tap = first + tl.arange(0, TAPS)
    down = (cells // width)[:, None] + ((tap // SIDE - SIDE // 2) * DILATION)[None, :]
    right = (cells % width)[:, None] + ((tap % SIDE - SIDE // 2) * DILATION)[None, :]
    seen = valid[:, None] & (tap < SIDE * SIDE)[None, :]
    if CIRCULAR:
        down = (down + 64 * height) % height
        right = (right + 64 * width) % width
    else:
        seen &= (down >= 0) & (down < height) & (right >= 0) & (right < width)
    there = down * width + right
    channel = tl.arange(0, CP)
    places = there[:, :, None] * C + channel[None, None, :]
    found = tl.load(
        values + places, mask=seen[:, :, None] & (channel < C)[None, None, :], other=0.0
    )
    return tl.reshape(found, [cells.shape[0], TAPS * CP])


@triton.jit
def matrix(weights, row, column, ROWS: tl.constexpr, COLUMNS: tl.constexpr, stride):
    """Return a part of a matrix, from ``row`` and ``column`` on."""
    down = row + tl.arange(0, ROWS)
    along = column + tl.arange(0, COLUMNS)
    return tl.load(weights + down[:, None] * stride + along[None, :])


@triton.jit
def leaky(values, SLOPE: tl.constexpr):
    """Return the leaky ReLU."""
    return tl.where(values > 0, values, values * SLOPE)


@triton.jit
def unleaky(gradient, after, SLOPE: tl.constexpr):
    """Return the gradient before a leaky ReLU, given what it returned."""
    return tl.where(after > 0, gradient, gradient * SLOPE)


@triton.jit
def convolved(
    values,
    cells,
    valid,
    height,
    width,
    weights,
    added,
    SIDE: tl.constexpr,
    DILATION: tl.constexpr,
    CIRCULAR: tl.constexpr,
    C: tl.constexpr,
    CP: tl.constexpr,
    TAPS: tl.constexpr,
    A: tl.constexpr,
    B: tl.constexpr,
    SLOPE: tl.constexpr,
    NARROW: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Return a convolution's leaky outputs of rows, in two parts.

    The square of an odd number is 1 more than a multiple of 8: ``TAPS`` (a power of two up
    to 8) at a time, one tap is left.
    """
    N: tl.constexpr = A + B
    BX: tl.constexpr = B if B > 0 else 16
    FULL: tl.constexpr = (SIDE * SIDE) // TAPS
    rows: tl.constexpr = cells.shape[0]
    one = tl.zeros([rows, A], WIDE) + tl.load(added + tl.arange(0, A))[None, :].to(WIDE)
    other = tl.zeros([rows, BX], WIDE)
    if B > 0:
        other += tl.load(added + A + tl.arange(0, BX))[None, :].to(WIDE)
    for part in range(FULL):
        seen = near(
            values,
            cells,
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
        ).to(NARROW)
        row = part * (TAPS * CP)
        one = tl.dot(
            seen, matrix(weights, row, 0, TAPS * CP, A, N), one, PRECISION, out_dtype=WIDE
        )
        if B > 0:
            other = tl.dot(
                seen,
                matrix(weights, row, A, TAPS * CP, BX, N),
                other,
                PRECISION,
                out_dtype=WIDE,
            )
    if FULL * TAPS < SIDE * SIDE:
        seen = near(
            values,
            cells,
            valid,
            height,
            width,
            FULL * TAPS,
            1,
            SIDE,
            DILATION,
            CIRCULAR,
            C,
            CP,
        ).to(NARROW)
        row = FULL * TAPS * CP
        one = tl.dot(seen, matrix(weights, row, 0, CP, A, N), one, PRECISION, out_dtype=WIDE)
        if B > 0:
            other = tl.dot(
                seen, matrix(weights, row, A, CP, BX, N), other, PRECISION, out_dtype=WIDE
            )
    return leaky(one, SLOPE).to(NARROW), leaky(other, SLOPE).to(NARROW)


@triton.jit
def layer(
    one,
    other,
    weights,
    row,
    out_one,
    out_other,
    A: tl.constexpr,
    B: tl.constexpr,
    OUT_A: tl.constexpr,
    OUT_B: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Add to both parts of a layer's output what both of its input give, from a row on."""
    N: tl.constexpr = OUT_A + OUT_B
    OUT_BX: tl.constexpr = OUT_B if OUT_B > 0 else 16
    BX: tl.constexpr = B if B > 0 else 16
    out_one = tl.dot(
        one,
        matrix(weights, row, 0, A, OUT_A, N),
        out_one,
        PRECISION,
        out_dtype=out_one.dtype,
    )
    if OUT_B > 0:
        out_other = tl.dot(
            one,
            matrix(weights, row, OUT_A, A, OUT_BX, N),
            out_other,
            PRECISION,
            out_dtype=out_one.dtype,
        )
    if B > 0:
        out_one = tl.dot(
            other,
            matrix(weights, row + A, 0, BX, OUT_A, N),
            out_one,
            PRECISION,
            out_dtype=out_one.dtype,
        )
        if OUT_B > 0:
            out_other = tl.dot(
                other,
                matrix(weights, row + A, OUT_A, BX, OUT_BX, N),
                out_other,
                PRECISION,
                out_dtype=out_one.dtype,
            )
    return out_one, out_other


@triton.jit
def unlayer(
    gradient_one,
    gradient_other,
    weights,
    row,
    A: tl.constexpr,
    OUT_A: tl.constexpr,
    OUT_B: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Return the gradient of ``A`` inputs of a layer, from a row of its weights on."""
    N: tl.constexpr = OUT_A + OUT_B
    OUT_BX: tl.constexpr = OUT_B if OUT_B > 0 else 16
    found = tl.dot(
        gradient_one,
        tl.trans(matrix(weights, row, 0, A, OUT_A, N)),
        input_precision=PRECISION,
        out_dtype=WIDE,
    )
    if OUT_B > 0:
        found = tl.dot(
            gradient_other,
            tl.trans(matrix(weights, row, OUT_A, A, OUT_BX, N)),
            found,
            PRECISION,
            out_dtype=WIDE,
        )
    return found


@triton.jit
def add_to(slot, values, ROWS: tl.constexpr, COLUMNS: tl.constexpr, row, column, stride):
    """Add a part of a matrix to what stands in memory."""
    down = row + tl.arange(0, ROWS)
    along = column + tl.arange(0, COLUMNS)
    places = slot + down[:, None] * stride + along[None, :]
    tl.store(places, tl.load(places) + values)
