"""What the read-only commands answer, of entries with a record and of those without."""

from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from ncabench import overview, pipeline
from ncabench.errors import RecordError
from ncabench.pipeline import Workspace
from ncabench.plan import sources
from ncabench.run import outcome
from ncabench.run.device import available
from ncabench.run.folder import make
from ncabench.run.outcome import Record

TINY = Path(__file__).parent / "tiny.toml"
CPU = available("cpu")[0]


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    space = Workspace(results=tmp_path_factory.mktemp("plan"))
    return pipeline.plan(TINY, space, preset=None, sets=())


@pytest.fixture
def space(tmp_path):
    return Workspace(results=tmp_path / "results")


@pytest.fixture
def recorded(plan, space):
    """Leaves a record of the plan's n-th entry; returns its folder."""

    def recorded(index, **changes):
        entry = plan.entries[index]
        place = make(pipeline.entry_folder(entry.id, space, device=CPU))
        record = Record(
            role=entry.role,
            id=entry.id,
            device_class="cpu",
            engine="eager",
            outcome="ok",
            spec=entry.spec,
            labels=entry.labels,
            sources=sources.digests(entry.spec),
            ended_at="2026-01-02T03:04:05+00:00",
        )
        outcome.write(replace(record, **changes), folder=place)
        return place

    return recorded


def rows(space, **keywords):
    return overview.entries(TINY, space, device="cpu", **keywords)


def test_a_training_has_one_row_without_a_perturbation(space, plan):
    assert rows(space)[0] == {
        "id": plan.entries[0].id,
        "role": "training",
        "model": "nca",
        "perception": "sobel",
        "update": "mlp",
        "task": "emoji",
        "rng_seed": 0,
        "parameters": 400,
        "status": "pending",
        "why": "no record of this id on this device",
        "needs": None,
        "donor": None,
        "missing": "",
    }


def test_an_evaluation_names_its_perturbation_and_its_training(space, plan):
    row = next(one for one in rows(space) if one["role"] == "evaluation")
    assert (row["perturbation"], row["needs"]) == ("damage", plan.entries[0].id)


def test_a_selection_shows_what_it_needs(space):
    found = rows(space, expression="sobel and mutation")
    assert [one["role"] for one in found] == ["training", "evaluation"]


def test_a_record_makes_its_entry_ok_and_no_other(space, recorded):
    recorded(0)
    first, second = rows(space)[:2]
    assert (first["status"], first["why"]) == ("ok", "a record of this id is there")
    assert second["status"] == "pending"


def test_a_failure_is_shown_with_the_first_line_of_its_reason(space, recorded):
    recorded(0, outcome="diverged", reason="the loss is NaN\nat iteration 7")
    row = rows(space)[0]
    assert (row["status"], row["why"]) == ("diverged", "the loss is NaN")


def test_a_cut_off_training_is_unfinished(space, recorded):
    recorded(0, outcome="crashed", reason="killed", unfinished=True)
    row = rows(space)[0]
    assert row["status"] == "unfinished"
    assert row["why"] == "was cut off; goes on from its last checkpoint"


def test_a_folder_without_a_record_is_unfinished(space, plan):
    make(pipeline.entry_folder(plan.entries[0].id, space, device=CPU))
    assert rows(space)[0]["status"] == "unfinished"


def test_a_record_of_another_device_does_not_count(space, recorded):
    place = recorded(0)
    place.rename(place.with_name("nvidia-h200-eager"))
    assert rows(space)[0]["status"] == "pending"


def test_a_changed_source_is_named_until_it_is_accepted(space, plan, recorded):
    old = sources.digests(plan.entries[0].spec)
    name = sorted(old)[0]
    place = recorded(0, sources={**old, name: "0" * 64}, values={"loss": 0.5})
    row = rows(space)[0]
    assert row["status"] == "ok (stale?)"
    assert row["why"] == f"sources changed since: {name}; `ncabench accept` settles it"
    accepted = overview.accept(TINY, space, preset=None, sets=(), device="cpu")
    assert accepted == [plan.entries[0].id]
    assert rows(space)[0]["status"] == "ok"
    assert outcome.read(place).values == {"loss": 0.5}


def test_what_was_accepted_says_what_it_was_made_with(space, plan, recorded):
    now = sources.digests(plan.entries[0].spec)
    name = sorted(now)[0]
    place = recorded(0, sources={**now, name: "0" * 64})
    overview.accept(TINY, space, preset=None, sets=(), device="cpu")
    record = outcome.read(place)
    assert record.sources == now
    assert record.environment["accepted"]["made_with"] == {name: "0" * 64}


def test_an_entry_whose_data_is_missing_has_none_before_it_is_run(tmp_path):
    nowhere = Workspace(results=tmp_path / "results", data_root=tmp_path / "nowhere")
    mnist = Path(__file__).parents[1] / "suites" / "mnist_classification.toml"
    found = overview.entries(mnist, nowhere, preset="paper", device="cpu")
    assert {one["status"] for one in found} == {"no_data"}
    assert {one["parameters"] for one in found} == {22_580, 24_556}
    assert all("\n  to mend it: `ncabench data fetch mnist`" in one["why"] for one in found)


def test_counts_are_by_role_and_status(space, recorded):
    recorded(0)
    assert overview.count(rows(space)) == {
        "evaluation/pending": 6,
        "training/ok": 1,
        "training/pending": 2,
    }


def test_a_profile_is_of_a_recipe_where_the_suite_times_recipes_apart(space):
    extras = Path(__file__).parents[1] / "suites" / "denoising_extras.toml"
    found = overview.entries(extras, space, preset="smoke", expression="profile", device="cpu")
    assert [one["recipe"] for one in found] == ["fused", "deep"]


def test_a_profile_is_of_no_seed(space, tmp_path):
    suite = tmp_path / "timed.toml"
    text = TINY.read_text()
    suite.write_text(f"{text}\n[profile]\nblocks = 2\n")
    found = overview.entries(suite, space, device="cpu")
    profiles = [one for one in found if one["role"] == "profile"]
    assert [one["parameters"] for one in profiles] == [400, 872, 2864]
    assert not [one for one in profiles if "rng_seed" in one or "perturbation" in one]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (999, "999"), (1000, "1,000"), ("a", "a"), (["a", 1], "a,1")],
)
def test_a_cell_is_short(value, shown):
    assert overview.cell(value) == shown


def test_the_beginning_of_an_id_finds_its_record(space, plan, recorded):
    place = recorded(0, values={"loss": 0.25})
    (found,) = overview.recorded(plan.entries[0].id[:4], space.results)
    assert (found["id"], found["folder"]) == (plan.entries[0].id, str(place))
    assert found["values"] == {"loss": 0.25}


def test_a_description_has_the_outcome_and_the_numbers(space, plan, recorded):
    place = recorded(0, values={"loss": 0.25}, seconds=2.0)
    lines = overview.describe(overview.recorded(plan.entries[0].id, space.results)[0])
    assert lines.startswith(
        f"role: training\nid: {plan.entries[0].id}\noutcome: ok\ndevice_class: cpu\n"
        "engine: eager\nseconds: 2.0\nended_at: 2026-01-02T03:04:05+00:00\n"
        f"folder: {place}\n  loss = 0.25\nlabel: "
    )


def test_an_unknown_id_is_no_record(space):
    with pytest.raises(RecordError) as caught:
        overview.recorded("zz", space.results)
    what = f"{space.results}: no record's id begins with 'zz'; see `ncabench plan`"
    assert str(caught.value) == what


def test_a_log_is_printed_with_where_it_lies(space, plan, recorded):
    place = recorded(0)
    assert overview.output(plan.entries[0].id[:4], space.results) == (
        f"{place}:\n(it printed nothing)"
    )
    (place / "output.log").write_text("hello\nthere\n")
    assert overview.output(plan.entries[0].id, space.results) == f"{place}:\nhello\nthere"


def test_a_log_of_an_unknown_id_is_no_record(space):
    with pytest.raises(RecordError) as caught:
        overview.output("zz", space.results)
    what = f"{space.results}: no run's id begins with 'zz'; see `ncabench plan`"
    assert str(caught.value) == what


@pytest.mark.parametrize("ask", [overview.output, overview.recorded])
@pytest.mark.parametrize("odd", ["..", "/etc", "*"])
def test_an_id_is_no_path_and_no_pattern(space, recorded, ask, odd):
    recorded(0)
    with pytest.raises(RecordError) as caught:
        ask(odd, space.results)
    assert f"id begins with {odd!r}" in str(caught.value)


def test_an_export_takes_the_finished_runs_of_the_suites_named(space, recorded, tmp_path):
    place = recorded(0)
    recorded(1, outcome="crashed", unfinished=True)
    path = tmp_path / "bundle.zip"
    sets = ["grid.perception=sobel"]
    assert overview.export(path, space, suites=[TINY], preset=None, sets=sets) == 1
    with ZipFile(path) as bundle:
        names = [name for name in bundle.namelist() if name.startswith(place.parent.name)]
    assert names == [f"{place.parent.name}/cpu-eager/record.json"]


def test_data_sets_say_where_they_stand():
    shipped = next(one for one in overview.data_sets(None) if one["kind"] == "noto_emoji")
    assert (shipped["state"], shipped["licence"]) == ("here", "Apache-2.0")
