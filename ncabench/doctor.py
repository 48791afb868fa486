"""Looks at this machine, and says what is there, what is missing and what mends it."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ncabench import catalog, overview
from ncabench.errors import NcabenchError, NoData
from ncabench.pipeline import Workspace
from ncabench.run import device, folder, nvml, resolution
from ncabench.run.environment import PACKAGES, version

Finding = dict[str, str]


def examine(space: Workspace) -> list[Finding]:
    """Return one finding for each thing that a benchmark needs: what, state, detail."""
    return [
        _finding("python", "ok", f"{platform.python_version()} on {device.cpu_name()}"),
        *_packages(),
        *_gpus(),
        *_engines(),
        *_weights(),
        *_data(space),
        _results(space),
        _store(space),
    ]


def _finding(what: str, state: str, detail: str) -> Finding:
    return {"what": what, "state": state, "detail": detail.replace("\n", "; ")}


def _packages() -> Iterator[Finding]:
    for name in PACKAGES:
        found = version(name)
        mend = f"python -m pip install {name}"
        yield _finding(name, "ok" if found else "missing", found or mend)


def _gpus() -> Iterator[Finding]:
    names = nvml.device_names()
    if not names:
        yield _finding("gpu", "none", "entries run on the CPU; costs are labelled so")
    for index, name in enumerate(names):
        yield _finding(f"gpu {index}", "ok", f"{name}, class {device.slug(name)} (NVML)")
    if names:
        yield _attempt("cuda", _cuda)


def _cuda() -> str:
    import torch

    if not torch.cuda.is_available():
        raise NoData("torch sees no GPU", "install a CUDA build of torch that fits the driver")
    return f"torch {torch.__version__}, CUDA {torch.version.cuda}"


def _engines() -> Iterator[Finding]:
    kinds = {"cpu": "cpu", "cuda": "cuda:0"}
    for kind, name in kinds.items():
        if kind == "cpu" or nvml.device_names():
            lacks = resolution.lacking(name)
            detail = lacks or "what it needs is installed"
            yield _finding(f"compiled on {kind}", "missing" if lacks else "ok", detail)


def _weights() -> Iterator[Finding]:
    """Build each metric once: those with trained weights say what they lack."""
    for kind in catalog.kinds("metric"):
        yield _attempt(f"metric {kind}", partial(_build_metric, kind))


def _build_metric(kind: str) -> str:
    from ncabench import schema

    spec, problems = schema.complete("metric", {"kind": kind}, where=f"metric.{kind}")
    if problems:
        return "needs parameters; not built"
    catalog.build("metric", spec)
    return catalog.first_line("metric", kind)


def _data(space: Workspace) -> Iterator[Finding]:
    for row in overview.data_sets(space.data_root):
        state = "ok" if row["state"] == "here" else row["state"]
        yield _finding(f"data {row['kind']}", state, row["detail"])


def _results(space: Workspace) -> Finding:
    def look() -> str:
        free_gb = shutil.disk_usage(folder.make(space.results)).free / 1e9
        return f"{space.results} can be written, {free_gb:.0f} GB free"

    return _attempt("results", look)


def _store(space: Workspace) -> Finding:
    return _attempt("mlflow store", lambda: f"{len(space.store.runs())} runs")


def _attempt(what: str, look: Callable[[], Any]) -> Finding:
    try:
        return _finding(what, "ok", str(look()))
    except NoData as error:
        return _finding(what, "missing", str(error))
    except NcabenchError as error:
        return _finding(what, "broken", str(error))
