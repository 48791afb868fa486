"""What every objective must do, whichever it is. New ones are tested unasked."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.contract import objective as contract

GIVEN = {
    "style": {"net": "st_vgg", "projections": 4},
    "features": {"net": "st_vgg"},
    "perceptual": {"net": "st_lpips"},
    "relaxed_style": {"net": "st_vgg", "patch_px": 32, "scales": 1, "regularity": 1.0},
}


@pytest.mark.parametrize("kind", catalog.kinds("objective"))
@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda one: one.__name__)
def test_every_objective_keeps_the_contract(check, kind):
    check(lambda: catalog.find("objective", kind)(**GIVEN.get(kind, {})))


def test_constructing_it_loads_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    for kind in catalog.kinds("objective"):
        catalog.find("objective", kind)()
    assert list(tmp_path.iterdir()) == []
