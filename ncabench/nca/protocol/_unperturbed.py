"""What protocols share that follow a state to which nothing is done."""

from __future__ import annotations

from ncabench.nca.perturbation import Perturbation
from ncabench.nca.perturbation.none import Unperturbed


def refuse(perturbation: Perturbation, *, by: str) -> None:
    """Refuse a perturbation that does something.

    Args:
        perturbation: the suite's.
        by: what is measured, as messages name it.

    Raises:
        ValueError: something is to be perturbed.

    >>> from ncabench.nca.perturbation.half_plane import HalfPlane
    >>> refuse(HalfPlane(), by="denoising")
    Traceback (most recent call last):
    ValueError: denoising perturbs nothing, not by HalfPlane
    """
    if not isinstance(perturbation, Unperturbed):
        raise ValueError(f"{by} perturbs nothing, not by {type(perturbation).__name__}")
