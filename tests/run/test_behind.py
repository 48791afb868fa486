"""Trainings behind an entry: a stock that two begin with, and a decoder that is lent."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ncabench import load, pipeline, verifying
from ncabench.errors import RecordError
from ncabench.nca.draws import Draws
from ncabench.nca.engine.eager import Eager
from ncabench.nca.metric.mse import MSE
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.swap import Swap
from ncabench.pipeline import Workspace
from ncabench.record import bundle
from ncabench.run import outcome
from ncabench.run.behind import weights
from ncabench.run.device import available
from ncabench.run.scheduler import Scheduler, Watcher
from ncabench.run.train import Training

DONATED = Path(__file__).parents[1] / "donated.toml"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Where the suite has run, and its entries: stock, clover, fire, swap."""
    space = Workspace(results=tmp_path_factory.mktemp("results"))
    (done,) = pipeline.run_suites([DONATED], space, device="cpu")
    assert [one.word for one in done.statuses.values()] == ["ok"] * 4
    return space, done.plan


def jobs(space, plan):
    device = available("cpu")[0]
    return [pipeline.job(one, plan.suite, space, device=device) for one in plan.entries]


def test_a_grafted_training_begins_with_the_weights_of_its_stock(finished, tmp_path):
    stock, clover, *_ = jobs(*finished)
    begun = replace(clover, folder=tmp_path)
    training = Training(begun, engine=Eager(torch.device("cpu")), tell=lambda _: None)
    given = load_file(stock.folder / "weights.safetensors")
    torch.testing.assert_close(dict(training.model.state_dict()), given, rtol=0, atol=0)
    assert not torch.equal(
        given["update.last.weight"],
        load_file(clover.folder / "weights.safetensors")["update.last.weight"],
    )


def test_an_evaluation_sees_the_cells_of_its_training_through_the_donors_decoder(finished):
    space, plan = finished
    _, clover, fire, swap = plan.entries
    own, donor = (load(one.id, results=space.results) for one in (clover, fire))
    protocol = Swap(**{k: v for k, v in swap.spec["protocol"].items() if k != "kind"})
    protocol.receive(donor.model, donor.task)
    metrics = {"mse": MSE()}
    found = protocol(own.model, own.task, Unperturbed(), metrics, Draws(0)).values
    place = pipeline.home(swap, space, device=available("cpu")[0])
    assert outcome.read(place).values == pytest.approx(found)
    assert found["mse/swapped"] != found["mse/own"]


@pytest.mark.parametrize("index", [1, 3], ids=["a grafted training", "an evaluation"])
def test_what_has_a_donor_is_repeated_to_the_last_bit(finished, index):
    space, plan = finished
    found = verifying.verify(plan.entries[index].id, space, device="cpu")
    assert found.verdict.endswith("values: the same to the last bit")


def test_a_bundle_of_the_suite_brings_the_donors_along(finished, tmp_path):
    space, plan = finished
    ids = [one.id for one in plan.entries]
    assert bundle.export(space.results, ids=ids, path=tmp_path / "all.zip") == 4
    bundle.import_(tmp_path / "all.zip", results=tmp_path / "there")
    there = Workspace(results=tmp_path / "there")
    assert verifying.verify(ids[-1], there, device="cpu").apart == 0


def at(job, results):
    """A job in another results folder, and what it needs too."""
    places = {name: results / place.parent.name for name, place in job.behind.items()}
    return replace(job, folder=results / job.id, **places)


def test_an_evaluation_ends_as_its_donor_did(finished, tmp_path):
    listed = [at(one, tmp_path) for one in jobs(*finished)]
    trainer = listed[2].spec["trainer"]
    wild = {**trainer, "optimiser": {**trainer["optimiser"], "learning_rate": 1e30}}
    listed[2] = replace(listed[2], spec={**listed[2].spec, "trainer": wild})
    records = Scheduler(listed, slots=["cpu", "cpu"], watcher=Watcher()).run()
    stock, clover, fire, swap = (records[one.id] for one in listed)
    assert [one.outcome for one in (stock, clover, fire)] == ["ok", "ok", "diverged"]
    assert (swap.outcome, swap.reason) == ("diverged", f"its donor {fire.id}: {fire.reason}")


def test_a_grafted_training_ends_as_its_stock_did_and_so_does_what_tests_it(finished, tmp_path):
    listed = [at(one, tmp_path) for one in jobs(*finished)]
    shutil.copytree(jobs(*finished)[0].folder, listed[0].folder)
    record = replace(outcome.read(listed[0].folder), outcome="oom", reason="too much")
    outcome.write(record, folder=listed[0].folder)
    records = Scheduler(listed[1:], slots=["cpu"], watcher=Watcher()).run()
    stock, clover, _, swap = (one.id for one in listed)
    assert records[clover].reason == f"its donor {stock}: too much"
    assert records[swap].reason == f"its training {clover}: its donor {stock}: too much"


def test_missing_weights_are_named_by_what_they_are_to_the_entry(finished, tmp_path):
    swap = replace(jobs(*finished)[3], donor=tmp_path)
    with pytest.raises(RecordError) as caught:
        weights(swap, "donor")
    assert str(caught.value).startswith(
        f"{tmp_path / 'weights.safetensors'}: the donor's weights are missing (a bundle may "
        "leave them behind); import one that has them"
    )
    with pytest.raises(RecordError, match=f"^evaluation {swap.id}: no training is named$"):
        weights(replace(swap, training=None), "training")
