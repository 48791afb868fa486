"""Builds the fused kernels for sm_90 on a machine that has no GPU; nothing is run.

A rollout and its backward pass are gone through with kernels that write down what they are
launched with; then Triton compiles each for that. Run as a program of its own: it prints a
line of JSON, the bytes of shared memory of each kernel.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from ncabench.nca.draws import Draws
from ncabench.nca.engine.cells import Firing, Grid
from ncabench.nca.engine.kernels import listed, loaded, nearby
from ncabench.nca.engine.kernels.chosen import CUTS
from ncabench.nca.engine.kernels.form import Form
from ncabench.nca.engine.kernels.rolled import Roll, flattened
from ncabench.nca.engine.kernels.steps import Steps
from ncabench.nca.fires import Fires
from ncabench.nca.model.nca import NCA
from ncabench.nca.perception.conv import Conv
from ncabench.nca.perception.sobel import Sobel
from ncabench.nca.state import Layout
from ncabench.nca.update.mlp import MLP
from ncabench.run import assembler

HOPPER = GPUTarget("cuda", 90, 32)
NAMES = (
    "list_masked",
    "list_drawn",
    "think",
    "settle",
    "unsettle",
    "gather",
    "rethink",
    "unthink",
    "learn",
    "learn_to_see",
    "tell",
)
ATTENTION = ("attend", "ask", "answer")
TYPES = {
    torch.int32: "*i32",
    torch.int64: "*i64",
    torch.uint8: "*u8",
    torch.float32: "*fp32",
    torch.bfloat16: "*bf16",
}
OPTIONS = ("num_warps", "num_stages", "maxnreg")


@dataclass
class Launches:
    """A kernel that keeps what it is launched with."""

    kernel: Any
    made: dict[str, tuple[ASTSource, dict[str, int]]] = field(default_factory=dict)

    def __getitem__(self, _grid):
        def launch(*values, **named):
            options = {name: named.pop(name) for name in OPTIONS if name in named}
            given = {**dict(zip(self.kernel.arg_names, values, strict=False)), **named}
            source = self._source({name: given[name] for name in self.kernel.arg_names})
            what = [str(source.constants), str(source.attrs), options]
            self.made[json.dumps(what)] = (source, options)

        return launch

    def _source(self, given):
        """As Triton's launcher specialises: sizes of 16 and aligned tensors, and constants."""
        signature, constants, attributes = {}, {}, {}
        for place, parameter in enumerate(self.kernel.params):
            name, value = parameter.name, given[parameter.name]
            plain = parameter.do_not_specialize
            one = type(value) is int and value == 1 and not plain
            if parameter.is_constexpr or value is None or one:
                constants[(place,)], signature[name] = value, "constexpr"
                continue
            sort = "fp32" if isinstance(value, float) else "i32"
            signature[name] = TYPES[value.dtype] if isinstance(value, torch.Tensor) else sort
            if isinstance(value, torch.Tensor):
                free = parameter.do_not_specialize_on_alignment
                aligned = value.data_ptr() % 16 == 0 and not free
            else:
                aligned = type(value) is int and value % 16 == 0
            if aligned and not plain:
                attributes[(place,)] = [["tt.divisibility", 16]]
        return ASTSource(self.kernel, signature, constants, attributes)


def launched(perception, operands, **cut):
    """Return the kernels after a rollout of table 1's shape, forward and backward."""
    real = loaded.kernels()
    kernels = SimpleNamespace(
        **{name: Launches(getattr(real, name).kernel) for name in NAMES}, types=real.types
    )
    layout = Layout(height=80, width=80, visible=4, hidden=12, condition=5, alive=3)
    sensing = perception(layout.perceived)
    model = NCA(layout, sensing, MLP(sensing.out_channels, layout.channels))
    steps = Steps(
        kernels,
        Form(model),
        Grid(batch=18, height=80, width=80),
        operands=operands,
        precision="tf32",
        multiprocessors=132,
        **cut,
    )
    fires = Fires(
        draws=Draws(0),
        purpose="train/fire",
        samples=torch.arange(18),
        steps=range(2),
        height=80,
        width=80,
        rate=0.5,
    )
    steps.listed(fires.masks())
    rows = torch.zeros(steps.grid.cells, 16, requires_grad=True)
    matrices = steps.form.matrices(torch.zeros(18, 5))
    Roll.apply(steps, steps.drawn(fires), rows, *flattened(matrices)).sum().backward()
    return {name: getattr(kernels, name).made for name in NAMES}


def attended(look):
    """Return the kernels of attention after ``look`` has called them."""
    real = loaded.kernels()
    kernels = SimpleNamespace(
        **{name: Launches(getattr(real, name).kernel) for name in ATTENTION}, types=real.types
    )
    nearby.kernels = lambda: kernels
    look().sum().backward()
    return {name: getattr(kernels, name).made for name in ATTENTION}


def all_look(kind):
    """Let all cells of ViTCA's shape read."""
    made = torch.zeros(32, 32, 32, 384, dtype=kind, requires_grad=True)
    parts = [one.unflatten(-1, (4, -1)) for one in made.chunk(3, dim=-1)]
    return nearby.nearby(*parts, reach=1)


def some_look(kind):
    """Let half of them read."""
    grid = Grid(batch=32, height=32, width=32)
    masks = torch.zeros(1, 32, 1, 32, 32, dtype=torch.bool)
    firing = Firing.of(masks, capacity=grid.capacity(0.5))
    asked = torch.zeros(len(firing.rows[0]), 4, 32, dtype=kind, requires_grad=True)
    held = torch.zeros(32, 32, 32, 2, 4, 32, dtype=kind, requires_grad=True)
    return listed.nearby(asked, held, firing.rows[0], firing.place[0], reach=1)


def cut(number):
    """Return one of the ways to cut all work; not all of them fit."""
    return {part: tilings[number] for part, tilings in CUTS.items()}


def main() -> None:
    """Build all for a convolution in bf16, and for Sobel in TF32 what is not the same."""
    if not assembler.lacking():
        assembler.use()
    made = {
        "conv bf16": launched(Conv, torch.bfloat16, **cut(0)),
        "sobel tf32": launched(Sobel, torch.float32, **cut(2)),
    }
    made["attention bf16"] = attended(lambda: all_look(torch.bfloat16))
    made["attention of some bf16"] = attended(lambda: some_look(torch.bfloat16))
    for name in ("list_masked", "list_drawn", "settle", "unsettle", "gather"):
        made["sobel tf32"].pop(name)  # the same
    shared = {}
    for case, kernels in made.items():
        for name, launches in kernels.items():
            for number, (source, options) in enumerate(launches.values()):
                options |= loaded.ASSEMBLED
                built = triton.compile(source, target=HOPPER, options=options)
                shared[f"{case} {name} {number}"] = built.metadata.shared
    sys.stdout.write(json.dumps(shared) + "\n")


if __name__ == "__main__":
    main()
