"""A small suite, its plan, and stored runs as the store gives them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ncabench.plan import planner
from ncabench.plan.entry import Entry
from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.run import filmstrip
from ncabench.suite import document

SUITE = Path(__file__).with_name("small.toml")
CURVE = {
    "steps": [0, 5, 10, 10, 15],
    "values": [0.5, 0.3, 0.1, 0.4, 0.2],
    "spreads": [0.05] * 5,
}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c63f8cfc0f01f000500018d0b2cb50000000049454e44ae426082"
)
Store = Callable[..., StoredRun]
Strip = Callable[..., bytes]


@pytest.fixture(scope="session")
def plan() -> Plan:
    return planner.make(document.load(SUITE))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return what makes a stored run of an entry, its files included."""
    made: list[StoredRun] = []

    def make(entry: Entry, values: dict[str, float] | None = None, **given: Any) -> StoredRun:
        files = given.pop("files", {})
        run_id = f"run{len(made):03}"
        folder = tmp_path / "artifacts" / run_id
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        record = {"artifacts": dict.fromkeys(files, ""), "environment": {"commit": "abc"}}
        (folder / "record.json").write_text(json.dumps(record))
        plain = {
            "device_class": "cpu",
            "device": "A CPU",
            "engine": "eager",
            "outcome": "ok",
            "reason": "",
            "unfinished": False,
            "seconds": 2.0,
            "started_at": "2026-05-01T00:00:00+00:00",
            "ended_at": f"2026-05-01T00:00:{len(made) % 60:02}+00:00",
            "warnings": (),
            "digest": "d" * 64,
        }
        made.append(
            StoredRun(
                run_id=run_id,
                role=entry.role,
                id=entry.id,
                values=values or {},
                labels=tuple(entry.labels),
                training=entry.needs or "",
                folder=folder,
                **{**plain, **given},
            )
        )
        return made[-1]

    return make


@pytest.fixture
def strip(tmp_path: Path) -> Strip:
    """Return what makes a filmstrip as runs do: frames of one grey each, 0 to 255."""

    def make(*greys: int, steps: list[int], side: int = 48, rows: int = 1) -> bytes:
        levels = torch.tensor(greys, dtype=torch.float32).reshape(len(steps), rows, 1) / 255
        frames = levels.repeat_interleave(side, dim=1).expand(-1, -1, side)[:, None]
        path = tmp_path / "strip.png"
        filmstrip.save(frames, steps=steps, path=path, scale=1)
        return path.read_bytes()

    return make


@pytest.fixture
def runs(plan: Plan, store: Store) -> list[StoredRun]:
    """Return a finished suite: both seeds of everything, recoveries 50 and 60."""
    parameters = {"sobel": 8096.0, "conv3x3": 22976.0}
    found = []
    for entry in plan.entries:
        label = entry.labels[0]
        if entry.role == "training":
            count = parameters.get(str(label.get("perception")), 24946.0)
            found.append(store(entry, {"parameters": count, "loss": 0.1}))
        elif entry.role == "profile":
            found.append(store(entry, {"inference/ms_per_step": 1.5}))
        else:
            found.append(_evaluation(entry, store))
    return found


def _evaluation(entry: Entry, store: Store) -> StoredRun:
    label = entry.labels[0]
    seed = int(label["rng_seed"])
    values = {"perceptual/recovery": 50.0 + 10.0 * seed}
    files = {}
    if label["model"] == "nca":
        values["perceptual/stage_1"] = 0.1 + 0.02 * seed
        files["curves.json"] = json.dumps({"perceptual": CURVE}).encode()
        files["filmstrip-fire.png"] = PNG
    return store(entry, values, files=files)
