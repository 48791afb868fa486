"""Writes golden.json: what every component gives today, on a small fixed case.

After a change that is meant to change numbers, raise ``version`` in the component's class
and run ``python tests/nca/golden.py``. It refuses to overwrite numbers that changed without
a version; to overrule it, delete their entry from golden.json first.
"""

import hashlib
import json
import math
import sys
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ncabench import catalog, schema
from ncabench.nca.draws import Draws
from ncabench.nca.engine.eager import Eager
from ncabench.nca.pool import Batch
from ncabench.nca.rollout import rollout
from ncabench.plan import assemble

FILE = Path(__file__).with_name("golden.json")
SIZE, BATCH, STEPS = 12, 2, 8
EMOJI = {"classes": ["fire", "red_apple"], "size_px": 8, "padding_px": 2, "channels": 8}
TILES = {"split": "all", "tile_px": 16, "per_class": 20}
GIVEN = {  # what a component needs or is made small by, where its defaults do not do
    "base": 4,
    "image_channels": 4,
    "autoencoder": {
        "kind": "vqvae",
        "base": 4,
        "latent_channels": 8,
        "halvings": 1,
        "groups": 2,
        "codes": 16,
    },
    "groups": 2,
    "halvings": 2,
    "hidden": 8,
    "embedding": 8,
    "mlp": 8,
    "width": 4,
    "out_channels": 8,
    "heads": 2,
    "learning_rate": 0.01,
    "iterations": 4,
    "batch": 4,
    "steps": [3, 6],
    "encoder": [1, 1],
    "middle": 1,
    "decoder": [1, 1],
    "depths": [1, 1, 1, 1],
    "milestones": [3, 5],
    "ratio": [0.5, 1.0],
    "warm_up": 2,
    "validation_steps": 3,
    "validation_images": 8,
    "validation_batch": 4,
    "guidance": 2.0,
    "branches": [{"kind": "sobel"}, {"kind": "conv", "out_channels": 8, "dilation": 2}],
    "optimiser": {"kind": "adam", "learning_rate": 0.001, "epsilon": 0.01},
    "critic_optimiser": {"kind": "adam", "learning_rate": 0.001, "epsilon": 0.01},
    "schedule": {"kind": "constant"},
    "scale": 4,
    "cells_per_axis": 4,
    "samples_per_ray": 8,
    "subdivision": 3,
    "critic": {"kind": "patch", "features": [4, 8, 8]},
}
GIVEN |= {  # of a trainer of two stages
    "first": {name: GIVEN[name] for name in ("batch", "optimiser", "schedule")}
    | {"kind": "autoencoder", "iterations": 2},
    "then": {name: GIVEN[name] for name in ("batch", "steps", "optimiser", "schedule")}
    | {"kind": "rollout", "iterations": 2},
}
DECODER = {"kind": "lppn", "width": 8, "harmonics": 1}


def spec(family, kind, **given):
    """The completed spec of a component, small where it can be."""
    parameters = catalog.describe(family, kind).parameters
    names = {one.name for one in parameters}
    small = {name: value for name, value in GIVEN.items() if name in names}
    small |= {one.name: DECODER for one in parameters if one.annotation == "Decoder"}
    completed, problems = schema.complete(
        family, {"kind": kind, **small, **given}, where=family
    )
    assert problems == []
    return completed


def on_emoji(padding_px=2):
    """The emoji task, and its data."""
    task = spec("task", "emoji", **EMOJI | {"padding_px": padding_px})
    return {"task": task, "data": {"kind": "noto_emoji", "selection": EMOJI["classes"]}}


def on_masks():
    """The task of masked images, and its data."""
    set_of_images = {"kind": "photo_tiles", "selection": TILES}
    task = spec("task", "denoising", dataset="photo_tiles", images=TILES, hidden=4)
    return {"task": task, "data": set_of_images}


def on_corrupted():
    """The task of corrupted images, and its data."""
    set_of_images = {"kind": "photo_tiles", "selection": TILES}
    task = spec("task", "restoration", dataset="photo_tiles", images=TILES, hidden=4)
    return {"task": task, "data": set_of_images}


ON = {"denoising": on_masks}  # what trainers are tested on, where not on an emoji
ON |= dict.fromkeys(("restoration", "skip_autoencoder", "latent_restoration"), on_corrupted)


def built(model, *, perception="conv", update="mlp", on=on_emoji):
    """A model and a task in float64, no weight at a value that hides its use."""
    asked = {"perception": spec("perception", perception), "update": spec("update", update)}
    parts = catalog.describe("model", model).attributes.get("parts", ())
    on_latent = on is on_corrupted and model.startswith("latent_")
    own = {"autoencoder": {"kind": "skip", "base": 4}} if on_latent else {}
    made = assemble.assemble(
        {
            "model": spec("model", model, **own),
            "parts": {part: asked[part] for part in parts},
            "rng_seed": 3,
            **on(),
        },
        root=None,
    )
    made.task.double()
    made.model.double()
    with torch.no_grad():
        for name, weight in made.model.named_parameters():
            drawn = uniform(f"golden/{name}", weight.numel()).view(weight.shape)
            weight.add_(0.5 * (drawn - 0.5))
    return made


def uniform(purpose, cells):
    """Numbers in [0, 1), float64, ``(cells,)``."""
    return Draws(9).uniform(purpose, samples=torch.arange(1), cells=cells)[0, 0].double()


def state(channels):
    """A fixed state, ``(BATCH, channels, SIZE, SIZE)``."""
    cells = BATCH * channels * SIZE * SIZE
    return uniform("golden/state", cells).view(BATCH, channels, SIZE, SIZE)


def figures(found: Tensor):
    """Mean, standard deviation and four values of a tensor."""
    flat = found.detach().double().flatten()
    places = [(len(flat) - 1) * part // 5 for part in (1, 2, 3, 4)]
    spread = flat.std(correction=min(1, len(flat) - 1))
    chosen = [flat.mean(), spread, *flat[places]]
    return [float(f"{float(value):.6g}") for value in chosen]


def digest(*found: Tensor):
    """The first 16 hexadecimal digits of the SHA-256 of integers' or float32s' bytes."""
    hashed = hashlib.sha256()
    for one in found:
        hashed.update(one.contiguous().numpy().tobytes())
    return hashed.hexdigest()[:16]


def rolled(model="nca", **parts):
    """The figures of what ``STEPS`` steps change."""
    made = built(model, **parts)
    layout = made.model.layout
    masks = Draws(9).masks(
        "golden/fire",
        samples=torch.arange(BATCH),
        steps=range(STEPS),
        height=layout.height,
        width=layout.width,
        rate=0.5,
    )
    told = made.task.condition(torch.arange(BATCH))
    before = made.model.eval().begin(state(made.task.layout.channels))
    last = rollout(made.model, before, condition=told, masks=masks)
    return figures(made.model.end(last) - made.model.end(before))


def answered(model):
    """The figures of one pass."""
    made = built(model)
    told = made.task.condition(torch.arange(BATCH))
    return figures(made.model(state(4), told))


def of_model(kind):
    """A rollout of an automaton, or one pass."""
    return rolled(kind) if catalog.find("model", kind).iterative else answered(kind)


def of_perception(kind):
    """A rollout with that perception."""
    return rolled(perception=kind)


def of_update(kind):
    """A rollout with that update."""
    return rolled(update=kind)


def of_autoencoder(kind):
    """The latent grid, its image, and what training pays."""
    made = catalog.build("autoencoder", spec("autoencoder", kind)).double()
    with torch.no_grad():
        for name, weight in made.named_parameters():
            drawn = uniform(f"golden/{name}", weight.numel()).view(weight.shape)
            weight.copy_(drawn - 0.5)
    latent = made.encode(state(4))
    again = made(state(4), noise=0.1 * torch.ones_like(latent))
    paid = torch.stack([*again.penalties.values(), again.image.mean()])
    return [*figures(latent), *figures(made.decode(latent)), *figures(paid)]


def of_decoder(kind):
    """What is seen at a few points."""
    made = catalog.build("decoder", spec("decoder", kind)).make(4, outputs=3, axes=2).double()
    with torch.no_grad():
        for name, weight in made.named_parameters():
            drawn = uniform(f"golden/{name}", weight.numel()).view(weight.shape)
            weight.copy_(drawn - 0.5)
    points = state(6).movedim(1, -1)
    return figures(made(points[..., :4], points[..., 4:]))


def of_trainer(kind):
    """The losses of four iterations, of the first model that names the trainer.

    Or of one that has been it for long, so that a new model does not change numbers.
    """
    models = [
        model
        for model in catalog.kinds("model")
        if kind in catalog.describe("model", model).attributes["trainers"]
    ]
    on = ON.get(kind, partial(on_emoji, padding_px=8))
    known = [model for model in ("nca", "unetca", "unet") if model in models]
    made = built((known or models)[0], on=on)
    given = (made.model, made.task, Draws(3), Eager(torch.device("cpu")))
    trainer = catalog.build("trainer", spec("trainer", kind), *given)
    return [float(f"{float(trainer.advance()['loss']):.6g}") for _ in range(4)]


def of_optimiser(kind):
    """A weight's values over three steps down a parabola."""
    weight = torch.nn.Parameter(torch.tensor([1.0, -0.02], dtype=torch.float64))
    made = catalog.build("optimiser", spec("optimiser", kind)).make([weight])
    values = []
    for _ in range(3):
        made.zero_grad()
        weight.square().sum().backward()
        made.step()
        values += [float(f"{value:.6g}") for value in weight.tolist()]
    return values


def of_schedule(kind):
    """The factors of twelve iterations."""
    schedule = catalog.build("schedule", spec("schedule", kind))
    return [float(f"{schedule.factor(i, 12):.6g}") for i in range(12)]


def of_task(kind):
    """The seed states, targets and conditions, and where labels are drawn, those."""
    first = catalog.describe("task", kind).attributes["reads"][0]
    names = {"noto_emoji": EMOJI["classes"], "image_file": "fire"}
    set_of_images = names.get(first) is None
    own = {one.name for one in catalog.describe("task", kind).parameters}
    read = first if first in catalog.kinds("data") else "fashion_mnist_500"
    one_image = "exemplar" in own
    read, selection = ("skimage_textures", "ihc") if one_image else (read, "all")
    read, set_of_images = ("edges_to_bags", True) if "pairs" in own else (read, set_of_images)
    data = catalog.find("data", read)(None).load(names.get(first, selection))
    small = {**EMOJI, "target": "fire", "condition": "image"}
    small |= {"channels": 13, "dataset": read} if set_of_images else {}
    asked = {name: value for name, value in small.items() if name in own}
    task = catalog.build("task", spec("task", kind, **asked), data, Draws(3))
    last = task.test_labels(torch.tensor([task.classes - 1]), turns=torch.tensor([0]))
    seed = task.seed_state(last, samples=torch.arange(1), draws=Draws(3))
    labels = task.training_labels(torch.arange(9), draws=Draws(3)) if set_of_images else None
    found = (seed, task.target(last), task.condition(last), labels)
    return [value for one in found if one is not None for value in figures(one)]


def of_perturbation(kind):
    """The perturbed states and the touched cells, bit for bit."""
    perturbation = catalog.build("perturbation", spec("perturbation", kind))
    before = state(4).float()
    after, touched = perturbation(before, samples=torch.arange(BATCH), draws=Draws(4))
    return digest(after, touched)


def of_pool(kind):
    """The batches of six iterations, bit for bit."""
    pool = catalog.build("pool", spec("pool", kind, size=6))
    first = Batch(state=state(4).float(), labels=torch.arange(BATCH))
    pool.prepare(first)
    batches = []
    for turn in range(6):
        count = pool.count(BATCH, iteration=turn, iterations=6)
        mixed = pool.mix(first, count=count, clock=torch.tensor(turn), draws=Draws(4))
        pool.commit(Batch(state=mixed.state / 2, labels=mixed.labels + turn))
        batches += [mixed.state, mixed.labels]
    return digest(*batches)


def of_draws():
    """Words, uniforms, masks and choices, bit for bit."""
    draws, samples = Draws(7), torch.arange(3, 6)
    given = {"samples": samples, "steps": range(2, 4), "index": 5}
    return digest(
        draws.words("golden", cells=7, **given),
        draws.uniform("golden", cells=7, **given),
        draws.masks("golden", height=3, width=5, rate=0.3, **given),
        draws.integers("golden", low=-2, high=9, samples=samples),
        draws.choice("golden", population=11, count=4, index=1),
    )


FAMILIES = {
    "model": of_model,
    "perception": of_perception,
    "update": of_update,
    "autoencoder": of_autoencoder,
    "decoder": of_decoder,
    "trainer": of_trainer,
    "optimiser": of_optimiser,
    "schedule": of_schedule,
    "task": of_task,
    "perturbation": of_perturbation,
    "pool": of_pool,
}


def compute(name):
    """What a component gives today: its version, and figures or a digest."""
    if name == "draws":
        return {"version": 1, "found": of_draws()}
    family, kind = name.split("/")
    version = catalog.describe(family, kind).version
    return {"version": version, "found": FAMILIES[family](kind)}


def same(found, stored):
    """Whether figures agree to 1e-4, or digests are equal."""
    if isinstance(stored, str) or isinstance(found, str):
        return found == stored
    pairs = zip(found, stored, strict=True)
    return all(math.isclose(one, two, rel_tol=1e-4, abs_tol=1e-6) for one, two in pairs)


def write():
    """Compute and write all, unless numbers changed without a version."""
    stored = json.loads(FILE.read_text()) if FILE.exists() else {}
    kinds = [f"{family}/{kind}" for family in FAMILIES for kind in catalog.kinds(family)]
    found = {name: compute(name) for name in ["draws", *kinds]}
    silent = [
        name
        for name, old in stored.items()
        if name in found
        and old["version"] == found[name]["version"]
        and not same(found[name]["found"], old["found"])
    ]
    if silent:
        sys.exit(f"numbers changed, and no version with them: {', '.join(silent)}")
    kept = {name: stored[name] for name in stored if name in found and name not in silent}
    for name, new in found.items():
        if name not in kept or kept[name]["version"] != new["version"]:
            kept[name] = new
    lines = [f"  {json.dumps(name)}: {json.dumps(kept[name])}" for name in sorted(kept)]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    write()
