"""The kernels that list which cells fire: one program for each sample in each step."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def philox(block, step, sample, index, key_0, key_1):
    """Return the four words of Philox4x32-10 that `ncabench.nca.draws.philox` returns.

    Source: Salmon et al., SC 2011, as there.
    """
    c0, c1, c2, c3 = block, step, sample, index
    for _ in tl.static_range(10):
        low_0, high_0 = c0 * 0xD2511F53, tl.umulhi(c0, 0xD2511F53 + 0 * c0)
        low_2, high_2 = c2 * 0xCD9E8D57, tl.umulhi(c2, 0xCD9E8D57 + 0 * c2)
        c0, c1 = high_2 ^ c1 ^ key_0, low_2
        c2, c3 = high_0 ^ c3 ^ key_1, low_0
        key_0 += 0x9E3779B9
        key_1 += 0xBB67AE85
    return c0, c1, c2, c3


@triton.jit
def list_masked(fires, rows, place, counts, cells, CHUNK: tl.constexpr):
    """List the cells that fire, of one sample in one step, by a mask."""
    turn = tl.program_id(0).to(tl.int64)
    base = turn * cells
    found = 0
    for first in range(0, cells, CHUNK):
        cell = first + tl.arange(0, CHUNK)
        within = cell < cells
        fire = tl.load(fires + base + cell, mask=within, other=0).to(tl.int32)
        rank = found + tl.cumsum(fire, 0) - 1
        tl.store(place + base + cell, tl.where(fire > 0, rank, -1), mask=within)
        tl.store(rows + base + rank, cell, mask=fire > 0)
        found += tl.sum(fire, 0)
    tl.store(counts + turn, found)


@triton.jit(do_not_specialize=["first_step", "key_0", "key_1", "below"])
def list_drawn(
    samples,
    first_step,
    key_0,
    key_1,
    below,
    rows,
    place,
    counts,
    batch,
    cells,
    BLOCKS: tl.constexpr,
):
    """List the cells that fire, of one sample in one step, and draw which they are.

    A cell fires where the upper 24 bits of its word lie below ``below``.
    """
    turn = tl.program_id(0)
    base = turn.to(tl.int64) * cells
    step = (first_step + turn // batch).to(tl.uint32)
    sample = tl.load(samples + turn % batch).to(tl.uint32)
    found = 0
    for first in range(0, cells, 4 * BLOCKS):
        block = (first // 4 + tl.arange(0, BLOCKS)).to(tl.uint32)
        blank = tl.zeros([BLOCKS], tl.uint32)
        w0, w1, w2, w3 = philox(
            block,
            blank + step,
            blank + sample,
            blank,
            key_0.to(tl.uint32),
            key_1.to(tl.uint32),
        )
        words = tl.join(tl.join(w0, w2), tl.join(w1, w3))  # cell 4k + i has word i
        words = tl.reshape(words, [4 * BLOCKS])
        cell = first + tl.arange(0, 4 * BLOCKS)
        within = cell < cells
        fire = (((words >> 8).to(tl.int32) < below) & within).to(tl.int32)
        rank = found + tl.cumsum(fire, 0) - 1
        tl.store(place + base + cell, tl.where(fire > 0, rank, -1), mask=within)
        tl.store(rows + base + rank, cell, mask=fire > 0)
        found += tl.sum(fire, 0)
    tl.store(counts + turn, found)
