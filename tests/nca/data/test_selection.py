import numpy as np
import pytest

from ncabench.nca.data import _selection as selections

SPLITS, CLASSES = ("train", "test"), ("a", "b", "7")


def read(selection, **options):
    return selections.read(selection, splits=SPLITS, classes=CLASSES, **options)


def message(selection, **options):
    with pytest.raises(ValueError) as caught:
        read(selection, **options)
    return str(caught.value)


def test_a_name_and_a_table_that_mean_the_same_are_the_same():
    short, long = read("train"), read({"split": "train", "classes": ["a", "b", 7]})
    assert short == long
    assert short.canonical() == long.canonical()


def test_an_empty_table_is_everything():
    assert read({}) == read("all")
    assert read({}).splits == SPLITS


def test_classes_keep_the_order_of_the_selection():
    asked = read({"classes": ["b", "a"]})
    assert asked.classes == ("b", "a")
    labels = np.array([0, 1, 0])
    assert selections.relabel(labels, asked, names=CLASSES).tolist() == [1, 0, 1]


def test_the_first_of_each_class_are_chosen_in_the_sets_order():
    labels = np.array([1, 0, 1, 2, 0, 1])
    asked = read({"classes": ["a", "b"], "per_class": 2})
    found = selections.choose(labels, asked, names=CLASSES, where="set, train")
    assert found.tolist() == [0, 1, 2, 4]


WRONG = {
    "no table": (3, "expected the name of a split or a table, found 3"),
    "a split": ("trian", "no split is called 'trian'\n  accepted: all, test, train\n  did you"),
    "a key": ({"spilt": "train"}, "a selection has no key 'spilt'\n  accepted: classes, per_c"),
    "a class": ({"classes": ["c"]}, "no class is called 'c'\n  accepted: 7, a, b"),
    "no list": ({"classes": "ab"}, "classes: expected a list of names of classes, found 'ab'"),
    "no class": ({"classes": []}, "classes: expected a list of names of classes, found []"),
    "truth": ({"classes": [True]}, "no class is called True"),
    "twice": ({"classes": ["7", 7]}, "classes: one is named twice in ['7', 7]"),
    "none": ({"per_class": 0}, "per_class: expected an integer of 1 or more, found 0"),
    "a yes": ({"per_class": True}, "per_class: expected an integer of 1 or more, found True"),
    "a side": ({"side_px": 8}, "a selection has no key 'side_px'"),
    "a null": ({"per_class": None}, "per_class: expected an integer of 1 or more, found None"),
}


@pytest.mark.parametrize(("selection", "expected"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_selected_is_refused(selection, expected):
    assert message(selection).startswith(expected)


def test_a_side_may_be_set_where_a_set_scales():
    assert read({"side_px": 8}, scales=True).side_px == 8


def test_what_is_not_set_leaves_the_text_as_it_was_before_it_could_be():
    assert read("train").canonical() == (
        '{"splits": ["train"], "classes": ["a", "b", "7"], "per_class": null, '
        '"side_px": null, "more": []}'
    )
    texts = {read(one, **VALIDATING).canonical() for one in ({}, {"val": 2}, {"val": "test"})}
    assert len(texts) == 3


VALIDATING = {"vals": ("test",), "holds_out": True, "resizes": True, "scales": True}
WRONG_TO_VALIDATE = {
    "a name": ({"val": "valid"}, "val: there is no 'valid'\n  accepted: test"),
    "none": ({"val": 0}, "val: expected an integer of 1 or more, found 0"),
    "one split": ({"split": "train", "val": 2}, "val: needs all splits, not split = 'train'"),
    "a size": ({"resize_px": 0}, "resize_px: expected an integer of 1 or more, found 0"),
    "two sizes": (
        {"resize_px": 8, "side_px": 8},
        "side_px and resize_px: one of them may be set, not both",
    ),
}


@pytest.mark.parametrize(
    ("selection", "expected"), WRONG_TO_VALIDATE.values(), ids=WRONG_TO_VALIDATE
)
def test_what_cannot_be_validated_on_is_refused(selection, expected):
    assert message(selection, **VALIDATING).startswith(expected)


def test_val_may_be_set_only_where_a_set_has_no_such_split():
    assert message({"val": "test"}).startswith("a selection has no key 'val'")
    assert message({"val": 2}, vals=("test",)).startswith("val: there is no 2")


def test_a_class_that_is_missing_is_named():
    with pytest.raises(ValueError) as caught:
        selections.choose(np.array([0, 1]), read("train"), names=CLASSES, where="set, train")
    assert str(caught.value) == "set, train: no image of class '7'"


def test_more_than_there_is_of_a_class_is_refused():
    asked = read({"classes": ["a"], "per_class": 3})
    with pytest.raises(ValueError) as caught:
        selections.choose(np.array([0, 1, 0]), asked, names=CLASSES, where="set, test")
    assert str(caught.value) == (
        "set, test: per_class is 3, but there are only 2 images of class 'a'"
    )
