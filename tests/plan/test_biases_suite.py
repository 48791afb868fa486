"""The suite of what ViTCA's automata do with inputs never met: whose trainings it asks."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ncabench import catalog, relation
from ncabench.errors import SuiteError
from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.model.unetca import UNetCA
from ncabench.nca.model.vitca import ViTCA
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.task.denoising import Denoising
from ncabench.plan import assemble, planner
from ncabench.suite import document

SUITES = Path(__file__).parents[2] / "suites"


def planned(preset, *sets, name="vitca_biases", root=None):
    suite = document.load(SUITES / f"{name}.toml", preset=preset, sets=sets)
    return planner.make(suite, root=root)


@pytest.mark.parametrize("preset", ["paper", "short", "smoke"])
def test_its_trainings_are_those_of_table_1(preset):
    task = "digits" if preset == "smoke" else "fashion_mnist"
    models = '["vitca", "unetca"]'
    sets = (f"grid.model={models}", f'grid.task=["{task}"]')
    if preset == "paper":
        sets += ("include=[]",)
    else:
        sets += ("grid.rng_seed=[0]",)  # of table 1 there may be more
    known = {one.id for one in planned(preset, *sets, name="vitca_denoising").trainings()}
    assert {one.id for one in planned(preset).trainings()} == known


def test_each_training_is_asked_by_every_protocol_that_fits():
    made = planned("short")
    asked = Counter(one.spec["training"]["model"]["kind"] for one in made.evaluations())
    assert asked == {"vitca": 7, "unetca": 5}
    assert len(made.trainings()) == 2


def test_the_models_have_the_papers_sizes():
    assert sorted(assemble.check(planned("short")).values()) == [51_969, 91_745]


def test_heads_are_asked_of_models_that_have_some():
    with pytest.raises(SuiteError) as caught:
        planned("short", "exclude=[]")
    accepted = f"  accepted: {', '.join(sorted(UNetCA.protocols))}"
    for name, kind in (("heads", "masked_heads"), ("attention", "attention_maps")):
        said = (
            f"protocol.{name}: a {kind} protocol cannot test model.unetca (unetca)\n{accepted}"
        )
        assert said in str(caught.value)


def test_a_smoke_run_needs_no_download(tmp_path):
    made = planned("smoke", root=tmp_path)
    assert [one.missing for one in made.entries if one.missing] == []


def measured_by(specs):
    """What the suite's protocols measure of a narrow ViTCA on eight grey images."""
    pixels = np.full((9, 8, 8), 99, dtype=np.uint8)
    parts = {"train": slice(0, 1), "test": slice(1, 9)}
    data = Images(images=pixels, labels=np.zeros(9, dtype=int), classes=("a",), parts=parts)
    task = Denoising(data, Draws(0), hidden=2, batch=8)
    model = ViTCA(task.layout, embedding=8, mlp=8)
    metrics = {"psnr": catalog.build("metric", {"kind": "mse"})}
    for name, spec in specs.items():
        one = catalog.build("protocol", {**spec, "steps": 1, "images": 8})
        values = one(model, task, Unperturbed(), {**metrics, "ssim": metrics["psnr"]}, Draws(0))
        yield from ((name, value) for value in values.values)


def test_every_value_that_tables_and_claims_name_is_measured():
    suite = planned("paper").suite
    found = set(measured_by(suite.components["protocol"]))
    asked = {
        (row.where.get("protocol", column.where.get("protocol")), column.value)
        for table in suite.tables
        for row in table.rows
        for column in table.columns
    }
    for claim in suite.claims:
        for part in relation.parse(claim.relation).parts:
            for place in part.comparison.places():
                asked.add((place.names[1], place.value or claim.value))
    assert len(asked) >= sum(len(table.columns) for table in suite.tables)
    assert asked <= found
