"""What every metric must do."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ncabench.nca.contract import broken
from ncabench.nca.contract.broken import require
from ncabench.nca.metric import Metric

_B, _V, _H, _W = 3, 4, 32, 35

Build = Callable[[], Metric]


def gives_one_finite_float32_per_image(build: Build) -> None:
    """Whatever precision the images have."""
    values = build()(_images().double(), _targets().double())
    expected = (_B,), torch.float32
    found = tuple(values.shape), values.dtype
    require(found == expected, f"values are {found}, and must be {expected}")
    require(values.isfinite().all(), f"values are {values.tolist()}, and must be finite")


def ranks_an_image_before_another(build: Build) -> None:
    """An image equals itself better than another, the way ``higher_is_better`` says."""
    metric = build()
    same, other = metric(_images(), _images()), metric(_images(), _targets())
    better = (same > other) if metric.higher_is_better else (same < other)
    require(
        better.all(),
        f"an image has {same.tolist()} of itself and {other.tolist()} of another, though "
        f"higher_is_better is {metric.higher_is_better}",
    )


def measures_each_image_alone(build: Build) -> None:
    """Whatever its batch, unless it says by ``of_batch`` that the batch has one value."""
    metric, images, targets = build(), _images(), _targets()
    together = metric(images, targets)
    if metric.of_batch:
        require(
            bool((together == together[0]).all()),
            "it is of_batch, and values of a batch differ",
        )
        images, targets = (one[:1].expand(_B, -1, -1, -1) for one in (images, targets))
        together = metric(images, targets)
    alone = torch.cat([metric(images[i : i + 1], targets[i : i + 1]) for i in range(_B)])
    same = torch.allclose(together, alone, rtol=1.3e-6, atol=1e-5)
    require(same, "an image's value depends on the batch that it is in")


def leaves_its_inputs_as_they_were(build: Build) -> None:
    """Nothing is written into images and targets."""
    images, targets = _images(), _targets()
    with broken.untouched(images=images, targets=targets):
        build()(images, targets)


def draws_no_random_numbers(build: Build) -> None:
    """The value of an image is the same each time."""
    metric, images, targets = build(), _images(), _targets()
    broken.draws_nothing(lambda: metric(images, targets))


def has_no_weights_to_train_and_a_name(build: Build) -> None:
    """Tables need the name."""
    metric = build()
    trained = [name for name, one in metric.named_parameters() if one.requires_grad]
    require(not trained, f"it has weights that can be trained: {', '.join(trained)}")
    require(bool(metric.label), "its label is empty")


CHECKS = (
    *(gives_one_finite_float32_per_image, ranks_an_image_before_another),
    *(measures_each_image_alone, leaves_its_inputs_as_they_were, draws_no_random_numbers),
    has_no_weights_to_train_and_a_name,
)


def _images() -> Tensor:
    images = broken.drawn(_B, _V, _H, _W, about="images")
    images[:, 2] = images[:, 2] * 0.8 + 0.2  # the greatest plane, if it is a class's
    return images


def _targets() -> Tensor:
    targets = broken.drawn(_B, _V, _H, _W, about="targets", high=0.5)
    targets[:, 1] *= 1.2  # another one
    return targets
