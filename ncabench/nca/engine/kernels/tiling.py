"""How a kernel's work is cut."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tiling:
    """How work on rows is cut.

    Args:
        rows: rows of a tile; a power of two.
        warps: of a program.
        stages: tiles that a program has in its shared memory at once.
        registers: of a thread, at most; None for as many as it takes.
        programs: of a kernel whose programs take tile after tile, for each multiprocessor.
        taps: of a convolution, that are multiplied at once, at most.
    """

    rows: int = 128
    warps: int = 8
    stages: int = 1
    registers: int | None = None
    programs: int = 1
    taps: int = 8  # the square of an odd number is 1 more than a multiple of 8

    @property
    def launch(self) -> dict[str, int]:
        """What a launch is told of it."""
        cut = {"ROWS": self.rows, "num_warps": self.warps, "num_stages": self.stages}
        return cut if self.registers is None else {**cut, "maxnreg": self.registers}

    def tiles(self, rows: int) -> int:
        """Return how many tiles hold so many rows."""
        return -(-rows // self.rows)
