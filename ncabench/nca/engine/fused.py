"""Whole steps in kernels of the project's own, forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ncabench.errors import EngineFailed
from ncabench.nca.engine.cells import Grid
from ncabench.nca.engine.compiled import IN_RANGE, Compiled, Stepped
from ncabench.nca.engine.encoded import Encoded
from ncabench.nca.engine.encoding import refused as not_encoded
from ncabench.nca.engine.kernels import nearby as kernels
from ncabench.nca.engine.kernels.chosen import Chosen
from ncabench.nca.engine.kernels.form import MOST_NUMBERS, WIDEST, Form
from ncabench.nca.engine.kernels.rolled import Roll, flattened, kept_apart
from ncabench.nca.engine.kernels.steps import Listed, Steps
from ncabench.nca.fires import Fires
from ncabench.nca.model import Automaton
from ncabench.nca.model import _self_attention as definition
from ncabench.nca.model._self_attention import SelfAttention, reading
from ncabench.nca.model.nca import NCA
from ncabench.nca.model.vitca import ViTCA

OPERANDS = (torch.float32, torch.bfloat16, torch.float16, torch.float64)


class Fused(Compiled):
    """Takes a step's percepts, layers, masks, life and clamping in a kernel or two.

    Of a rollout only the states and a bit for each number of them are kept: the backward
    pass computes again, step by step, what lies between, and keeps of it what the weights'
    gradients of a few steps need, in less memory than the states take. Only cells that fire
    are computed. Fire masks are drawn in the kernels, the same bits as elsewhere. States and
    sums are float32; weights are multiplied in the type of mixed precision, or in TF32 where
    cuDNN may use it. How work is cut is chosen by trying it on the device.

    ViTCA of one block is computed by firing cells too, its attention by kernels and the rest
    by compiled products; kept are the states and what rows have read. In other models that
    have no kernels of their own localised attention is computed by kernels as well: nothing
    of a neighbourhood is kept.

    What has no kernels (see `Form.refused`) is done as the compiled engine does it, and a
    note says so. Before a model's first rollout, two of its steps are compared with the
    definition's, and masks with those that are drawn elsewhere. Gradients of gradients are
    refused by PyTorch.

    Source: none; the steps are the models'.

    Raises:
        EngineFailed: (from use) Triton is missing or refuses a kernel, or what the kernels
            compute is not the definition's.
    """

    name = "fused"

    def __init__(
        self,
        device: torch.device,
        amp: torch.dtype | None = None,
        *,
        backend: str = "inductor",
    ) -> None:
        super().__init__(device, amp, backend=backend)
        self._forms: dict[int, Form] = {}
        self._made: dict[tuple[object, ...], Steps] = {}
        self._compared: set[tuple[object, ...]] = set()
        self._kernels: Any = None
        self._encoded: dict[tuple[object, ...], Encoded] = {}

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
        refused = self._refused(model, state, condition, masks, noises)
        if refused:
            self._note(self._instead(refused, model, state, condition, masks, noises))
            return super().rollout(
                model,
                state,
                condition=condition,
                masks=masks,
                noises=noises,
                segments=segments,
            )
        assert isinstance(model, NCA)
        assert masks is not None
        self._insist_on_agreement(model, state, condition=condition, masks=masks, noises=None)
        return self._by_kernels(model, state, condition=condition, masks=masks)

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
        if self._refused(model, state, condition, masks, noises):
            if not self._unencoded(model, state, condition, masks, noises):
                assert isinstance(model, ViTCA)
                assert masks is not None
                return self._by_rows(model, state, masks)
            return super()._rolled(
                model,
                state,
                condition=condition,
                masks=masks,
                noises=noises,
                segments=segments,
            )
        assert isinstance(model, NCA)
        assert masks is not None
        return self._by_kernels(model, state, condition=condition, masks=masks)

    def _made_to_step(self, model: Automaton) -> Stepped:
        attentions = [one for one in model.modules() if isinstance(one, SelfAttention)]
        if not any(_has_kernels(one) for one in attentions):
            return super()._made_to_step(model)
        self._note("attention to neighbours is computed by kernels")
        return Stepped(model, lambda step: _attending(self.faster(step)))

    def _refused(
        self,
        model: Automaton,
        state: Tensor,
        condition: Tensor | None,
        masks: Tensor | Fires | None,
        noises: Tensor | None,
    ) -> str:
        """Return why a rollout cannot be done by the kernels, or ``""``."""
        if why := Form.refused(model):
            return why
        if masks is None or noises is not None:
            return "noise has no fused kernels"
        assert isinstance(model, NCA)
        if condition is not None and condition.ndim != 2:
            return "the condition is an image"
        if state.dtype not in (torch.float32, torch.float64) or self.amp not in (
            None,
            *OPERANDS,
        ):
            return f"no fused kernels for states of {state.dtype}"
        narrow = self.amp in (torch.bfloat16, torch.float16)
        tf32 = torch.backends.cudnn.allow_tf32 and state.dtype == torch.float32
        if self.device.type == "cuda" and not (narrow or tf32):
            return "matrix units take TF32, bf16 and fp16, and no wider operands"
        cells = state.numel() // state.shape[1]
        if cells * max(WIDEST, state.shape[1]) >= MOST_NUMBERS:
            return f"{cells} cells are too many for tables to be counted in 32 bits"
        return ""

    def _instead(self, refused: str, model: Automaton, *given: Any) -> str:
        """Return what is done where kernels of whole steps are refused."""
        why = self._unencoded(model, *given)
        if not why:
            return "cells that fire are encoded, and attend to neighbours by kernels"
        return f"{why if isinstance(model, ViTCA) else refused}: the compiled engine's steps"

    def _unencoded(
        self,
        model: Automaton,
        state: Tensor,
        condition: Tensor | None,
        masks: Tensor | Fires | None,
        noises: Tensor | None,
    ) -> str:
        """Return why a rollout cannot be done by encoding firing cells, or ``""``."""
        if why := not_encoded(model):
            return why
        if masks is None or noises is not None or condition is not None:
            return "noise and conditions are not encoded"
        if state.dtype not in (torch.float32, torch.float64) or self.amp not in (
            None,
            *OPERANDS,
        ):
            return f"no encoded rows for states of {state.dtype}"
        return ""

    def _by_rows(self, model: ViTCA, state: Tensor, masks: Tensor) -> Tensor:
        """Return the last state of a model whose firing cells are encoded."""
        operands = state.dtype if self.amp is None else self.amp
        key = (id(model), state.shape, state.dtype, operands)
        if key not in self._encoded:
            batch, _, height, width = state.shape
            self._encoded[key] = Encoded(
                model,
                Grid(batch=batch, height=height, width=width),
                operands=operands,
                faster=partial(self._compiled, **IN_RANGE),
            )
        self._let_products_be_convolutions()
        with _refusals(), torch.autocast(self.device.type, enabled=False):
            return self._encoded[key](state, masks=masks)

    def _by_kernels(
        self,
        model: NCA,
        state: Tensor,
        *,
        condition: Tensor | None,
        masks: Tensor | Fires,
    ) -> Tensor:
        """Return the last state, of type float32 or wider."""
        with _refusals(), torch.autocast(self.device.type, enabled=False):
            steps = self._steps(model, state)
            listed = self._listed(steps, masks)
            matrices = steps.form.matrices(condition)
            rows = steps.grid.rows(state)
            if torch.is_grad_enabled():
                last: Tensor = Roll.apply(steps, listed, rows, *flattened(matrices))
            else:
                last = kept_apart(steps, listed, rows, matrices)
            return steps.grid.planes(last)

    def _steps(self, model: NCA, state: Tensor) -> Steps:
        operands = state.dtype if self.amp is None else self.amp
        tf32 = torch.backends.cudnn.allow_tf32 and self.device.type == "cuda"
        precision = "tf32" if tf32 else "ieee"
        gradients = torch.is_grad_enabled()
        key = (id(model), state.shape, operands, precision, gradients)
        if key not in self._made:
            batch, _, height, width = state.shape
            form = self._forms.setdefault(id(model), Form(model))
            chosen = Chosen(
                self._loaded(),
                form,
                Grid(batch=batch, height=height, width=width),
                operands=operands,
                precision=precision,
            )
            self._made[key] = chosen.steps(self.device, gradients=gradients)
            self._note(f"fused kernels: {chosen.told}")
        return self._made[key]

    def _listed(self, steps: Steps, masks: Tensor | Fires) -> Listed:
        if not isinstance(masks, Fires):
            return steps.listed(masks)
        key = (steps.grid, masks.draws.rng_seed, masks.purpose)
        if key not in self._compared:
            self._compared.add(key)
            ours, expected = steps.drawn(masks), steps.listed(masks.masks())
            if not torch.equal(ours.place, expected.place):
                raise EngineFailed("the masks that kernels draw are not those of the draws")
        return steps.drawn(masks)

    def _loaded(self) -> Any:
        if self._kernels is None:
            from ncabench.nca.engine.kernels import loaded

            self._kernels = loaded.kernels()
        return self._kernels


def _has_kernels(attention: SelfAttention) -> bool:
    if attention.reach is None or attention.unfolded:
        return False
    part = attention.qkv.out_features // (3 * attention.heads)
    return kernels.takes(reach=attention.reach, part=part)


def _near(query: Tensor, key: Tensor, value: Tensor, *, reach: int) -> Tensor:
    if kernels.takes(reach=reach, part=query.shape[-1]):
        return kernels.nearby(query, key, value, reach=reach)
    return definition.nearby(query, key, value, reach=reach)


def _attending(step: Callable[..., Any]) -> Callable[..., Any]:
    """Return a step whose attention to neighbours is computed by the kernels."""

    def attending(*values: Any, **named: Any) -> Any:
        with _refusals(), reading(_near):
            return step(*values, **named)

    return attending


@contextmanager
def _refusals() -> Iterator[None]:
    """Name Triton's refusals; other failures stay what they are."""
    try:
        yield
    except ImportError as error:
        raise EngineFailed(f"the fused kernels need Triton: {error}") from error
    except Exception as error:
        if not type(error).__module__.startswith("triton."):
            raise
        first = str(error).strip().partition("\n")[0]
        raise EngineFailed(f"Triton refuses a kernel: {first}") from error
