"""What the kernels of a step have in common; each is inlined where it is called.

Rows are cells that fire; values of a grid lie cell by cell, ``(cells, C)``. Widths of tiles
are powers of two, so a layer of width 80 is a part of 64 and a part of 16: ``A`` and ``B``.
Where a layer is one part, ``B`` is 0 and its second part is neither computed nor read.
Accumulators have the type ``WIDE``, operands of products, percepts' values among them, the
type ``NARROW``.
"""

from __future__ import annotations

import triton
import triton.language as tl

BLOCK: tl.constexpr = tl.constexpr(64)  # rows of a block of tables: see `spots`


@triton.jit
def wrapped(place, size):
    """Return places of a torus that are beyond its edge by no more than its size.

    PyTorch pads a torus no further either.
    """
    place = tl.where(place < 0, place + size, place)
    return tl.where(place >= size, place - size, place)


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
        down, right = wrapped(down, height), wrapped(right, width)
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
def matrix(
    weights, row, column, ROWS: tl.constexpr, COLUMNS: tl.constexpr, stride, TALL: tl.constexpr
):
    """Return a part of a matrix, from ``row`` and ``column`` on.

    ``TALL`` is the height of a matrix that is kept turned, a row for each of its columns; 0
    is one that is kept as it is.
    """
    down = row + tl.arange(0, ROWS)
    along = column + tl.arange(0, COLUMNS)
    if TALL > 0:
        found = tl.trans(tl.load(weights + along[:, None] * TALL + down[None, :]))
    else:
        found = tl.load(weights + down[:, None] * stride + along[None, :])
    return found


@triton.jit
def leaky(values, SLOPE: tl.constexpr):
    """Return the leaky ReLU."""
    return tl.where(values > 0, values, values * SLOPE)


@triton.jit
def unleaky(gradient, after, SLOPE: tl.constexpr):
    """Return the gradient before a leaky ReLU, given what it returned."""
    return tl.where(after > 0, gradient, gradient * SLOPE)


@triton.jit
def block(
    weights, row, ROWS: tl.constexpr, A: tl.constexpr, B: tl.constexpr, TALL: tl.constexpr
):
    """Return rows of a matrix from ``row`` on, in the two parts of its width."""
    one = matrix(weights, row, 0, ROWS, A, A + B, TALL)
    other = one
    if B > 0:
        other = matrix(weights, row, A, ROWS, B, A + B, TALL)
    return one, other


@triton.jit
def product(
    values,
    weight_one,
    weight_other,
    one,
    other,
    B: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Add to both parts of a sum the products of values with both parts of a matrix."""
    one = tl.dot(values, weight_one, one, PRECISION, out_dtype=one.dtype)
    if B > 0:
        other = tl.dot(values, weight_other, other, PRECISION, out_dtype=one.dtype)
    return one, other


@triton.jit
def begun(added, ROWS: tl.constexpr, A: tl.constexpr, B: tl.constexpr, WIDE: tl.constexpr):
    """Return sums of rows, in two parts, that hold what is added to every one."""
    BX: tl.constexpr = B if B > 0 else 16
    one = tl.zeros([ROWS, A], WIDE) + tl.load(added + tl.arange(0, A))[None, :].to(WIDE)
    other = tl.zeros([ROWS, BX], WIDE)
    if B > 0:
        other += tl.load(added + A + tl.arange(0, BX))[None, :].to(WIDE)
    return one, other


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
    TURNED: tl.constexpr,
):
    """Return a convolution's leaky outputs of rows, in two parts.

    The square of an odd number is 1 more than a multiple of 8: ``TAPS`` (a power of two up
    to 8) at a time, one tap is left. All that a product needs is asked for before the first
    product, since each of them waits for the whole program.
    """
    FULL: tl.constexpr = (SIDE * SIDE) // TAPS
    TALL: tl.constexpr = SIDE * SIDE * CP if TURNED else 0
    one, other = begun(added, cells.shape[0], A, B, WIDE)
    if FULL * TAPS < SIDE * SIDE:
        rest_one, rest_other = block(weights, FULL * TAPS * CP, CP, A, B, TALL)
        rest = near(
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
        )
    for part in range(FULL):
        weight_one, weight_other = block(weights, part * (TAPS * CP), TAPS * CP, A, B, TALL)
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
        )
        one, other = product(seen, weight_one, weight_other, one, other, B, PRECISION)
    if FULL * TAPS < SIDE * SIDE:
        one, other = product(rest, rest_one, rest_other, one, other, B, PRECISION)
    return leaky(one, SLOPE).to(NARROW), leaky(other, SLOPE).to(NARROW)


@triton.jit
def unproduct(
    gradient_one,
    gradient_other,
    weight_one,
    weight_other,
    B: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Return the gradient of a product's values: with both parts of its matrix, turned."""
    found = tl.dot(
        gradient_one, tl.trans(weight_one), input_precision=PRECISION, out_dtype=WIDE
    )
    if B > 0:
        found = tl.dot(gradient_other, tl.trans(weight_other), found, PRECISION, out_dtype=WIDE)
    return found


@triton.jit
def spots(row, column, WIDTH: tl.constexpr, TURNED: tl.constexpr):
    """Return where numbers of rows lie in a table, ``(rows, columns)``.

    ``TURNED`` is a table of blocks of rows, in each of which a column is a row: TF32's
    products take matrices turned in one way alone. Each sample's rows begin with a block, so
    that several numbers of a column lie together in memory where they are together in a tile.
    """
    if TURNED:
        block_of = (row // BLOCK) * WIDTH
        found = (block_of[:, None] + column[None, :]) * BLOCK + (row % BLOCK)[:, None]
    else:
        found = row[:, None] * WIDTH + column[None, :]
    return found


@triton.jit
def load_rows(values, row, within, A: tl.constexpr, B: tl.constexpr, TURNED: tl.constexpr):
    """Return both parts of rows of a table that `store_rows` has stored."""
    one = load_part(values, row, 0, within, A, A + B, TURNED)
    other = one
    if B > 0:
        other = load_part(values, row, A, within, B, A + B, TURNED)
    return one, other


@triton.jit
def load_part(
    values,
    row,
    column,
    within,
    COLUMNS: tl.constexpr,
    WIDTH: tl.constexpr,
    TURNED: tl.constexpr,
):
    """Return a part of rows, from ``column`` on."""
    places = values + spots(row, column + tl.arange(0, COLUMNS), WIDTH, TURNED)
    return tl.load(places, mask=within[:, None], other=0.0)


@triton.jit
def store_rows(
    values, row, one, other, within, A: tl.constexpr, B: tl.constexpr, TURNED: tl.constexpr
):
    """Store both parts of rows of a table."""
    store_part(values, row, 0, one, within, A, A + B, TURNED)
    if B > 0:
        store_part(values, row, A, other, within, B, A + B, TURNED)


@triton.jit
def store_part(
    values,
    row,
    column,
    found,
    within,
    COLUMNS: tl.constexpr,
    WIDTH: tl.constexpr,
    TURNED: tl.constexpr,
):
    """Store a part of rows, from ``column`` on."""
    places = values + spots(row, column + tl.arange(0, COLUMNS), WIDTH, TURNED)
    kind: tl.constexpr = values.dtype.element_ty
    tl.store(places, found.to(kind), mask=within[:, None])


@triton.jit
def filled(count):
    """Return how many rows the blocks of so many rows have."""
    return (count + BLOCK - 1) // BLOCK * BLOCK
