"""Epochs as LNCA timed them: what is inside of one, its noise and its scores."""

import time

import pytest
import torch
from torch import nn

from ncabench.nca.metric.psnr import PSNR
from ncabench.nca.metric.ssim import SSIM
from ncabench.run import epochs
from ncabench.run.restoring import Stage

CPU = torch.device("cpu")


class Noting(Stage):
    """Gives noisy images back, and notes (what, batch) and the images that it is handed."""

    name = "noting"

    def __init__(self, seconds=0.0):
        super().__init__(nn.Linear(1, 1))
        self.seconds, self.calls, self.seen, self.noisy = seconds, [], [], []

    def note(self, what, images):
        time.sleep(self.seconds)
        self.calls.append((what, len(images)))
        self.seen += [round(255 * float(one.mean())) for one in images]

    def learn(self, clean, noisy):
        self.note("learn", clean)
        self.noisy.append(noisy)
        return noisy

    def answer(self, noisy):
        self.calls.append(("answer", len(noisy)))
        return noisy


def grey(count):
    """Images of 12 x 12 px; the k-th is k throughout."""
    return torch.arange(count, dtype=torch.uint8)[:, None, None, None].expand(-1, 3, 12, 12)


def test_an_epoch_trains_on_four_fifths_and_validates_on_the_rest_in_whole_batches():
    stage = Noting()
    epochs.epoch(stage, grey(23), batch=4, device=CPU)
    assert stage.calls == [("learn", 4)] * 4 + [("answer", 4)]  # of 18 and of 5
    assert len(set(stage.seen)) == 16
    assert max(stage.seen) < 18


def test_epochs_take_samples_in_another_order_each_time():
    stage = Noting()
    epochs.seconds(stage, grey(50), batch=40, warm_up=0, epochs=2, device=CPU)
    first, second = stage.seen[:40], stage.seen[40:]
    assert sorted(first) == sorted(second) == list(range(40))
    assert first != second


def test_an_epoch_draws_its_noise_anew():
    stage = Noting()
    epochs.seconds(
        stage, grey(1).expand(5, -1, -1, -1), batch=1, warm_up=0, epochs=1, device=CPU
    )
    one, *others = stage.noisy  # all samples are black
    assert len(others) == 3
    assert float(one.max()) > 0
    assert not any(torch.equal(one, other) for other in others)


def test_an_epoch_scores_what_came_of_its_images():
    with pytest.raises(RuntimeError, match="Kernel size can't be greater than"):
        epochs.epoch(
            Noting(), grey(10)[..., :8], batch=2, device=CPU
        )  # SSIM's window has 11 px


def test_each_epochs_time_is_all_of_what_its_stage_takes():
    stage = Noting(0.02)
    found = epochs.seconds(stage, grey(10), batch=2, warm_up=1, epochs=3, device=CPU)
    assert len(found) == 3
    assert len(stage.calls) == 1 + 3 * (4 + 1)
    assert all(one >= 4 * 0.02 for one in found)


def test_some_batches_stand_for_all_of_an_epoch():
    stage = Noting(0.02)
    found = epochs.epoch(stage, grey(50), batch=2, batches=3, device=CPU)
    assert stage.calls == [("learn", 2)] * 3 + [("answer", 2)] * 3  # of 20 and of 5
    assert 20 * 0.02 <= found < 3 * 20 * 0.02


def test_noise_meets_half_of_the_pixels_in_all_channels_alike():
    clean = torch.full((8, 3, 64, 64), 0.5)
    added = epochs.corrupted(clean) - clean
    torch.testing.assert_close(added, added[:, :1].expand_as(added))
    met = added[:, 0] != 0
    assert float(met.float().mean()) == pytest.approx(0.5, abs=0.02)
    assert float(added[:, 0][met].std()) == pytest.approx(0.2, abs=0.01)


def test_noise_stays_within_the_range():
    noisy = epochs.corrupted(torch.ones(2, 3, 16, 16))
    assert (float(noisy.min()) >= 0, float(noisy.max())) == (True, 1.0)


def test_scores_are_those_of_the_metrics():
    made = torch.Generator().manual_seed(0)
    image, target = (torch.rand(3, 3, 20, 17, generator=made) for _ in range(2))
    torch.testing.assert_close(epochs.ssim(image, target), SSIM()(image, target).mean())
    torch.testing.assert_close(epochs.psnr(image, target), PSNR()(image, target).mean())


def test_samples_are_bytes_of_chance():
    found = epochs.samples(4, channels=3, height=12, width=10)
    assert (found.shape, found.dtype) == ((4, 3, 12, 10), torch.uint8)
    assert len(found.unique()) > 200
