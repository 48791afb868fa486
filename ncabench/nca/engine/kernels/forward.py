"""The kernels of a rollout's steps. One sample's cells are a segment of every table.

Numbers of a step's samples lie where they lie: a kernel is not built anew for each alignment.

Source: none; the step is ``ncabench.nca.model.nca.NCA``'s.
"""

from __future__ import annotations

import triton
import triton.language as tl

from ncabench.nca.engine.kernels.pieces import BLOCK, begun, block, product, wrapped
from ncabench.nca.engine.kernels.thought import sensed


@triton.jit(do_not_specialize_on_alignment=["counts"])
def think(
    values,
    rows,
    counts,
    change,
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
    last_bias,
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
    """Compute the change of the rows that fire: percepts, hidden layer and last layer."""
    sample = tl.program_id(1)
    first = tl.program_id(0) * ROWS
    count = tl.load(counts + sample)
    if first < count:
        base = sample * cells
        row = first + tl.arange(0, ROWS)
        valid = row < count
        cell = tl.load(rows + base + row, mask=valid, other=0)
        TALL: tl.constexpr = A + B if TURNED else 0
        last_one, _ = block(last, 0, A, CP, 0, TALL)
        last_other = last_one
        if B > 0:
            last_other, _ = block(last, A, B, CP, 0, TALL)
        done, none = begun(last_bias, ROWS, CP, 0, WIDE)
        _, one, other = sensed(
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
        done, none = product(one, last_one, last_one, done, none, 0, PRECISION)
        if B > 0:
            done, none = product(other, last_other, last_other, done, none, 0, PRECISION)
        channel = tl.arange(0, CP)
        places = change + (base + row)[:, None] * C + channel[None, :]
        tl.store(places, done * step_size, mask=valid[:, None] & (channel < C)[None, :])


@triton.jit
def _lives(values, place, change, base, y, x, height, width, C: tl.constexpr):
    """Return the alive channel of cells before and after their change; beyond the edge, 0."""
    within = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    cell = base + y * width + x
    before = tl.load(values + cell * C, mask=within, other=0.0)
    row = tl.load(place + cell, mask=within, other=-1)
    added = tl.load(change + (base + row) * C, mask=row >= 0, other=0.0)
    return before, before + added


@triton.jit
def settle(
    values,
    place,
    change,
    after,
    narrow,
    passes,
    cells,
    height,
    width,
    ALIVE: tl.constexpr,
    FROZEN: tl.constexpr,
    CLAMP: tl.constexpr,
    KEEP: tl.constexpr,
    NARROWED: tl.constexpr,
    C: tl.constexpr,
    CP: tl.constexpr,
    CELLS: tl.constexpr,
):
    """Add the change, let die what does not live, and clamp.

    ``passes`` has a bit for each channel through which a gradient passes. ``narrow`` is what
    the next step's percepts are of, where that is not the state itself.
    """
    sample = tl.program_id(1)
    base = sample * cells
    cell = tl.program_id(0) * CELLS + tl.arange(0, CELLS)
    within = cell < cells
    channel = tl.arange(0, CP)
    both = within[:, None] & (channel < C)[None, :]
    places = (base + cell)[:, None] * C + channel[None, :]
    own = tl.load(values + places, mask=both, other=0.0)
    row = tl.load(place + base + cell, mask=within, other=-1)
    added = change + (base + row)[:, None] * C + channel[None, :]
    moves = both & (row >= 0)[:, None] & (channel >= FROZEN)[None, :]
    moved = own + tl.load(added, mask=moves, other=0.0)
    passing = both
    if ALIVE >= 0:
        y, x = cell // width, cell % width
        before = tl.zeros([CELLS], own.dtype)  # life is above 0.1: 0 is as good as nothing
        later = tl.zeros([CELLS], own.dtype)
        for tap in tl.static_range(9):
            one, other = _lives(
                values + ALIVE,
                place,
                change + ALIVE,
                base,
                tl.where(within, y + tap // 3 - 1, -1),
                x + tap % 3 - 1,
                height,
                width,
                C,
            )
            before = tl.maximum(before, one)
            later = tl.maximum(later, other)
        lives = before > 0.1
        if ALIVE >= FROZEN:
            lives &= later > 0.1
        changes = (channel >= FROZEN)[None, :]
        passing &= lives[:, None] | (channel < FROZEN)[None, :]
        moved = tl.where(changes, moved * lives[:, None].to(moved.dtype), moved)
    if CLAMP:
        clamped = (channel >= FROZEN)[None, :]
        passing &= (moved >= -1) & (moved <= 1) | (channel < FROZEN)[None, :]
        moved = tl.where(clamped & (moved > 1), 1.0, moved)
        moved = tl.where(clamped & (moved < -1), -1.0, moved)
    tl.store(after + places, moved, mask=both)
    if NARROWED:
        tl.store(narrow + places, moved.to(narrow.dtype.element_ty), mask=both)
    if KEEP:
        BITS: tl.constexpr = CP if CP < 32 else 32
        WORDS: tl.constexpr = CP // BITS
        bits = tl.reshape(passing, [CELLS, WORDS, BITS]).to(tl.int32)
        words = tl.sum(bits << tl.arange(0, BITS)[None, None, :], 2)
        word = tl.arange(0, WORDS)
        spots = (base + cell)[:, None] * WORDS + word[None, :]
        tl.store(passes + spots, words, mask=within[:, None] & (word >= 0)[None, :])


@triton.jit
def unsettle(
    gradient,
    passes,
    cells,
    C: tl.constexpr,
    CP: tl.constexpr,
    CELLS: tl.constexpr,
):
    """Turn the gradient of the last state into that before clamping and dying, in place."""
    sample = tl.program_id(1)
    base = sample * cells
    cell = tl.program_id(0) * CELLS + tl.arange(0, CELLS)
    within = cell < cells
    channel = tl.arange(0, CP)
    both = within[:, None] & (channel < C)[None, :]
    places = gradient + (base + cell)[:, None] * C + channel[None, :]
    found = tl.load(places, mask=both, other=0.0)
    tl.store(places, tl.where(_open(passes, base, cell, within, CP), found, 0.0), mask=both)


@triton.jit
def _open(passes, base, cell, within, CP: tl.constexpr):
    BITS: tl.constexpr = CP if CP < 32 else 32
    channel = tl.arange(0, CP)
    spots = (base + cell)[:, None] * (CP // BITS) + (channel // BITS)[None, :]
    words = tl.load(passes + spots, mask=within[:, None] & (channel >= 0)[None, :], other=0)
    return ((words >> (channel % BITS)[None, :]) & 1) != 0


@triton.jit(do_not_specialize_on_alignment=["starts"])
def gather(
    gradient,
    place,
    starts,
    seen_1,
    seen_2,
    passes,
    cells,
    height,
    width,
    SIDE_1: tl.constexpr,
    DILATION_1: tl.constexpr,
    CIRCULAR_1: tl.constexpr,
    SIDE_2: tl.constexpr,
    DILATION_2: tl.constexpr,
    CIRCULAR_2: tl.constexpr,
    OPEN: tl.constexpr,
    C: tl.constexpr,
    CP: tl.constexpr,
    ROWS: tl.constexpr,
):
    """Add to each cell's gradient what the rows that saw it have of it, in place.

    Then, where ``OPEN``, it is turned into the gradient before the step before settled.
    """
    sample = tl.program_id(1)
    base = sample * cells
    cell = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    within = cell < cells
    channel = tl.arange(0, CP)
    both = within[:, None] & (channel < C)[None, :]
    places = gradient + (base + cell)[:, None] * C + channel[None, :]
    found = tl.load(places, mask=both, other=0.0)
    start = (tl.load(starts + sample) - tl.load(starts)) * BLOCK
    found += _seen_by(
        place,
        start,
        seen_1,
        base,
        cell,
        within,
        height,
        width,
        SIDE_1,
        DILATION_1,
        CIRCULAR_1,
        CP,
        found.dtype,
    )
    if SIDE_2 > 0:
        found += _seen_by(
            place,
            start,
            seen_2,
            base,
            cell,
            within,
            height,
            width,
            SIDE_2,
            DILATION_2,
            CIRCULAR_2,
            CP,
            found.dtype,
        )
    if OPEN:
        found = tl.where(_open(passes, base, cell, within, CP), found, 0.0)
    tl.store(places, found, mask=both)


@triton.jit
def _seen_by(
    place,
    start,
    seen,
    base,
    cell,
    within,
    height,
    width,
    SIDE: tl.constexpr,
    DILATION: tl.constexpr,
    CIRCULAR: tl.constexpr,
    CP: tl.constexpr,
    WIDE: tl.constexpr,
):
    """Sum what rows have of a cell: it is at their tap where they are opposite to it."""
    channel = tl.arange(0, CP)
    total = tl.zeros([cell.shape[0], CP], WIDE)
    y, x = cell // width, cell % width
    for tap in tl.static_range(SIDE * SIDE):
        down = y - (tap // SIDE - SIDE // 2) * DILATION
        right = x - (tap % SIDE - SIDE // 2) * DILATION
        there = within
        if CIRCULAR:
            down, right = wrapped(down, height), wrapped(right, width)
        else:
            there = within & (down >= 0) & (down < height) & (right >= 0) & (right < width)
        row = tl.load(place + base + down * width + right, mask=there, other=-1)
        spots = (start + row).to(tl.int64) * (SIDE * SIDE * CP) + tap * CP
        part = tl.load(
            seen + spots[:, None] + channel[None, :],
            mask=(row >= 0)[:, None] & (channel >= 0)[None, :],
            other=0.0,
        )
        total += part.to(WIDE)
    return total
