import pytest
import torch

from ncabench.run.benchmark import Asked, benchmark

CPU = torch.device("cpu")
CEILINGS = {"ceiling/bandwidth_gb_s", "ceiling/float32_tflop_s"}
COUNTED = {"flops", "needed_flops", "least_bytes"}
ITERATION = {"ms_per_iteration", "ms_per_iteration_iqr", "steps_per_s"}
ROLLOUT = {
    *("ms_per_rollout", "ms_per_rollout_iqr", "ms_per_step", "ms_per_step_iqr"),
    "steps_per_s",
}
BOUND = {"floor_ms", "times_floor"}


def measure(load, *engines, **rest):
    asked = Asked(engines=engines, warm_up=0, blocks=3, steps_per_block=2, **rest)
    return benchmark(load.model, load.task, asked, device=CPU)


def names(values, start):
    return {name.removeprefix(start) for name in values if name.startswith(start)}


def test_every_rival_has_its_time_its_bound_and_its_ratio_to_plain(workload):
    found = measure(
        workload(), "plain", "eager", precisions=("float32",), train_batch=2, train_steps=2
    ).values
    assert set(found) >= CEILINGS
    assert names(found, "training/plain/") == ITERATION | BOUND
    assert names(found, "training/eager/float32/") == ITERATION | BOUND | {"speedup"}
    assert names(found, "inference/plain/") == ROLLOUT | BOUND
    assert names(found, "inference/eager/float32/") == ROLLOUT | BOUND | {"speedup"}
    assert set(found) >= {
        f"{phase}/{n}" for phase in ("training", "inference") for n in COUNTED
    }


def test_units_fit_each_other(workload):
    found = measure(workload(), "plain", batch=3).values
    ms = found["inference/plain/ms_per_rollout"]
    assert found["inference/plain/ms_per_step"] == pytest.approx(ms / 2)
    assert found["inference/plain/steps_per_s"] == pytest.approx(2000 / ms)
    floor = found["inference/plain/floor_ms"]
    assert found["inference/plain/times_floor"] == pytest.approx(ms / floor)
    assert found["inference/needed_flops"] == found["inference/flops"] / 2


def test_no_batch_is_no_phase(workload):
    found = measure(workload(), "plain", batch=0, train_batch=1).values
    assert not names(found, "inference/")
    assert names(found, "training/plain/")


def test_what_cannot_be_measured_is_a_note(workload):
    found = measure(workload(), "plain", "absent", precisions=("tf32",), batch=0, train_batch=1)
    assert not names(found.values, "training/absent/")
    assert names(found.values, "training/plain/") == ITERATION | BOUND
    assert found.notes[0] == "tf32: not measured, on a CPU it is float32"
    assert found.notes[1].startswith("training/absent/float32: crashed: ")


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # the compiler looks at inner states
def test_compiled_stands_beside_plain_alone_and_together(workload):
    found = measure(
        workload(),
        *("plain", "compiled"),
        precisions=("float32",),
        batch=0,
        train_batch=1,
        train_steps=2,
        seeds_together=(2,),
    )
    cached = "compiled/float32: compiled before, so compile_s is that of a cache"
    assert set(found.notes) <= {cached}  # by an earlier run of this test
    more = {"compile_s", "speedup", "together_2_ms", "together_2_ratio"}
    assert names(found.values, "training/compiled/float32/") == ITERATION | BOUND | more
    assert found.values["training/compiled/float32/compile_s"] > 0.1
