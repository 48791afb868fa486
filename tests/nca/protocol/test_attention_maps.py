from math import log

import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.model.unetca import UNetCA
from ncabench.nca.model.vitca import ViTCA
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.attention_maps import AttentionMaps

SIDE = 8
INNER = (SIDE * 3 - 2) ** 2 / (9 * SIDE * SIDE)  # of even shares, those within the border


@pytest.fixture
def task(levels):
    return levels(*range(20, 220, 20), tests=5, side=SIDE)


@pytest.fixture
def measure(task, metrics):
    def run(model, **settings):
        protocol = AttentionMaps(**{"steps": 2, "films": 1, **settings})
        return protocol(model, task, Unperturbed(), metrics, Draws(7))

    return run


def vitca(task, **settings):
    return ViTCA(task.layout, **{"embedding": 8, "mlp": 8, "heads": 2, **settings})


def with_scores(model, *, heads):
    """Make every cell ask for, and answer with, one constant for each head; 0: all alike."""
    for block in model.encoder.blocks:
        block.before_attention.weight.data.zero_()
        block.before_attention.bias.data.fill_(1.0)
        weight = block.attention.qkv.weight.data.zero_()
        size = weight.shape[0] // 3 // len(heads)
        for number, constant in enumerate(heads):
            rows = slice(number * size, (number + 1) * size)
            weight[rows, 0] = constant
            weight[weight.shape[0] // 3 :][rows, 0] = constant
    return model


def test_equal_scores_are_attended_to_evenly(measure, task):
    values = measure(with_scores(vitca(task), heads=[0.0, 0.0])).values
    for head in ("head_0", "head_1"):
        assert values[f"attention/entropy_{head}"] == pytest.approx(log(9))
        assert values[f"attention/self_{head}"] == pytest.approx(1 / 9)
        assert values[f"attention/border_{head}"] == pytest.approx(1 - INNER, abs=1e-6)
    evens = [values[f"attention/even_{one}"] for one in ("entropy", "self", "border")]
    assert evens == pytest.approx([log(9), 1 / 9, 1 - INNER], abs=1e-6)


def test_heads_that_find_cells_more_than_nothing_shun_the_border(measure, task):
    values = measure(with_scores(vitca(task), heads=[0.0, 3.0])).values
    share = torch.tensor(9 * 4 / 4**0.5).exp()  # four times 3 x 3, over a head's root width
    counts = [(36, 9, 0), (24, 6, 3), (4, 4, 5)]  # cells that have so many within and beyond
    lost = sum(n * out / (within * share + out) for n, within, out in counts) / SIDE**2
    assert values["attention/border_head_1"] == pytest.approx(float(lost), abs=1e-6)
    assert values["attention/border_head_0"] == pytest.approx(1 - INNER, abs=1e-6)


def test_of_several_blocks_the_last_is_looked_at(measure, task):
    model = with_scores(vitca(task, depth=2), heads=[0.0, 0.0])
    model.encoder.blocks[0].attention.qkv.weight.data.fill_(1.0)
    assert measure(model).values["attention/entropy_head_0"] == pytest.approx(log(9))


def test_maps_stand_beside_what_was_given_and_answered(measure, task):
    found = measure(with_scores(vitca(task), heads=[0.0, 0.0]))
    film = found.frames["attention_0"]
    assert found.frame_steps["attention_0"] == [0, 2, 2, 2]
    torch.testing.assert_close(film[2][0, 1:-1, 1:-1], torch.full((6, 6), 0.5))
    assert film[2][0, 0, 0].item() == pytest.approx(0.5 * 4 / 9)
    turns = torch.tensor([0])
    given = task.masked(task.test_labels(turns, turns=turns))[0]
    torch.testing.assert_close(film[0], given)
    assert len(found.frames) == 1


def test_a_map_has_the_size_of_the_image_where_cells_are_patches(measure, task):
    model = with_scores(vitca(task, patch_size=2), heads=[0.0, 0.0])
    film = measure(model).frames["attention_0"]
    assert film.shape == (4, 1, SIDE, SIDE)
    corner = film[2][0, :2, :2]
    assert corner.unique().item() == pytest.approx(0.5 * 4 / 9)


def test_states_that_diverged_stay_out(measure, task):
    model = vitca(task)
    model.encoder.head.bias.data[1] = torch.inf
    values = measure(model).values
    assert values["states/diverged_settled"] == 1.0
    assert not [name for name in values if "_head_" in name]


def test_a_compiled_model_is_looked_at_as_it_is(measure, task):
    model = vitca(task)
    compiled = Compiled(torch.device("cpu"), backend="aot_eager").inference(model)
    assert measure(compiled).values == pytest.approx(measure(model).values)


def test_an_automaton_without_heads_is_refused(measure, task):
    message = r"^attention_maps needs an automaton with heads, not UNetCA$"
    with pytest.raises(TypeError, match=message):
        measure(UNetCA(task.layout, width=4))


def test_numbers_that_are_too_small_are_refused():
    with pytest.raises(ValueError, match=r"^films must be at least 0, not -1$"):
        AttentionMaps(films=-1)
