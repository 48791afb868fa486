"""Sets a worker process up: threads, precision, determinism, memory limit."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import Any

import torch

from ncabench.nca.engine import Engine
from ncabench.run import assembler
from ncabench.run.resolution import FUSED

AMP = {"bf16": torch.bfloat16, "fp16": torch.float16}


def apply(execution: Mapping[str, Any], *, device: str) -> torch.dtype | None:
    """Apply an entry's execution table, and return the operand type of mixed precision.

    Args:
        execution: ``precision``, ``threads``, ``deterministic`` and ``memory_limit_gb``.
        device: ``"cpu"`` or ``"cuda:N"``.
    """
    torch.set_num_threads(execution["threads"])
    if execution["precision"] in ("float32", "tf32"):
        tf32 = execution["precision"] == "tf32"
        torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cuda.matmul.allow_tf32 = tf32
    if execution["deterministic"]:
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
        torch.backends.cudnn.benchmark = False
        torch.use_deterministic_algorithms(True)
    if device.startswith("cuda"):
        torch.cuda.set_device(device)
        _limit_memory(execution["memory_limit_gb"], device=device)
    return AMP.get(execution["precision"])


def engine(name: str, *, device: str, amp: torch.dtype | None) -> Engine:
    """Return a new engine; ``"eager"`` is the class ``Eager`` of ``nca/engine/eager.py``.

    Raises:
        EngineFailed: the engine builds kernels, and no assembler here can be trusted with them.
    """
    if name == FUSED and device != "cpu":
        assembler.use()
    module = importlib.import_module(f"ncabench.nca.engine.{name}")
    made: Engine = getattr(module, name.capitalize())(torch.device(device), amp)
    return made


def _limit_memory(limit_gb: float | None, *, device: str) -> None:
    if limit_gb is None:
        return
    free, total = torch.cuda.mem_get_info(device)
    context = total - free  # before any allocation: the context's share
    share = (limit_gb * 2**30 - context) / total
    torch.cuda.set_per_process_memory_fraction(max(0.0, min(1.0, share)), device)
