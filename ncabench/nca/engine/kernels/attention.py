"""The kernels of cells' attention to their neighbours, and of its gradients.

A program has some cells and one head. Nothing of a neighbourhood is kept but the logarithm of
the sum that shares are of: the gradients compute shares again. Beyond the border keys and
values are 0: they have the score 0, and take their share.

Either all cells look, or those of a list (``LISTED``): then queries, what is read, and their
gradients are tables of the list's rows, and keys and values are those of all cells.

Source: none; what is computed is ``ncabench.nca.model._self_attention.nearby``.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _looking(rows, place, count, height, width, CELLS: tl.constexpr, LISTED: tl.constexpr):
    """Return a program's rows, whether they are any, and their cells.

    Then whether these look, and where they lie. A row that its cell has no place in looks at
    nothing.
    """
    row = tl.program_id(0).to(tl.int64) * CELLS + tl.arange(0, CELLS)
    here = row < count
    if LISTED:
        cell = tl.load(rows + row, mask=here, other=0).to(tl.int64)
        looks = here & (tl.load(place + cell, mask=here, other=-1) == row)
    else:
        cell = row
        looks = here
    return row, here, cell, looks, (cell // width) % height, cell % width


@triton.jit
def _scale(E: tl.constexpr, WIDE: tl.constexpr):
    """Return what scores are multiplied by, in the type of sums."""
    return 1.0 / tl.sqrt(tl.full([1, 1], E, WIDE))


@triton.jit
def _seen(cell, valid, y, x, down, right, height, width):
    """Return which cells are so far away, and whether there are such."""
    within = (y + down >= 0) & (y + down < height) & (x + right >= 0) & (x + right < width)
    return cell + down * width + right, valid & within


@triton.jit
def _load(values, cell, valid, stride, head, E: tl.constexpr, EP: tl.constexpr, WIDE):
    """Return a head's part of cells, ``(cells, EP)``; of cells that are none, 0."""
    part = tl.arange(0, EP)
    places = values + cell[:, None] * stride + head * E + part[None, :]
    return tl.load(places, mask=valid[:, None] & (part < E)[None, :], other=0.0).to(WIDE)


@triton.jit
def _store(places, values, cell, valid, stride, head, E: tl.constexpr, EP: tl.constexpr):
    part = tl.arange(0, EP)
    spots = places + cell[:, None] * stride + head * E + part[None, :]
    kind: tl.constexpr = places.dtype.element_ty
    tl.store(spots, values.to(kind), mask=valid[:, None] & (part < E)[None, :])


@triton.jit
def attend(
    query,
    key,
    value,
    read,
    logs,
    rows,
    place,
    count,
    height,
    width,
    query_stride,
    key_stride,
    value_stride,
    E: tl.constexpr,
    EP: tl.constexpr,
    REACH: tl.constexpr,
    CELLS: tl.constexpr,
    WIDE: tl.constexpr,
    LISTED: tl.constexpr,
):
    """Compute what cells read from their neighbours; rows that do not look read 0."""
    SIDE: tl.constexpr = 2 * REACH + 1
    head, heads = tl.program_id(1), tl.num_programs(1)
    row, here, cell, valid, y, x = _looking(rows, place, count, height, width, CELLS, LISTED)
    scale = _scale(E, WIDE)
    asked = _load(query, row, valid, query_stride, head, E, EP, WIDE) * scale
    most = tl.full([CELLS], float("-inf"), WIDE)
    summed = tl.zeros([CELLS], WIDE)
    found = tl.zeros([CELLS, EP], WIDE)
    for tap in range(SIDE * SIDE):
        near, there = _seen(
            cell, valid, y, x, tap // SIDE - REACH, tap % SIDE - REACH, height, width
        )
        score = tl.sum(asked * _load(key, near, there, key_stride, head, E, EP, WIDE), 1)
        more = tl.maximum(most, score)
        before, share = tl.exp(most - more), tl.exp(score - more)
        summed = summed * before + share
        held = _load(value, near, there, value_stride, head, E, EP, WIDE)
        found = found * before[:, None] + share[:, None] * held
        most = more
    _store(read, found / summed[:, None], row, here, heads * E, head, E, EP)
    tl.store(logs + row * heads + head, most + tl.log(summed), mask=here)


@triton.jit
def ask(
    query,
    key,
    value,
    gradient,
    logs,
    from_query,
    means,
    rows,
    place,
    count,
    height,
    width,
    query_stride,
    key_stride,
    value_stride,
    E: tl.constexpr,
    EP: tl.constexpr,
    REACH: tl.constexpr,
    CELLS: tl.constexpr,
    WIDE: tl.constexpr,
    LISTED: tl.constexpr,
):
    """Compute the gradients of queries.

    ``means`` gets, for each cell and head, the mean of its shares' gradients.
    """
    SIDE: tl.constexpr = 2 * REACH + 1
    head, heads = tl.program_id(1), tl.num_programs(1)
    row, here, cell, valid, y, x = _looking(rows, place, count, height, width, CELLS, LISTED)
    scale = _scale(E, WIDE)
    asked = _load(query, row, valid, query_stride, head, E, EP, WIDE) * scale
    back = _load(gradient, row, valid, heads * E, head, E, EP, WIDE)
    log = tl.load(logs + row * heads + head, mask=valid, other=0.0)
    mean = tl.zeros([CELLS], WIDE)
    weighed = tl.zeros([CELLS, EP], WIDE)  # keys by shares
    pulled = tl.zeros([CELLS, EP], WIDE)  # and by shares times their gradients
    for tap in range(SIDE * SIDE):
        near, there = _seen(
            cell, valid, y, x, tap // SIDE - REACH, tap % SIDE - REACH, height, width
        )
        known = _load(key, near, there, key_stride, head, E, EP, WIDE)
        held = _load(value, near, there, value_stride, head, E, EP, WIDE)
        share = tl.exp(tl.sum(asked * known, 1) - log)
        pull = share * tl.sum(back * held, 1)
        mean += pull
        weighed += share[:, None] * known
        pulled += pull[:, None] * known
    found = (pulled - mean[:, None] * weighed) * scale
    _store(from_query, found, row, here, heads * E, head, E, EP)
    tl.store(means + row * heads + head, mean, mask=here)


@triton.jit
def answer(
    query,
    key,
    value,
    gradient,
    logs,
    means,
    from_key,
    from_value,
    place,
    total,
    count,
    height,
    width,
    query_stride,
    key_stride,
    value_stride,
    from_stride,
    E: tl.constexpr,
    EP: tl.constexpr,
    REACH: tl.constexpr,
    CELLS: tl.constexpr,
    WIDE: tl.constexpr,
    LISTED: tl.constexpr,
):
    """Compute the gradients of keys and of values: from all cells that see a cell."""
    SIDE: tl.constexpr = 2 * REACH + 1
    head, heads = tl.program_id(1), tl.num_programs(1)
    cell = tl.program_id(0).to(tl.int64) * CELLS + tl.arange(0, CELLS)
    valid, y, x = cell < total, (cell // width) % height, cell % width
    scale = _scale(E, WIDE)
    known = _load(key, cell, valid, key_stride, head, E, EP, WIDE) * scale
    held = _load(value, cell, valid, value_stride, head, E, EP, WIDE)
    of_key = tl.zeros([CELLS, EP], WIDE)
    of_value = tl.zeros([CELLS, EP], WIDE)
    for tap in range(SIDE * SIDE):
        near, there = _seen(
            cell, valid, y, x, tap // SIDE - REACH, tap % SIDE - REACH, height, width
        )
        if LISTED:
            near = tl.load(place + near, mask=there, other=count).to(tl.int64)
            there = there & (near < count)
        asked = _load(query, near, there, query_stride, head, E, EP, WIDE)
        back = _load(gradient, near, there, heads * E, head, E, EP, WIDE)
        log = tl.load(logs + near * heads + head, mask=there, other=0.0)
        mean = tl.load(means + near * heads + head, mask=there, other=0.0)
        share = tl.where(there, tl.exp(tl.sum(asked * known, 1) - log), 0.0)
        of_value += share[:, None] * back
        pull = share * (tl.sum(back * held, 1) - mean)
        of_key += pull[:, None] * asked
    _store(from_key, of_key * scale, cell, valid, from_stride, head, E, EP)
    _store(from_value, of_value, cell, valid, from_stride, head, E, EP)
