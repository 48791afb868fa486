"""Whether a run's device is the card that a paper names."""

from __future__ import annotations

import re

_MODEL = re.compile(
    r"[a-z]*\d{3,}[a-z]*"
)  # 4090, a100, h200; sizes have a unit and fewer digits
_SIZE_GB = re.compile(r"(\d+)\s*gi?b\b")
_VARIANTS = {"laptop", "max", "mobile", "super", "ti"}


def size_gb(hardware: str) -> int | None:
    """Return the memory that a paper states of its card, in GB, or None.

    >>> size_gb("RTX 4090, 24 GB")
    24
    """
    found = _SIZE_GB.search(hardware.lower())
    return int(found[1]) if found else None


def is_papers(device_class: str, hardware: str) -> bool:
    """Tell whether a device is of the model, and the size, that a paper states.

    >>> is_papers("nvidia-a100-sxm4-80gb", "an Nvidia A100 with 80 GB, in a cloud")
    True
    >>> is_papers("nvidia-a100-sxm4-40gb", "an Nvidia A100 with 80 GB, in a cloud")
    False
    """
    named, here = _words(hardware), _words(device_class)
    models = {word for word in named if _MODEL.fullmatch(word)}
    if not models or not models <= here or (named ^ here) & _VARIANTS:
        return False
    sizes = (size_gb(hardware), size_gb(device_class.replace("-", " ")))
    return None in sizes or sizes[0] == sizes[1]


def is_emulated(limit_gb: float | None, hardware: str) -> bool:
    """Tell whether a memory limit stands for the card that a paper states.

    A limit stands for a card whose size the paper does not state, too.

    >>> is_emulated(24.0, "RTX 4090, 24 GB"), is_emulated(16.0, "RTX 4090, 24 GB")
    (True, False)
    """
    return limit_gb is not None and size_gb(hardware) in (None, limit_gb)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text.lower()))
