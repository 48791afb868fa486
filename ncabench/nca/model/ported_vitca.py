"""ViTCA as LNCA's authors wrote it anew."""

from __future__ import annotations

from typing import Literal

from ncabench.nca.glorot import glorot
from ncabench.nca.model._encoder import Encoder
from ncabench.nca.model.vitca import ViTCA
from ncabench.nca.state import Layout
from ncabench.nca.weights import Keyed


class PortedViTCA(ViTCA):
    """The automaton ``vitca`` with what is different in LNCA's code of it, switch by switch.

    It is the pixel automaton that LNCA's tables compare with, and on the latent grid the
    core of ``latent_vitca``. A kind of its own, so that ``vitca`` stays what ViTCA's tables
    need.

    Source: LNCA, "Architecture", "Neural Cellular Automata"; the differences are in its
    code and not in its text.

    Args:
        layout: the task's: frozen channels are the input.
        embedding: d, channels of an embedded cell.
        heads: number of independent attentions, each to ``embedding // heads`` channels.
        mlp: width of the hidden layer of a block's MLP.
        depth: number of blocks.
        kernel_size: side of the attention's window in cells, odd.
        fire_rate: chance that a cell updates in a step; 1.0 updates all, synchronously.
        epsilon: added to the variance in every normalisation; 1e-5 in ViTCA's own code.
        order: of the positional encoding's columns: ``"split"``, the first sine, all cosines,
            the other sines; or ``"interleaved"``, ViTCA's own.
        init: of the kernels: ``"glorot"``, as Keras does, with biases of zero, or
            ``"pytorch"``, as PyTorch does. The head starts at zero in any case.
        unfolded: copy keys and values once for each neighbour, as ``vitca``.

    Shape:
        state ``(B, C, H, W)``; a step keeps that.

    Raises:
        ValueError: as ``vitca``.

    >>> latent = Layout(height=8, width=8, frozen=16, visible=16, hidden=32)
    >>> PortedViTCA(latent).parameter_count()
    97520
    """

    version = 1
    trainers = ("rollout", "denoising", "restoration")
    protocols = ("recovery", "quality", "denoising", "restoration")

    def __init__(
        self,
        layout: Layout,
        *,
        embedding: int = 128,
        heads: int = 4,
        mlp: int = 64,
        depth: int = 1,
        kernel_size: int = 3,
        fire_rate: float = 0.5,
        epsilon: float = 1e-3,
        order: Literal["split", "interleaved"] = "split",
        init: Literal["glorot", "pytorch"] = "glorot",
        unfolded: bool = False,
    ) -> None:
        super().__init__(
            layout,
            embedding=embedding,
            heads=heads,
            mlp=mlp,
            depth=depth,
            kernel_size=kernel_size,
            fire_rate=fire_rate,
            unfolded=unfolded,
        )
        self.init = init
        self.encoder = Encoder(
            self.layout.perceived,
            self.layout.channels - self.layout.frozen,
            grid=(layout.height, layout.width),
            width=embedding,
            heads=heads,
            mlp=mlp,
            depth=depth,
            reach=kernel_size // 2,
            unfolded=unfolded,
            order=order,
            epsilon=epsilon,
        )

    def initialise(self, keyed: Keyed) -> None:
        """Draw the kernels as ``init`` says, and start from a head of zeros."""
        if self.init == "glorot":
            glorot(self, keyed)
        super().initialise(keyed)
