"""LNCA's trainings in plain PyTorch: their losses, their descents, and what is stepped."""

import pytest
import torch
from torch import nn

from ncabench.nca.autoencoder.skip import Skip
from ncabench.nca.draws import Draws
from ncabench.nca.model import Automaton, OnePass
from ncabench.nca.model._restoring import Restoring, grids
from ncabench.nca.model.latent_nafca import LatentNAFCA
from ncabench.nca.model.nafnet import NAFNet
from ncabench.nca.state import Layout
from ncabench.nca.weights import initialise
from ncabench.run.restoring import Pool, Stepping, Terms, answer, begun, shown, stages
from ncabench.run.workload import stepped

LAYOUT = Layout(height=8, width=8, frozen=3, visible=3, hidden=2)
LONG = Terms(steps=(3, 3))


class Counting(Automaton):
    """Adds its one weight to all but the input; notes (channels, batch, gradient) of steps."""

    trainers, protocols = ("rollout",), ("quality",)
    fire_rate, noise = 1.0, 0.0

    def __init__(self, layout=LAYOUT):
        super().__init__()
        self.layout, self.calls = layout, []
        self.weight = nn.Parameter(torch.tensor(0.0))

    def initialise(self, keyed):
        nn.init.zeros_(self.weight)

    def step(self, state, *, condition, mask, noise=None):
        self.calls.append((state.shape[1], len(state), torch.is_grad_enabled()))
        frozen = self.layout.frozen
        return torch.cat([state[:, :frozen], state[:, frozen:] + self.weight], dim=1)


class Painter(OnePass):
    trainers, protocols = ("one_pass",), ("one_pass_recovery",)

    def __init__(self):
        super().__init__()
        self.mix = nn.Conv2d(3, 3, 1)

    def forward(self, image, condition):
        return self.mix(image)


class LatentCounting(Restoring):
    trainers, protocols = ("rollout",), ("quality",)

    def __init__(self, layout=LAYOUT):
        coder = Skip(base=4)
        super().__init__(layout, Counting(grids(layout, coder).core), coder)


def drawn(model):
    initialise(model, Draws(0))
    return model


def images(batch=4):
    clean = torch.rand(batch, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    return clean, (clean + 0.3).clamp(0, 1)


def test_the_loss_on_pixels_counts_the_image_and_what_leaves_its_range():
    [stage] = stages(Counting(), LONG)
    last = torch.cat([torch.zeros(1, 3, 8, 8), torch.full((1, 3, 8, 8), 1.5)], dim=1)
    last = torch.cat([last, torch.full((1, 2, 8, 8), -3.0)], dim=1)
    made, clean = shown(stage.model, last, last[:, :3]), torch.ones(1, 3, 8, 8)
    assert float(stage.loss(last, made, clean)) == 100 * (0.5 + 0.5 + 2)


def test_the_loss_on_a_latent_grid_squares_both_errors_and_counts_ranges_once():
    model = drawn(LatentCounting())
    stage, clean = Stepping(model, LONG), images()[0]
    wanted = model.autoencoder.encode(clean)
    last = torch.cat([wanted, torch.full_like(wanted, 3.0), torch.zeros(4, 2, 2, 2)], dim=1)
    found = stage.loss(last, clean - 0.1, clean)
    expected = 100 * (0.01 + (3 - wanted).square().mean()) + 2
    torch.testing.assert_close(found, expected)


def test_one_pass_models_descend_on_the_absolute_error_and_nafnet_on_the_psnr():
    made, clean = torch.zeros(2, 3, 8, 8), torch.full((2, 3, 8, 8), 0.1)
    [plain] = stages(Painter(), LONG)
    [decibels] = stages(drawn(NAFNet(LAYOUT, width=2, encoder=(1,), decoder=(1,))), LONG)
    torch.testing.assert_close(plain.loss(made, clean), torch.tensor(0.1))
    torch.testing.assert_close(decibels.loss(made, clean), torch.tensor(-20.0))


def test_a_descent_divides_each_tensors_gradient_by_its_norm():
    model = Painter()
    [stage] = stages(model, LONG)
    stage.learn(*images())
    norms = [float(weight.grad.norm()) for weight in model.parameters()]
    assert norms == pytest.approx([1.0, 1.0])


def test_a_second_copy_of_the_weights_stays():
    model = drawn(Painter())
    [stage] = stages(model, LONG)
    before = model.mix.weight.detach().clone()
    stage.learn(*images())
    torch.testing.assert_close(stage.best.mix.weight, before, rtol=0, atol=0)
    assert not torch.equal(model.mix.weight, before)


@pytest.mark.parametrize(("pool", "lengths"), [(0, [4, 3, 2, 4]), (8, [4 + 3, 2 + 4, 3 + 2])])
def test_an_automaton_descends_once_or_with_a_pool_twice_all_lengths_in_turn(pool, lengths):
    model = Counting()
    [stage] = stages(model, Terms(steps=(2, 4), pool=pool))
    seen = []
    for _ in lengths:
        stage.learn(*images())
        seen.append(len(model.calls))
        model.calls.clear()
    assert seen == lengths
    assert [int(one["step"]) for one in stage.optimiser.state.values()] == [
        len(lengths) * (2 if pool else 1)
    ]


def test_the_second_descent_goes_on_from_states_of_the_pool():
    model = Counting()
    model.weight.data.fill_(0.5)
    [stage] = stages(model, Terms(steps=(1, 1), pool=4))
    clean, noisy = images()
    stage.learn(clean, noisy)
    _, (kept, state) = stage.pool.take(4)
    twice = torch.full((4, 2, 8, 8), 1.0)  # a descent moves the weight of 0.5 by 0.001
    torch.testing.assert_close(state[:, 6:], twice, rtol=0, atol=3e-3)
    order = [int((noisy == one).flatten(1).all(dim=1).nonzero()) for one in state[:, :3]]
    torch.testing.assert_close(kept, clean[order])


def test_an_answer_takes_twice_the_longest_rollout_without_gradients():
    model = Counting()
    [stage] = stages(model, Terms(steps=(1, 5)))
    stage.answer(images()[1])
    assert model.calls == [(8, 4, False)] * 10


def test_first_states_are_the_image_grey_and_zero():
    noisy = images()[1]
    state = begun(Counting(), noisy)
    torch.testing.assert_close(state[:, :3], noisy, rtol=0, atol=0)
    assert [state[:, 3:6].unique().tolist(), state[:, 6:].unique().tolist()] == [[0.5], [0.0]]


def test_of_a_latent_automaton_the_core_alone_is_stepped():
    model = drawn(LatentCounting())
    answer(model, images()[1], steps=2)
    assert model.core.calls == [(4 + 4 + 2, 4, False)] * 2


def test_its_answer_is_that_of_the_whole_automaton():
    model = drawn(LatentNAFCA(LAYOUT, autoencoder=Skip(base=4)))
    noisy = images()[1]
    seed = torch.cat([noisy, noisy, torch.zeros(4, 2, 8, 8)], dim=1)
    with torch.no_grad():
        whole = model.end(stepped(model, model.begin(seed), None, steps=3))
    torch.testing.assert_close(answer(model, noisy, steps=3), whole[:, 3:])


def test_a_latent_automaton_is_trained_after_a_copy_of_its_autoencoder():
    model = drawn(LatentNAFCA(LAYOUT, autoencoder=Skip(base=4)))
    before = [one.clone() for one in model.autoencoder.state_dict().values()]
    coding, stepping = stages(model, LONG)
    for stage in (coding, stepping):
        stage.learn(*images())
    assert (coding.name, stepping.name) == ("autoencoder", "automaton")
    assert all(map(torch.equal, model.autoencoder.state_dict().values(), before))
    assert {int(one["step"]) for one in coding.optimiser.state.values()} == {2}
    assert len(stepping.weights) == len(list(model.core.parameters()))


def coded(model, *images):
    """The latent grid of each image, its skip connection, and the image made of both."""
    coder = model.autoencoder.train()
    found = [(coder.encode(one), coder.beside(one)) for one in images]
    return [(*one, coder.join(*one)) for one in found]


def mse(one, other):
    return (one - other).square().mean()


def test_the_autoencoders_first_descent_is_on_three_errors():
    model = drawn(LatentNAFCA(LAYOUT, autoencoder=Skip(base=4)))
    (clean, noisy), coding = images(), stages(model, LONG)[0]
    coding.coder.train()
    other = clean[[3, 0, 1, 2]]
    (mine, _, one), (near, _, two), (far, _, three) = coded(model, clean, noisy, other)
    again = (mse(one, clean) + mse(two, noisy) + mse(three, other)) / 3
    hinge = (mse(mine, near) - mse(mine, far) + 1).clamp(min=0)
    where = mse(two * (noisy != clean), noisy * (noisy != clean))
    loss, made = coding.first_loss(clean, noisy)
    torch.testing.assert_close((loss, made), (100 * again + 10 * (hinge + where), two))


def test_its_second_descent_swaps_latent_grids_and_skip_connections():
    model = drawn(LatentNAFCA(LAYOUT, autoencoder=Skip(base=4)))
    (clean, noisy), coding = images(), stages(model, LONG)[0]
    coding.coder.train()
    (mine, beside_clean, _), (near, beside_noisy, _) = coded(model, clean, noisy)
    torch.manual_seed(0)
    shaken = mine + 0.5 * torch.randn(mine.shape)
    swapped = model.autoencoder.join(near, beside_clean) * (noisy != clean)
    other = model.autoencoder.join(shaken, beside_noisy) * (noisy != clean)
    torch.manual_seed(0)
    expected = mse(swapped, noisy * (noisy != clean)) + mse(other, clean * (noisy != clean))
    torch.testing.assert_close(coding.second_loss(clean, noisy), 100 * expected)


@pytest.mark.parametrize(
    "make", [Painter, lambda: LatentNAFCA(LAYOUT, autoencoder=Skip(base=4))]
)
def test_what_is_trained_comes_nearer_to_the_clean_image(make):
    *_, stage = stages(drawn(make()), Terms(steps=(2, 2), pool=8))
    clean, noisy = images()
    made = [stage.learn(clean, noisy) for _ in range(60)]
    errors = [float((one - clean).abs().mean()) for one in made]
    assert errors[-1] < errors[0]


def test_a_pool_fills_up_and_then_writes_over_what_it_has():
    pool = Pool(5)
    counts = []
    for value in (1.0, 2.0, 3.0):
        pool.put((torch.full((2, 1), value),))
        counts.append(pool.count)
    rows, [held] = pool.take(5)
    assert (counts, sorted(rows.tolist())) == ([2, 4, 5], [0, 1, 2, 3, 4])
    assert sorted(held.flatten().tolist())[-2:] == [3.0, 3.0]


def test_what_is_put_back_stands_where_it_was_taken():
    pool = Pool(4)
    pool.put((torch.arange(4.0)[:, None],))
    rows, [held] = pool.take(2)
    pool.put((held + 10,), rows=rows)
    order, [after] = pool.take(4)
    assert pool.count == 4
    expected = torch.arange(4.0)
    expected[rows] += 10
    torch.testing.assert_close(after[order.argsort(), 0], expected)
