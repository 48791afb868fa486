"""Claims judged on stored runs that are made by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from ncabench.plan import planner
from ncabench.report import claims
from ncabench.stats.interval import t_interval
from ncabench.stats.power import seeds_to_detect
from ncabench.suite import document

SUITE = Path(__file__).with_name("claims.toml")
RECOVERY = {"sobel": 50.0, "conv3x3": 60.0, "conv5x5": 80.0}  # of damage; mutation has 4 more
PARAMETERS = {"sobel": 8096.0, "conv3x3": 22976.0, "conv5x5": 49856.0}
DRIFT = (0.0, 20.0, -10.0)  # of each rng_seed, the same for all perceptions
NOISE = {"sobel": (0.0, 1.0, 2.0), "conv3x3": (2.0, 1.0, 0.0), "conv5x5": (1.0, 0.0, 2.0)}


@pytest.fixture(scope="module")
def plan():
    return planner.make(document.load(SUITE))


def name_of(entry):
    return str(entry.labels[0].get("perception", entry.labels[0]["model"]))


@pytest.fixture
def runs(plan, store):
    """Return three rng_seeds of everything; they drift together, and have a little noise."""
    found = []
    for entry in plan.entries:
        label, name = entry.labels[0], name_of(entry)
        if entry.role == "training":
            found.append(
                store(entry, {"parameters": PARAMETERS.get(name, 24946.0), "loss": 0.1})
            )
            continue
        seed = int(label["rng_seed"])
        more = 4.0 if label["perturbation"] == "mutation" else 0.0
        values = {"perceptual/recovery": 100.0 + more}
        if name != "unet_25k":
            recovery = RECOVERY[name] + more + DRIFT[seed] + NOISE[name][seed]
            values = {"perceptual/recovery": recovery, "perceptual/stage_1": 0.1 + seed / 100}
            values["perceptual/final"] = 0.12 + seed / 80
        found.append(store(entry, values))
    return found


def changed(runs, plan, role, change, **where):
    """Return the runs, with those of some grid points changed."""
    ids = {one.id for one in plan.entries if one.role == role and one.serves(where)}
    assert ids
    return [replace(one, **change(one)) if one.id in ids else one for one in runs]


def judge(plan, runs, id, **fields):
    """Return a claim's judgement, its fields replaced by others."""
    [claim] = [one for one in plan.suite.claims if one.id == id]
    suite = replace(plan.suite, claims=(replace(claim, **fields),))
    [found] = claims.judged(replace(plan, suite=suite), runs)
    return found


def margins(found):
    return {one.text: one.mean for one in found.comparisons}


def test_a_claim_of_every_other_is_a_comparison_with_each_in_each_context(plan, runs):
    found = judge(plan, runs, "every-other")
    assert [(dict(one.context), one.text) for one in found.comparisons] == [
        ({"perturbation": "damage"}, "conv5x5 > sobel"),
        ({"perturbation": "damage"}, "conv5x5 > conv3x3"),
        ({"perturbation": "mutation"}, "conv5x5 > sobel"),
        ({"perturbation": "mutation"}, "conv5x5 > conv3x3"),
    ]
    assert (found.word, found.reason, found.rng_seeds_needed) == ("supported", "", None)


def test_a_comparison_is_paired_by_rng_seed(plan, runs):
    found = judge(plan, runs, "every-other").comparisons[1]
    assert (found.n, found.rng_seeds, found.mean) == (3, (0, 1, 2), 20.0)
    assert found.interval == t_interval([19.0, 19.0, 22.0])  # 80 + noise - 60 - noise


def test_what_is_supported_in_pairs_would_be_lost_in_the_spread_of_the_rng_seeds(plan, runs):
    def reordered(run):
        turned = {0: 2, 1: 0, 2: 1}[int(run.labels[0]["rng_seed"])]
        name = str(run.labels[0]["perception"])
        more = 4.0 if run.labels[0]["perturbation"] == "mutation" else 0.0
        recovery = RECOVERY[name] + more + DRIFT[turned] + NOISE[name][turned]
        return {"values": {**run.values, "perceptual/recovery": recovery}}

    apart = changed(runs, plan, "evaluation", reordered, perception="conv3x3")
    found = judge(plan, apart, "every-other")
    assert (found.word, margins(found)["conv5x5 > conv3x3"]) == ("undecided", 20.0)
    assert found.reason == "the interval holds 0 (2 of 4 comparisons)"


def test_a_chain_holds_where_each_of_its_links_does(plan, runs):
    found = judge(plan, runs, "chain")
    assert found.word == "supported"
    assert margins(found) == {"sobel < conv3x3": 10.0, "conv3x3 < conv5x5": 20.0}


def test_a_chain_is_refuted_by_one_link(plan, runs):
    found = judge(plan, runs, "chain", relation="sobel < conv5x5 < conv3x3")
    assert (found.word, found.reason) == ("refuted", "against it: conv5x5 < conv3x3")


def test_one_link_against_a_long_chain_must_stand_up_to_the_correction(plan, runs):
    found = judge(plan, runs, "chain", relation="conv3x3 < sobel + 4 < conv5x5")
    against = found.comparisons[0]  # -6 +- 5.0 at 95 %, +- 7.2 at 97.5 %
    assert (found.word, against.word, against.mean) == ("undecided", "refuted", -6.0)
    text = "conv3x3 < (sobel + 4)"
    assert found.reason == f"at 95 % against it, which is not enough here: {text}"
    assert found.rng_seeds_needed == seeds_to_detect(-6.0, 2.0, level=0.975)


def test_a_sign_is_judged_by_the_interval_of_the_value(plan, runs):
    found = judge(plan, runs, "sign").comparisons[0]
    assert found.interval == t_interval([50.0, 71.0, 42.0])
    assert found.word == "supported"


def test_a_ratio_is_formed_for_each_rng_seed(plan, runs):
    found = judge(plan, runs, "ratio").comparisons[0]
    ratios = [81.0 / 50.0 - 1.5, 100.0 / 71.0 - 1.5, 72.0 / 42.0 - 1.5]
    assert found.interval == t_interval(ratios)
    assert found.word == "undecided"


def test_a_ratio_to_zero_is_undecided(plan, runs):
    def zero(run):
        return {"values": {**run.values, "perceptual/recovery": 0.0}}

    nothing = changed(runs, plan, "evaluation", zero, perception="sobel", rng_seed=1)
    found = judge(plan, nothing, "ratio")
    reason = "(conv5x5 / sobel) > 1.5 divides by zero (2 of 2 comparisons)"
    assert (found.word, found.reason) == ("undecided", reason)
    assert (found.rng_seeds_needed, found.rng_seeds_note) == (None, "cannot be told")


def test_most_are_more_than_half_in_every_context(plan, runs):
    assert judge(plan, runs, "most", relation="most perception > 0").word == "supported"
    assert judge(plan, runs, "most", relation="most perception > 200").word == "refuted"
    assert judge(plan, runs, "most").word == "undecided"


def test_half_is_not_most(plan, runs):
    found = judge(plan, runs, "most", relation="conv3x3 > most other perception")
    assert (found.comparisons[0].word, found.comparisons[1].word) == ("supported", "refuted")
    assert found.word == "refuted"


def test_some_is_one_and_none_refutes_it(plan, runs):
    low = judge(plan, runs, "some", relation="some perception < 90", value="perceptual/final")
    high = judge(plan, runs, "some", relation="some perception > 200")
    assert (low.word, high.word) == ("supported", "refuted")


def test_counts_decide_with_one_rng_seed(plan, runs):
    one = [run for run in runs if run.labels[0]["rng_seed"] == 0]
    found = judge(plan, one, "parameters")
    assert (found.word, found.comparisons[0].n) == ("supported", 1)
    assert judge(plan, one, "parameters", relation="sobel > conv3x3").word == "refuted"


def test_all_else_with_one_rng_seed_is_undecided(plan, runs):
    one = [run for run in runs if run.labels[0]["rng_seed"] == 0]
    found = [judge(plan, one, claim.id) for claim in plan.suite.claims]
    assert {one.id: one.word for one in found if one.id != "parameters"} == {
        claim.id: "undecided" for claim in plan.suite.claims if claim.id != "parameters"
    }
    assert found[0].reason == "one rng_seed (4 of 4 comparisons)"
    assert found[0].rng_seeds_note == "2 or more; the spread is not known yet"
    assert found[0].comparisons[0].interval is None


def test_nothing_run_is_undecided(plan):
    found = judge(plan, [], "chain")
    assert (found.word, found.reason) == ("undecided", "not run (2 of 2 comparisons)")
    assert (found.device_class, found.comparisons[0].mean) == ("", None)


def test_a_failed_rng_seed_leaves_undecided_what_the_others_support(plan, runs):
    def lost(_):
        return {"outcome": "diverged", "reason": "loss is NaN", "values": {}}

    some = changed(runs, plan, "evaluation", lost, perception="sobel", rng_seed=2)
    found = judge(plan, some, "every-other")
    assert found.word == "undecided"
    assert found.reason == "sobel: 1 of 3 rng_seeds diverged (2 of 4 comparisons)"
    assert (found.comparisons[0].n, found.comparisons[0].word) == (2, "undecided")
    assert found.rng_seeds_note == "cannot be told"


def test_an_rng_seed_that_was_not_run_only_lowers_n(plan, runs):
    most = [run for run in runs if (name_of(run), run.labels[0]["rng_seed"]) != ("sobel", 2)]
    found = judge(plan, most, "every-other")
    assert [one.n for one in found.comparisons] == [2, 3, 2, 3]
    assert found.comparisons[0].interval == t_interval([31.0, 29.0])


def test_a_diverged_training_fails_the_evaluations_that_it_never_had(plan, runs):
    def lost(_):
        return {"outcome": "diverged", "values": {}}

    some = changed(runs, plan, "training", lost, perception="sobel", rng_seed=2)
    gone = {e.id for e in plan.evaluations({"perception": "sobel", "rng_seed": 2})}
    found = judge(plan, [one for one in some if one.id not in gone], "sign")
    assert found.reason == "sobel: 1 of 3 rng_seeds diverged (2 of 2 comparisons)"


def test_a_run_that_goes_on_later_counts_as_not_run(plan, runs):
    def cut(_):
        return {"unfinished": True, "outcome": "crashed"}

    some = changed(runs, plan, "evaluation", cut, perception="sobel", rng_seed=2)
    found = judge(plan, some, "sign").comparisons[0]
    assert (found.n, found.interval) == (2, t_interval([50.0, 71.0]))
    assert found.reason == "the interval holds 0"


def test_a_value_that_the_protocol_does_not_give_is_undecided(plan, runs):
    found = judge(plan, runs, "models", value="perceptual/stage_1")
    assert found.reason == "unet_25k: 3 of 3 rng_seeds undefined (6 of 6 comparisons)"


def test_shares_of_failed_trainings_are_compared_without_pairs(plan, runs):
    def lost(_):
        return {"outcome": "diverged", "values": {}}

    some = changed(runs, plan, "training", lost, perception="conv5x5")
    found = judge(plan, some, "failures")
    [only] = found.comparisons
    assert (only.n, only.mean, only.context) == (3, 1.0, {})
    assert only.interval is not None
    assert round(only.interval.low, 3) == 0.104  # 4/5 - 1/5 - 1.96 sqrt(2 * 0.16 / 5)
    assert found.word == "supported"


def test_shares_of_no_failure_are_undecided(plan, runs):
    found = judge(plan, runs, "failures")
    assert (found.word, found.comparisons[0].mean) == ("undecided", 0.0)
    assert found.rng_seeds_note == "more than 1,000"


def test_a_training_that_ran_out_of_time_neither_failed_nor_ended_well(plan, runs):
    def late(_):
        return {"outcome": "timeout", "values": {}}

    some = changed(runs, plan, "training", late, perception="conv5x5", rng_seed=0)
    assert judge(plan, some, "failures").reason == "conv5x5: 1 of 3 rng_seeds timeout"


def test_a_model_is_compared_with_another_at_each_of_its_perceptions(plan, runs):
    found = judge(plan, runs, "models")
    contexts = [tuple(one.context.values()) for one in found.comparisons]
    names = ("sobel", "conv3x3", "conv5x5")
    assert set(contexts) == {(p, d) for d in ("damage", "mutation") for p in names}
    assert len(contexts) == 6


def test_a_name_joined_with_another_says_which_context(plan, runs):
    [only] = judge(plan, runs, "joined").comparisons
    assert (only.text, only.mean) == ("sobel & damage < conv3x3 & mutation", 14.0)


def test_a_name_that_leaves_open_what_is_meant_is_undecided(plan, runs):
    found = judge(plan, runs, "joined", relation="sobel & damage < conv3x3")
    several = "conv3x3 stands for several grid points; say which perturbation"
    assert (found.word, found.reason) == ("undecided", f"ambiguous: {several}")


def test_a_name_that_the_grid_has_not_leaves_the_rest_unsupported(plan, runs):
    short = replace(plan, entries=tuple(e for e in plan.entries if name_of(e) != "conv3x3"))
    found = judge(short, runs, "chain", relation="sobel < conv5x5 and sobel < conv3x3")
    assert found.word == "undecided"
    assert found.reason == "nowhere in the grid: sobel < conv3x3"


def test_a_place_may_name_a_value_of_its_own(plan, runs):
    found = judge(plan, runs, "two-values").comparisons[0]
    assert found.text == "perceptual/final of sobel > perceptual/stage_1 of sobel"
    assert found.mean == pytest.approx(0.02 + 1 / 80 - 1 / 100)


def test_where_limits_the_contexts(plan, runs):
    found = judge(plan, runs, "sign", where={"perturbation": ("mutation",), "rng_seed": 1})
    assert [(one.n, one.mean) for one in found.comparisons] == [(1, 75.0)]


def test_needed_rng_seeds_are_those_of_the_weakest_comparison(plan, runs):
    found = judge(plan, runs, "sign", relation="conv5x5 > 60 and conv5x5 > 70")
    alone = judge(plan, runs, "sign", relation="conv5x5 > 70")
    assert found.word == "undecided"
    assert found.rng_seeds_needed == alone.rng_seeds_needed
    assert found.rng_seeds_needed is not None
    assert found.rng_seeds_note == str(found.rng_seeds_needed)


def test_the_label_says_what_stands_for_the_papers_setting(runs):
    suite = document.load(SUITE, preset="short", sets=["train.iterations=7"])
    found = {one.id: one.label for one in claims.judged(planner.make(suite), runs)}
    rest = "preset short, set by hand: train.iterations=7"
    assert found["chain"] == f"on ST-LPIPS (substitute for LPIPS), {rest}"
    assert found["parameters"] == rest


def test_the_papers_own_setting_needs_no_label(plan, runs):
    assert judge(plan, runs, "parameters").label == ""


def test_one_device_is_read_and_the_others_are_named(plan, runs):
    other = [replace(one, device_class="nvidia-h200", values={}) for one in runs[:5]]
    found = judge(plan, [*runs, *other], "parameters")
    assert (found.device_class, found.others) == ("cpu", ("nvidia-h200",))
    assert found.word == "supported"
