"""A finished run given back as a model, and repeated: real records of the tiny suite."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ncabench import load, pipeline, verifying
from ncabench.errors import RecordError
from ncabench.nca.draws import Draws
from ncabench.pipeline import Workspace
from ncabench.run import outcome

TINY = Path(__file__).parent / "tiny.toml"


@pytest.fixture(scope="module")
def entries(tmp_path_factory):
    """A results folder, and the entries in it: a training, and what tests it."""
    space = Workspace(results=tmp_path_factory.mktemp("results"))
    (done,) = pipeline.run_suites(
        [TINY], space, expression="sobel and not mutation", device="cpu"
    )
    assert {one.word for one in done.statuses.values()} == {"ok"}
    by_role = {one.role: one for one in done.plan.entries if one.id in done.statuses}
    return space.results, by_role


@pytest.fixture
def copied(entries, tmp_path):
    """The same, to be damaged."""
    shutil.copytree(entries[0] / "runs", tmp_path / "runs")
    return tmp_path, entries[1]


def folder(results, entry):
    return results / "runs" / entry.id / "cpu-eager"


def test_a_trained_model_comes_back_with_its_weights(entries):
    results, by_role = entries
    trained = load(by_role["training"].id, results=results)
    value = trained.record.values["parameters"]
    assert trained.model.parameter_count() == value
    assert not trained.model.training


def test_an_evaluation_names_the_model_that_it_tested(entries):
    results, by_role = entries
    trained = load(by_role["evaluation"].id[:8], results=results)
    assert trained.record.id == by_role["training"].id


def test_what_comes_back_grows_as_the_protocol_saw_it(entries):
    results, by_role = entries
    trained = load(by_role["training"].id, results=results)
    labels = torch.zeros(1, dtype=torch.long)
    start = trained.task.seed_state(labels, samples=torch.zeros(1).long(), draws=Draws(0))
    condition = trained.task.condition(labels)
    with torch.no_grad():
        later = trained.model.step(start, condition=condition, mask=None)
    assert later.shape == start.shape
    assert (later != start).any()


def test_without_its_weights_a_training_gives_no_model(copied):
    results, by_role = copied
    weights = folder(results, by_role["training"]) / "weights.safetensors"
    weights.unlink()
    with pytest.raises(RecordError, match=r"is not here \(a bundle may leave weights behind\)"):
        load(by_role["training"].id, results=results)


def test_weights_that_are_not_the_records_are_refused(copied):
    results, by_role = copied
    with (folder(results, by_role["training"]) / "weights.safetensors").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(RecordError, match="is not what its record says"):
        load(by_role["training"].id, results=results)


def test_an_id_that_begins_several_is_refused_with_their_names(entries):
    results, _ = entries
    with pytest.raises(
        RecordError, match=r"ids begin with '': \w{12}, .*give more of its digits"
    ):
        load("", results=results)


def test_a_profile_gives_no_model_and_is_not_repeated(copied):
    results, by_role = copied
    id, place = by_role["evaluation"].id, folder(results, by_role["evaluation"])
    outcome.write(replace(outcome.read(place), role="profile"), folder=place)
    with pytest.raises(RecordError, match=f"profile {id}: trains nothing, so it left no model"):
        load(id, results=results)
    with pytest.raises(RecordError, match=f"profile {id}: has times, which differ by nature"):
        verifying.verify(id, Workspace(results=results), device="cpu")


@pytest.mark.parametrize("role", ["training", "evaluation"])
def test_this_machine_gives_its_own_numbers_to_the_last_bit(entries, role):
    results, by_role = entries
    found = verifying.verify(by_role[role].id, Workspace(results=results), device="cpu")
    assert found.holds
    assert found.verdict.endswith("values: the same to the last bit")
    assert len(found.values) >= 3


def test_another_number_is_found_and_measured(copied):
    results, by_role = copied
    log = folder(results, by_role["training"]) / "log.jsonl"
    first, *rest = log.read_text().splitlines()
    line = json.loads(first)
    line["loss"] *= 2
    log.write_text("\n".join([json.dumps(line), *rest]))
    found = verifying.verify(by_role["training"].id, Workspace(results=results), device="cpu")
    assert not found.holds
    assert found.apart == pytest.approx(0.5)
    assert "different; the greatest relative difference is 0.5, allowed" in found.verdict


def test_a_repetition_leaves_the_record_alone(entries):
    results, by_role = entries
    place = folder(results, by_role["training"])
    before = {one.name: one.read_bytes() for one in place.iterdir() if one.is_file()}
    verifying.verify(by_role["training"].id, Workspace(results=results), device="cpu")
    assert {one.name: one.read_bytes() for one in place.iterdir() if one.is_file()} == before


def test_a_record_of_another_device_is_said_to_be_one(entries):
    results, by_role = entries
    found = verifying.verify(by_role["training"].id, Workspace(results=results), device="cpu")
    elsewhere = replace(found, record=replace(found.record, device_class="nvidia-h200"))
    assert ", recorded on nvidia-h200 and repeated on cpu: the same" in elsewhere.verdict


def test_the_command_says_so_and_ends_with_5_where_numbers_differ(ncabench, copied):
    results, by_role = copied
    words = ("verify", by_role["training"].id, "--device", "cpu", "--results", results)
    code, said, _ = ncabench(*words)
    assert (code, said.rstrip().endswith("the same to the last bit")) == (0, True)
    log = folder(results, by_role["training"]) / "log.jsonl"
    log.write_text(log.read_text().replace('"loss": ', '"loss": 9'))
    code, said, _ = ncabench(*words, "--json")
    assert (code, json.loads(said)["holds"]) == (5, False)
