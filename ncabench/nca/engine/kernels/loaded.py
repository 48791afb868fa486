"""The kernels as this process runs them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch


def kernels() -> Any:
    """Return the kernels; they are compiled for the GPU when they are launched.

    Where ``TRITON_INTERPRET=1`` stood in the environment when Triton was first imported, they
    are interpreted on the CPU instead; slow, and for tests.

    Raises:
        ImportError: Triton is not installed.
    """
    import triton.language as tl

    from ncabench.nca.engine.kernels import backward, forward, listing

    types = {
        torch.float64: tl.float64,
        torch.float32: tl.float32,
        torch.float16: tl.float16,
        torch.bfloat16: tl.bfloat16,
    }
    return SimpleNamespace(**{**vars(listing), **vars(forward), **vars(backward)}, types=types)
