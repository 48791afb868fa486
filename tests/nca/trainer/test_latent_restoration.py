"""LNCA's second stage: losses on both grids, lengths, what is kept, and both stages in turn."""

from functools import partial

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ncabench import catalog
from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.engine.eager import Eager

DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
CORES = ["latent_nafca", "latent_vitca"]
WAITING = {"_local_scalar_dense", "nonzero", "equal", "is_nonzero", "masked_select"}
REPLACING = {"kind": "replacing", "size": 8}


def advances(trainer, times):
    return [
        {name: one.clone() for name, one in trainer.advance().items()} for _ in range(times)
    ]


@pytest.fixture
def latent(make):
    return partial(make, "latent_restoration", "latent_nafca", pool=REPLACING)


def mean_beyond(values, low, high):
    return float(((low - values).clamp(min=0) + (values - high).clamp(min=0)).mean())


@pytest.mark.parametrize("turn", [0, 1])
def test_the_loss_is_of_the_decoded_and_the_latent_image_and_of_what_overflows(latent, turn):
    trainer, lasts = latent(), []
    roll, coder = trainer._roll, trainer.model.autoencoder
    trainer._roll = lambda *given, **more: lasts.append(roll(*given, **more)) or lasts[-1]
    labels, mixed = [], trainer.pool.mix
    trainer.pool.mix = lambda *given, **more: labels.append(mixed(*given, **more)) or labels[-1]
    found = advances(trainer, turn + 1)[-1]
    last, label = lasts[-1].detach(), labels[-1].labels
    out, hidden = last[:, 3 * 16 + 4 : 3 * 16 + 8], last[:, 3 * 16 + 8 :]
    true, given = trainer.task.target(label), trainer.task.corrupted(label)
    error = (coder.join(out, coder.beside(given)) - true).square().mean().item()
    apart = (out - coder.encode(true)).square().mean().item()
    beyond = mean_beyond(out, 0, 1) + mean_beyond(hidden, -1, 1)
    assert found["image_loss"].item() == pytest.approx(error, rel=1e-5)
    assert found["latent_loss"].item() == pytest.approx(apart, rel=1e-5)
    assert found["overflow"].item() == pytest.approx(beyond, rel=1e-5)
    total = 100 * error + 100 * apart + beyond
    assert found["loss"].item() == pytest.approx(total, rel=1e-5)


def test_pixels_beside_the_latent_grid_are_carried_and_not_stepped(latent):
    trainer, shapes = latent(), []
    step = trainer.model.core.step
    trainer.model.core.step = lambda state, **told: (
        shapes.append(state.shape[1]) or step(state, **told)
    )
    fresh = trainer._fresh(trainer._samples())
    last = trainer._roll(fresh, trainer._samples(), steps=3)
    assert shapes == [4 + 4 + 4] * 3
    assert torch.equal(last[:, : 48 + 4], fresh.state[:, : 48 + 4])


def test_the_length_is_drawn_for_each_step_or_once_for_fresh_and_once_for_pooled(latent):
    each, traced = (latent(steps=[8, 33], length=one) for one in ("step", "trace"))
    lengths = {"step": [], "trace": []}
    for turn in range(100):
        for name, trainer in (("step", each), ("trace", traced)):
            trainer.go_to(turn)
            lengths[name].append(trainer.decide()[0])
    assert set(lengths["step"]) == set(range(8, 33))
    assert lengths["trace"] == lengths["trace"][:2] * 50
    assert len(set(lengths["trace"])) == 2


def test_the_lengths_of_a_trace_depend_on_the_seed_alone(latent):
    trainer, met = latent(steps=[8, 33], length="trace"), set()
    for seed in range(200):
        trainer.draws = Draws(seed)
        met.add(trainer.decide()[0])
    assert met == set(range(8, 33))


def test_the_autoencoder_and_its_batch_norms_stay_as_they_are(latent):
    trainer = latent()
    before = {name: one.clone() for name, one in trainer.model.autoencoder.state_dict().items()}
    advances(trainer, 4)
    after = trainer.model.autoencoder.state_dict()
    torch.testing.assert_close(after, before, rtol=0, atol=0)
    assert not trainer.model.autoencoder.training


def test_the_last_weights_are_left_and_the_best_where_that_is_asked(latent):
    last, best = (latent(keep=one, validate_every=1) for one in ("last", "best"))
    losses = [float(one["validation_loss"]) for one in advances(last, 6)]
    assert [float(one["validation_loss"]) for one in advances(best, 6)] == losses
    pairs = zip(last.model.core.parameters(), best.model.core.parameters(), strict=True)
    same = all(torch.equal(one, other) for one, other in pairs)
    assert same == (min(losses) == losses[-1])
    assert float(best.validation()) == pytest.approx(min(losses), abs=1e-6)


def test_the_best_weights_are_the_cores_so_that_the_first_stage_is_not_undone(make):
    trainer = make("stages", "latent_nafca", iterations=8)
    advances(trainer, 2)
    coder = {n: one.clone() for n, one in trainer.model.autoencoder.state_dict().items()}
    trainer.then.keep = "best"
    advances(trainer, 6)
    after = trainer.model.autoencoder.state_dict()
    torch.testing.assert_close(after, coder, rtol=0, atol=0)


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("stop", [1, 2, 3, 5])
def test_both_stages_go_on_bit_for_bit(make, core, stop):
    whole, first, second = (make("stages", core, validate_every=2) for _ in range(3))
    expected = advances(whole, 6)
    advances(first, stop)
    second.load_state_dict(first.state_dict())
    for found, other in zip(advances(second, 6 - stop), expected[stop:], strict=True):
        assert found == other


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("device", DEVICES)
def test_engines_go_the_same_way(make, core, device):
    traced = partial(Compiled, backend="aot_eager")
    trainers = [
        make("stages", core, engine=engine, double=True, validate_every=2, device=device)
        for engine in (Eager, traced if device == "cpu" else Compiled)
    ]
    for _ in range(6):
        expected, found = (trainer.advance() for trainer in trainers)
        assert set(found) == set(expected)
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-8)


class NoWaiting(TorchDispatchMode):
    """Refuses what makes the host wait for the device."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        assert function.overloadpacket.__name__ not in WAITING
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    ("kind", "model", "decided"),
    [
        *(("restoration", "ported_vitca", (4, count)) for count in (0, 4)),
        ("restoration", "nafnet", (1, 0)),
        *(("latent_restoration", "latent_nafca", (4, count)) for count in (0, 4)),
        *(("skip_autoencoder", "latent_nafca", turn) for turn in (0, 1)),
    ],
)
def test_nothing_but_the_optimiser_waits_for_the_device(
    make, kind, model, decided, monkeypatch
):
    pool = {} if kind == "skip_autoencoder" else {"pool": REPLACING}
    trainer, zero = make(kind, model, **pool), torch.zeros(())
    advances(trainer, 3)
    monkeypatch.setattr(trainer.descent, "step", lambda: zero)
    with NoWaiting():
        trainer.work(decided)
        trainer.best.see(trainer.validation())


@pytest.mark.parametrize("kind", ["latent_restoration", "skip_autoencoder"])
def test_models_without_a_skip_connection_are_refused(make, kind):
    made = make("restoration", "ported_vitca")
    given = (made.model, made.task, Draws(5), Eager(torch.device("cpu")))
    recipe = {"iterations": 4, "optimiser": made.descent.optimiser, "schedule": None}
    with pytest.raises(TypeError) as caught:
        catalog.find("trainer", kind)(*given, **recipe)
    assert str(caught.value) in (
        "nothing is restored on a latent grid in a PortedViTCA",
        "there is no autoencoder with a skip connection in a PortedViTCA",
    )
