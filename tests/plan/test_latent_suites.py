"""The suites of NCAtorch's section 3.1.4: how large their models are, and what stands in."""

from pathlib import Path

import pytest
import torch

from ncabench.errors import SuiteError
from ncabench.plan import assemble, planner
from ncabench.suite import document

SUITES = Path(__file__).parents[2] / "suites"
NO_FEATURES = "the VAE's loss without features"
CONV_5X5, MLP = 25 * 256, 256 * 257 + 257 * 64  # weights of a plane told, and of the update


def planned(name, preset, *sets, root=None):
    suite = document.load(SUITES / f"{name}.toml", preset=preset, sets=sets)
    return planner.make(suite, root=root)


def test_the_automaton_of_the_shipped_latent_run_has_the_printed_size():
    shipped = 64 * CONV_5X5 + 256 + MLP
    assert shipped == 492_096
    emoji = assemble.check(planned("latent_emoji", "short"))
    assert set(emoji.values()) == {shipped + 5 * CONV_5X5}  # told one of five classes
    holes = assemble.check(planned("inpainting", "short"))
    assert set(holes.values()) == {shipped + CONV_5X5}  # told the mask
    bags = assemble.check(planned("latent_edge_to_bag", "short"))
    assert set(bags.values()) == {shipped}  # told nothing


def test_no_weights_let_the_latents_of_the_short_bags_run_away():
    small = [f"model.{coder}.autoencoder.base=32" for coder in ("vae", "vqvae")]
    for training in planned("latent_edge_to_bag", "short", *small).trainings():
        model = assemble.assemble(training.spec, root=None).model
        state = torch.zeros(1, 64, 8, 8)
        with torch.no_grad():
            for weight in model.update.parameters():
                weight.mul_(1000)
            for _ in range(24):
                state = model.step(state, condition=None, mask=None)
        assert 1 < state.abs().max() <= 24  # a tanh for each step


@pytest.mark.parametrize(
    ("name", "data"), [("inpainting", "celeba"), ("latent_edge_to_bag", "edges2handbags")]
)
def test_without_the_papers_photographs_there_is_no_data(name, data, tmp_path):
    made = planned(name, "paper", root=tmp_path)
    assert {one.missing.partition(":")[0] for one in made.entries} == {data}


def test_the_emoji_of_the_paper_need_no_download():
    assert {one.missing for one in planned("latent_emoji", "paper").entries} == {""}


@pytest.mark.parametrize("preset", ["short", "smoke"])
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("inpainting", {"photo_tiles", NO_FEATURES}),
        ("latent_emoji", {NO_FEATURES}),
        ("latent_edge_to_bag", {"edges_to_bags", NO_FEATURES}),
    ],
)
def test_what_stands_in_is_named(name, wanted, preset):
    suite = planned(name, preset).suite
    named = {one.substitute.partition(" (")[0] for one in suite.deviations if one.substitute}
    assert named == wanted


def test_a_stage_that_cannot_be_is_refused():
    with pytest.raises(SuiteError) as caught:
        assemble.check(planned("inpainting", "smoke", "train.first.batch=5"))
    assert "batch: half are seeds and half targets, so even, not 5" in str(caught.value)


def test_a_pool_of_a_stage_is_checked_as_any():
    with pytest.raises(SuiteError) as caught:
        assemble.check(planned("inpainting", "smoke", "train.then.pool.mutation=2.0"))
    assert "mutation must be in [0, 1], not 2.0" in str(caught.value)
