"""What every objective must do, whichever it is. New ones are tested unasked."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.draws import Draws

GIVEN = {
    "style": {"net": "st_vgg", "projections": 4},
    "features": {"net": "st_vgg"},
    "perceptual": {"net": "st_lpips"},
    "relaxed_style": {"net": "st_vgg", "patch_px": 32, "scales": 1, "regularity": 1.0},
}


@pytest.fixture(params=catalog.kinds("objective"))
def objective(request):
    made = catalog.find("objective", request.param)(**GIVEN.get(request.param, {}))
    made.prepare(torch.device("cpu"))
    return made


@pytest.fixture
def answer():
    return torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def lesson():
    return torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(2)).square()


def value(objective, answer, lesson, *, index=0, rng_seed=5):
    return objective(answer, lesson, draws=Draws(rng_seed), index=torch.tensor(index))


def test_is_a_scalar_that_is_0_of_what_is_as_it_should_be(objective, answer, lesson):
    assert value(objective, answer, answer).tolist() == pytest.approx(0.0, abs=1e-5)
    assert value(objective, answer, lesson) > 0


def test_is_averaged_over_samples(objective, answer, lesson):
    pairs = zip(answer.split(1), lesson.split(1), strict=True)
    alone = torch.stack([value(objective, *pair) for pair in pairs])
    torch.testing.assert_close(alone.mean(), value(objective, answer, lesson))


def test_passes_gradients_to_the_answer(objective, answer, lesson):
    value(objective, answer.requires_grad_(), lesson).backward()
    assert answer.grad.isfinite().all()
    assert (answer.grad.abs().amax(dim=(1, 2, 3)) > 0).all()


def test_depends_on_no_global_generator(objective, answer, lesson):
    before, first = torch.get_rng_state(), value(objective, answer, lesson)
    assert torch.equal(torch.get_rng_state(), before)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        assert torch.equal(value(objective, answer, lesson), first)


def test_constructing_it_loads_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    for kind in catalog.kinds("objective"):
        catalog.find("objective", kind)()
    assert list(tmp_path.iterdir()) == []
