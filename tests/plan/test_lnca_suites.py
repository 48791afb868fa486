"""LNCA's suites of restoration: printed sizes, what is trained how, and what stands in."""

from pathlib import Path

import pytest

from ncabench.plan import assemble, planner
from ncabench.suite import document

SUITES = Path(__file__).parents[2] / "suites"
NAMES = ("lnca_denoising", "lnca_deblurring")
WEIGHTS = {  # of the published architectures
    "nafnet": 115_982_915,
    "restormer": 26_126_644,
    "vitca": 92_515,
    "latent_vitca": 97_520,
    "latent_nafca": 46_769,
}


def planned(name, preset, *sets, root=None):
    return planner.make(
        document.load(SUITES / f"{name}.toml", preset=preset, sets=sets), root=root
    )


def recipes(plan):
    """The recipe of each model, by its name."""
    return {one.labels[0]["model"]: one.spec["trainer"] for one in plan.trainings()}


@pytest.mark.parametrize("name", NAMES)
def test_models_have_the_published_sizes(name):
    plan = planned(name, "short")
    counts = assemble.check(plan)
    found = {one.labels[0]["model"]: counts[one.id] for one in plan.trainings()}
    assert found == WEIGHTS


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("preset", "batches", "epochs"), [("paper", 100_000, 20), ("code", 50_000, 10)]
)
def test_all_models_see_as_many_batches(name, preset, batches, epochs):
    found = recipes(planned(name, preset))
    stages = [
        found[one][stage] for one in WEIGHTS if "latent" in one for stage in ("first", "then")
    ]
    assert {one["iterations"] for one in [found["vitca"], *stages]} == {2 * batches}
    assert {found[one]["iterations"] for one in ("nafnet", "restormer")} == {batches}
    alone = [found[one] for one in ("nafnet", "restormer", "vitca")]
    assert {one["epochs"] for one in [*alone, *stages]} == {epochs}


@pytest.mark.parametrize("name", NAMES)
def test_presets_name_the_switches_of_text_and_code(name):
    text, code = (
        recipes(planned(name, one))["latent_vitca"]["then"] for one in ("paper", "code")
    )
    switches = ("length", "steps", "horizon", "keep")
    assert [text[one] for one in switches] == ["step", [8, 33], "batches", "last"]
    assert [code[one] for one in switches] == ["trace", [8, 34], "batches", "last"]
    models = {
        one.labels[0]["model"]: one.spec["model"] for one in planned(name, "code").trainings()
    }
    assert (models["restormer"]["normalised_qk"], models["vitca"]["order"]) == (False, "split")


def test_latent_automata_update_all_cells_and_pixel_ones_half():
    for training in planned("lnca_denoising", "paper").trainings():
        model = training.labels[0]["model"]
        wanted = {"vitca": 0.5, "latent_vitca": 1.0, "latent_nafca": 1.0}.get(model)
        assert training.spec["model"].get("fire_rate") == wanted


@pytest.mark.parametrize(
    ("name", "real"),
    [("lnca_denoising", {"renoir", "sid"}), ("lnca_deblurring", {"gopro", "realblur"})],
)
def test_without_the_papers_sets_there_is_no_data(name, real, tmp_path):
    made = planned(name, "paper", root=tmp_path)
    missing = {one.missing.partition(":")[0] for one in made.entries}
    assert missing == {"celeba", "cifar10", "tiny_imagenet"} | real


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("preset", ["short", "smoke"])
def test_what_stands_in_is_named(name, preset):
    suite = planned(name, preset).suite
    named = {one.substitute for one in suite.deviations if one.substitute}
    assert named == {"photo_tiles (substitute for the five sets)"}
