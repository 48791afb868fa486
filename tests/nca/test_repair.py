import pytest
import torch
from torch.nn import functional

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.random_disc import RandomDisc
from ncabench.nca.repair import repair_batch
from ncabench.nca.state import Layout
from ncabench.nca.task import Task

SIZE = 12
DAMAGE = RandomDisc(radius=(0.4, 0.4), centre=0.2)


class Levels(Task):
    """Class k starts at -1 and should become 1 + k everywhere."""

    def __init__(self, classes):
        super().__init__()
        self.classes = classes
        self.layout = Layout(height=SIZE, width=SIZE, frozen=1, visible=2, hidden=1)

    def seed_state(self, labels, *, samples, draws):
        one = torch.tensor([-7.0, -1.0, -1.0, -9.0]).view(1, 4, 1, 1)
        return one.repeat(len(labels), 1, SIZE, SIZE)

    def condition(self, labels):
        return functional.one_hot(labels, self.classes).float()

    def target(self, labels):
        return (1.0 + labels).view(-1, 1, 1, 1).repeat(1, 2, SIZE, SIZE)


def drawn(classes, *, first=0, last=600):
    samples = torch.arange(first, last)
    return samples, repair_batch(Levels(classes), Draws(3), samples=samples, damage=DAMAGE)


def kinds(batch):
    """Which samples are seeds, damaged targets, and whole images of a class."""
    lowest, highest = (batch.image.amin((1, 2, 3)), batch.image.amax((1, 2, 3)))
    return highest < 0, (lowest == 0) & (highest > 0), lowest > 0


def test_the_three_kinds_of_input_are_drawn_evenly():
    _, batch = drawn(3)
    counts = [int(one.sum()) for one in kinds(batch)]
    assert sum(counts) == 600
    assert all(160 <= count <= 240 for count in counts)  # 200 each, sd 11.5


def test_with_one_class_there_are_seeds_and_damaged_targets():
    _, batch = drawn(1)
    counts = [int(one.sum()) for one in kinds(batch)]
    assert sum(counts) == 600
    assert counts[2] == 0
    assert all(250 <= count <= 350 for count in counts[:2])


def test_classes_are_drawn_evenly_and_told():
    _, batch = drawn(3)
    assert all(160 <= count <= 240 for count in batch.condition.sum(0).tolist())
    levels = 1 + batch.condition.argmax(1)
    assert torch.equal(batch.target, levels.view(-1, 1, 1, 1).float().expand_as(batch.target))


def test_another_class_is_any_but_the_own():
    _, batch = drawn(3)
    whole = kinds(batch)[2]
    images, targets = batch.image[whole][:, 0, 0, 0], batch.target[whole][:, 0, 0, 0]
    assert {*zip(images.tolist(), targets.tolist(), strict=True)} == {
        (image, target) for image in (1, 2, 3) for target in (1, 2, 3) if image != target
    }


def test_damage_is_a_disc_of_the_own_target_and_no_more():
    samples, batch = drawn(3)
    damaged = kinds(batch)[1]
    image, target = batch.image[damaged], batch.target[damaged]
    _, touched = DAMAGE(target, samples=samples[damaged], draws=Draws(3))
    torch.testing.assert_close(image, target.masked_fill(touched, 0.0), rtol=0, atol=0)
    assert touched.sum(dim=(1, 2, 3)).min() > 0


def test_seeds_are_the_visible_channels_of_the_seed_state():
    _, batch = drawn(3)
    seeds = batch.image[kinds(batch)[0]]
    assert torch.equal(seeds, torch.full_like(seeds, -1.0))


@pytest.mark.parametrize("part", ["image", "condition", "target"])
def test_a_sample_is_the_same_in_whatever_batch(part):
    whole = getattr(drawn(3)[1], part)
    halves = [getattr(drawn(3, first=a, last=b)[1], part) for a, b in ((0, 250), (250, 600))]
    assert torch.equal(torch.cat(halves), whole)
