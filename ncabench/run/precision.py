"""Operand precisions, one after another in one process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

DEFAULT = "default"
_TF32 = {  # precision: whether cuDNN and matrix products may round operands to TF32
    DEFAULT: (True, False),
    "float32": (False, False),
    "tf32": (True, True),
    "bf16": (True, True),
}


@contextmanager
def flags(precision: str) -> Iterator[None]:
    """Let PyTorch compute at a precision meanwhile; autocast is the engine's.

    ``"default"`` is what the framework does by itself: TF32 in convolutions alone.

    >>> with flags("float32"):
    ...     torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    (False, False)
    """
    cudnn, cuda = torch.backends.cudnn, torch.backends.cuda
    before = cudnn.allow_tf32, cuda.matmul.allow_tf32
    cudnn.allow_tf32, cuda.matmul.allow_tf32 = _TF32[precision]
    try:
        yield
    finally:
        cudnn.allow_tf32, cuda.matmul.allow_tf32 = before


def operands(precision: str) -> torch.dtype | None:
    """Return the operand type of mixed precision, or None.

    >>> operands("bf16"), operands("tf32")
    (torch.bfloat16, None)
    """
    return torch.bfloat16 if precision == "bf16" else None
