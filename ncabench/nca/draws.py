"""Counter-based random draws: a number depends on what it is for, never on when it is drawn."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

MASK = 0xFFFFFFFF
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10

Words = tuple[Tensor, Tensor, Tensor, Tensor]
Key = tuple[int, int] | tuple[Tensor, Tensor]


def philox(counter: Words, key: Key) -> Words:
    """Return the four 32-bit words of Philox4x32-10 for each counter.

    The products of 32-bit words wrap in int64; an arithmetic shift and a mask still give
    their exact upper halves. Low halves are masked only at the end. After four rounds each
    word depends on all four counters, and so has their broadcast shape.

    Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011,
    section 4.3 and table 2; the constants are those of its library.

    Args:
        counter: four int64 tensors in [0, 2**32) that broadcast against each other.
        key: two integers in [0, 2**32), or such tensors of no dimension.

    Shape:
        the broadcast shape of the counters, each int64 in [0, 2**32).

    >>> zero = torch.tensor(0)
    >>> [f"{int(word):08x}" for word in philox((zero, zero, zero, zero), (0, 0))]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    c0, c1, c2, c3 = counter
    for turn in range(ROUNDS):
        key0, key1 = (
            (key[0] + turn * KEY_STEPS[0]) & MASK,
            (key[1] + turn * KEY_STEPS[1]) & MASK,
        )
        product0, product2 = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0 = _mix(product2, c1, key0)
        c2 = _mix(product0, c3, key1)
        c1, c3 = product2, product0
    return c0, c1 & MASK, c2, c3 & MASK


def _mix(product: Tensor, word: Tensor, key: int | Tensor) -> Tensor:
    return ((product >> 32) ^ word).bitwise_xor_(key).bitwise_and_(MASK)


class Draws:
    """All the chance of a run, keyed by ``rng_seed`` and by purpose.

    A draw is named by its purpose, sample, step, cell and index; the same name gives the same
    number on every device, in any order, and at any split of samples or steps. Words,
    uniforms, integers, choices and masks are bitwise the same everywhere; normals are the
    same to rounding.

    The Philox key is (``rng_seed``, first four bytes of the purpose's SHA-256, big-endian); the
    counter is (cell // 4, step, sample, index), and a cell takes word cell % 4 of its block.

    Source: none; the generator is Philox4x32-10 (see `philox`), the naming is ncabench's.

    Args:
        rng_seed: in [0, 2**32).
        faster: makes the generator faster, such as ``Engine.faster``; it is then given all
            its numbers as tensors, so that it need not be compiled again for each purpose,
            and so that no product of theirs is computed in 32 bits.

    Raises:
        ValueError: ``rng_seed`` is not in [0, 2**32).

    >>> draws = Draws(0)
    >>> both = draws.uniform("noise", samples=torch.tensor([3, 7]), cells=5)
    >>> alone = draws.uniform("noise", samples=torch.tensor([7]), cells=5)
    >>> both.shape, torch.equal(both[1], alone[0])
    (torch.Size([2, 1, 5]), True)
    """

    def __init__(
        self, rng_seed: int, *, faster: Callable[[Callable[..., Any]], Any] | None = None
    ) -> None:
        if not 0 <= rng_seed <= MASK:
            raise ValueError(f"rng_seed must be in [0, 2**32), not {rng_seed}")
        self.rng_seed = rng_seed
        self._tensor_keys = faster is not None
        self._words = _words if faster is None else faster(_words)
        self._uniform = _uniform if faster is None else faster(_uniform)
        self._fires = _fires if faster is None else faster(_fires)
        self._kept: dict[tuple[int | range, torch.device], Tensor] = {}

    def words(
        self,
        purpose: str,
        *,
        samples: Tensor,
        steps: range = range(1),
        cells: int = 1,
        index: int | Tensor = 0,
    ) -> Tensor:
        """Return uniform 32-bit words.

        Args:
            purpose: what the draw is for, such as ``"train/fire"``.
            samples: ``(S,)`` integers in [0, 2**32) that name the samples.
            steps: the steps, T of them.
            cells: draws per sample and step.
            index: names a repetition, such as the iteration; in [0, 2**32). A tensor of no
                dimension lets a recorded program go on to the next one.

        Shape:
            ``(S, T, cells)``, int64 in [0, 2**32), on the device of ``samples``.
        """
        counted = self._counted(samples, steps, cells, index)
        words: Tensor = self._words(counted, self._key_for(samples, purpose))
        return words[..., :cells]

    def uniform(
        self,
        purpose: str,
        *,
        samples: Tensor,
        steps: range = range(1),
        cells: int = 1,
        index: int | Tensor = 0,
    ) -> Tensor:
        """Return uniform values in [0, 1), exact multiples of 2**-24.

        Shape:
            ``(S, T, cells)``, float32; the arguments are those of `words`.
        """
        counted = self._counted(samples, steps, cells, index)
        uniform: Tensor = self._uniform(counted, self._key_for(samples, purpose))
        return uniform[..., :cells]

    def normal(
        self,
        purpose: str,
        *,
        samples: Tensor,
        steps: range = range(1),
        cells: int = 1,
        index: int | Tensor = 0,
    ) -> Tensor:
        """Return standard normal values, by the Box-Muller transform of pairs of words.

        Shape:
            ``(S, T, cells)``, float32; the arguments are those of `words`.
        """
        even = cells + cells % 2
        words = self.words(purpose, samples=samples, steps=steps, cells=even, index=index)
        integers = (words >> 8).float()
        radius = ((integers[..., 0::2] + 1) * 2.0**-24).log().mul(-2.0).sqrt()
        angle = integers[..., 1::2] * (2.0**-24 * 2.0 * math.pi)
        both = torch.stack((radius * angle.cos(), radius * angle.sin()), dim=-1)
        return both.flatten(-2)[..., :cells]

    def integers(
        self, purpose: str, *, low: int, high: int, samples: Tensor, index: int | Tensor = 0
    ) -> Tensor:
        """Return one uniform integer in [low, high) for each sample; ``(S,)``, int64.

        A word is scaled, not rejected: no value is likelier than another by more than
        ``(high - low) / 2**32``.

        Raises:
            ValueError: the range is empty, or holds more than 2**31 integers.
        """
        span = _span(low, high)
        return low + (self.words(purpose, samples=samples, index=index)[:, 0, 0] * span >> 32)

    def integer(self, purpose: str, *, low: int, high: int, index: int = 0) -> int:
        """Return what `integers` gives for sample 0, without waiting for a device."""
        zero, last = torch.tensor(0), torch.tensor(index & MASK)
        word = philox((zero, zero, zero, last), self.key(purpose))[0]
        return low + (int(word) * _span(low, high) >> 32)

    def choice(
        self,
        purpose: str,
        *,
        population: int,
        count: int,
        index: int | Tensor = 0,
        device: torch.device | str = "cpu",
    ) -> Tensor:
        """Return ``count`` different integers in [0, population), in random order.

        Shape:
            ``(count,)``, int64, on ``device``.

        Raises:
            ValueError: ``count`` is above ``population``.
        """
        if not 0 <= count <= population:
            raise ValueError(f"cannot choose {count} of {population} without replacement")
        sample = torch.zeros(1, dtype=torch.int64, device=device)
        words = self.words(purpose, samples=sample, cells=population, index=index)[0, 0]
        return words.sort(stable=True).indices[:count]

    def masks(
        self,
        purpose: str,
        *,
        samples: Tensor,
        steps: range,
        height: int,
        width: int,
        rate: float,
        index: int | Tensor = 0,
    ) -> Tensor:
        """Return which cells update: those whose uniform value is below ``rate``.

        Shape:
            ``(T, S, 1, H, W)``, bool; step ``t`` of sample ``s`` is what `uniform` gives for
            ``cells = H * W``, row by row.
        """
        cells = height * width
        below = math.ceil(rate * 2**24) << 8
        counted = self._counted(samples, steps, cells, index)
        fires: Tensor = self._fires(counted, self._key_for(samples, purpose), below)
        return fires[..., :cells].reshape(len(steps), len(samples), 1, height, width)

    def _counted(self, samples: Tensor, steps: range, cells: int, index: int | Tensor) -> Words:
        """Return what counters are made of: blocks of four cells, steps, samples, index."""
        device = samples.device
        if not isinstance(index, Tensor):
            index = self._held(device, index & MASK)
        blocks = range(-(-cells // 4))
        return self._axis(device, blocks), self._axis(device, steps), samples.long(), index

    def _key_for(self, samples: Tensor, purpose: str) -> Key:
        if not self._tensor_keys:
            return self.key(purpose)
        one, other = self.key(purpose)
        return self._held(samples.device, one), self._held(samples.device, other)

    def key(self, purpose: str) -> tuple[int, int]:
        """Return the two words of the Philox key of a purpose."""
        digest = hashlib.sha256(purpose.encode()).digest()
        return self.rng_seed, int.from_bytes(digest[:4], "big")

    def _held(self, device: torch.device, number: int) -> Tensor:
        """Return a number on a device; kept, since a recorded program reads it again."""
        if not self._tensor_keys:
            return torch.full((), number, dtype=torch.int64, device=device)
        if (number, device) not in self._kept:
            self._kept[number, device] = torch.tensor(number, device=device)
        return self._kept[number, device]

    def _axis(self, device: torch.device, counts: range) -> Tensor:
        """Return counts on a device; kept as well."""
        if not self._tensor_keys:
            return _numbers(counts, device)
        if (counts, device) not in self._kept:
            self._kept[counts, device] = _numbers(counts, device)
        return self._kept[counts, device]


def _words(counts: Words, key: Key) -> Tensor:
    """Return the words, four for each block; ``(S, T, 4 * blocks)``."""
    cell, step, sample, index = counts
    counter = (cell, step[:, None], sample[:, None, None], index)
    return torch.stack(philox(counter, key), dim=-1).flatten(2)


def _uniform(counts: Words, key: Key) -> Tensor:
    return (_words(counts, key) >> 8).float() * 2.0**-24


def _fires(counts: Words, key: Key, below: int) -> Tensor:
    """Return which words lie below, four for each block; ``(T, S, 4 * blocks)``."""
    cell, step, sample, index = counts
    counter = (cell, step[:, None, None], sample[:, None], index)
    return torch.stack([words < below for words in philox(counter, key)], dim=-1).flatten(2)


def _numbers(counts: range, device: torch.device) -> Tensor:
    return torch.arange(counts.start, counts.stop, counts.step, device=device)


def _span(low: int, high: int) -> int:
    if not 0 < high - low <= 2**31:
        raise ValueError(f"[low, high) must hold 1 to 2**31 integers, not [{low}, {high})")
    return high - low
