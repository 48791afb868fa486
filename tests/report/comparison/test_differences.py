import pytest

from ncabench.report.comparison.differences import differences, obstacles


@pytest.fixture
def spec(plan):
    def spec(role="evaluation", **where):
        return next(one.spec for one in plan.of(role) if one.serves(where))

    return spec


def test_what_only_one_has_is_against_none():
    assert differences({"a": 1}, {"b": [2]}) == ["a: 1 against none", "b: none against [2]"]


def test_equal_specs_have_no_difference(spec):
    assert differences(spec(perception="sobel"), spec(perception="sobel")) == []


def test_another_component_is_named_by_its_kind():
    first = {"pool": {"kind": "fifo", "size": 8}}
    assert differences(first, {"pool": None}) == ["pool: fifo against none"]


def test_two_perceptions_are_measured_alike(spec):
    first = spec(perception="sobel", perturbation="damage")
    second = spec(perception="conv3x3", perturbation="damage")
    assert obstacles(first, second, value="rgba_mse/before") == []


def test_another_perturbation_is_an_obstacle_unless_it_is_what_is_compared(spec):
    first = spec(perception="sobel", perturbation="damage")
    second = spec(perception="sobel", perturbation="mutation")
    found = obstacles(first, second, value="rgba_mse/before")
    assert found == ["perturbation.kind: disc against mutation"]
    assert obstacles(first, second, value="rgba_mse/before", compared={"perturbation"}) == []


def test_another_protocol_is_an_obstacle(spec):
    first, second = spec(perception="sobel"), spec(model="unet")
    assert obstacles(first, second, value="rgba_mse/before") == [
        "protocol.kind: recovery against one_pass_recovery"
    ]


def test_another_metric_is_an_obstacle_for_its_own_values_alone(spec):
    first = spec(perception="sobel")
    second = {**first, "metrics": {**first["metrics"], "rgba_mse": {"kind": "psnr"}}}
    found = obstacles(first, second, value="rgba_mse/before")
    assert found == ["metric.rgba_mse.kind: mse against psnr"]
    assert obstacles(first, second, value="other/before") == []


def test_another_version_of_the_protocol_is_an_obstacle(spec):
    first = spec(perception="sobel")
    second = {**first, "versions": {**first["versions"], "protocol/recovery": 99}}
    (found,) = obstacles(first, second, value="rgba_mse/before")
    assert found.startswith("version of protocol/recovery: ")
    assert found.endswith(" against 99")


def test_another_task_is_an_obstacle_even_for_a_training(spec):
    first = spec("training", perception="sobel")
    second = {**first, "task": {**first["task"], "size_px": 99}}
    found = obstacles(first, second, value="training/final_loss")
    assert found == ["task.size_px: 8 against 99"]
    assert obstacles(first, second, value="training/final_loss", compared={"task"}) == []
    assert obstacles(first, second, value="parameters") == []


def test_data_of_one_digest_is_the_same_wherever_it_lies(spec):
    first = spec("training", perception="sobel")
    moved = {**first["data"], "selection": ["elsewhere"]}
    task = {**first["task"], "classes": ["elsewhere"]}
    assert first["data"]["digest"]
    assert obstacles(first, {**first, "data": moved, "task": task}, value="training/x") == []
    changed = {**first, "data": {**first["data"], "digest": "f" * 64}}
    (found,) = obstacles(first, changed, value="training/x")
    assert found == f"data.digest: {first['data']['digest']} against {'f' * 64}"


def test_another_way_of_timing_is_an_obstacle_for_a_profile(spec):
    first = spec("profile", perception="sobel")
    second = {**first, "profile": {**first["profile"], "batch": 7}}
    found = obstacles(first, second, value="profile/inference/ms_per_step")
    assert found == ["profile.batch: 1 against 7"]
