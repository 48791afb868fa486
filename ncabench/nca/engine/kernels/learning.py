"""The kernels of the weights' gradients: sums over rows, of several steps at once.

They need no order, so the rows of all samples and steps that are kept are one batch.

Source: none; the gradients are those of ``ncabench.nca.model.nca.NCA``'s step.
"""

from __future__ import annotations

import triton
import triton.language as tl

from ncabench.nca.engine.kernels.pieces import BLOCK, filled, near, spots, wrapped

FEWEST: tl.constexpr = tl.constexpr(64)  # rows of a product by the matrix units


@triton.jit
def _add_up(slots, total, row, column, height, width: tl.constexpr):
    """Add what lies within a matrix of ``width`` columns to what stands there in memory."""
    within = (row < height)[:, None] & (column < width)[None, :]
    places = slots + row[:, None] * width + column[None, :]
    tl.store(places, tl.load(places, mask=within, other=0.0) + total, mask=within)


@triton.jit
def turned(values, row, count, column, WIDTH: tl.constexpr, TURNED: tl.constexpr):
    """Return rows of a table, turned, ``(columns, rows)``."""
    if TURNED:
        block_of = (row // BLOCK) * WIDTH
        places = (block_of[None, :] + column[:, None]) * BLOCK + (row % BLOCK)[None, :]
        mask = (column < WIDTH)[:, None] & (row < count)[None, :]
        found = tl.load(values + places, mask=mask, other=0.0)
    else:
        places = values + spots(row, column, WIDTH, TURNED)
        mask = (row < count)[:, None] & (column < WIDTH)[None, :]
        found = tl.trans(tl.load(places, mask=mask, other=0.0))
    return found


@triton.jit(do_not_specialize_on_alignment=["origin", "end"])
def learn(
    values,
    gradients,
    origin,
    end,
    slots,
    ones,
    first,
    to_first,
    WIDTH: tl.constexpr,
    TO_WIDTH: tl.constexpr,
    P: tl.constexpr,
    Q: tl.constexpr,
    ROWS: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
    TURNED: tl.constexpr,
):
    """Add up the gradients of a layer's matrix, and of its bias as one row more.

    Of the matrix a part of ``P`` rows and ``Q`` columns. Rows are those from ``origin`` up to
    ``end``. A program takes tile after tile and keeps its sums to itself, in a slot of its
    own, so that nothing is added in an order left to chance. What is loaded is multiplied as
    it lies in shared memory: anything between would take it through registers. So the bias
    is a product, too, with a tile of ``ones`` that is loaded once.
    """
    program = tl.program_id(0)
    column = first + tl.arange(0, P)
    to_column = to_first + tl.arange(0, Q)
    total = tl.zeros([P, Q], WIDE)
    bias = tl.zeros([FEWEST, Q], WIDE)
    one = tl.load(ones + tl.arange(0, FEWEST)[:, None] * ROWS + tl.arange(0, ROWS)[None, :])
    count = (tl.load(end) - tl.load(origin)) * BLOCK
    for tile in range(program, tl.cdiv(count, ROWS), tl.num_programs(0)):
        row = tile * ROWS + tl.arange(0, ROWS)
        given = turned(values, row, count, column, WIDTH, TURNED)
        back = turned(gradients, row, count, to_column, TO_WIDTH, TURNED)
        total = tl.dot(given, tl.trans(back), total, PRECISION, out_dtype=WIDE)
        bias = tl.dot(one, tl.trans(back), bias, PRECISION, out_dtype=WIDE)
    slots += program * ((WIDTH + 1) * TO_WIDTH)
    _add_up(slots, total, column, to_column, WIDTH, TO_WIDTH)
    if first == 0:
        _add_up(slots + WIDTH * TO_WIDTH, bias, tl.arange(0, FEWEST), to_column, 1, TO_WIDTH)


@triton.jit
def _near(
    values,
    cells,
    sample,
    cell,
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
    """Return what rows see, as `pieces.near` does, in one piece as it comes from memory."""
    along = tl.arange(0, TAPS * CP)
    tap, channel = first + along // CP, along % CP
    down = (cell // width)[:, None] + ((tap // SIDE - SIDE // 2) * DILATION)[None, :]
    right = (cell % width)[:, None] + ((tap % SIDE - SIDE // 2) * DILATION)[None, :]
    seen = valid[:, None] & (channel < C)[None, :]
    if CIRCULAR:
        down, right = wrapped(down, height), wrapped(right, width)
    else:
        seen &= (down >= 0) & (down < height) & (right >= 0) & (right < width)
    base = (sample.to(tl.int64) * cells * C)[:, None]
    return tl.load(
        values + base + (down * width + right) * C + channel[None, :], mask=seen, other=0.0
    )


@triton.jit(do_not_specialize_on_alignment=["origin", "end"])
def learn_to_see(
    values,
    places,
    gradients,
    origin,
    end,
    slots,
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
    ROWS: tl.constexpr,
    WIDE: tl.constexpr,
    PRECISION: tl.constexpr,
    TURNED: tl.constexpr,
):
    """Add up the gradients of a convolution's weights, turned: a row for each output.

    As `learn` does; each part of the programs has ``TAPS`` of the taps, and the last one has
    the tap that is left as well: the square of an odd number is 1 more than a multiple of 8.
    TF32's products take what is seen through registers, where it can be turned.
    """
    FULL: tl.constexpr = (SIDE * SIDE) // TAPS
    part = tl.program_id(1)
    last = part == tl.num_programs(1) - 1
    to_column = to_first + tl.arange(0, Q)
    if not TURNED:
        main = tl.zeros([Q, TAPS * CP], WIDE)
    else:
        main = tl.zeros([TAPS * CP, Q], WIDE)
    rest = tl.zeros([Q, CP], WIDE)
    count = (tl.load(end) - tl.load(origin)) * BLOCK
    of_rest = count * last.to(tl.int32)
    for tile in range(tl.program_id(0), tl.cdiv(count, ROWS), tl.num_programs(0)):
        row = tile * ROWS + tl.arange(0, ROWS)
        valid = row < count
        place = tl.load(places + row, mask=valid, other=0)
        sample, cell = place // cells, place % cells
        back = turned(gradients, row, count, to_column, TO_WIDTH, TURNED)
        if FULL > 0:
            if not TURNED:
                seen = _near(
                    values,
                    cells,
                    sample,
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
                main = tl.dot(back, seen, main, PRECISION, out_dtype=WIDE)
            else:
                seen = near(
                    values + (sample.to(tl.int64) * cells * C)[:, None, None],
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
                main = tl.dot(tl.trans(seen), tl.trans(back), main, PRECISION, out_dtype=WIDE)
        also = _near(
            values,
            cells,
            sample,
            cell,
            row < of_rest,
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
        rest = tl.dot(back, also, rest, PRECISION, out_dtype=WIDE)
    WIDTH: tl.constexpr = SIDE * SIDE * CP
    slots += tl.program_id(0) * (WIDTH * TO_WIDTH)
    if FULL > 0:
        taps = part * (TAPS * CP) + tl.arange(0, TAPS * CP)
        if not TURNED:
            _add_up(slots, main, to_column, taps, TO_WIDTH, WIDTH)
        else:
            _add_up(slots, tl.trans(main), to_column, taps, TO_WIDTH, WIDTH)
    if last:
        left = FULL * TAPS * CP + tl.arange(0, CP)
        _add_up(slots, rest, to_column, left, TO_WIDTH, WIDTH)


@triton.jit(do_not_specialize_on_alignment=["starts", "counts"])
def tell(
    gradients,
    starts,
    counts,
    slots,
    A: tl.constexpr,
    B: tl.constexpr,
    WIDE: tl.constexpr,
    TURNED: tl.constexpr,
):
    """Add up the gradients of what each sample is told, which are those of its rows' sums.

    A sample has some programs in each step, each with a slot of its own. Rows that are kept
    are those of the first step's samples, of the next one's, and so on; ``starts`` and
    ``counts`` are theirs.
    """
    sample, samples = tl.program_id(0), tl.num_programs(0)
    program, programs = tl.program_id(1), tl.num_programs(1)
    turn = tl.program_id(2)
    BX: tl.constexpr = B if B > 0 else 16
    one = tl.zeros([A, BLOCK], WIDE)
    other = tl.zeros([BX, BLOCK], WIDE)
    start = (tl.load(starts + turn * samples + sample) - tl.load(starts)) * BLOCK
    end = start + filled(tl.load(counts + turn * samples + sample))
    for first in range(start + program * BLOCK, end, programs * BLOCK):
        row = first + tl.arange(0, BLOCK)
        one += turned(gradients, row, end, tl.arange(0, A), A + B, TURNED).to(WIDE)
        if B > 0:
            beside = A + tl.arange(0, BX)
            other += turned(gradients, row, end, beside, A + B, TURNED).to(WIDE)
    slots += ((turn * programs + program) * samples + sample) * (A + B)
    _add_to(slots, tl.sum(one, 1), A)
    if B > 0:
        _add_to(slots + A, tl.sum(other, 1), BX)


@triton.jit
def _add_to(places, values, WIDTH: tl.constexpr):
    spots = places + tl.arange(0, WIDTH)
    tl.store(spots, tl.load(spots) + values)
