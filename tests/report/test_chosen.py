from ncabench.report.chosen import Chosen, choose


def test_the_device_with_most_records_is_shown_alone(plan, store):
    first, second = plan.evaluations()[:2]
    cpu = [store(first, {"x": 1.0}), store(second, {"x": 2.0})]
    gpu = store(first, {"x": 9.0}, device_class="nvidia-h200")
    chosen = choose(plan.entries, [gpu, *cpu])
    assert (chosen.device_class, chosen.others) == ("cpu", ("nvidia-h200",))
    assert chosen.run("evaluation", first.id).values == {"x": 1.0}


def test_of_two_devices_with_as_many_records_the_newest_is_shown(plan, store):
    entry = plan.evaluations()[0]
    old = store(entry, device_class="nvidia-h200", ended_at="2026-05-01T00:00:00+00:00")
    new = store(entry, device_class="cpu", ended_at="2026-05-02T00:00:00+00:00")
    assert choose(plan.entries, [new, old]).device_class == "cpu"


def test_engines_of_one_entry_do_not_count_as_two_records(plan, store):
    first, second = plan.evaluations()[:2]
    gpu = [store(first, device_class="gpu", engine=name) for name in ("eager", "fused", "odd")]
    cpu = [store(first), store(second)]
    assert choose(plan.entries, [*gpu, *cpu]).device_class == "cpu"


def test_the_engine_that_ran_most_entries_is_shown(plan, store):
    first, second = plan.evaluations()[:2]
    runs = [store(first), store(second), store(first, engine="fused")]
    assert choose(plan.entries, runs).engines == ("eager",)


def test_runs_of_other_plans_are_left_out(plan, store):
    stray = store(plan.evaluations()[0])
    assert choose(plan.evaluations()[1:], [stray]) == Chosen()
