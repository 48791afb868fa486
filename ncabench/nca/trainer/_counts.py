"""What the counts of every recipe must be."""

from __future__ import annotations


def check_counts(*, iterations: int, batch: int) -> None:
    """Refuse a training that cannot run.

    Raises:
        ValueError: ``iterations`` is negative or ``batch`` below 1.
    """
    if iterations < 0 or batch < 1:
        raise ValueError(
            f"iterations must be at least 0 and batch at least 1, not {iterations} and {batch}"
        )
