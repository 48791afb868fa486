from dataclasses import replace

import pytest
import torch

from ncabench.nca.objective import Objective
from ncabench.nca.optimiser.adam import Adam
from ncabench.nca.schedule.constant import Constant
from ncabench.nca.trainer.pixel_rollout import PixelRollout


@pytest.fixture
def trainer(make):
    return make("pixel_rollout", "cells_to_pixels", pool=None, batch=4)


def test_the_loss_is_of_colours_shape_and_range(trainer, monkeypatch):
    labels, final = torch.zeros(4, dtype=torch.int64), torch.full((4, 8, 3, 3), 1.5)
    monkeypatch.setattr(trainer.model, "end", lambda _: torch.zeros(4, 4, 24, 24))
    found = trainer._losses(final, labels, torch.arange(4))
    target = trainer.task.target(labels)
    shape = 2 * 1.5 - target[:, 3]
    wanted = target.abs().mean() + target.square().mean()
    wanted = wanted + shape.abs().mean() + shape.square().mean()
    torch.testing.assert_close(found["growth_loss"], wanted)
    torch.testing.assert_close(found["loss"], wanted + 100 * 0.5)


class Brightness(Objective):
    """The mean difference, and the iteration."""

    def prepare(self, device):
        self.device = device

    def __call__(self, answer, lesson, *, draws, index):
        return (answer - lesson).mean() + index


def test_a_perceptual_loss_of_pixels_is_added(trainer):
    given = trainer.model, trainer.task, trainer.draws, trainer.engine
    recipe = {"iterations": 2, "optimiser": Adam(learning_rate=0.1), "schedule": Constant()}
    other = PixelRollout(*given, **recipe, batch=4, perceptual=Brightness())
    final, labels = torch.rand(4, 8, 3, 3), torch.zeros(4, dtype=torch.int64)
    other.go_to(7)
    found, without = (
        each._losses(final, labels, torch.arange(len(final))) for each in (other, trainer)
    )
    expected = (trainer.model.end(final) - trainer.task.target(labels)).mean() + 7
    torch.testing.assert_close(found["perceptual_loss"], expected)
    torch.testing.assert_close(found["loss"], without["loss"] + expected)


def test_what_is_too_small_for_a_perceptual_loss_is_refused(make):
    alike = {"kind": "perceptual", "net": "st_lpips"}
    with pytest.raises(ValueError, match=r".") as caught:
        make("pixel_rollout", "cells_to_pixels", perceptual=alike)
    assert str(caught.value) == (
        "st_lpips needs sides of 28 px or more, and within a margin of 0 px there are 24 x 24"
    )


def test_parts_of_a_batch_add_up(make):
    whole, parts = (
        make("pixel_rollout", "cells_to_pixels", pool=None, accumulation=count)
        for count in (1, 2)
    )
    for _ in range(3):
        found, expected = parts.advance()["loss"], whole.advance()["loss"]
        torch.testing.assert_close(found, expected)


def test_gradients_of_the_automaton_alone_are_normalised(trainer, plain):
    given = trainer.model, trainer.task, trainer.draws, trainer.engine
    recipe = {"iterations": 2, "optimiser": plain(0.5), "schedule": Constant()}
    steps = PixelRollout(*given, **recipe, batch=4, steps=(4, 5))
    steps.advance()  # the update ends in zeros, and nothing before it has a slope at first
    before = {name: one.detach().clone() for name, one in steps.model.named_parameters()}
    steps.advance()
    named = steps.model.named_parameters()
    moved = {name: float((one.detach() - before[name]).norm()) for name, one in named}
    even = {name for name, length in moved.items() if abs(length - 0.5) < 1e-3}
    assert even == {name for name in moved if not name.startswith("readout.")}
    assert 0 < len(even) < len(moved)


def test_the_pool_holds_cells(make):
    trainer = make("pixel_rollout", "cells_to_pixels")
    trainer.advance()
    assert trainer.state_dict()["pool"]["states"].shape[1:] == (8, 3, 3)


def test_a_model_without_pixels_is_refused(make):
    said = r"^a NCA has no cells that are seen as pixels$"
    with pytest.raises(TypeError, match=said):
        make("pixel_rollout", "nca")


def test_images_without_alpha_are_refused(trainer):
    given = trainer.model, trainer.task, trainer.draws, trainer.engine
    trainer.task.layout = replace(trainer.task.layout, visible=3, hidden=5)
    recipe = {"iterations": 1, "optimiser": Adam(learning_rate=0.1), "schedule": Constant()}
    with pytest.raises(ValueError, match=r"^growing is of RGBA, not of 3 channels$"):
        PixelRollout(*given, **recipe)
