"""The kernels as this process runs them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import torch

# As Triton 3.8 asks of the assembler by itself, and older ones do not: a fault of ptxas 13.
ASSEMBLED = {"ptx_options": "--regAllocOptLevel=2"}


@dataclass(frozen=True)
class Launched:
    """A kernel that is launched as it is, and built with our options."""

    kernel: Any

    def __getitem__(self, grid: tuple[int, ...]) -> Any:
        return partial(self.kernel[grid], **ASSEMBLED)


def kernels() -> Any:
    """Return the kernels; they are compiled for the GPU when they are launched.

    Where ``TRITON_INTERPRET=1`` stood in the environment when Triton was first imported, they
    are interpreted on the CPU instead; slow, and for tests.

    Raises:
        ImportError: Triton is not installed.
    """
    import triton.language as tl
    from triton.runtime.interpreter import InterpretedFunction
    from triton.runtime.jit import JITFunction

    from ncabench.nca.engine.kernels import attention, backward, forward, learning, listing

    types = {
        torch.float64: tl.float64,
        torch.float32: tl.float32,
        torch.float16: tl.float16,
        torch.bfloat16: tl.bfloat16,
    }
    modules = listing, forward, backward, learning, attention
    all_of_them = {name: one for module in modules for name, one in vars(module).items()}
    named = {
        name: Launched(one) if isinstance(one, JITFunction) else one
        for name, one in all_of_them.items()
        if isinstance(one, (JITFunction, InterpretedFunction))
    }
    return SimpleNamespace(**named, types=types)
