import pytest

from ncabench.schema import check, complete

GOOD = [
    (1, "float", 1.0),
    (True, "bool", True),
    ([1, 2], "tuple[int, ...]", (1, 2)),
    ([1, 2], "tuple[float, float]", (1.0, 2.0)),
    ("none", "float | None", None),
    ("none", "Literal['none', 'image']", "none"),
    ("none", "str | None", "none"),
    (3, "int | None", 3),
    ({"a": 1}, "dict[str, float]", {"a": 1.0}),
    ({"a": 1, "b": "x"}, "dict[str, str | int]", {"a": 1, "b": "x"}),
]


@pytest.mark.parametrize(("value", "annotation", "form"), GOOD)
def test_a_right_value_takes_the_form_of_its_annotation(value, annotation, form):
    found, problems = check(value, annotation, where="x")
    assert problems == []
    assert found == form
    assert type(found) is type(form)


BAD = [
    (True, "int", "x: expected int, found True"),
    (1.0, "int", "x: expected int, found 1.0"),
    ("1", "float", "x: expected float, found '1'"),
    (1, "bool", "x: expected bool, found 1"),
    (3, "str", "x: expected str, found 3"),
    ([1], "tuple[int, int]", "x: expected tuple[int, int], found [1]"),
    ([0.1, "big"], "tuple[float, float]", "x[1]: expected float, found 'big'"),
    ("ab", "tuple[str, ...]", "x: expected tuple[str, ...], found 'ab'"),
    (1, "Literal[True]", "x: expected Literal[True], found 1\n  accepted: True"),
    ("many", "int | None", "x: expected int | None, found 'many'"),
    (
        "msee",
        "Literal['mse'] | Objective",
        "x: expected Literal['mse'] | Objective, found 'msee'\n"
        "  accepted: mse\n  did you mean 'mse'?",
    ),
    ({"a": "y"}, "dict[str, int]", "x.a: expected int, found 'y'"),
    (5, "dict[str, int]", "x: expected dict[str, int], found 5"),
    (5, "Schedule", "x: expected a table with a kind, found 5"),
]


@pytest.mark.parametrize(("value", "annotation", "message"), BAD)
def test_a_wrong_value_says_what_was_expected(value, annotation, message):
    assert "\n".join(map(str, check(value, annotation, where="x")[1])) == message


def test_nested_components_are_completed_with_their_family():
    given = {"kind": "combined", "branches": [{"kind": "conv", "kernel_size": 5}]}
    spec, problems = complete("perception", given, where="perception.c")
    assert problems == []
    branch = spec["branches"][0]
    assert (branch["family"], branch["kernel_size"], branch["dilation"]) == ("perception", 5, 1)


def test_a_problem_within_a_nested_component_has_its_whole_path():
    given = {"kind": "combined", "branches": [{"kind": "conv", "kernel_size": "five"}]}
    problems = complete("perception", given, where="perception.c")[1]
    assert [one.where for one in problems] == ["perception.c.branches[0].kernel_size"]


def test_a_problem_within_an_optional_component_is_its_own():
    problems = check({"kind": "fifo", "sise": 3}, "Pool | None", where="train.pool")[1]
    assert [one.where for one in problems] == ["train.pool.sise"]


def test_an_annotation_that_cannot_be_read_is_our_bug():
    with pytest.raises(TypeError, match=r"x: the schema cannot read the annotation lambda"):
        check(1, "lambda: 1", where="x")
