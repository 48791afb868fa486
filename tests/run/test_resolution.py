"""What a request for an engine comes to: pure rules, and the reasons that records give."""

import pytest

from ncabench.run import resolution
from ncabench.run.resolution import Resolution, lacking

AUTOMATON = {"iterations": 1000, "steps": [48, 63]}  # 55 steps in the mean
ONE_PASS = {"iterations": 2500}


def staged(first, then):
    """A training in two stages, of which the second decides."""
    stages = {"first": first, "then": then}
    return {name: {"family": "trainer", **one} for name, one in stages.items()}


OTHER = {"perception": {"kind": "deformable"}, "update": {"kind": "mlp"}}  # has no kernels
CONV = {"kind": "conv", "kernel_size": 3}


def resolve(
    trainer=AUTOMATON,
    *,
    device="cuda:0",
    role="training",
    missing="",
    assembles="",
    parts=OTHER,
    model="nca",
    **execution,
):
    asked = {"engine": "auto", "deterministic": False, "precision": "default", **execution}
    training = {"role": "training", "trainer": trainer, "execution": asked}
    training |= {"model": {"kind": model}, "parts": parts}
    spec = {"role": role, "training": training} if role == "evaluation" else training
    return resolution.resolve(
        {**spec, "role": role},
        device=device,
        lacks=lambda _: missing,
        assembles=lambda: assembles,
    )


def test_a_long_training_on_a_gpu_is_compiled_and_says_nothing():
    found = resolve()
    assert (found.engine, found.warnings, found.refused) == ("compiled", (), "")
    assert found.why == "the training is long enough to repay compiling"


@pytest.mark.parametrize(
    ("perception", "changes", "engine"),
    [
        ({"kind": "sobel"}, {}, "fused"),
        (CONV, {}, "fused"),
        (CONV, {"precision": "bf16"}, "fused"),
        (CONV, {"precision": "float32"}, "compiled"),
        (CONV, {"deterministic": True}, "eager"),
        (CONV, {"device": "cpu"}, "eager"),
        (CONV, {"model": "vitca"}, "compiled"),
        (CONV, {"trainer": {"iterations": 40, "steps": [48, 63]}}, "eager"),
        ({"kind": "combined", "branches": [CONV, CONV]}, {}, "fused"),
        ({"kind": "combined", "branches": [CONV, {"kind": "deformable"}]}, {}, "compiled"),
    ],
)
def test_where_steps_have_kernels_they_are_taken(perception, changes, engine):
    parts = {"perception": perception, "update": {"kind": "mlp"}}
    assert resolve(parts=parts, **changes).engine == engine


def test_another_update_or_none_has_no_kernels():
    for update in ({"update": {"kind": "resnet"}}, {}):
        assert resolve(parts={"perception": CONV, **update}).engine == "compiled"


def test_without_an_assembler_for_the_kernels_a_warning_says_so():
    parts = {"perception": CONV, "update": {"kind": "mlp"}}
    found = resolve(parts=parts, assembles="ptxas 13.3 is missing")
    assert (found.engine, found.refused) == ("compiled", "")
    assert found.warnings == ("auto: compiled, because ptxas 13.3 is missing",)


@pytest.mark.parametrize(
    ("trainer", "engine"),
    [
        ({"iterations": 909, "steps": [48, 63]}, "eager"),  # 49,995 updates
        ({"iterations": 910, "steps": [48, 63]}, "compiled"),  # 50,050
        ({"iterations": 2499}, "eager"),
        ({"iterations": 2500}, "compiled"),
        (staged({"iterations": 9000}, {"iterations": 909, "steps": [48, 63]}), "eager"),
        (staged({"iterations": 1}, {"iterations": 910, "steps": [48, 63]}), "compiled"),
    ],
)
def test_compiling_must_pay(trainer, engine):
    assert resolve(trainer).engine == engine


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"trainer": {"iterations": 40, "steps": [48, 63]}},
            "40 iterations are over before compiling has paid",
        ),
        ({"device": "cpu"}, "on a CPU plain PyTorch is as fast"),
        ({"role": "evaluation"}, "an evaluation is too short to repay compiling"),
        (
            {"role": "profile"},
            "a cost stands for plain PyTorch unless another engine is asked for",
        ),
        ({"engine": "eager"}, "it was asked for"),
    ],
)
def test_what_does_not_pay_or_was_asked_for_is_eager_without_a_warning(changes, why):
    assert resolve(**changes) == Resolution(
        requested=changes.get("engine", "auto"), engine="eager", why=why
    )


def test_what_cannot_be_compiled_falls_back_with_a_warning():
    found = resolve(missing="the package triton is not installed")
    assert (found.engine, found.refused) == ("eager", "")
    assert found.warnings == ("auto: eager, because the package triton is not installed",)


def test_a_short_training_does_not_look_for_a_compiler():
    assert resolve({"iterations": 40, "steps": [1, 3]}, missing="no compiler").warnings == ()


def test_deterministic_trainings_are_eager_with_a_warning():
    assert resolve(deterministic=True).warnings == (
        "auto: eager, because deterministic = true",
    )


@pytest.mark.parametrize("role", ["training", "evaluation", "profile"])
@pytest.mark.parametrize("device", ["cpu", "cuda:1"])
def test_what_is_asked_for_is_taken_wherever_it_can_run(role, device):
    short = {"iterations": 1, "steps": [1, 2]}
    found = resolve(short, role=role, device=device, engine="compiled")
    assert (found.engine, found.why, found.refused) == ("compiled", "it was asked for", "")


def test_what_is_asked_for_and_cannot_run_is_refused_and_never_replaced():
    found = resolve(engine="compiled", missing="there is no C compiler (CC, gcc, clang)")
    assert (found.engine, found.warnings) == ("compiled", ())
    assert found.refused == (
        'engine = "compiled" cannot run here: there is no C compiler (CC, gcc, clang)'
    )


def test_fused_runs_on_a_gpu_alone():
    assert resolve(engine="fused").engine == "fused"
    assert resolve(engine="fused").refused == ""
    assert resolve(engine="fused", device="cpu").refused == (
        'engine = "fused" cannot run here: the kernels run on a GPU alone'
    )


def test_a_compiler_is_looked_for_where_the_variable_says(monkeypatch, tmp_path):
    compiler = tmp_path / "cc1"
    compiler.write_text("")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert lacking("cpu") == "there is no C++ compiler (CXX, g++, clang++)"
    monkeypatch.setenv("CXX", "cc1 -O2")
    assert lacking("cpu") == ""


def test_fused_kernels_are_refused_where_they_cannot_be_built():
    spec = {"role": "training", "trainer": AUTOMATON}
    spec["execution"] = {"engine": "fused", "deterministic": False}

    def found(device, lacks="", assembles=""):
        return resolution.resolve(
            spec, device=device, lacks=lambda _: lacks, assembles=lambda: assembles
        )

    assert found("cuda:0").refused == ""
    assert found("cuda:0", assembles="too old").refused == (
        'engine = "fused" cannot run here: too old'
    )
    assert found("cuda:0", lacks="no Triton", assembles="too old").why == "no Triton"
    assert found("cpu", assembles="too old").why == "the kernels run on a GPU alone"
