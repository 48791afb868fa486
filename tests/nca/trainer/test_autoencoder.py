import pytest
import torch
from torch import nn

from ncabench.nca.autoencoder import Autoencoder, Reconstruction
from ncabench.nca.draws import Draws
from ncabench.nca.engine.eager import Eager
from ncabench.nca.model.latent import Latent
from ncabench.nca.objective import Objective
from ncabench.nca.objective.relaxed_style import RelaxedStyle
from ncabench.nca.perception.conv import Conv
from ncabench.nca.schedule.constant import Constant
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.nca.trainer.autoencoder import AutoencoderTraining
from ncabench.nca.update.mlp import MLP

CPU = torch.device("cpu")


class Level(Task):
    """Starts at 0 and should become 1/2; one visible and one hidden channel."""

    def __init__(self):
        super().__init__()
        self.classes = 1
        self.layout = Layout(height=2, width=2, visible=1, hidden=1)

    def seed_state(self, labels, *, samples, draws):
        return torch.zeros(len(labels), 2, 2, 2)

    def condition(self, labels):
        return None

    def target(self, labels):
        return torch.full((len(labels), 1, 2, 2), 0.5)


class Shift(Autoencoder):
    """Adds its one weight, and pays 3; keeps what it was shown."""

    image_channels = latent_channels = compression = 1
    draws = True

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.shown = []

    def encode(self, image):
        return image

    def decode(self, latent):
        return latent + self.weight

    def forward(self, image, *, noise=None):
        self.shown.append((image, noise))
        paid = 3 + 0 * self.weight
        return Reconstruction(image=self.decode(image), penalties={"paid": paid})


class Seven(Objective):
    """Finds 7 between any two images."""

    def prepare(self, device):
        pass

    def __call__(self, answer, lesson, *, draws, index):
        return 7 + 0 * answer.sum()


@pytest.fixture
def train(plain):
    """Builds a training of one weight, at a learning rate of 0 unless told."""

    def build(weight=0.0, *, learning_rate=0.0, model=None, **given):
        task = Level()
        parts = Conv(1, out_channels=2), MLP(2, 1, hidden=2)
        model = model or Latent(task.layout, *parts, autoencoder=Shift(weight))
        given = {"iterations": 10, "batch": 4, "schedule": Constant(), **given}
        given |= {"optimiser": plain(learning_rate)}
        return AutoencoderTraining(model, task, Draws(5), Eager(CPU), **given)

    return build


def test_half_of_a_batch_are_seeds_and_half_targets(train):
    trainer = train()
    trainer.advance()
    images, _ = trainer.coder.shown[0]
    assert images.shape == (4, 1, 2, 2)  # the hidden channel is not shown
    assert images.mean(dim=(1, 2, 3)).tolist() == [0.0, 0.0, 0.5, 0.5]


def test_each_image_has_its_own_noise_each_iteration(train):
    trainer = train()
    for _ in range(2):
        trainer.advance()
    rows = torch.cat([noise.flatten(1) for _, noise in trainer.coder.shown])
    assert len(rows.unique(dim=0)) == 8


def test_the_loss_adds_error_overflow_and_penalties(train):
    scalars = train(0.75, overflow=2.0).advance()  # makes 0.75 of 0, and 1.25 of 0.5
    assert float(scalars["image_loss"]) == 0.75**2
    assert float(scalars["overflow"]) == 0.25 / 2
    assert float(scalars["loss"]) == 0.75**2 + 2 * 0.125 + 3


def test_sums_are_divided_by_the_values_of_an_image(train):
    scalars = train(0.25, terms="sum", features=Seven()).advance()
    assert float(scalars["features"]) == 7 / 4
    assert float(scalars["loss"]) == 0.25**2 + 7 / 4 + 3 / 4


def test_an_objective_that_cannot_compare_the_images_is_refused(train):
    said = r"^an exemplar of 2 x 2 px is smaller than a patch of 28 x 28 px"
    with pytest.raises(ValueError, match=said):
        train(features=RelaxedStyle(patch_px=28))


def test_features_are_added_as_they_are_to_means(train):
    assert float(train(0.25, features=Seven()).advance()["loss"]) == 0.25**2 + 7 + 3


def test_penalties_grow_to_their_weight(train):
    trainer = train(ramp=3)
    losses = [float(trainer.advance()["loss"]) for _ in range(5)]
    assert losses == pytest.approx([0, 1, 2, 3, 3])


def test_a_step_goes_down_the_gradient_and_leaves_the_weight_frozen(train):
    trainer = train(0.25, learning_rate=1.0, clip_norm=None)
    trainer.advance()
    assert float(trainer.coder.weight) == -0.25  # the gradient of w ** 2 is 2 w
    assert not trainer.coder.weight.requires_grad
    assert trainer.coder.weight.grad is None


def test_an_odd_batch_is_refused(train):
    with pytest.raises(ValueError) as caught:
        train(batch=5)
    assert str(caught.value) == "batch: half are seeds and half targets, so even, not 5"


def test_a_negative_ramp_is_refused(train):
    with pytest.raises(ValueError) as caught:
        train(ramp=-1)
    assert str(caught.value) == "ramp and restart_every must be at least 0, not -1 and 0"


def test_codes_cannot_be_restarted_where_there_are_none(train):
    with pytest.raises(TypeError, match=r"^there are no codes to restart in a Shift$"):
        train(restart_every=3)


def test_codes_are_restarted_in_the_first_half_and_then_used(make):
    never, every = (
        make("autoencoder", "latent", iterations=20, restart_every=one) for one in (0, 3)
    )
    decided = []
    for _ in range(20):
        decided.append(every.decide())
        used = [trainer.advance()["codes_used"] for trainer in (never, every)]
    assert [turn for turn, one in enumerate(decided) if one] == [3, 6, 9]
    assert used[1] > used[0]


def test_a_training_that_restarts_codes_goes_on_bit_for_bit(make):
    whole, first, second = (
        make("autoencoder", "latent", iterations=20, restart_every=4) for _ in range(3)
    )
    losses = [whole.advance()["loss"] for _ in range(10)]
    for _ in range(7):  # between two restarts
        first.advance()
    second.load_state_dict(first.state_dict())
    assert [second.advance()["loss"] for _ in range(3)] == losses[7:]


def test_a_model_without_an_autoencoder_is_refused(train, rise):
    with pytest.raises(TypeError, match=r"^there is no autoencoder in a Rise$"):
        train(model=rise())


@pytest.mark.parametrize("kind", ["vqvae", "vae"])
def test_a_training_brings_images_nearer_to_what_they_were(make, kind):
    coder = {"kind": kind, "base": 4, "latent_channels": 8, "halvings": 2, "groups": 2}
    sums = {"terms": "sum"} if kind == "vae" else {}
    trainer = make("autoencoder", "latent", coder=coder, iterations=60, **sums)
    errors = [float(trainer.advance()["image_loss"]) for _ in range(60)]
    assert errors[-1] < errors[0] / 2
