import math

import pytest
import torch
import torch.nn.functional as F

from ncabench.nca.draws import Draws
from ncabench.nca.engine.fired import FiredRollout
from ncabench.nca.model._position import mapped
from ncabench.nca.model.vitca import ViTCA
from ncabench.nca.rollout import rollout
from ncabench.nca.state import Layout
from ncabench.nca.weights import initialise

PIXELS = Layout(height=8, width=8, frozen=3, visible=3, hidden=4, alive=5)
SMALL = {"embedding": 8, "heads": 2, "mlp": 12}


def built(layout=PIXELS, **given):
    """A small model in float64, none of its weights zero, in evaluation mode."""
    model = ViTCA(layout, **{**SMALL, **given})
    initialise(model, Draws(0))
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.3 * torch.arange(float(weight.numel())).sin().view(weight.shape))
    return model.double().eval()


def seeds(batch=2, layout=PIXELS):
    chance = torch.Generator().manual_seed(1)
    size = batch, layout.channels, layout.height, layout.width
    return torch.rand(*size, generator=chance, dtype=torch.float64)


def step(model, state, mask=None):
    return model.step(state, condition=None, mask=mask)


def by_cells(model, state):
    """A step of one grid, cell by cell, with weights read by their names."""
    encoder, (block,) = model.encoder, model.encoder.blocks
    _, channels, height, width = state.shape
    d, heads, size = encoder.embed.out_features, block.attention.heads, 0
    size = d // heads
    reach = block.attention.reach
    tokens, normed, after = {}, {}, state.clone()
    for n in range(height * width):
        where = divmod(n, width)
        token = encoder.embed.weight @ state[0, :, where[0], where[1]] + encoder.embed.bias
        wave = [(math.cos if k % 2 else math.sin)(n / 10_000 ** (k / d)) for k in range(d)]
        tokens[where] = token + torch.tensor(wave, dtype=torch.float64)
        normed[where] = F.layer_norm(
            tokens[where], (d,), block.before_attention.weight, block.before_attention.bias
        )
    query, key, value = block.attention.qkv.weight.split(d)
    for row, column in tokens:
        read = []
        for head in range(heads):
            own = slice(head * size, (head + 1) * size)
            scores, values = [], []
            for y in range(row - reach, row + reach + 1):
                for x in range(column - reach, column + reach + 1):
                    near = normed.get((y, x))
                    beyond = near is None
                    asked = query[own] @ normed[row, column]
                    found = torch.zeros(size).double() if beyond else key[own] @ near
                    scores.append(asked @ found / math.sqrt(size))
                    values.append(torch.zeros(size).double() if beyond else value[own] @ near)
            read.append(torch.stack(scores).softmax(0) @ torch.stack(values))
        together = block.attention.project
        token = tokens[row, column] + together.weight @ torch.cat(read) + together.bias
        thought = F.layer_norm(token, (d,), block.before_mlp.weight, block.before_mlp.bias)
        thought = block.widen.weight @ thought + block.widen.bias
        thought = thought * (1 + torch.erf(thought / math.sqrt(2))) / 2
        token = token + block.narrow.weight @ thought + block.narrow.bias
        last = F.layer_norm(token, (d,), encoder.before_head.weight, encoder.before_head.bias)
        change = encoder.head.weight @ last + encoder.head.bias
        after[0, channels - len(change) :, row, column] += change
    return after


@pytest.mark.parametrize("given", [{}, {"kernel_size": 5}, {"unfolded": True}])
def test_a_step_is_what_its_parts_are_cell_by_cell(given):
    layout = Layout(height=3, width=4, frozen=1, visible=1, hidden=2)
    model = built(layout, **given)
    with torch.no_grad():
        state = seeds(1, layout)
        expected = by_cells(model, state)
    torch.testing.assert_close(step(model, state), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("encoding", ["handcrafted", "learned", "none", "xy", "sincos5xy"])
def test_the_tasks_state_becomes_cells_and_comes_back(size, encoding):
    model, seed = built(patch_size=size, encoding=encoding), seeds()
    cells = model.begin(seed)
    own = model.layout
    assert cells.shape == (2, own.channels, 8 // size, 8 // size)
    back = model.end(cells)
    assert torch.equal(back[:, :6], seed[:, :6])
    first = seed[:, 6:, ::size, ::size]
    assert torch.equal(back[:, 6:], first.repeat_interleave(size, 2).repeat_interleave(size, 3))


def test_a_cell_holds_positions_input_output_and_hidden_channels_in_that_order():
    seed = seeds(1)
    cell = built(patch_size=2, encoding="xy").begin(seed)[0, :, 1, 2]
    rows, columns = slice(2, 4), slice(4, 6)

    def pixels(image):
        return image[:, rows, columns].permute(1, 2, 0).flatten()

    where = mapped("xy", height=8, width=8, like=seed)
    parts = [pixels(where), pixels(seed[0, :3]), pixels(seed[0, 3:6]), seed[0, 6:, 2, 4]]
    assert torch.equal(cell, torch.cat(parts))


def test_means_over_hidden_channels_are_those_over_cells():
    model = built(patch_size=4)
    cells = model.begin(seeds())
    torch.testing.assert_close(model.end(cells)[:, 6:].mean(), cells[:, -4:].mean())


def test_there_may_be_no_hidden_channels():
    layout = Layout(height=8, width=8, frozen=1, visible=1)
    model = built(layout, patch_size=2)
    assert model.end(step(model, model.begin(seeds(layout=layout)))).shape == (2, 2, 8, 8)


def test_positions_and_input_never_change():
    model = built(encoding="xy")
    before = model.begin(seeds())
    masks = torch.ones(3, 2, 1, 8, 8, dtype=torch.bool)
    after = rollout(model, before, condition=None, masks=masks)
    assert torch.equal(after[:, :5], before[:, :5])
    assert bool((after[:, 5:] != before[:, 5:]).all())


def test_cells_outside_the_mask_stay_and_the_others_change_as_without_one():
    model, state = built(), seeds()
    mask = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(2)) < 0.5
    some, all_of_them = step(model, state, mask), step(model, state)
    assert torch.equal(some, torch.where(mask, all_of_them, state))


def test_it_starts_from_a_head_of_zeros_so_that_only_the_head_learns_first():
    model = ViTCA(PIXELS, **SMALL)
    initialise(model, Draws(0))
    state = seeds().float()
    after = step(model, state)
    assert torch.equal(after, state)
    after.square().sum().backward()
    learning = {name for name, one in model.named_parameters() if bool(one.grad.any())}
    assert learning == {"encoder.head.weight", "encoder.head.bias"}


def test_learned_places_are_drawn_from_a_standard_normal():
    model = ViTCA(Layout(height=32, width=32, frozen=1, visible=1), encoding="learned")
    initialise(model, Draws(0))
    places = model.encoder.places.detach()
    assert places.shape == (1024, 128)
    assert abs(float(places.mean())) < 0.01
    assert float(places.std()) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(("encoding", "places"), [("handcrafted", True), ("none", False)])
def test_only_positions_tell_inner_cells_of_an_even_grid_apart(encoding, places):
    state = torch.full((1, 10, 8, 8), 0.5, dtype=torch.float64)
    change = (step(built(encoding=encoding), state) - state)[0, -1, 1:-1, 1:-1]
    assert bool(change.std() > 1e-6) is places


@pytest.mark.parametrize("encoding", ["handcrafted", "none", "sincos5"])
def test_it_may_be_rolled_out_on_a_larger_grid(encoding):
    large = Layout(height=16, width=12, frozen=3, visible=3, hidden=4)
    small, other = built(encoding=encoding), built(large, encoding=encoding)
    assert small.encoder.state_dict().keys() == other.encoder.state_dict().keys()
    seed = seeds(layout=large)
    grown = step(small, small.begin(seed))
    torch.testing.assert_close(grown, step(other, other.begin(seed)))


def test_learned_places_are_of_one_grid():
    with pytest.raises(ValueError) as caught:
        step(built(encoding="learned"), torch.zeros(1, 10, 4, 4, dtype=torch.float64))
    assert str(caught.value) == "places were learned for 64 cells, and the grid has 16"


@pytest.mark.parametrize("depth", [2, 3])
def test_as_published_only_the_last_block_learns_and_tests_use_all(depth):
    model, state = built(depth=depth, depth_bug=True), seeds()
    model.train()
    trained = step(model, state)
    trained.square().sum().backward()
    reached = [
        any(one.grad is not None for one in b.parameters()) for b in model.encoder.blocks
    ]
    assert reached == [False] * (depth - 1) + [True]
    assert not torch.allclose(trained, step(model.eval(), state))


def test_as_published_training_passes_through_the_last_block_depth_times():
    model, tied = built(depth=2, depth_bug=True).train(), built(depth=2)
    tied.load_state_dict(model.state_dict())
    tied.encoder.blocks[0] = tied.encoder.blocks[1]
    torch.testing.assert_close(step(model, seeds()), step(tied, seeds()))


def test_as_published_tests_pass_through_all_blocks_in_order():
    model, right = built(depth=2, depth_bug=True), built(depth=2)
    torch.testing.assert_close(step(model, seeds()), step(right, seeds()))


def test_as_written_all_blocks_learn_and_training_is_as_tests():
    model, state = built(depth=2).train(), seeds()
    trained = step(model, state)
    trained.square().sum().backward()
    assert all(bool(one.grad.any()) for one in model.encoder.blocks.parameters())
    torch.testing.assert_close(step(model.eval(), state), trained)


def test_heads_are_masked_in_tests_alone():
    whole, masked, state = built(), built(masked_heads=(1,)), seeds()
    assert not torch.allclose(step(whole, state), step(masked, state))
    torch.testing.assert_close(step(whole.train(), state), step(masked.train(), state))


def test_heads_of_a_trained_model_may_be_masked_afterwards():
    model, state = built(), seeds()
    model.encoder.masked_heads = (1,)
    torch.testing.assert_close(step(model, state), step(built(masked_heads=(1,)), state))


def test_it_has_no_row_form():
    assert FiredRollout.refused(built()) == "no row form of the model ViTCA"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"patch_size": 3}, "patch_size must divide H and W, 8 x 8, and 3 does not"),
        ({"patch_size": 0}, "patch_size must divide H and W, 8 x 8, and 0 does not"),
        ({"kernel_size": 2}, "kernel_size must be odd and positive, not 2"),
        ({"heads": 0}, "heads must be from 1 to embedding 8, not 0"),
        ({"heads": 9}, "heads must be from 1 to embedding 8, not 9"),
        ({"depth": 0}, "depth must be 1 or more, not 0"),
        ({"mlp": 0}, "mlp must be 1 or more, not 0"),
        ({"masked_heads": (0, 2)}, "masked_heads must be from 0 to 1, not 2"),
        ({"fire_rate": 0.0}, "fire_rate must be above 0 and at most 1, not 0.0"),
    ],
)
def test_what_cannot_be_built_is_refused(given, message):
    with pytest.raises(ValueError) as caught:
        ViTCA(PIXELS, **{**SMALL, **given})
    assert str(caught.value) == message


@pytest.mark.parametrize(("unfolded", "megabytes"), [(True, 464), (False, 199)])
def test_a_step_of_table_8_keeps_464_mb_for_its_gradient_with_copies(unfolded, megabytes):
    layout = Layout(height=32, width=32, frozen=3, visible=3, hidden=32)
    model, kept = ViTCA(layout, unfolded=unfolded), {}
    weights = {one.untyped_storage().data_ptr() for one in model.parameters()}

    def pack(one):
        kept[one.untyped_storage().data_ptr()] = one  # held, so that no address comes again
        return one

    mask = torch.ones(1, 1, 32, 32, dtype=torch.bool)
    state = torch.zeros(1, 38, 32, 32, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda one: one):
        step(model, state, mask)
    sizes = [one.untyped_storage().nbytes() for at, one in kept.items() if at not in weights]
    assert round(32 * sum(sizes) / 1e6) == megabytes  # of a batch of 32
