"""LNCA's first stage: the two losses of a batch by hand, its images, and what is kept."""

from functools import partial

import pytest
import torch
from skimage.metrics import structural_similarity

from ncabench.nca.draws import Draws


def advances(trainer, times):
    return [
        {name: one.clone() for name, one in trainer.advance().items()} for _ in range(times)
    ]


@pytest.fixture
def coding(make):
    return partial(make, "skip_autoencoder", "latent_nafca")


def batch_of(trainer, number):
    """Anchors and positives of a batch, its corruption a quarter of the pixels."""
    samples = torch.arange(4) + 4 * number
    strength = torch.tensor([250])
    labels = trainer.task.labels_under(strength, samples=samples, draws=trainer.draws)
    return trainer.task.target(labels), trainer.task.corrupted(labels), samples


def coded(coder, image):
    """Codes and skip connection with the batch statistics of these images alone."""
    coder.train()
    with torch.no_grad():
        skip = coder.first(image)
        return coder.second(skip + coder.side(image)), skip


def decoded(coder, latent, skip):
    with torch.no_grad():
        return coder.double_twice(coder.mix(coder.double_once(latent) + skip))


def mean_square(one):
    return float(one.square().mean())


@pytest.mark.parametrize("margin", [1.0, -100.0])
def test_the_first_loss_is_of_all_images_of_distances_and_of_what_is_corrupted(coding, margin):
    trainer, by_hand = coding(margin=margin), coding().model.autoencoder
    anchor, positive, _ = batch_of(trainer, 0)
    images = [anchor, positive, anchor[trainer._others()]]
    codes = [coded(by_hand, one) for one in images]
    again = [decoded(by_hand, *one) for one in codes]
    (own, _), (near, _), (far, _) = codes
    error = sum(mean_square(one - true) for one, true in zip(again, images, strict=True)) / 3
    hinge = max(0.0, mean_square(own - near) - mean_square(own - far) + margin)
    mask = (positive - anchor) != 0
    masked = mean_square(mask * positive - mask * again[1])
    found = trainer.advance()
    assert found["image_loss"].item() == pytest.approx(error, rel=1e-4)
    assert found["contrast_loss"].item() == pytest.approx(hinge, rel=1e-4)
    assert found["corrupted_loss"].item() == pytest.approx(masked, rel=1e-4)
    total = 100 * error + 10 * hinge + 10 * masked
    assert found["loss"].item() == pytest.approx(total, rel=1e-4)


def test_the_second_loss_exchanges_skip_connections_on_the_same_images(coding):
    trainer = coding(horizon="steps")
    trainer.advance()
    coder = trainer.model.autoencoder
    anchor, positive, samples = batch_of(trainer, 0)
    (own, own_skip), (near, skip) = coded(coder, anchor), coded(coder, positive)
    noise = trainer.draws.normal("train/latent_noise", samples=samples, cells=own[0].numel())
    as_given = decoded(coder, near, own_skip)
    as_true = decoded(coder, own + 0.5 * noise.view_as(own), skip)
    mask = (positive - anchor) != 0
    total = mean_square(mask * (positive - as_given)) + mean_square(mask * (anchor - as_true))
    found = trainer.advance()
    assert found["loss"].item() == pytest.approx(100 * total, rel=1e-4)


def test_two_iterations_share_their_images_and_the_next_two_have_others(coding):
    trainer, met = coding(iterations=40), []
    corrupted = trainer.task.corrupted
    trainer.task.corrupted = lambda labels: met.append(labels.tolist()) or corrupted(labels)
    advances(trainer, 4)
    assert met[0] == met[1] != met[2] == met[3]


def test_negatives_are_all_anchors_and_none_is_its_own(coding):
    trainer, met = coding(), set()
    for seed in range(100):
        trainer.draws = Draws(seed)
        others = trainer._others().tolist()
        assert sorted(others) == [0, 1, 2, 3]
        assert all(place != other for place, other in enumerate(others))
        met.add(tuple(others))
    assert len(met) == 6  # cycles of four


def test_a_validation_is_of_whole_images_twice_and_of_corrupted_ones_once(coding):
    trainer = coding(validation_images=4, validation_batch=2)
    labels = trainer.task.validation_labels(torch.arange(4))
    found = []
    for images in (trainer.task.target(labels), trainer.task.corrupted(labels)):
        again = trainer.model.reconstruct(images).detach()
        pairs = zip(again.double().numpy(), images.double().numpy(), strict=True)
        options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        each = [
            structural_similarity(*p, data_range=1, channel_axis=0, **options) for p in pairs
        ]
        found.append(sum(each) / 4)
    wanted = 1 - (2 * found[0] + found[1]) / 3
    assert float(trainer.validation()) == pytest.approx(wanted, abs=1e-5)


def test_the_best_weights_and_what_batch_norms_had_gathered_are_left(coding):
    trainer = coding(iterations=10, validate_every=1)
    losses = [float(one["validation_loss"]) for one in advances(trainer, 10)]
    assert float(trainer.validation()) == pytest.approx(min(losses), abs=1e-6)
    assert losses.index(min(losses)) < 9  # so that it matters


def test_batch_norms_gather_in_trainings_and_not_in_validations(coding):
    trainer = coding(iterations=40)
    norm = trainer.model.autoencoder.first.norm
    for turns, passes in ((1, 3), (2, 5)):  # A, P, N; then A and P
        trainer.advance()
        assert trainer.iteration == turns
        trainer.validation()
        assert int(norm.num_batches_tracked) == passes
    assert not norm.training


def test_a_single_image_has_no_negative(coding):
    with pytest.raises(ValueError) as caught:
        coding(batch=1)
    assert str(caught.value) == "batch: negatives are other images, so at least 2, not 1"
