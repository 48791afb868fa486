import pytest

from ncabench.errors import SuiteError
from ncabench.plan.entry import Entry
from ncabench.plan.selection import select


def entry(role, id, needs=None, **labels):
    return Entry(role=role, id=id, spec={}, labels=(labels,), needs=needs)


ENTRIES = [
    entry("training", "1af4", perception="sobel", rng_seed=1),
    entry("training", "be3e", perception="conv-3x3", rng_seed=10),
    entry("evaluation", "31e1", "1af4", perception="sobel", perturbation="damage", rng_seed=1),
    entry(
        "evaluation", "58f1", "1af4", perception="sobel", perturbation="mutation", rng_seed=1
    ),
    entry("evaluation", "2fcd", "be3e", perception="conv-3x3", perturbation="is", rng_seed=10),
]

SELECTED = {
    "sobel": ["1af4", "31e1", "58f1"],
    "sob": ["1af4", "31e1", "58f1"],
    "conv-3x3": ["be3e", "2fcd"],
    "3x3 and training": ["be3e"],
    "sobel and not mutation": ["1af4", "31e1"],
    "not sobel": ["be3e", "2fcd"],
    "not (sobel or training)": ["be3e", "2fcd"],
    "training and sobel or is": ["1af4", "be3e", "2fcd"],
    "training and (sobel or is)": ["1af4"],
    "rng_seed_1": ["1af4", "31e1", "58f1"],
    "rng_seed_10": ["be3e", "2fcd"],
    "1af4": ["1af4"],
    "58f": ["1af4", "58f1"],
    "31e1 or 2fcd": ["1af4", "be3e", "31e1", "2fcd"],
}


@pytest.mark.parametrize(("expression", "ids"), SELECTED.items(), ids=SELECTED)
def test_words_select_entries_and_the_trainings_they_need(expression, ids):
    assert [one.id for one in select(ENTRIES, expression)] == ids


def test_an_entry_matches_by_any_grid_point_that_it_serves():
    both = Entry(
        role="training",
        id="ab12",
        spec={},
        labels=({"perturbation": "damage"}, {"perturbation": "mutation"}),
    )
    assert select([both], "damage and mutation") == [both]


def refused(expression):
    with pytest.raises(SuiteError) as caught:
        select(ENTRIES, expression)
    assert caught.value.exit_code == 2
    return str(caught.value)


ACCEPTED = (
    "  accepted: conv-3x3, damage, evaluation, is, mutation, rng_seed_1, rng_seed_10, sobel, "
    "training"
)


def test_a_word_that_no_entry_has_is_refused_with_the_nearest():
    assert refused("training and sobbel") == (
        f"-k: 'training and sobbel' selects nothing\n{ACCEPTED}\n  did you mean 'sobel'?"
    )


def test_words_that_no_entry_has_together_are_refused():
    what = "-k: 'mutation and damage' selects nothing"
    assert refused("mutation and damage") == f"{what}\n{ACCEPTED}"


def test_the_middle_of_an_id_selects_nothing():
    assert refused("af4").startswith("-k: 'af4' selects nothing")


@pytest.mark.parametrize(
    "expression",
    ["sobel and (", "sobel damage", "sobel + is", "sobel()", "a.b", "and", "'a'", "("],
)
def test_an_expression_that_cannot_be_read_says_how_to_write_one(expression):
    assert refused(expression) == (
        f"-k: cannot read {expression!r}; write words joined by and, or, not and parentheses"
    )
