"""Lays presets and ``--set`` values over a suite's document."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from ncabench.errors import Problem

APPENDED = "deviation"  # an overlay adds to these; every other array is replaced


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``over`` laid on it.

    Tables merge, except where ``over`` states another ``kind``: then its table replaces the
    old one, whose parameters belong to the old kind. Arrays of ``deviation`` are appended.
    Every other value is replaced.

    >>> merge({"train": {"batch": 18, "steps": [48, 63]}}, {"train": {"batch": 2}})
    {'train': {'batch': 2, 'steps': [48, 63]}}
    >>> merge({"kind": "conv", "kernel_size": 3}, {"kind": "sobel"})
    {'kind': 'sobel'}
    """
    if "kind" in over and "kind" in base and over["kind"] != base["kind"]:
        return dict(over)
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            merged[key] = merge(old, value)
        elif key == APPENDED and isinstance(old, list) and isinstance(value, list):
            merged[key] = [*old, *value]
        else:
            merged[key] = value
    return merged


def overlay(path: Sequence[str], value: Any) -> dict[str, Any]:
    """Return the overlay that sets one key.

    >>> overlay(["train", "batch"], 2)
    {'train': {'batch': 2}}
    """
    for part in reversed(path):
        value = {part: value}
    return dict(value)


def as_sets(table: Mapping[str, Any], *, under: str = "") -> list[str]:
    """Return an overlay as the ``key.path=value`` texts that make it.

    >>> as_sets({"train": {"batch": 2, "schedule": {"kind": "cosine"}}})
    ['train.batch=2', 'train.schedule.kind="cosine"']
    """
    texts: list[str] = []
    for key, value in table.items():
        path = f"{under}.{key}" if under else key
        if isinstance(value, Mapping):
            texts += as_sets(value, under=path)
        else:
            texts.append(f"{path}={as_toml(value)}")
    return texts


def as_toml(value: Any) -> str:
    """Return a value as TOML has it, on one line.

    >>> as_toml({"kind": "uniform", "range": [0.5, 1e-07], "log": True})
    '{ kind = "uniform", range = [0.5, 1e-07], log = true }'
    """
    if isinstance(value, Mapping):
        items = ", ".join(f"{as_key(key)} = {as_toml(item)}" for key, item in value.items())
        return f"{{ {items} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def as_key(key: str) -> str:
    """Return a key as TOML has it, in quotes where it needs them."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else as_toml(key)


def parse_sets(sets: Sequence[str]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the overlay that ``key.path=value`` texts make together, and what is wrong.

    A value is read as TOML; what is no TOML is a string.

    >>> parse_sets(["train.steps=[8, 12]", "metric.perceptual.kind=st_lpips"])[0]
    {'train': {'steps': [8, 12]}, 'metric': {'perceptual': {'kind': 'st_lpips'}}}
    """
    overlay: dict[str, Any] = {}
    problems: list[Problem] = []
    for text in sets:
        key, equals, value = text.partition("=")
        path = [part.strip() for part in key.split(".")]
        if not equals or not all(path):
            what = f"expected KEY.PATH=VALUE, such as train.iterations=200, found {text!r}"
            problems.append(Problem(where="--set", what=what))
            continue
        problems += _plant(overlay, path, _value(value.strip()))
    return overlay, problems


def _value(text: str) -> Any:
    try:
        read = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return read["value"] if len(read) == 1 else text


def _plant(overlay: dict[str, Any], path: list[str], value: Any) -> list[Problem]:
    table = overlay
    for depth, part in enumerate(path[:-1], start=1):
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            what = f"--set makes it both a value and a table ({'.'.join(path)})"
            return [Problem(where=".".join(path[:depth]), what=what)]
    table[path[-1]] = value
    return []
