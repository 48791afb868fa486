"""Which parts of an image are masked: nine configurations, when they come and in what order."""

from __future__ import annotations

import numpy as np

COVERAGES = (0.25, 0.5, 0.75)  # chance that a patch is masked
PATCHES_PX = (1, 2, 4)  # its side
CONFIGURATIONS = tuple((cover, patch) for cover in COVERAGES for patch in PATCHES_PX)
COUNT = len(CONFIGURATIONS)


def thresholds(*, iterations: int, unlock: tuple[float, float]) -> tuple[int, ...]:
    """Return up to which iteration, counted from 1, there are 1, 2, ... configurations.

    They are a geometric sequence between two shares of a training, truncated.

    Source: ViTCA, section 4.1 ("masking curriculum") for the ends, 500 and 10,000 of 100,000
    iterations; its code for the sequence between them.

    Args:
        iterations: of the training.
        unlock: the first and the last threshold, as shares of it.

    Raises:
        ValueError: the shares do not rise, or are not in (0, 1].

    >>> thresholds(iterations=100_000, unlock=(0.005, 0.1))
    (500, 727, 1057, 1537, 2236, 3251, 4728, 6876, 10000)
    """
    first, last = unlock
    if not 0 < first <= last <= 1:
        raise ValueError(f"unlock must be 0 < first <= last <= 1, not {list(unlock)}")
    growth = last / first
    return tuple(
        int(round(iterations * first * growth ** (k / (COUNT - 1)), 6)) for k in range(COUNT)
    )


def in_order(seed: int, count: int) -> list[int]:
    """Return ``count`` numbers of configurations, as Python's own generator chooses them.

    That is what ``random.Random(seed)`` gives when it chooses from nine: words of the
    Mersenne Twister, of which the upper four bits are taken until they are below nine.

    Source: ViTCA's code, which orders the configurations of its tests so.

    >>> in_order(1, 8)
    [2, 1, 4, 1, 7, 7, 7, 6]
    """
    twister = np.random.RandomState([seed])  # seeded by an array, as Python's is
    chosen: list[int] = []
    while len(chosen) < count:
        words = twister.randint(0, 2**32, size=2 * count + 8, dtype=np.uint32)
        upper = words >> np.uint32(32 - COUNT.bit_length())
        chosen += upper[upper < COUNT].tolist()
    return chosen[:count]


def validation_order(batches: int) -> list[int]:
    """Return the configuration of each batch of a validation: batch j's is seed j's first.

    Source: ViTCA's code, which counts batches from 1 and seeds its generator anew for each.

    >>> validation_order(6)
    [2, 0, 3, 3, 4, 1]
    """
    return [in_order(number, 1)[0] for number in range(1, batches + 1)]


def name(configuration: int) -> str:
    """Return what values of a configuration are named by.

    >>> name(5)
    'coverage_50_patch_4'
    """
    coverage, patch = CONFIGURATIONS[configuration]
    return f"coverage_{round(100 * coverage)}_patch_{patch}"
