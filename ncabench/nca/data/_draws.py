"""The project's counter-based draws in NumPy, for data that is made and not read.

The same numbers as `ncabench.nca.draws.Draws` gives, bit for bit, without torch.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10

Words = NDArray[np.uint64]


def uniform(purpose: str, *, samples: int, cells: int) -> NDArray[np.float64]:
    """Return uniform values in [0, 1), as `Draws.uniform` does of rng_seed 0 in step 0.

    Source: none for the naming (see ``ncabench.nca.draws.Draws``); Philox4x32-10 is that of
    Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 4.3.

    Args:
        purpose: what the draw is for.
        samples: how many samples, counted from 0.
        cells: draws for each sample.

    Shape:
        ``(samples, cells)``, float64, exact multiples of 2**-24.

    >>> few, more = (uniform("a", samples=count, cells=2) for count in (2, 3))
    >>> bool((more[:2] == few).all())  # a number depends on what it is for alone
    True
    """
    blocks = np.arange(-(-cells // 4), dtype=np.uint64)[None]
    sample = np.arange(samples, dtype=np.uint64)[:, None]
    zero = np.zeros((samples, len(blocks[0])), dtype=np.uint64)
    key = int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:4], "big")
    words = _philox((zero + blocks, zero, zero + sample, zero), key=(0, key))
    flat = np.stack(words, axis=-1).reshape(samples, -1)[:, :cells]
    return (flat >> np.uint64(8)).astype(np.float64) * 2.0**-24


def _philox(
    counter: tuple[Words, Words, Words, Words], *, key: tuple[int, int]
) -> tuple[Words, ...]:
    c0, c1, c2, c3 = counter
    for turn in range(ROUNDS):
        key0, key1 = (
            np.uint64((one + turn * step) & int(LOW))
            for one, step in zip(key, KEY_STEPS, strict=True)
        )
        product0, product2 = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c1 = (product2 >> HALF) ^ c1 ^ key0, product2 & LOW
        c2, c3 = (product0 >> HALF) ^ c3 ^ key1, product0 & LOW
    return c0, c1, c2, c3
