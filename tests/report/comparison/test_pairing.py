import pytest

from ncabench.errors import SuiteError


def places(pairing):
    return [dict(one.where) for one in pairing.contexts]


def test_two_perceptions_meet_at_every_perturbation(sides):
    _, _, pairing = sides([])
    shared = {"model": "nca", "update": "mlp", "task": "emoji"}
    assert places(pairing) == [
        {**shared, "perturbation": "damage"},
        {**shared, "perturbation": "mutation"},
    ]
    assert sorted(pairing.contexts[0].first) == sorted(pairing.contexts[0].second) == [0, 1, 2]
    assert pairing.only_first == pairing.only_second == ()


def test_models_that_share_no_recipe_meet_all_the_same(sides):
    _, _, pairing = sides([], "nca & sobel", "unet")
    assert places(pairing) == [
        {"task": "emoji", "perturbation": "damage"},
        {"task": "emoji", "perturbation": "mutation"},
    ]


def test_two_perturbations_meet_at_every_model(sides):
    _, _, pairing = sides([], "damage", "mutation")
    assert [(one["model"], one.get("perception")) for one in places(pairing)] == [
        ("nca", "sobel"),
        ("nca", "conv3x3"),
        ("unet", None),
    ]


def test_an_axis_that_either_names_is_no_place(sides):
    _, _, pairing = sides([], "sobel", "conv3x3 & mlp")
    assert [sorted(one) for one in places(pairing)] == [["model", "perturbation", "task"]] * 2


def test_what_is_left_open_must_be_named(sides):
    with pytest.raises(SuiteError) as caught:
        sides([], "nca", "unet")
    assert str(caught.value) == (
        "A: 'nca' leaves open which perception is meant; name one, as in 'nca & conv3x3'\n"
        "  accepted: conv3x3, sobel"
    )


def test_a_training_has_one_context_for_all_perturbations(sides):
    _, _, pairing = sides([])
    assert pairing.contexts[0].of("training") == pairing.contexts[1].of("training")
    assert "perturbation" not in pairing.contexts[0].of("training")


def test_a_profile_has_one_context_for_all_recipes(sides):
    _, _, pairing = sides([], "damage", "mutation")
    assert "recipe" in pairing.contexts[2].where
    assert pairing.contexts[2].of("profile") == {"model": "unet", "task": "emoji"}


def test_the_device_that_has_more_of_both_is_shown(numbers, sides):
    runs = [
        *numbers("sobel", {0: 1.0, 1: 1.0, 2: 1.0}),
        *numbers("conv3x3", {0: 1.0}),
        *numbers("sobel", {0: 2.0, 1: 2.0}, device_class="gpu"),
        *numbers("conv3x3", {0: 2.0, 1: 2.0}, device_class="gpu"),
    ]
    first, second, _ = sides(runs)
    assert (first.chosen.device_class, second.chosen.device_class) == ("gpu", "gpu")


def test_one_engine_for_both_comes_before_more_runs(numbers, sides):
    runs = [
        *numbers("sobel", {0: 1.0, 1: 1.0, 2: 1.0}, engine="compiled"),
        *numbers("sobel", {0: 1.0}),
        *numbers("conv3x3", {0: 1.0, 1: 1.0, 2: 1.0}),
    ]
    first, second, _ = sides(runs)
    assert (first.chosen.engines, second.chosen.engines) == (("eager",), ("eager",))


def test_without_a_common_device_each_has_its_own(numbers, sides):
    runs = [*numbers("sobel", {0: 1.0}), *numbers("conv3x3", {0: 1.0}, device_class="gpu")]
    first, second, _ = sides(runs)
    assert (first.chosen.device_class, second.chosen.device_class) == ("cpu", "gpu")
