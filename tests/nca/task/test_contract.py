"""What every task must do, whichever it is. New ones are tested unasked."""

import pytest

from ncabench import catalog
from ncabench.nca.contract import task as contract
from ncabench.nca.draws import Draws
from ncabench.nca.task import Task

NAMED = ("fashion_mnist_500", "all")  # for a task that is told which set to read
EXEMPLAR = ("skimage_textures", "gravel")  # for one that is told of a single image
PAIRED = ("edges_to_bags", {"per_class": 40})  # for one that is told of pairs
SMALL = {"texture": {"size_px": 12}, "material": {"size_px": 12}}


def build(kind: str) -> Task:
    described = catalog.describe("task", kind)
    data = None
    if described.attributes.get("reads"):
        first, parameter = described.attributes["reads"]
        defaults = {one.name: one.default for one in described.parameters}
        named, selection = NAMED if first in defaults else (first, defaults[parameter])
        named, selection = EXEMPLAR if parameter == "exemplar" else (named, selection)
        named, selection = PAIRED if parameter == "pairs" else (named, selection)
        data = catalog.find("data", named)().load(selection)
    return catalog.find("task", kind)(data, Draws(0), **SMALL.get(kind, {}))


@pytest.mark.parametrize("kind", catalog.kinds("task"))
@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda one: one.__name__)
def test_every_task_keeps_the_contract(check, kind):
    check(lambda: build(kind))
