"""Builds what the compiled engine would run on a GPU, on a machine that has none.

PyTorch's compiler generates Triton kernels for a device that only its properties describe,
and Triton compiles them for sm_90; nothing is run. Tracing takes place on the CPU, then the
graph is moved. Run as a program of its own, since it tells PyTorch that a GPU is there:
it prints a line of JSON for each program, its name and what went wrong, or "".
"""

from __future__ import annotations

import json
import re
import sys
from types import SimpleNamespace

import torch
import torch.utils._pytree as pytree
import triton
from torch._dispatch.python import enable_python_dispatcher
from torch._dynamo.device_interface import CudaInterface
from torch._inductor import config
from torch._inductor.codecache import PyCodeCache
from torch._inductor.compile_fx import compile_fx_inner
from torch._inductor.decomposition import select_decomp_table
from torch._inductor.fx_passes import reinplace
from torch._inductor.graph import GraphLowering
from torch._inductor.runtime import triton_helpers
from torch._inductor.virtualized import V
from torch._subclasses import fake_tensor
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.passes.fake_tensor_prop import FakeTensorProp
from torch.nn.utils.stateless import _reparametrize_module
from triton.backends.compiler import GPUTarget

from ncabench.nca.autoencoder.skip import Skip
from ncabench.nca.decoder.lppn import LPPN
from ncabench.nca.draws import Draws, _fires, _uniform, _words
from ncabench.nca.engine.cells import Firing, Grid
from ncabench.nca.engine.fired import FiredRollout
from ncabench.nca.model.cells_to_pixels import CellsToPixels
from ncabench.nca.model.guided import Guided
from ncabench.nca.model.latent_nafca import LatentNAFCA
from ncabench.nca.model.latent_vitca import LatentViTCA
from ncabench.nca.model.mesh_to_pixels import MeshToPixels
from ncabench.nca.model.nca import NCA
from ncabench.nca.model.unet import UNet
from ncabench.nca.model.unetca import UNetCA
from ncabench.nca.model.vit import ViT
from ncabench.nca.model.vitca import ViTCA
from ncabench.nca.model.vitca_unet import ViTCAUNet
from ncabench.nca.model.volume_to_pixels import VolumeToPixels
from ncabench.nca.once import Once
from ncabench.nca.perception.attention import Attention
from ncabench.nca.perception.conv import Conv
from ncabench.nca.perception.deformable import Deformable
from ncabench.nca.perception.stencil import Stencil
from ncabench.nca.perception.transformer import Transformer
from ncabench.nca.pool.fifo import Fifo, _order, _placed
from ncabench.nca.state import Layout
from ncabench.nca.trainer import _worse
from ncabench.nca.update.mlp import MLP
from ncabench.nca.update.relu_mlp import ReLUMLP
from ncabench.nca.weights import initialise
from ncabench.run.frames import frame_of

GPU = torch.device("cuda", 0)
HOPPER = {
    "name": "sm_90",
    "major": 9,
    "minor": 0,
    "warp_size": 32,
    "multi_processor_count": 132,
    "total_memory": 80 << 30,
    "L2_cache_size": 50 << 20,
    "regs_per_multiprocessor": 65536,
    "max_threads_per_multi_processor": 2048,
    "max_threads_per_block": 1024,
    "shared_memory_per_block": 49152,
    "shared_memory_per_block_optin": 232448,
}
KERNEL = re.compile(r"async_compile\.triton\('([^']+)', '''(.*?)'''", flags=re.DOTALL)
generated: list[str] = []


def pretend() -> None:
    """Answer every question about a GPU as a Hopper would, and keep code from being loaded."""
    properties, cuda = SimpleNamespace(**HOPPER), torch.cuda
    yes, zero, nothing = (lambda *_: True), (lambda *_: 0), (lambda *_: None)
    for owner, answer, names in (
        (cuda, yes, ("is_available", "is_initialized")),
        (cuda, zero, ("current_device", "_exchange_device", "_maybe_exchange_device")),
        (cuda, nothing, ("_lazy_init", "set_device", "synchronize", "set_rng_state")),
        (torch._C, zero, ("_cuda_getDevice", "_cuda_getCurrentRawStream")),
        (torch._C, zero, ("_accelerator_getDeviceIndex",)),
        (fake_tensor, nothing, ("init_gpu_context",)),
        (triton_helpers, nothing, ("set_driver_to_gpu",)),
    ):
        for name in names:
            setattr(owner, name, answer)
    cuda.device_count = lambda: 1
    cuda.get_rng_state = lambda _=None: torch.zeros(16, dtype=torch.uint8)
    cuda.get_device_properties = lambda _=None: properties
    cuda.get_device_capability = lambda _=None: (9, 0)
    CudaInterface.Worker.get_device_properties = staticmethod(lambda _=None: properties)
    CudaInterface.get_device_properties = staticmethod(lambda _=None: properties)
    CudaInterface.get_compute_capability = staticmethod(lambda _=None: 90)
    CudaInterface.is_available = staticmethod(yes)
    CudaInterface.raise_if_triton_unavailable = staticmethod(nothing)
    target = GPUTarget("cuda", 90, 32)
    triton.runtime.driver.set_active(
        SimpleNamespace(get_current_target=lambda: target, get_current_device=lambda: 0)
    )
    config.compile_threads, config.force_disable_caches = 1, True
    GraphLowering._compile_to_module_lines = keep
    reinplace._inplace_generalized_scatter = scattered


def scattered(into, _part, _views):
    """Answer of what size and type a scatter's result is; to ask would write to the GPU."""
    return into


def keep(_graph, code):
    """Take generated code in place of loading it."""
    generated.append(code.value)
    return SimpleNamespace(call=list, __file__="kept", runner=None)


def build(function, *given) -> None:
    """Generate and compile the kernels of a function of CPU tensors, as if on the GPU."""
    mode = fake_tensor.FakeTensorMode()
    flat, shape = pytree.tree_flatten(given)

    def leaves(*values):
        found = function(*pytree.tree_unflatten(list(values), shape))
        return tuple(pytree.tree_leaves(found))

    here = [mode.from_tensor(one) for one in flat]
    with mode, enable_python_dispatcher():  # as the compiler traces
        graph = make_fx(leaves, decomposition_table=select_decomp_table())(*here)
        there = [
            torch.empty_strided(one.shape, one.stride(), dtype=one.dtype, device=GPU)
            for one in here
        ]
    for node in graph.graph.nodes:
        if node.kwargs.get("device") is not None:
            node.kwargs = {**node.kwargs, "device": GPU}
    graph.recompile()
    FakeTensorProp(graph, mode).propagate_dont_convert_inputs(*there)
    generated.clear()
    context = torch._guards.TracingContext(mode)
    with V.set_fake_mode(mode), torch._guards.tracing(context), torch.no_grad():
        compile_fx_inner(graph, there)
    kernels = [found for code in generated for found in KERNEL.findall(code)]
    assert kernels, "no kernel was generated"
    for name, source in kernels:
        getattr(PyCodeCache.load(source), name).precompile(warm_cache_only=True)


def step(perception, operands: torch.dtype, *, gradients: bool):
    """Return a step by firing cells, with all its gradients or without, and what it takes."""
    layout = Layout(height=16, width=16, visible=4, hidden=12, condition=5, alive=3)
    sensing = perception(layout.perceived, out_channels=80)
    model = NCA(layout, sensing, MLP(80, layout.channels, hidden=80))
    initialise(model, Draws(1))
    rolling = FiredRollout(model, lambda one: one)
    rolling.grid, rolling.operands = Grid(batch=2, height=16, width=16), operands
    masks = torch.ones(1, 2, 1, 16, 16, dtype=torch.bool)
    firing = Firing.of(masks, capacity=rolling.grid.capacity(0.5))
    with torch.set_grad_enabled(gradients):
        constants = [one.detach() for one in rolling._weights(torch.eye(5)[:2], steps=1)[0]]
    places = (firing.rows[0], firing.place[0], firing.valid[0])

    def run(values, *rest):
        if not gradients:
            return rolling._step(values, *rest)
        with torch.enable_grad():
            wanted = [one.detach().requires_grad_() for one in (values, *rest) if real(one)]
            last = rolling._step(wanted[0], *rest[:3], *mixed(rest[3:], wanted[1:]))
            return torch.autograd.grad(last.square().sum(), wanted)

    return run, (torch.zeros(512, 16), *places, *constants)


def guided():
    """Return a guided step that is told an image, and what it takes."""
    layout = Layout(height=16, width=16, visible=4, hidden=12, condition=2, alive=3)
    sensing = Conv(layout.perceived, out_channels=80)
    model = Guided(layout, sensing, MLP(80, layout.channels, hidden=80), guidance=2.0).eval()
    names, weights = zip(*model.state_dict().items(), strict=True)

    def run(state, condition, mask, *given):
        told = {"condition": condition, "mask": mask}
        return stepped(model, names, given, state, told)

    masks = torch.ones(2, 1, 16, 16, dtype=torch.bool)
    given = (torch.zeros(2, 16, 16, 16), torch.zeros(2, 2, 16, 16), masks, *weights)
    return torch.func.functionalize(run), given  # pads are written in place


def whole(model):
    """Return a step of a whole grid of an automaton with all gradients, and what it takes."""
    names, weights = held(model)
    grid = model.layout

    tables = {name: one for name, one in model.named_buffers() if not real(one)}

    def loss(floating, mask, tables):
        state, *given = floating
        told, given = {"condition": None, "mask": mask}, (*given, *tables.values())
        return stepped(model, (*names, *tables), given, state, told).square().sum()

    masks = torch.ones(2, 1, grid.height, grid.width, dtype=torch.bool)
    state = torch.zeros(2, grid.channels, grid.height, grid.width)
    return torch.func.functionalize(torch.func.grad(loss)), ([state, *weights], masks, tables)


def framed(operands: torch.dtype):
    """Return a frame of two steps and a rendering, and what it takes."""
    drawing = Layout(height=64, width=96, visible=4, hidden=28, alive=3)
    parts = Stencil(32), ReLUMLP(128, 32, hidden=256)
    model = CellsToPixels(drawing, *parts, decoder=LPPN(width=64, harmonics=1)).to(operands)
    names, weights = held(model)

    def run(state, masks, *given):
        with _reparametrize_module(model, dict(zip(names, given, strict=True))):
            return frame_of(model, None)(state, masks)

    masks = torch.ones(2, 1, 1, 8, 12, dtype=torch.bool)
    given = (torch.zeros(1, 32, 8, 12, dtype=operands), masks, *weights)
    return torch.func.functionalize(run), given


def passed(model):
    """Return a pass of a one-pass model with all gradients, and what it takes."""
    names, weights = held(model)

    def loss(given, image):
        named = dict(zip(names, given, strict=True))
        return torch.func.functional_call(model, named, (image, None)).square().sum()

    grid = model.layout
    image = torch.zeros(2, grid.frozen, grid.height, grid.width)
    return torch.func.functionalize(torch.func.grad(loss)), (list(weights), image)


def coded(coder):
    """Return an autoencoder's error in training with all gradients, and what it takes."""
    weights, kept = (
        {name: one.detach() for name, one in named}
        for named in (coder.named_parameters(), coder.named_buffers())
    )

    def loss(weights, kept, image):
        again = torch.func.functional_call(coder, {**weights, **kept}, (image,)).image
        return (again - image).square().mean()

    image = torch.zeros(2, 3, 32, 32)
    return torch.func.functionalize(torch.func.grad(loss)), (weights, kept, image)


def held(model):
    """Return the names and the values of a model's weights and buffers of real numbers."""
    named = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    named = {name: one for name, one in named.items() if real(one)}
    return tuple(named), tuple(one.detach() for one in named.values())


def stepped(model, names, weights, state, told):
    """Return a model's step of a state, with other weights than its own."""
    step = Stepping(model)
    named = {f"model.{name}": one for name, one in zip(names, weights, strict=True)}
    return torch.func.functional_call(step, named, (state,), told)


class Stepping(torch.nn.Module):
    """A model whose step is its forward pass."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, state, **told):
        return self.model.step(state, **told)


def told(side: int):
    """Return a whole step of a latent grid that is told a mask of ``side`` cells."""
    layout = Layout(height=8, width=8, visible=8, condition=1)
    model = NCA(layout, Conv(9, kernel_size=5, out_channels=16), MLP(16, 8, hidden=16))
    initialise(model, Draws(1))
    names, weights = zip(*model.named_parameters(), strict=True)

    def run(state, condition, mask, *given):
        with _reparametrize_module(model, dict(zip(names, given, strict=True))):
            return model.step(state, condition=condition, mask=mask)

    grid, mask = torch.zeros(2, 8, 8, 8), torch.ones(2, 1, 8, 8, dtype=torch.bool)
    return run, (grid, torch.zeros(2, 1, side, side), mask, *(one.detach() for one in weights))


def once():
    """Return a network of one pass as a step, and what it takes."""
    network = UNet(Layout(height=16, width=16, visible=3), base=4)
    model = Once(network, Layout(height=16, width=16, frozen=3, visible=3, hidden=2)).eval()
    initialise(network, Draws(1))
    names, weights = zip(*model.state_dict().items(), strict=True)

    def run(state, *given):
        return stepped(model, names, given, state, {"condition": None, "mask": None})

    return torch.func.functionalize(run), (torch.zeros(2, 8, 16, 16), *weights)


def real(tensor) -> bool:
    """Whether a gradient can be taken of a tensor."""
    return tensor.is_floating_point()


def mixed(constants, floating):
    """Return the constants, those of real numbers replaced in their order."""
    taken = iter(floating)
    return [next(taken) if real(one) else one for one in constants]


def programs():
    """Yield the name, the function and what it takes, of all that the engine compiles."""
    numbers, key = [torch.arange(count) for count in (1600, 62, 18)], [torch.tensor(7)] * 2
    counts = (*numbers, torch.tensor(3))
    state, labels, stored = torch.zeros(18, 16, 80, 80), torch.zeros(18).long(), torch.tensor(9)
    yield "words", _words, (counts, key)
    yield "uniform", _uniform, (counts, key)
    yield "masks", lambda *given: _fires(*given, 2**31), (counts, key)
    yield "worst loss", _worse, (torch.tensor(0.0), torch.tensor(1.0))
    yield "pool, order", _order, (torch.arange(1024), stored)
    yield "pool, rows", lambda *given: _placed(*given, 1024), (state, stored)
    touched = torch.zeros(9, 1, 80, 80, dtype=torch.bool)
    held = (torch.zeros(1025, 16, 80, 80), torch.zeros(1025).long(), stored)
    blend = (*held, state, labels, torch.arange(9), touched)
    yield "pool, blend", lambda *given: Fifo()._blend(*given), blend
    for operands in (torch.bfloat16, torch.float32):
        for gradients in (True, False):
            yield f"step {operands}, {gradients}", *step(Conv, operands, gradients=gradients)
    yield "guided step", *guided()
    for side in (8, 64):
        yield f"step told a mask of {side} cells", *told(side)
    yield "one pass as a step", *once()
    pixels = Layout(height=32, width=32, frozen=3, visible=3, hidden=32)
    yield "vitca step", *whole(ViTCA(pixels))
    yield "unetca step", *whole(UNetCA(pixels))
    drawing = Layout(height=64, width=64, visible=4, hidden=28, alive=3)
    parts = Stencil(32), ReLUMLP(128, 32, hidden=256)
    yield "rendered step", *whole(CellsToPixels(drawing, *parts, decoder=LPPN()))
    seen = Layout(height=16, width=16, visible=3, hidden=13)
    yield "mesh step", *whole(MeshToPixels(seen, decoder=LPPN(), subdivision=2))
    volume = VolumeToPixels(seen, decoder=LPPN(), cells_per_axis=4, samples_per_ray=4)
    yield "volume step", *whole(volume)
    for operands in (torch.float32, torch.float16):
        yield f"frame {operands}", *framed(operands)
    yield "vit", *passed(ViT(pixels))
    yield "vitca_unet", *passed(ViTCAUNet(pixels))
    photos = Layout(height=32, width=32, frozen=3, visible=3, hidden=8)
    yield "latent nafca step", *whole(LatentNAFCA(photos, autoencoder=Skip()))
    yield "latent vitca step", *whole(LatentViTCA(photos, autoencoder=Skip()))
    yield "skip autoencoder", *coded(Skip())
    yield "deformable step", *step(Deformable, torch.bfloat16, gradients=False)
    for attention in (Attention, Transformer):
        name = f"{attention.__name__.lower()} step"
        yield name, *step(attention, torch.bfloat16, gradients=True)


def main() -> None:
    """Build all programs, and tell of each."""
    made = list(programs())
    pretend()
    for name, function, given in made:
        try:
            build(function, *given)
        except Exception as error:  # what the compiler refuses is the answer
            answer = f"{type(error).__name__}: {error}"
        else:
            answer = ""
        sys.stdout.write(json.dumps([name, answer[:2000]]) + "\n")


if __name__ == "__main__":
    main()
