import pytest

from ncabench.relation import Number, Place, parse


def expanded(text: str, members: list[str]) -> list[str]:
    return [str(one) for part in parse(text).parts for one in part.over(members)]


VALUES = {"a": 3.0, "b": 1.0, "c": -2.0}


def read(place: Place) -> float:
    return VALUES[place.names[0]]


@pytest.mark.parametrize(
    ("text", "margins"),
    [
        ("a > b", [2.0]),
        ("a < b", [-2.0]),
        ("a >= 3", [0.0]),
        ("c < b < a", [3.0, 2.0]),
        ("a > 2 * b", [1.0]),
        ("a / b > 2", [1.0]),
        ("a - b > c + 1", [3.0]),
        ("2 * ( b + a ) <= 8", [0.0]),
        ("2 * (b + a) <= 8", [0.0]),
        ("c < 0 and a > 1e1", [2.0, -7.0]),
        ("a > -1.5", [4.5]),
    ],
)
def test_a_relation_holds_by_a_margin(text, margins):
    assert [part.comparison.margin(read) for part in parse(text).parts] == margins


def test_multiplication_binds_before_addition_and_from_the_left():
    assert [part.comparison.margin(read) for part in parse("a - b - b + 2 * a > 0").parts] == [
        7.0
    ]


def test_other_leaves_out_what_the_comparison_names():
    assert expanded("a < every other row", ["a", "b", "c"]) == ["a < b", "a < c"]
    assert expanded("every other row > a", ["a", "b", "c"]) == ["b > a", "c > a"]


def test_without_other_all_members_are_meant():
    assert expanded("most row > 90", ["a", "b"]) == ["a > 90", "b > 90"]
    assert parse("most row > 90").parts[0].quantifier == "most"


def test_a_place_may_join_names_and_say_which_value():
    (part,) = parse("perceptual/final of unet & damage < 2.5").parts
    assert part.comparison.left == Place(("unet", "damage"), "perceptual/final")
    assert part.comparison.right == Number(2.5)
    assert str(part.comparison) == "perceptual/final of unet & damage < 2.5"


def test_names_and_axes_are_listed_once_in_order():
    relation = parse("b < a < b and some other perception > b")
    assert (relation.names(), relation.axes()) == (["b", "a"], ["perception"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "'a': a relation needs <, >, <= or >=, found the end"),
        ("a = b", "'a = b': expected <, >, <=, >=, and, or the end, found '='"),
        ("a <", "'a <': expected a name or a number, found the end"),
        ("a < b c", "'a < b c': expected <, >, <=, >=, and, or the end, found 'c'"),
        ("a < ( b + c", "'a < ( b + c': expected ), found the end"),
        ("a < every", "'a < every': expected the axis that it speaks of, found the end"),
        ("x of < b", "'x of < b': expected a name, found '<'"),
        (
            "every row < every other row",
            "'every row < every other row': only one of two sides may speak of many",
        ),
        (
            "a < every row < b",
            "'a < every row < b': only one of two sides may speak of many",
        ),
    ],
)
def test_what_is_no_relation_is_refused_at_its_word(text, message):
    with pytest.raises(ValueError, match=r"^'") as caught:
        parse(text)
    assert str(caught.value) == message


def test_a_side_that_speaks_of_many_has_no_margin_before_it_is_taken_apart():
    with pytest.raises(TypeError, match="speaks of many"):
        parse("a < every row").parts[0].comparison.margin(read)
