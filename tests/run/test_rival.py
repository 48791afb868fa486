import torch

from ncabench.run.rival import prepare

CPU = torch.device("cpu")


def test_a_rival_is_made_and_called_at_its_precision_alone():
    seen = []

    def make():
        seen.append(torch.backends.cudnn.allow_tf32)
        return lambda: seen.append(torch.backends.cudnn.allow_tf32)

    rival = prepare("x", make, precision="float32", device=CPU, warm_up=2, compiles=False)
    assert seen == [False] * (1 + 3 + 2 + 1)  # made, prepared, warmed up, timed once
    assert rival.clock() >= 0
    assert not any(seen)


def test_compiling_is_told_only_of_what_compiles():
    plain, compiled = (
        prepare(
            "x",
            lambda: lambda: None,
            precision="default",
            device=CPU,
            warm_up=0,
            compiles=compiles,
        )
        for compiles in (False, True)
    )
    assert plain.compile_s is None
    assert compiled.compile_s is not None
    assert 0 <= compiled.compile_s < 1
