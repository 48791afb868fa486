import numpy as np
import pytest
import torch
from torch import nn

from ncabench.errors import Diverged
from ncabench.nca.data import Videos
from ncabench.nca.draws import Draws
from ncabench.nca.metric.mse import MSE
from ncabench.nca.model import Automaton
from ncabench.nca.perturbation.disc import Disc
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.video import Video
from ncabench.nca.task.video import Video as VideoTask

UNIT = 25 / 255  # by which a frame is brighter than the one before


class Changing(Automaton):
    """Adds an amount to all visible channels in each step; by default nothing."""

    trainers = protocols = ()
    fire_rate = 0.5
    noise = 0.0

    def __init__(self, by=0.0):
        super().__init__()
        self.by, self.inner = by, nn.Dropout()

    def step(self, state, *, condition, mask, noise=None):
        return torch.cat([state[:, :3] + self.by, state[:, 3:]], dim=1)


class Burst(Changing):
    """Leaves the finite numbers in the first step."""

    def step(self, state, *, condition, mask, noise=None):
        return state / 0


class Fire(Changing):
    """Adds 0.1 where cells fire."""

    def step(self, state, *, condition, mask, noise=None):
        return state + 0.1 * mask


def task():
    """Two videos to test; frame f is f units everywhere, so a window shifts by one."""
    ramp = 25 * np.arange(7, dtype=np.uint8)
    frames = np.broadcast_to(ramp[None, :, None, None], (3, 7, 2, 2))
    data = Videos(
        frames=frames.copy(),
        digits=np.zeros((3, 2), dtype=np.int64),
        parts={"train": slice(0, 1), "test": slice(1, 3)},
    )
    return VideoTask(data, Draws(0), channels=5)


def measure(model, *, perturbation=None, **settings):
    given = {"steps": 2, "transitions": 3, "rollouts": 2, "films": 1, **settings}
    how = perturbation or Unperturbed()
    return Video(**given)(model, task(), how, {"mse": MSE()}, Draws(0))


def squares(*units):
    return [(unit * UNIT) ** 2 for unit in units]


def near(values):
    return pytest.approx(values, abs=1e-6)


def test_a_model_that_copies_its_input_is_one_frame_further_off_with_each():
    found = measure(Changing())
    assert found.curves["mse_frames"].steps == [1, 2, 3]
    assert found.curves["mse_frames"].values == near(squares(1, 2, 3))
    values = found.values
    assert values["mse/first"] == near(UNIT**2)
    assert values["mse/last"] == near(9 * UNIT**2)
    assert values["mse/mean"] == values["mse/copied"] == near(14 / 3 * UNIT**2)
    assert values["mse/newest"] == values["mse/copied_newest"] == near(14 / 3 * UNIT**2)
    assert values["mse/start"] == values["mse/mean"]


def test_black_frames_stand_beside_it():
    values = measure(Changing()).values
    assert values["mse/empty"] == near(31 / 3 * UNIT**2)  # 1, 2, 3 units; 2, 3, 4; 3, 4, 5
    assert values["mse/empty_newest"] == near(50 / 3 * UNIT**2)


def test_a_model_that_knows_the_way_arrives_with_every_frame():
    found = measure(Changing(by=UNIT / 2))
    assert found.curves["mse_steps"].steps == [0, 1, 2]
    assert found.curves["mse_steps"].values == near(squares(1, 0.5, 0))
    assert found.curves["mse_frames"].values == near(squares(0, 0, 0))
    assert found.values["mse/start"] == near(UNIT**2)


def test_the_whole_curve_sees_each_state_against_its_own_transitions_end():
    found = measure(Changing(by=UNIT / 2)).curves["mse"]
    assert found.steps == list(range(7))
    assert found.values == near(squares(1, 0.5, 0, 0.5, 0, 0.5, 0))


def test_films_show_the_newest_frames_beside_the_true_ones():
    found = measure(Changing())
    assert set(found.frames) == {"video_0", "video_0_target"}
    assert found.frame_steps["video_0"] == [0, 2, 4, 6]
    shown, truth = found.frames["video_0"], found.frames["video_0_target"]
    assert shown.shape == truth.shape == (4, 1, 2, 2)
    assert shown[:, 0, 0, 0].tolist() == near([2 * UNIT] * 4)
    assert truth[:, 0, 0, 0].tolist() == near([2 * UNIT, 3 * UNIT, 4 * UNIT, 5 * UNIT])


def test_the_batch_changes_nothing():
    together, apart = measure(Fire(), batch=2), measure(Fire(), batch=1)
    assert together.samples == apart.samples
    assert together.samples["mse/mean"][0] != together.samples["mse/mean"][1]


def test_the_model_is_left_as_it_was():
    model = Changing().train()
    measure(model)
    assert model.training
    assert model.inner.training


def test_a_state_that_is_not_finite_is_named():
    with pytest.raises(Diverged) as caught:
        measure(Burst())
    assert str(caught.value) == "state_2 of the evaluation is not finite"


def test_more_transitions_than_the_videos_have_are_refused():
    with pytest.raises(ValueError) as caught:
        measure(Changing(), transitions=5)
    assert str(caught.value) == "transitions: the videos have 4, not 5"


def test_a_perturbation_is_refused():
    with pytest.raises(ValueError) as caught:
        measure(Changing(), perturbation=Disc())
    assert str(caught.value) == "video perturbs nothing, not by Disc"
