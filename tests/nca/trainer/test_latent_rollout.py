import pytest
import torch

from ncabench.nca.model.latent import Latent


@pytest.fixture
def trainer(make):
    return make("latent_rollout", "latent", pool=None, batch=4)


def test_the_loss_is_of_codes(trainer, monkeypatch):
    finals = []
    whole = trainer._losses
    monkeypatch.setattr(
        trainer,
        "_losses",
        lambda *given: finals.append(given[:2]) or whole(*given),
    )
    loss = trainer.advance()["loss"]
    ((final, labels),) = finals
    codes = trainer.model.autoencoder.encode(trainer.task.target(labels))
    torch.testing.assert_close(loss, (final - codes).square().mean().detach())


def test_parts_of_a_batch_add_up(make):
    whole, parts = (
        make("latent_rollout", "latent", pool=None, accumulation=count) for count in (1, 2)
    )
    for _ in range(3):
        found, expected = parts.advance()["loss"], whole.advance()["loss"]
        torch.testing.assert_close(found, expected)


def test_nothing_is_decoded(trainer, monkeypatch):
    def refuse(*_):
        raise AssertionError("a state was decoded")

    monkeypatch.setattr(Latent, "end", refuse)
    trainer.advance()


def test_the_pool_holds_latent_states(make):
    trainer = make("latent_rollout", "latent")
    trainer.advance()
    layout = trainer.model.layout
    held = trainer.state_dict()["pool"]["states"]
    assert held.shape[1:] == (layout.channels, layout.height, layout.width)


def test_a_model_without_a_latent_grid_is_refused(make):
    with pytest.raises(TypeError, match=r"^there is no latent grid in a NCA$"):
        make("latent_rollout", "nca")
