"""What a training leaves, of a model whose parts are counted by themselves."""

from pathlib import Path

import pytest
import torch

from ncabench.errors import Diverged
from ncabench.nca.engine.eager import Eager
from ncabench.plan import planner
from ncabench.run.job import Job
from ncabench.run.train import Training
from ncabench.suite import document

SUITES = Path(__file__).parents[2] / "suites"
CPU = torch.device("cpu")


def training(suite, folder, **given):
    """The first training of a suite, before its first iteration."""
    entry = planner.make(document.load(SUITES / f"{suite}.toml", preset="smoke")).trainings()[0]
    where = {"device": "cpu", "device_class": "cpu", "engine": "eager", "sources": {}}
    job = Job(
        role=entry.role,
        id=entry.id,
        spec=entry.spec,
        labels=entry.labels,
        folder=folder,
        **where,
        **given,
    )
    return Training(job, engine=Eager(CPU), tell=lambda _: None)


def values(suite, folder):
    """What the first training of a suite leaves, before its first iteration."""
    return training(suite, folder).result().values


def test_automaton_and_decoder_are_counted_apart_where_there_are_both(tmp_path):
    found = values("cells_grow", tmp_path)
    parts = [found[f"{part}_parameters"] for part in ("automaton", "decoder")]
    assert parts == [4 * 12 * 32 + 32 + 32 * 12, 8 * 16 + 8 + 2 * (8 * 8 + 8) + 8 * 4 + 4]
    assert sum(parts) == found["parameters"]


def test_of_other_models_all_weights_are_one_number(tmp_path):
    found = values("smoke", tmp_path)
    assert [name for name in found if name.endswith("parameters")] == ["parameters"]


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([0.5, 2e6, 0.5], ""),  # between two lines of the log, and back
        ([0.5, 0.5, 2e6], "the loss reached 2e+06 by iteration 3"),
        ([0.5, torch.inf, 0.5], "the loss stopped being finite by iteration 3"),
        ([0.5, torch.nan, 0.5], "the loss stopped being finite by iteration 3"),
    ],
)
def test_a_training_has_diverged_where_its_loss_does_not_come_back(tmp_path, losses, said):
    made = training("smoke", tmp_path, log_every=3)
    advance, left = made.trainer.advance, iter(losses)

    def lost():
        scalars = advance()
        loss = torch.tensor(next(left))
        made.trainer.worst.copy_(made.trainer._worse(made.trainer.worst, loss))
        return {**scalars, "loss": loss}

    made.trainer.advance = lost
    why = ""
    try:
        for _ in losses:
            made.iterate()
    except Diverged as error:
        why = str(error)
    assert why == said
