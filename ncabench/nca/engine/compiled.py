"""Compiled steps, and on a GPU whole iterations recorded as CUDA graphs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ncabench.errors import EngineFailed
from ncabench.nca.engine import Engine, agreement
from ncabench.nca.engine.fired import FiredRollout
from ncabench.nca.fires import Fires, drawn
from ncabench.nca.model import Automaton
from ncabench.nca.segments import rollout_in_segments

GRAPHS = 128  # recorded at most; a work whose key comes after them runs unrecorded
LAYERS = 200  # of a network; more take minutes to compile, and are only recorded
PROGRAMS = 1024  # shapes that one function may be compiled for
IN_RANGE: dict[str, Any] = {
    "assert_indirect_indexing": False
}  # tables of cells hold cells alone
CHOSEN: dict[str, Any] = {  # products by what is fastest on the machine, with what follows them
    **IN_RANGE,
    "max_autotune_gemm": True,
    "max_autotune_gemm_backends": "ATEN,TRITON",
    "prologue_fusion": False,
}


class Compiled(Engine):
    """Compiles steps with PyTorch's compiler; on a GPU, records and replays iterations.

    A rollout takes one of two forms. Where the automaton allows it (see `FiredRollout`),
    only the cells that fire are computed, as rows of a table, and convolutions become
    products. Otherwise the model's own step is compiled.

    On a GPU, `run` does a work of a new key as it is; when the key comes again it records
    the work as a CUDA graph and from then on replays it. Iterations of one rollout length
    share a key, so there are as many graphs as lengths, in one pool of memory; past 128
    graphs, works of new keys are done unrecorded. All of it is on a stream of the engine's
    own, between what the caller's stream did before and does afterwards.

    A work that rolls out by firing cells does its products, which stand for convolutions,
    with the operands that convolutions have (TF32 where cuDNN may use it).

    A network of very many layers is not compiled where iterations are recorded: what it
    loses between kernels, recording saves.

    Without gradients, products are chosen by trying what the compiler offers on the machine.

    Before a model's first rollout, two of its steps are compared with the definition's, at
    the sizes of that rollout; see ``ncabench.nca.engine.agreement``.

    Source: none; the steps are the models'.

    Args:
        device: where it runs.
        amp: operand type of mixed precision, or None.
        backend: of PyTorch's compiler; ``"aot_eager"`` traces and generates no code.

    Raises:
        EngineFailed: (from use) the compiler or the recording refuses what it is given, or
            the compiled steps are not the definition's.
    """

    name = "compiled"

    def __init__(
        self,
        device: torch.device,
        amp: torch.dtype | None = None,
        *,
        backend: str = "inductor",
    ) -> None:
        super().__init__(device, amp)
        self.backend = backend
        self.captures = device.type == "cuda"
        stream: Any = torch.cuda.Stream  # some versions of PyTorch give it no types
        self._own_stream: Any = stream(device) if self.captures else None
        self._graphs: dict[Hashable, tuple[Any, dict[str, Tensor]]] = {}
        self._met: set[Hashable] = set()
        self._agreed: set[Hashable] = set()
        self._memory: Any = None
        self._working = False
        self._rollouts: dict[int, FiredRollout | Stepped] = {}

    @contextmanager
    def _on_own_stream(self) -> Iterator[None]:
        """Wait for the device's other work, and let other work wait for what is done here."""
        if self._own_stream is None or self._is_current():
            yield
            return
        outer = torch.cuda.current_stream(self.device)
        self._own_stream.wait_stream(outer)
        with torch.cuda.stream(self._own_stream):
            yield
        outer.wait_stream(self._own_stream)

    def faster(self, function: Callable[..., Any]) -> Callable[..., Any]:
        layers = _layers(function)
        if self.captures and layers > LAYERS:
            self._note(f"a network of {layers} layers is recorded, and not compiled")
            return function
        return self._compiled(function)

    def _compiled(self, function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
        config: Any = torch._dynamo.config
        config.recompile_limit = max(config.recompile_limit, PROGRAMS)
        config.accumulated_recompile_limit = max(config.accumulated_recompile_limit, PROGRAMS)
        compiled: Callable[..., Any] = torch.compile(
            function,
            backend=self.backend,
            options=options if options and self.backend == "inductor" else None,
            fullgraph=True,
            dynamic=False,
        )
        return compiled

    def rollout(
        self,
        model: Automaton,
        state: Tensor,
        *,
        condition: Tensor | None,
        masks: Tensor | Fires | None,
        noises: Tensor | None = None,
        segments: int = 0,
    ) -> Tensor:
        given = {"condition": condition, "masks": drawn(masks), "noises": noises}
        self._insist_on_agreement(model, state, **given)
        return self._rolled(model, state, **given, segments=segments)

    def _rolled(
        self,
        model: Automaton,
        state: Tensor,
        *,
        condition: Tensor | None,
        masks: Tensor | None,
        noises: Tensor | None,
        segments: int = 0,
    ) -> Tensor:
        flat = condition is None or (condition.ndim == 2 and not condition.requires_grad)
        if segments < 1 and masks is not None and flat and not FiredRollout.refused(model):
            return self._fired(model, state, condition=condition, masks=masks)
        if condition is not None and condition.ndim == 4:
            self._note("the condition is an image: all cells are computed, fire or not")
        return rollout_in_segments(
            self._stepped(model),
            state,
            condition=condition,
            masks=masks,
            noises=noises,
            segments=segments,
        )

    def inference(self, model: Automaton) -> Automaton:
        return self._stepped(model)

    def _insist_on_agreement(
        self,
        model: Automaton,
        state: Tensor,
        *,
        condition: Tensor | None,
        masks: Tensor | Fires | None,
        noises: Tensor | None,
    ) -> None:
        """Compare two steps with the definition's, once for each model and size."""
        key = (id(model), state.shape, state.dtype, torch.is_grad_enabled())
        if key in self._agreed:
            return
        self._agreed.add(key)
        first: dict[str, Any] = {
            "condition": condition,
            "masks": None if masks is None else drawn(masks[: agreement.STEPS]),
            "noises": None if noises is None else noises[: agreement.STEPS],
        }
        wrong = agreement.disagreement(
            lambda start: self._rolled(model, start, **first),
            model,
            state,
            **first,
            operands=state.dtype if self.amp is None else self.amp,
        )
        if wrong:
            raise EngineFailed(f"the compiled steps are not the definition's: {wrong}")

    def run(self, work: Callable[[], dict[str, Tensor]], *, key: Hashable) -> dict[str, Tensor]:
        with self._on_own_stream(), self._restored_precision(), _refusals():
            if not self.captures:
                return work()
            if key in self._graphs:
                graph, scalars = self._graphs[key]
                graph.replay()
                return scalars
            if key not in self._met:
                self._met.add(key)
                return work()
            if len(self._graphs) >= GRAPHS:
                self._note(f"more than {GRAPHS} kinds of iteration: some ran unrecorded")
                return work()
            return self._record(work, key)

    def _record(
        self, work: Callable[[], dict[str, Tensor]], key: Hashable
    ) -> dict[str, Tensor]:
        graph: Any = torch.cuda.CUDAGraph()
        recording: Any = torch.cuda.graph(
            graph,
            pool=self._memory,
            stream=self._own_stream,
            capture_error_mode="thread_local",
        )
        with recording:
            scalars = work()
        self._memory = graph.pool()
        self._graphs[key] = (graph, scalars)
        graph.replay()
        return scalars

    def _fired(
        self, model: Automaton, state: Tensor, *, condition: Tensor | None, masks: Tensor
    ) -> Tensor:
        known = self._rollouts.get(id(model))
        if not isinstance(known, FiredRollout):
            assert FiredRollout.takes(model)
            known = self._rollouts[id(model)] = FiredRollout(
                model,
                partial(self._compiled, **IN_RANGE),
                fastest=partial(self._compiled, **(CHOSEN if self.captures else IN_RANGE)),
            )
        operands = state.dtype if self.amp is None else self.amp
        self._let_products_be_convolutions()
        with torch.autocast(self.device.type, enabled=False):
            return known(state, condition=condition, masks=masks, operands=operands)

    def _stepped(self, model: Automaton) -> Stepped:
        known = self._rollouts.get(id(model))
        if not isinstance(known, Stepped):
            known = self._rollouts[id(model)] = self._made_to_step(model)
        return known

    def _made_to_step(self, model: Automaton) -> Stepped:
        return Stepped(model, self.faster)

    def _let_products_be_convolutions(self) -> None:
        """Let products have the operands that convolutions have, until the work is done."""
        if self._working and torch.backends.cudnn.allow_tf32:
            torch.backends.cuda.matmul.allow_tf32 = True

    @contextmanager
    def _restored_precision(self) -> Iterator[None]:
        """Undo what a rollout by firing cells sets; its backward pass needs it as well."""
        matmul = torch.backends.cuda.matmul
        before, self._working = matmul.allow_tf32, True
        try:
            yield
        finally:
            matmul.allow_tf32, self._working = before, False

    def _is_current(self) -> bool:
        return bool(torch.cuda.current_stream(self.device) == self._own_stream)

    def _note(self, said: str) -> None:
        if said not in self.notes:
            self.notes.append(said)


class Stepped(Automaton):
    """An automaton whose step is compiled; it shares the weights of the model it stands for.

    Args:
        model: what it stands for.
        faster: makes the step faster.
    """

    trainers = ()
    protocols = ()

    def __init__(self, model: Automaton, faster: Callable[..., Any]) -> None:
        super().__init__()
        self.fire_rate = model.fire_rate
        self.noise = model.noise
        self.model = model
        self._compiled = faster(model.step)

    def step(
        self,
        state: Tensor,
        *,
        condition: Tensor | None,
        mask: Tensor | None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Return what the model's own step returns."""
        after: Tensor = self._compiled(state, condition=condition, mask=mask, noise=noise)
        return after

    def begin(self, seed: Tensor) -> Tensor:
        """Return the model's own first state."""
        return self.model.begin(seed)

    def end(self, state: Tensor) -> Tensor:
        """Return the state as the model's task has it."""
        return self.model.end(state)

    def reconstruct(self, image: Tensor) -> Tensor | None:
        """Return what is left of an image on the model's grid."""
        return self.model.reconstruct(image)

    def codes(self, image: Tensor) -> Tensor | None:
        """Return the codes that stand for an image on the model's grid."""
        return self.model.codes(image)

    def features(self, shown: Tensor) -> Tensor:
        """Return what is probed of the model's state."""
        return self.model.features(shown)


def _layers(function: Callable[..., Any]) -> int:
    """Return how many layers with weights of their own a network has; a function has none."""
    if not isinstance(function, nn.Module):
        return 0
    return sum(bool(one._parameters) for one in function.modules())


@contextmanager
def _refusals() -> Iterator[None]:
    """Name the compiler's and the recorder's refusals; other failures stay what they are."""
    from torch._dynamo.exc import TorchDynamoException

    try:
        yield
    except torch.cuda.OutOfMemoryError:
        raise
    except TorchDynamoException as error:
        raise EngineFailed(f"the compiler refuses: {_first_line(error)}") from error
    except AssertionError as error:  # compiled programs check what they are given
        if not str(error).startswith("expected size"):
            raise
        why = f"a compiled program was given another layout: {_first_line(error)}"
        raise EngineFailed(why) from error
    except RuntimeError as error:
        if "captur" not in str(error):
            raise
        raise EngineFailed(f"an iteration cannot be recorded: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
