"""What is refused in a claim, with the path and what would have been right."""

import pytest

from ncabench.errors import SuiteError
from ncabench.suite import document
from ncabench.suite.claims import resolved

NAMES = "conv3x3, damage, emoji, mlp, nca, sobel"
AXES = "model, perception, perturbation, protocol, recipe, task, update"
VALUES = "parameters, profile/..., protocol/..., rgba_mse/..., training/..."


def claim(relation, value="rgba_mse/final", more=""):
    head = 'id = "c"\nstatement = "s"\nsource = "table 1"'
    return f'\n[[claim]]\n{head}\nvalue = "{value}"\nrelation = "{relation}"\n{more}\n'


def problem(write, *changes, added):
    with pytest.raises(SuiteError) as caught:
        document.load(write(*changes, added=added))
    [one] = caught.value.problems
    return str(one)


WRONG = {
    "a relation without a sign": (
        claim("sobel conv3x3"),
        "claim[0].relation: 'sobel conv3x3': expected <, >, <=, >=, and, or the end, "
        "found 'conv3x3'",
    ),
    "an unknown name": (
        claim("sobbel < conv3x3"),
        f"claim[0].relation: this suite defines no 'sobbel'\n  accepted: {NAMES}\n"
        "  did you mean 'sobel'?",
    ),
    "an unknown name on a named axis": (
        claim("perception.nca < conv3x3"),
        f"claim[0].relation: this suite defines no 'perception.nca'\n  accepted: {NAMES}",
    ),
    "an unknown axis": (
        claim("sobel < every other percepton"),
        f"claim[0].relation: there is no axis 'percepton'\n  accepted: {AXES}\n"
        "  did you mean 'perception'?",
    ),
    "a relation of numbers alone": (
        claim("1 < 2"),
        "claim[0].relation: names nothing that is measured",
    ),
    "two names of one axis at once": (
        claim("sobel & conv3x3 < 1"),
        "claim[0].relation: nothing is sobel & conv3x3, since each is a perception",
    ),
    "an unknown value": (
        claim("sobel < conv3x3", "mse/final"),
        "claim[0].value: no such value is measured: 'mse/final'\n"
        f"  accepted: {VALUES}\n  did you mean 'rgba_mse/...'?",
    ),
    "an unknown value of a name": (
        claim("mse/final of sobel < conv3x3"),
        "claim[0].relation: no such value is measured: 'mse/final'\n"
        f"  accepted: {VALUES}\n  did you mean 'rgba_mse/...'?",
    ),
    "a share of failures against a number": (
        claim("sobel < 0.5", "training/failed"),
        "claim[0].relation: training/failed can only be compared with itself, as in 'a < b', "
        "found 'sobel < 0.5'",
    ),
    "a share of failures against another value": (
        claim("training/failed of sobel < conv3x3"),
        "claim[0].relation: training/failed can only be compared with itself, as in 'a < b', "
        "found 'training/failed of sobel < conv3x3'",
    ),
    "a share of failures against many other values": (
        claim("training/failed of sobel < every other perception"),
        "claim[0].relation: training/failed can only be compared with itself, as in 'a < b', "
        "found 'training/failed of sobel < every other perception'",
    ),
    "one of several places that is not there": (
        claim("sobel > 0", more='where = { perturbation = ["damage", "damge"] }'),
        "claim[0].where.perturbation[1]: there is no [perturbation.damge] in this suite\n"
        "  accepted: damage\n  did you mean 'damage'?",
    ),
    "no place at all": (
        claim("sobel > 0", more="where = { perturbation = [] }"),
        "claim[0].where.perturbation: is empty, so there is nothing to run",
    ),
}


@pytest.mark.parametrize(("added", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_claim_is_refused_with_its_path(write, added, message):
    assert problem(write, added=added) == message


def test_a_claim_needs_a_relation_and_a_value(write):
    added = '\n[[claim]]\nid = "c"\nstatement = "s"\nsource = "1"\n'
    with pytest.raises(SuiteError) as caught:
        document.load(write(added=added))
    assert [str(one) for one in caught.value.problems] == [
        "claim[0].relation: it is needed, and not set",
        "claim[0].value: it is needed, and not set",
    ]


def test_a_name_on_two_axes_needs_its_axis(write):
    changes = [("[perception.sobel]", "[perception.nca]"), ('["sobel", ', '["nca", ')]
    message = problem(write, *changes, added=claim("nca < conv3x3"))
    assert message == (
        "claim[0].relation: 'nca' is defined as a model and as a perception\n"
        "  accepted: model.nca, perception.nca"
    )


def test_a_name_keeps_its_axis_only_where_it_needs_it(write):
    changes = [("[perception.sobel]", "[perception.nca]"), ('["sobel", ', '["nca", ')]
    added = claim("perception.nca < perception.conv3x3")
    suite = document.load(write(*changes, added=added))
    names = resolved(suite.claims[0], defined=suite.components).names()
    assert names == ["perception.nca", "conv3x3"]


def test_where_may_name_several_places(write):
    more = 'where = { perturbation = ["damage"], rng_seed = 1 }'
    suite = document.load(write(added=claim("sobel > 0", more=more)))
    assert suite.claims[0].where == {"perturbation": ("damage",), "rng_seed": 1}
