"""What every task must do."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ncabench.nca.contract import broken
from ncabench.nca.contract.broken import require
from ncabench.nca.draws import Draws
from ncabench.nca.task import Task

_SAMPLES = torch.arange(300)

Build = Callable[[], Task]


def starts_in_the_layouts_shape(build: Build) -> None:
    """Seed states are finite, too."""
    task = build()
    layout, found = task.layout, _seeds(task, _drawn(task)[:3])
    expected = 3, layout.channels, layout.height, layout.width
    require(found.shape == expected, f"seed states are {tuple(found.shape)}, not {expected}")
    require(found.isfinite().all(), "seed states are not finite")


def tells_and_wants_what_the_layout_has(build: Build) -> None:
    """Conditions, targets and lessons."""
    task = build()
    labels, layout = _to_test(task), task.layout
    condition, answers = task.condition(labels), layout.answer_slice
    told = 0 if condition is None else condition.shape[1]
    require(
        told == layout.condition, f"conditions have {told} channels, not {layout.condition}"
    )
    expected = task.classes, answers.stop - answers.start, layout.height, layout.width
    for name, found in (("targets", task.target(labels)), ("lessons", task.lesson(labels))):
        require(found.shape == expected, f"{name} are {tuple(found.shape)}, not {expected}")


def freezes_the_image(build: Build) -> None:
    """Frozen channels of a seed state are the image's."""
    task = build()
    labels, frozen = _to_test(task), task.layout.frozen
    image, wanted = task.image(labels), frozen + task.layout.visible
    require(image.shape[1] == wanted, f"images have {image.shape[1]} channels, not {wanted}")
    same = torch.equal(_seeds(task, labels)[:, :frozen], image[:, :frozen])
    require(same, "frozen channels of a seed state are not the image's")


def shows_grey_or_colours(build: Build) -> None:
    """Of every state, a picture of its size."""
    task = build()
    state = _seeds(task, _to_test(task))
    picture = task.picture(state)
    kept = (len(picture), *picture.shape[2:]) == (len(state), *state.shape[2:])
    fits = picture.shape[1] in (1, 3, 4) and kept
    require(fits, f"pictures of {tuple(state.shape)} are {tuple(picture.shape)}")


def gives_seed_states_of_their_own(build: Build) -> None:
    """Whoever changes one leaves the next as it was."""
    task = build()
    labels = _drawn(task)[:2]
    first = _seeds(task, labels)
    before = first.clone()
    first += 1
    same = torch.equal(_seeds(task, labels), before)
    require(same, "who changes a seed state changes the task's own, and so the next one")


def gives_a_sample_the_same_in_any_batch(build: Build) -> None:
    """What is drawn for a sample depends on its name alone."""
    task = build()
    labels = _drawn(task)[:5]
    part = _seeds(task, labels[3:], samples=_SAMPLES[3:5])
    same = torch.equal(part, _seeds(task, labels)[3:])
    require(same, "a sample's seed state depends on its batch")
    same = torch.equal(_drawn(task, _SAMPLES[3:5]), labels[3:])
    require(same, "a sample's label depends on its batch")


def draws_from_no_global_generator(build: Build) -> None:
    """Chance comes from ``draws``."""
    task = build()
    broken.draws_nothing(lambda: _seeds(task, _drawn(task)[:3]))


def trains_on_every_class_and_on_no_test_image(build: Build) -> None:
    """In a few hundred samples."""
    task = build()
    labels = _drawn(task)
    met = len({tuple(one) for one in task.target(labels).flatten(1).tolist()})
    require(met >= task.classes, f"300 samples meet {met} of {task.classes} classes")
    if task.layout.frozen:
        images = {tuple(one) for one in task.image(labels).flatten(1).tolist()}
        unseen = task.image(_to_test(task)).flatten(1).tolist()
        require(images.isdisjoint(map(tuple, unseen)), "a test image is trained on")


def has_no_weights_and_moves_as_a_whole(build: Build) -> None:
    """To another device or precision."""
    task = build()
    require(not list(task.parameters()), "a task has no weights, and this one has")
    where = task.device
    require(where == torch.device("cpu"), f"labels must be on {where}, though it is on the CPU")
    wide = task.to(torch.float64)
    labels = _to_test(wide)
    found = {_seeds(wide, labels).dtype, wide.target(labels).dtype}
    require(found == {torch.float64}, f"moved to float64, it gives {found}: register buffers")


def offers_classes_only_if_there_are_some(build: Build) -> None:
    """``offers`` and ``classes`` say the same."""
    task = build()
    said, has = "classes" in task.offers, task.classes > 1
    require(said == has, f"offers is {task.offers}, and there are {task.classes} classes")


CHECKS = (
    *(starts_in_the_layouts_shape, tells_and_wants_what_the_layout_has, freezes_the_image),
    *(shows_grey_or_colours, gives_seed_states_of_their_own),
    *(gives_a_sample_the_same_in_any_batch, draws_from_no_global_generator),
    *(trains_on_every_class_and_on_no_test_image, has_no_weights_and_moves_as_a_whole),
    offers_classes_only_if_there_are_some,
)


def _seeds(task: Task, labels: Tensor, *, samples: Tensor = _SAMPLES) -> Tensor:
    return task.seed_state(labels, samples=samples[: len(labels)], draws=Draws(7))


def _drawn(task: Task, samples: Tensor = _SAMPLES) -> Tensor:
    return task.training_labels(samples, draws=Draws(7))


def _to_test(task: Task) -> Tensor:
    classes = torch.arange(task.classes)
    return task.test_labels(classes, turns=torch.zeros_like(classes))
