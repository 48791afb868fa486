"""Times training iterations of an automaton of CAX; run as a process of its own.

It imports nothing of ncabench, and JAX only where it runs. The first line of standard input
is a JSON object (see `Sizes`); the answer is a line of JSON with ``compile_s``, ``peak_gb``
and ``versions``. Then each line ``block N`` is answered by the milliseconds of one of N
iterations, ``{"ms": ...}``. It ends with its input. What libraries print goes to standard
error.

Inside the clock: T steps in one scan, mean squared error of the visible channels, gradient,
clipping to norm 1, and Adam, all in one compiled call; the host's clock, waiting for the
weights. Fire masks are drawn inside, by CAX's cell dropout.

Source: none; CAX's classes are used as its documentation shows.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Any

PACKAGES = ("cax", "jax", "jaxlib", "flax", "optax")
WARM_UP = 3  # calls before the first block; the first compiles


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What is timed.

    Attributes:
        batch: grids.
        steps: automaton steps of an iteration.
        height: cells from top to bottom.
        width: cells from left to right.
        channels: of the state.
        visible: of them, those that are compared with the target.
        condition: channels told to the perception and not changed.
        percepts: of the convolution.
        kernel_size: its side.
        hidden: width of the update.
        fire_rate: chance that a cell updates.
        slope: of both leaky ReLUs, for negative values.
        precision: ``"default"``, or ``"bf16"``: operands of all layers.
    """

    batch: int
    steps: int
    height: int
    width: int
    channels: int
    visible: int
    condition: int
    percepts: int
    kernel_size: int
    hidden: int
    fire_rate: float
    slope: float = 0.2
    precision: str = "default"


def automaton(sizes: Sizes) -> Any:
    """Return a convolution that perceives state and condition, and a masked update."""
    import jax.numpy as jnp
    from cax.core import ComplexSystem
    from cax.core.perceive.conv_perceive import ConvPerceive
    from cax.core.update.nca_update import NCAUpdate
    from flax import nnx

    def activation(values: Any) -> Any:
        return nnx.leaky_relu(values, negative_slope=sizes.slope)

    class Automaton(ComplexSystem):  # type: ignore[misc]  # its type is unknown
        def __init__(self) -> None:
            rngs = nnx.Rngs(0)
            self.perceive = ConvPerceive(
                channel_size=sizes.channels + sizes.condition,
                perception_size=sizes.percepts,
                kernel_size=(sizes.kernel_size, sizes.kernel_size),
                padding="CIRCULAR",
                use_bias=True,
                activation_fn=activation,
                rngs=rngs,
            )
            self.update = NCAUpdate(
                channel_size=sizes.channels,
                perception_size=sizes.percepts,
                hidden_layer_sizes=(sizes.hidden,),
                activation_fn=activation,
                cell_dropout_rate=1 - sizes.fire_rate,
                rngs=rngs,
            )

        def _step(self, state: Any, input: Any = None, **_rest: Any) -> Any:
            seen = state if input is None else jnp.concatenate([state, input], axis=-1)
            return self.update(state, self.perceive(seen), None)

    made = Automaton()
    if sizes.precision == "bf16":
        lower(made)
    return made


def lower(model: Any) -> None:
    """Let every layer multiply in bfloat16; weights and states stay as they are."""
    import jax.numpy as jnp
    from flax import nnx

    for _, layer in nnx.iter_graph(model):
        if isinstance(layer, nnx.Conv):
            layer.dtype = jnp.bfloat16


def iterations(sizes: Sizes) -> Callable[[int], float]:
    """Return what does a number of training iterations, and returns their seconds."""
    import jax
    import jax.numpy as jnp
    import optax
    from flax import nnx

    model = automaton(sizes)
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-3))
    optimiser = nnx.Optimizer(model, rule, wrt=nnx.Param)
    grid = (sizes.batch, sizes.height, sizes.width)
    start = jnp.zeros((*grid, sizes.channels))
    start = start.at[:, sizes.height // 2, sizes.width // 2].set(1.0)
    told = jnp.ones((*grid, sizes.condition)) if sizes.condition else None
    target = jnp.full((*grid, sizes.visible), 0.5)

    def loss(model: Any, start: Any, told: Any, target: Any) -> Any:
        final = model(start, told, num_steps=sizes.steps)
        return jnp.square(final[..., -sizes.visible :] - target).mean()

    @nnx.jit  # type: ignore[untyped-decorator]
    def iterate(model: Any, optimiser: Any, start: Any, told: Any, target: Any) -> Any:
        value, gradient = nnx.value_and_grad(loss)(model, start, told, target)
        optimiser.update(model, gradient)
        return value

    def run(count: int) -> float:
        jax.block_until_ready(nnx.state(model))
        started = time.perf_counter()
        for _ in range(count):
            value = iterate(model, optimiser, start, told, target)
        jax.block_until_ready((value, nnx.state(model)))
        return time.perf_counter() - started

    return run


def peak_gb() -> float | None:
    """Return the most memory that JAX had in use on the device, or None on a CPU."""
    import jax

    found = jax.devices()[0].memory_stats()
    return found["peak_bytes_in_use"] / 2**30 if found else None


def main() -> None:
    """Answer one line of standard input after another."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def answer(**content: Any) -> None:
        answers.write(json.dumps(content) + "\n")

    run = iterations(Sizes(**json.loads(sys.stdin.readline())))
    warm_s = sum(run(1) for _ in range(WARM_UP))
    answer(
        compile_s=max(0.0, warm_s - WARM_UP * run(1)),
        peak_gb=peak_gb(),
        versions={name: metadata.version(name) for name in PACKAGES},
    )
    for line in sys.stdin:
        count = int(line.split()[1])
        answer(ms=run(count) / count * 1000)


if __name__ == "__main__":
    main()
