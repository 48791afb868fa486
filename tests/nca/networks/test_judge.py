import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ncabench.nca.data.mnist_5k import Mnist5k
from ncabench.nca.draws import Draws
from ncabench.nca.networks import judge
from ncabench.nca.networks.judge import Judge


@pytest.fixture(scope="module")
def digits():
    """Images and labels of three digits: to train on, and held out."""
    data = Mnist5k().load({"split": "all", "classes": ["0", "1", "7"]})
    images = torch.from_numpy(data.images).float()[:, None] / 255
    labels = torch.from_numpy(data.labels)
    return [(images[part], labels[part]) for part in data.parts.values()]


def learned(digits, *, iterations=60, rng_seed=3):
    return judge.trained(*digits[0], iterations=iterations, draws=Draws(rng_seed))


def test_it_learns_digits_that_it_has_not_seen(digits):
    images, labels = digits[1]
    right = learned(digits).classify(images) == labels
    assert float(right.float().mean()) > 0.95


def test_it_cannot_tell_what_is_labelled_at_random(digits):
    images, labels = digits[0]
    mixed = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(1))]
    made = judge.trained(images, mixed, iterations=60, draws=Draws(3))
    right = made.classify(digits[1][0]) == digits[1][1]
    assert float(right.float().mean()) < 0.6


def test_it_is_the_same_each_time_and_another_for_another_seed(digits, monkeypatch):
    one = learned(digits, iterations=3)
    assert learned(digits, iterations=3) is one
    monkeypatch.setattr(judge, "_KEPT", {})
    again, other = (learned(digits, iterations=3, rng_seed=seed) for seed in (3, 4))
    assert torch.equal(one.scores.weight, again.scores.weight)
    assert not torch.equal(one.scores.weight, other.scores.weight)


def test_it_is_the_network_that_it_says_it_is():
    made = Judge(classes=3, height=9, width=10)
    images = torch.rand(2, 1, 9, 10, generator=torch.Generator().manual_seed(1))
    layers = nn.Sequential(
        *(made.first, nn.ReLU(), nn.MaxPool2d(2), made.second, nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), made.scores),
    )
    torch.testing.assert_close(made(images), layers(images))
    assert made.first.weight.shape == (16, 1, 3, 3)
    assert made.second.weight.shape == (32, 16, 3, 3)


def test_the_first_batch_is_what_the_draws_name(digits):
    images, labels = digits[0]
    draws = Draws(3)
    made = judge.trained(images, labels, iterations=1, draws=draws)
    fresh = Judge(classes=3, height=28, width=28)
    judge.initialise(fresh, draws)
    chosen = draws.integers("judge/image", low=0, high=1200, samples=torch.arange(100))
    shift = [draws.integer(f"judge/{way}", low=-2, high=3) for way in ("down", "across")]
    loss = F.cross_entropy(fresh(images[chosen].roll(shift, dims=(2, 3))), labels[chosen])
    [gradient] = torch.autograd.grad(loss, [fresh.scores.bias])
    moved = made.scores.bias - fresh.scores.bias
    torch.testing.assert_close(moved, -5e-3 * gradient.sign(), rtol=1e-3, atol=1e-5)
